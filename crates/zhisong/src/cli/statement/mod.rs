mod check;
mod totals;

use std::io;
use std::path::PathBuf;

use clap::Args;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    CloseDaysRequest, GetSettlementKeysRequest, GetStatementRequest, StatementHead,
};
use serde_json::{Value, json};

use self::check::{read, read_to_file};
pub(super) use self::totals::Totals;
use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::hex::hex;
use crate::tokens::Role;

const HEAD: &[&str] = &[
    "business_day",
    "counterparty",
    "payout_id",
    "rows",
    "captured_fen",
    "refunded_fen",
    "due_fen",
    "sha256",
    "closed_at",
    "key_id",
];

/// Reads the statement of a closed day, and checks its rows, its digest and its signature.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong statement 2022-07-22
  zhisong statement 2022-07-22 --counterparty platform:payment-platform --close
  zhisong statement 2022-07-22 --counterparty funder:gd --out 2022-07-22-gd.csv")]
pub(crate) struct Statement {
    /// The business day, as 2022-07-22.
    day: String,
    /// Whose it is: platform:NAME, or funder:ORGANIZATION for all platforms' rows of the campaigns
    /// that it pays for; the platform of the token when absent.
    #[arg(long, value_name = "WHOSE", value_parser = parse_counterparty)]
    counterparty: Option<Counterparty>,
    /// Writes the rows here, as CSV.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// First closes every day before today that is still open, as the service does by itself
    /// shortly after midnight.
    #[arg(long)]
    close: bool,
    #[command(flatten)]
    target: Target,
}

/// Whose statement.
#[derive(Debug, Clone)]
enum Counterparty {
    Platform(String),
    Funder(String),
}

fn parse_counterparty(text: &str) -> Result<Counterparty, String> {
    match text.split_once(':') {
        Some(("platform", name)) if !name.is_empty() => Ok(Counterparty::Platform(name.to_owned())),
        Some(("funder", path)) if !path.is_empty() => Ok(Counterparty::Funder(path.to_owned())),
        Some(_) | None => Err(format!("{text:?} is neither platform:NAME nor funder:ORGANIZATION")),
    }
}

impl Statement {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { day, counterparty, out, close, target } = self;
        target
            .run(async move |connection| {
                if close {
                    close_days(connection).await?;
                }
                // Only ops may ask for a statement by whose it is.
                let role = counterparty.as_ref().map_or(Role::PaymentPlatform, |_| Role::Ops);
                let mut settlement = SettlementServiceClient::new(connection.channel(role)?);
                let keys = settlement.get_settlement_keys(GetSettlementKeysRequest {}).await?;
                let keys = keys.into_inner().jwks;
                let parts = settlement.get_statement(request(day, counterparty)).await?;
                let parts = parts.into_inner();
                let head = match &out {
                    Some(path) => read_to_file(parts, &keys, path).await?,
                    None => read(parts, &keys, &mut io::sink()).await?,
                };
                let answer = Answer::record(head_value(&head), HEAD);
                Ok(match out {
                    Some(path) => answer.note(format!("{} holds it", path.display())),
                    None => answer,
                })
            })
            .await
    }
}

fn request(day: String, counterparty: Option<Counterparty>) -> GetStatementRequest {
    let request = GetStatementRequest { business_day: day, ..GetStatementRequest::default() };
    match counterparty {
        Some(Counterparty::Platform(platform)) => GetStatementRequest { platform, ..request },
        Some(Counterparty::Funder(funder)) => GetStatementRequest { funder, ..request },
        None => request,
    }
}

async fn close_days(connection: &Connection) -> Result<(), Failure> {
    let mut settlement = SettlementServiceClient::new(connection.channel(Role::Ops)?);
    settlement.close_days(CloseDaysRequest {}).await?;
    Ok(())
}

fn head_value(head: &StatementHead) -> Value {
    json!({
        "business_day": head.business_day,
        "counterparty": counterparty(head),
        "payout_id": head.payout_id,
        "format": head.format,
        "rows": head.rows,
        "captured_fen": head.captured_fen,
        "refunded_fen": head.refunded_fen,
        "due_fen": head.due_fen,
        "sha256": hex(&head.sha256),
        "closed_at": instant(head.closed_at),
        "key_id": head.key_id,
        "signature": hex(&head.signature),
    })
}

/// As it is asked for: platform:NAME or funder:ORGANIZATION.
fn counterparty(head: &StatementHead) -> String {
    match head.funder.as_str() {
        "" => format!("platform:{}", head.platform),
        funder => format!("funder:{funder}"),
    }
}
