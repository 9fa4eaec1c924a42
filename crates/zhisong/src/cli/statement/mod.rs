mod check;
mod totals;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use clap::Args;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    CloseDaysRequest, GetSettlementKeysRequest, GetStatementRequest, GetStatementResponse,
    StatementHead,
};
use serde_json::{Value, json};
use tonic::Streaming;

use self::check::{read, require_signature};
pub(super) use self::totals::Totals;
use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
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
    "signature_is_valid",
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
                let parts = settlement.get_statement(request(day, counterparty)).await?;
                let parts = parts.into_inner();
                let head = match &out {
                    Some(path) => to_file(parts, path).await?,
                    None => read(parts, &mut io::sink()).await?,
                };
                let keys = settlement.get_settlement_keys(GetSettlementKeysRequest {}).await?;
                require_signature(&head, &keys.into_inner().jwks)?;
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

/// Writes beside the file first: the file is there only when all of it was read and checked.
async fn to_file(
    parts: Streaming<GetStatementResponse>,
    path: &Path,
) -> Result<StatementHead, Failure> {
    let problem = |why: io::Error| Failure::local(format!("--out {}: {why}", path.display()));
    let mut unfinished = path.as_os_str().to_owned();
    unfinished.push(".unfinished");
    let unfinished = PathBuf::from(unfinished);
    let mut file = File::create(&unfinished).map_err(problem)?;
    let read = read(parts, &mut file).await;
    let finished = read.and_then(|head| {
        file.sync_all().and_then(|()| fs::rename(&unfinished, path)).map_err(problem)?;
        Ok(head)
    });
    if finished.is_err() {
        // Nothing more can be done about a file that cannot be removed either.
        let _ = fs::remove_file(&unfinished);
    }
    finished
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
        // It is not shown at all when it is not.
        "signature_is_valid": true,
    })
}

/// As it is asked for: platform:NAME or funder:ORGANIZATION.
fn counterparty(head: &StatementHead) -> String {
    match head.funder.as_str() {
        "" => format!("platform:{}", head.platform),
        funder => format!("funder:{funder}"),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
