use std::io::{self, Write as _};

use clap::Args;
use contracts::redemption::v1::event_service_client::EventServiceClient;
use contracts::redemption::v1::{Event, WatchEventsRequest};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::Target;
use super::checkout::authorization_value;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

/// Shows what becomes of the platform's authorizations, one JSON object a line, as it happens.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong events
  zhisong events --after 120 --limit 10")]
pub(crate) struct Events {
    /// The position of the last event that is known; 0 for all from the first.
    #[arg(long, value_name = "POSITION", default_value_t = 0)]
    after: i64,
    /// Ends after that many events; without it, with Ctrl-C or the service.
    #[arg(long, value_name = "COUNT")]
    limit: Option<u64>,
    #[command(flatten)]
    target: Target,
}

impl Events {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { after, limit, target } = self;
        target.run(async move |connection| watch(connection, after, limit).await).await
    }
}

async fn watch(connection: &Connection, after: i64, limit: Option<u64>) -> Result<Answer, Failure> {
    let mut client = EventServiceClient::new(connection.channel(Role::PaymentPlatform)?);
    let request = WatchEventsRequest { after_position: after };
    let mut messages = client.watch_events(request).await?.into_inner();
    let (mut shown, mut position) = (0, after);
    'watching: while let Some(message) = messages.message().await? {
        for event in message.events {
            position = event.position;
            let line = writeln!(io::stdout(), "{}", value(&event));
            line.map_err(|problem| Failure::local(format!("cannot write: {problem}")))?;
            shown += 1;
            if limit.is_some_and(|limit| shown >= limit) {
                break 'watching;
            }
        }
    }
    Ok(Answer::record(json!({ "events": shown, "position": position }), &[]))
}

fn value(event: &Event) -> Value {
    let authorization = event.authorization.as_ref();
    json!({
        "id": event.id,
        "source": event.source,
        "specversion": event.spec_version,
        "type": event.r#type,
        "subject": event.subject,
        "time": instant(event.time),
        "position": event.position,
        "data": authorization.map(authorization_value),
    })
}
