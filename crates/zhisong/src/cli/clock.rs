use clap::{Args, Subcommand};
use clock::{Timestamp, Zone};
use contracts::common::v1::clock_service_client::ClockServiceClient;
use contracts::common::v1::{GetTimeRequest, SetTimeRequest};
use serde_json::json;

use super::Problem;
use super::arguments::Target;
use super::output::{Answer, instant};
use crate::tokens::Role;

/// Business time, which a test can move.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong clock get
  zhisong clock set 2022-07-22T10:00
  zhisong clock set 2022-07-22T02:00:00Z")]
pub(crate) struct Clock {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Shows business time, and whether it can be moved.
    Get,
    /// Moves business time; only services started with --manual-clock let it be moved.
    Set {
        /// RFC 3339, or date and time by the clocks of China.
        #[arg(value_parser = parse_instant)]
        timestamp: Timestamp,
    },
}

impl Clock {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let verb = self.verb;
        self.target
            .run(async move |connection| {
                let mut clock = ClockServiceClient::new(connection.channel(Role::Ops)?);
                if let Verb::Set { timestamp } = verb {
                    let now = Some(rpc::encode_timestamp(timestamp));
                    clock.set_time(SetTimeRequest { now }).await?;
                }
                let time = clock.get_time(GetTimeRequest {}).await?.into_inner();
                let value = json!({ "now": instant(time.now), "manual": time.manual });
                Ok(Answer::record(value, &["now", "manual"]))
            })
            .await
    }
}

fn parse_instant(text: &str) -> Result<Timestamp, String> {
    let absolute = text.parse::<jiff::Timestamp>();
    let read = absolute.or_else(|_| {
        let zone = jiff::tz::TimeZone::get(Zone::shanghai().name())?;
        Ok::<_, jiff::Error>(
            text.parse::<jiff::civil::DateTime>()?.to_zoned_datetime(zone)?.timestamp(),
        )
    });
    let read = read.map_err(|_| format!("{text:?} is not a time, as 2022-07-22T10:00"))?;
    Ok(Timestamp::from_micros(read.as_microsecond()))
}

#[cfg(test)]
mod tests {
    use super::parse_instant;

    #[test]
    fn a_time_without_a_zone_is_by_the_clocks_of_china() {
        let ten = parse_instant("2022-07-22T02:00:00Z");
        assert!(ten.is_ok());
        assert_eq!(parse_instant("2022-07-22T10:00"), ten);
        assert_eq!(parse_instant("2022-07-22 10:00:00"), ten);
        assert_eq!(parse_instant("2022-07-22T10:00:00+08:00"), ten);
        assert!(parse_instant("ten o'clock").is_err());
    }
}
