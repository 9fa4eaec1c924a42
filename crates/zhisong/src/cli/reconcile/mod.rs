mod file;
mod report;

use std::path::PathBuf;

use clap::Args;
use contracts::redemption::v1::reconcile_request::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{ReconcileHeader, ReconcileRequest};
use futures::StreamExt as _;
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

use self::report::Report;
use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, BYTES, bar};
use super::sheet::{Said, joined, look_through, open};
use crate::tokens::Role;

/// Pieces that wait to be sent: the file is read no faster than it is taken.
const AHEAD: usize = 4;

/// Compares a platform's own file of a closed day with the journal. Ends with 1 when they differ.
#[derive(Debug, Args)]
#[command(
    after_help = "The file is CSV in UTF-8 with a header line that has at least the columns \
    order_number, kind (CAPTURE or REFUND) and amount_fen; transaction_id is optional.\n\n\
    Example: zhisong reconcile 2022-07-22 wepay-2022-07-22.csv --report differences.csv"
)]
pub(crate) struct Reconcile {
    /// The business day, as 2022-07-22.
    day: String,
    /// The platform's file.
    file: PathBuf,
    /// Names this reconciliation: the same id goes on where an earlier command stopped. Made of
    /// the file's digest and the day when absent.
    #[arg(long, value_name = "ID")]
    request_id: Option<String>,
    /// Writes every difference here, as CSV.
    #[arg(long, value_name = "FILE")]
    report: Option<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Reconcile {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { day, file, request_id, report, target } = self;
        let work = async move |connection: &Connection| -> Result<Answer, Failure> {
            let shown = connection.target().shown;
            let (survey, length) = look_through(&file, Said::Utf8, shown).await?;
            let request_id = request_id.unwrap_or_else(|| survey.id("reconcile", &[&day]));
            let (opened, now) = open(&file)?;
            let bar = bar(shown, "reconcile", length, BYTES);
            let (pieces, sent) = mpsc::channel(AHEAD);
            let reading = tokio::task::spawn_blocking({
                let (bar, length) = (bar.clone(), length.min(now));
                move || file::send(opened, length, &pieces, &bar)
            });
            let header = ReconcileHeader { request_id: request_id.clone(), business_day: day };
            let parts = futures::stream::iter([Part::Header(header)]);
            let parts = parts.chain(ReceiverStream::new(sent).map(|piece| Part::Csv(piece.into())));
            let messages = parts.map(|part| ReconcileRequest { part: Some(part) });
            let channel = connection.channel(Role::PaymentPlatform)?;
            let answered = SettlementServiceClient::new(channel).reconcile(messages).await;
            bar.finish_and_clear();
            let broke = |status| Failure::from(status).or_resume(|| advice(&request_id));
            let answered = answered.map_err(broke)?.into_inner();
            joined(reading.await, &file)?;
            let done = Report::read(answered, report.as_deref()).await?;
            Ok(done.answer(&request_id))
        };
        target.run(work).await
    }
}

fn advice(request_id: &str) -> String {
    format!(
        "what was put away stays: repeat the command to go on behind it (request id {request_id})"
    )
}
