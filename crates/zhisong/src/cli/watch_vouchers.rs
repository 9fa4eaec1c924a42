use std::collections::BTreeMap;
use std::io::{self, Write as _};

use clap::Args;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{PeriodPosition, VoucherEvent, WatchVouchersRequest};
use serde_json::{Value, json};

use super::claim::issued;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

/// Which vouchers are shown as they are issued.
#[derive(Debug, Args)]
pub(super) struct WatchVouchers {
    /// Of which campaign.
    #[arg(value_name = "ID")]
    campaign_id: String,
    /// The last position that is known of a period, as day:2022-07-22=120; may be given several
    /// times. Other periods are shown from their beginning.
    #[arg(long, value_name = "PERIOD=POSITION", value_parser = period_position)]
    after: Vec<(String, i64)>,
    /// Ends after that many; without it, with Ctrl-C or the service.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
}

fn period_position(text: &str) -> Result<(String, i64), String> {
    let parts = text.split_once('=');
    let read = parts.and_then(|(period, at)| Some((period.to_owned(), at.parse().ok()?)));
    read.ok_or_else(|| String::from("must be as day:2022-07-22=120"))
}

impl WatchVouchers {
    pub(super) async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut client = IssuanceServiceClient::new(connection.channel(Role::MemberApp)?);
        let mut positions: BTreeMap<_, _> = self.after.into_iter().collect();
        let position = |(stock_period, position): (&String, &i64)| PeriodPosition {
            stock_period: stock_period.clone(),
            position: *position,
        };
        let after = positions.iter().map(position).collect();
        let request = WatchVouchersRequest { campaign_id: self.campaign_id, after };
        let mut messages = client.watch_vouchers(request).await?.into_inner();
        let mut shown = 0;
        'watching: while let Some(message) = messages.message().await? {
            for event in message.events {
                let (position, line) = (event.position, value(event));
                let written = writeln!(io::stdout(), "{line}");
                written.map_err(|problem| Failure::local(format!("cannot write: {problem}")))?;
                let period = line["data"]["stock_period"].as_str().unwrap_or_default();
                positions.insert(period.to_owned(), position);
                shown += 1;
                if self.limit.is_some_and(|limit| shown >= limit) {
                    break 'watching;
                }
            }
        }
        Ok(Answer::record(json!({ "events": shown, "positions": positions }), &[]))
    }
}

fn value(event: VoucherEvent) -> Value {
    json!({
        "id": event.id,
        "source": event.source,
        "specversion": event.spec_version,
        "type": event.r#type,
        "subject": event.subject,
        "time": instant(event.time),
        "position": event.position,
        "data": event.voucher.map(issued),
    })
}
