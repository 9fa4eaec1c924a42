use std::path::Path;

use contracts::redemption::v1::reconcile_response::Part;
use contracts::redemption::v1::{
    BadRow, Difference, ReconcileResponse, ReconciliationResult, ReconciliationTotals, SideTotals,
};
use serde_json::{Value, json};
use tonic::Streaming;

use super::super::difference::{DIFFERENCES, difference_value, kind_name};
use super::super::failure::Failure;
use super::super::output::Answer;

/// Differences, and bad rows, that are kept for `--json`; `--report` has all differences.
const KEPT_MAX: usize = 1_000;
/// Differences, and bad rows, that people are shown.
const SHOWN_MAX: usize = 50;
const COUNTS: &[&str] = &[
    "reconciliation_id",
    "business_day",
    "platform",
    "our_rows",
    "our_captured_fen",
    "our_refunded_fen",
    "their_rows",
    "their_captured_fen",
    "their_refunded_fen",
    "matched",
    "differences_count",
    "bad_rows_count",
];

/// What a reconciliation was answered.
pub(super) struct Report {
    totals: ReconciliationTotals,
    result: ReconciliationResult,
    differences: Vec<Difference>,
    bad_rows: Vec<BadRow>,
}

impl Report {
    /// Reads the answer to its end; every difference goes to the report's file as it comes.
    pub(super) async fn read(
        mut answered: Streaming<ReconcileResponse>,
        report: Option<&Path>,
    ) -> Result<Self, Failure> {
        let mut file = report.map(Differences::create).transpose()?;
        let (mut totals, mut result) = (None, None);
        let (mut differences, mut bad_rows) = (Vec::new(), Vec::new());
        while let Some(message) = answered.message().await? {
            match message.part {
                Some(Part::Totals(found)) => totals = Some(found),
                Some(Part::Result(found)) => result = Some(found),
                Some(Part::Difference(one)) => {
                    if let Some(file) = &mut file {
                        file.write(&one)?;
                    }
                    if differences.len() < KEPT_MAX {
                        differences.push(one);
                    }
                }
                Some(Part::BadRow(row)) => bad_rows.push(row),
                None => {}
            }
        }
        if let Some(file) = file {
            file.finish()?;
        }
        Ok(Self {
            totals: totals.ok_or_else(|| Failure::missing("totals"))?,
            result: result.ok_or_else(|| Failure::missing("result"))?,
            differences,
            bad_rows,
        })
    }

    pub(super) fn answer(&self, request_id: &str) -> Answer {
        let Self { totals, result, differences, bad_rows } = self;
        let side = |side: &Option<SideTotals>| side.unwrap_or_default();
        let (ours, theirs) = (side(&totals.ours), side(&totals.theirs));
        let value = json!({
            "reconciliation_id": request_id,
            "business_day": totals.business_day,
            "platform": totals.platform,
            "our_rows": ours.rows,
            "our_captured_fen": ours.captured_fen,
            "our_refunded_fen": ours.refunded_fen,
            "their_rows": theirs.rows,
            "their_captured_fen": theirs.captured_fen,
            "their_refunded_fen": theirs.refunded_fen,
            "matched": result.matched,
            "differences_count": result.differences,
            "bad_rows_count": result.bad_rows,
        });
        let differences: Vec<Value> = differences.iter().map(difference_value).collect();
        let bad: Vec<Value> =
            bad_rows.iter().map(|row| json!({ "line": row.line, "reason": row.reason })).collect();
        let first = |values: &[Value]| values[..values.len().min(SHOWN_MAX)].to_vec();
        let answer = Answer::record(value, COUNTS)
            .and_list("differences", first(&differences), DIFFERENCES)
            .and_list("bad_rows", first(&bad), &["line", "reason"])
            .with("differences", differences)
            .with("bad_rows", bad);
        match result.differences == 0 && result.bad_rows == 0 {
            true => answer.note("the two sides agree"),
            false => answer.note(self.note()).not_good(),
        }
    }

    fn note(&self) -> String {
        let ReconciliationResult { differences, bad_rows, .. } = &self.result;
        format!(
            "the two sides do not agree: {differences} differences, {bad_rows} rows that do not \
             read; --report writes every difference"
        )
    }
}

/// A file of differences.
struct Differences {
    csv: csv::Writer<std::fs::File>,
    path: String,
}

impl Differences {
    fn create(path: &Path) -> Result<Self, Failure> {
        let shown = path.display().to_string();
        let csv = csv::Writer::from_path(path).map_err(|why| problem(&shown, &why))?;
        let mut file = Self { csv, path: shown };
        file.record(DIFFERENCES)?;
        Ok(file)
    }

    fn write(&mut self, one: &Difference) -> Result<(), Failure> {
        let figures = [one.line, one.our_fen, one.their_fen].map(|figure| figure.to_string());
        let [line, our_fen, their_fen] = &figures;
        self.record(&[
            &one.difference_id,
            kind_name(one),
            &one.transaction_kind,
            &one.order_number,
            &one.transaction_id,
            line,
            our_fen,
            their_fen,
            super::super::difference::state_name(one),
        ])
    }

    fn finish(mut self) -> Result<(), Failure> {
        self.csv.flush().map_err(|why| problem(&self.path, &why))
    }

    fn record(&mut self, cells: &[&str]) -> Result<(), Failure> {
        self.csv.write_record(cells).map_err(|why| problem(&self.path, &why))
    }
}

fn problem(path: &str, why: &dyn std::fmt::Display) -> Failure {
    Failure::local(format!("--report {path}: {why}"))
}
