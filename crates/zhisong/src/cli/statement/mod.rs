mod check;
#[cfg(feature = "parquet")]
mod columnar;
mod totals;
mod whose;

use std::io;
use std::path::PathBuf;

use clap::Args;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    CloseDaysRequest, GetSettlementKeysRequest, GetStatementRequest, StatementHead,
};
use serde_json::{Value, json};

use self::check::{Format, parse_format, read, read_to_file};
pub(super) use self::totals::Totals;
use self::whose::{Counterparty, parse_counterparty};
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
  zhisong statement 2022-07-22 --counterparty funder:gd --out 2022-07-22-gd.csv
  zhisong statement 2022-07-22 --counterparty chain:gd/zhuhai:corner-shop")]
pub(crate) struct Statement {
    /// The business day, as 2022-07-22.
    day: String,
    /// Whose it is: platform:NAME; funder:ORGANIZATION for all platforms' rows of the campaigns
    /// that it pays for; chain:ORGANIZATION:CHAIN for those of the shops that the organization
    /// registers under that chain; the platform of the token when absent.
    #[arg(long, value_name = "WHOSE", value_parser = parse_counterparty)]
    counterparty: Option<Counterparty>,
    /// Writes the rows here.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// As what: csv, which is what is signed, or parquet, which is made from it and carries its
    /// digest and signature; parquet only when zhisong was built with `--features parquet`.
    #[arg(long, value_name = "FORMAT", requires = "out", value_parser = parse_format)]
    format: Option<Format>,
    /// First closes every day before today that is still open, as the service does by itself
    /// shortly after midnight.
    #[arg(long)]
    close: bool,
    #[command(flatten)]
    target: Target,
}

impl Statement {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { day, counterparty, out, format, close, target } = self;
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
                    Some(path) => {
                        let format = format.unwrap_or(Format::Csv);
                        read_to_file(parts, &keys, (path, format)).await?
                    }
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
    let [platform, funder, chain] = Counterparty::fields(counterparty);
    GetStatementRequest { business_day: day, platform, funder, chain }
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

/// As it is asked for.
fn counterparty(head: &StatementHead) -> String {
    let (kind, name) = check::whose(head);
    format!("{}:{name}", kind.to_lowercase())
}
