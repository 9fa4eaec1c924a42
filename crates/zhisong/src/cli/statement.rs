use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest::{Context, SHA256};
use clap::Args;
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{
    CloseDaysRequest, DailyTotal, GetDailyTotalsRequest, GetStatementRequest, GetStatementResponse,
    StatementHead,
};
use serde_json::{Value, json};
use tonic::Streaming;

use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

const HEAD: &[&str] = &[
    "business_day",
    "platform",
    "rows",
    "captured_fen",
    "refunded_fen",
    "due_fen",
    "sha256",
    "closed_at",
];
const TOTALS: &[&str] =
    &["platform", "campaign_id", "captures", "captured_fen", "refunds", "refunded_fen"];

/// Reads the statement of a closed day, and checks its rows and its digest.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong statement 2022-07-22
  zhisong statement 2022-07-22 --platform payment-platform --close --out 2022-07-22.csv")]
pub(crate) struct Statement {
    /// The business day, as 2022-07-22.
    day: String,
    /// The payment platform; that of the token when absent.
    #[arg(long)]
    platform: Option<String>,
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

impl Statement {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { day, platform, out, close, target } = self;
        target
            .run(async move |connection| {
                if close {
                    close_days(connection).await?;
                }
                // Only ops may ask for the statement of a platform by its name.
                let role = platform.as_ref().map_or(Role::PaymentPlatform, |_| Role::Ops);
                let mut settlement = SettlementServiceClient::new(connection.channel(role)?);
                let platform = platform.unwrap_or_default();
                let request = GetStatementRequest { business_day: day, platform };
                let parts = settlement.get_statement(request).await?.into_inner();
                let head = match &out {
                    Some(path) => to_file(parts, path).await?,
                    None => read(parts, &mut io::sink()).await?,
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

/// Reads a statement to its end, and checks that it is what its head says.
async fn read(
    mut parts: Streaming<GetStatementResponse>,
    out: &mut dyn io::Write,
) -> Result<StatementHead, Failure> {
    let mut head = None;
    let mut digest = Context::new(&SHA256);
    let mut lines = 0_i64;
    while let Some(part) = parts.message().await? {
        match part.part {
            Some(Part::Head(found)) => head = Some(found),
            Some(Part::Csv(bytes)) => {
                digest.update(&bytes);
                lines += bytes.iter().map(|byte| i64::from(*byte == b'\n')).sum::<i64>();
                out.write_all(&bytes).map_err(|why| Failure::local(format!("--out: {why}")))?;
            }
            None => {}
        }
    }
    let head = head.ok_or_else(|| Failure::missing("head"))?;
    // One line is the file's header.
    if head.rows != lines - 1 {
        return Err(Failure::local(format!(
            "the statement says {} rows and has {}",
            head.rows,
            lines - 1
        )));
    }
    match digest.finish().as_ref() == head.sha256.as_ref() {
        true => Ok(head),
        false => Err(Failure::local("the statement's rows do not have the digest that it says")),
    }
}

fn head_value(head: &StatementHead) -> Value {
    let sha256: String = head.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    json!({
        "business_day": head.business_day,
        "platform": head.platform,
        "rows": head.rows,
        "captured_fen": head.captured_fen,
        "refunded_fen": head.refunded_fen,
        "due_fen": head.due_fen,
        "sha256": sha256,
        "closed_at": instant(head.closed_at),
    })
}

/// Shows a day's totals, open or closed, of all platforms that the token may see.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong totals 2022-07-22")]
pub(crate) struct Totals {
    /// The business day, as 2022-07-22; today when absent.
    #[arg(default_value = "")]
    day: String,
    #[command(flatten)]
    target: Target,
}

impl Totals {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { day, target } = self;
        target
            .run(async move |connection| {
                let mut settlement = SettlementServiceClient::new(connection.channel(Role::Ops)?);
                let request = GetDailyTotalsRequest { business_day: day };
                let totals = settlement.get_daily_totals(request).await?.into_inner();
                let value = json!({ "business_day": totals.business_day, "closed": totals.closed });
                let rows = totals.totals.into_iter().map(total_value).collect();
                let answer = Answer::record(value, &["business_day", "closed"]);
                Ok(answer.and_list("totals", rows, TOTALS))
            })
            .await
    }
}

fn total_value(total: DailyTotal) -> Value {
    json!({
        "platform": total.platform,
        "campaign_id": total.campaign_id,
        "captures": total.captures,
        "captured_fen": total.captured_fen,
        "refunds": total.refunds,
        "refunded_fen": total.refunded_fen,
    })
}
