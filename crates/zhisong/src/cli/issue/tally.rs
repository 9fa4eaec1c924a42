use std::collections::BTreeMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use contracts::issuance::v1::{IssueToListResponse, ListHeader, RefusedRow};
use serde_json::{Value, json};

use super::super::arguments::Language;
use super::super::failure::Failure;
use super::super::output::Answer;

/// Rows that got nothing and are shown to people; `--report` has all of them.
const SHOWN_MAX: usize = 50;
/// As many are kept for programs.
const KEPT_MAX: usize = 1_000;
const COUNTS: &[&str] = &["campaign_id", "request_id", "issued", "issued_before", "refused"];
const ROW: &[&str] = &["line", "member_id", "reason", "text"];

/// What a list has come to so far.
pub(super) struct Tally {
    campaign_id: String,
    request_id: String,
    issued: i64,
    issued_before: i64,
    refused: i64,
    reasons: BTreeMap<&'static str, i64>,
    kept: Vec<Value>,
    report: Option<Report>,
    language: Language,
}

/// The file that every row goes into that got nothing.
struct Report {
    path: PathBuf,
    rows: csv::Writer<File>,
}

impl Tally {
    pub(super) fn new(
        header: &ListHeader,
        report: Option<&Path>,
        language: Language,
    ) -> Result<Self, Failure> {
        Ok(Self {
            campaign_id: header.campaign_id.clone(),
            request_id: header.request_id.clone(),
            issued: 0,
            issued_before: 0,
            refused: 0,
            reasons: BTreeMap::new(),
            kept: Vec::new(),
            report: report.map(Report::begin).transpose()?,
            language,
        })
    }

    pub(super) fn add(&mut self, answer: IssueToListResponse) -> Result<(), Failure> {
        self.issued += answer.issued;
        self.issued_before += answer.issued_before;
        answer.refused.into_iter().try_for_each(|row| self.refuse(row))
    }

    /// How to go on when the connection broke.
    pub(super) fn advice(&self) -> String {
        format!(
            "what was issued stays: repeat the command to go on (request id {})",
            self.request_id
        )
    }

    pub(super) fn answer(mut self) -> Result<Answer, Failure> {
        if let Some(report) = &mut self.report {
            report.rows.flush().map_err(|why| report.problem(&why.into()))?;
        }
        let value = json!({
            "campaign_id": self.campaign_id,
            "request_id": self.request_id,
            "issued": self.issued,
            "issued_before": self.issued_before,
            "refused": self.refused,
        });
        let reason = |(reason, rows): (&&str, &i64)| json!({ "reason": reason, "rows": rows });
        let shown = self.kept[..self.kept.len().min(SHOWN_MAX)].to_vec();
        let answer = Answer::record(value, COUNTS)
            .and_list("reasons", self.reasons.iter().map(reason).collect(), &["reason", "rows"])
            .and_list("refused_rows", shown, ROW)
            .with("refused_rows", self.kept);
        if self.refused == 0 {
            return Ok(answer);
        }
        let answer = match self.refused > SHOWN_MAX as i64 {
            true => answer.note(format!("the first {SHOWN_MAX} are shown: see --report")),
            false => answer,
        };
        let note = format!("{} rows got nothing; all others have theirs", self.refused);
        Ok(answer.note(note).not_good())
    }

    fn refuse(&mut self, row: RefusedRow) -> Result<(), Failure> {
        let reason = row.reason().as_str_name();
        let reason = reason.strip_prefix("ERROR_REASON_").unwrap_or(reason);
        self.refused += 1;
        *self.reasons.entry(reason).or_default() += 1;
        let RefusedRow { row: line, member_id, text_zh, text_en, .. } = row;
        let text = self.language.of(text_zh, text_en);
        // A member whom a policy selected is on no line.
        let line = (line > 0).then_some(line);
        if let Some(report) = &mut self.report {
            report.add([
                &line.map_or_else(String::new, |line| line.to_string()),
                &member_id,
                reason,
                &text,
            ])?;
        }
        if self.kept.len() < KEPT_MAX {
            self.kept.push(json!({
                "line": line, "member_id": member_id, "reason": reason, "text": text,
            }));
        }
        Ok(())
    }
}

impl Report {
    fn begin(path: &Path) -> Result<Self, Failure> {
        let rows = csv::Writer::from_path(path)
            .map_err(|why| Failure::local(format!("--report {}: {why}", path.display())))?;
        let mut report = Self { path: path.to_owned(), rows };
        report.add([ROW[0], ROW[1], ROW[2], ROW[3]])?;
        Ok(report)
    }

    fn add(&mut self, row: [&str; 4]) -> Result<(), Failure> {
        let written = self.rows.write_record(row);
        written.map_err(|why| self.problem(&why))
    }

    fn problem(&self, why: &csv::Error) -> Failure {
        Failure::local(format!("--report {}: {why}", self.path.display()))
    }
}
