use std::path::Path;

use contracts::eligibility::v1::{RosterImport, RowProblem};
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::Answer;
use super::reader::Unreadable;

/// Bad rows that people are shown; `--report` and `--json` have the others.
const SHOWN_MAX: usize = 50;
const COUNTS: &[&str] = &[
    "import_id",
    "organization",
    "encoding",
    "committed_line",
    "added",
    "changed",
    "unchanged",
    "bad",
];

/// What an import came to: what the registry says, and the rows that never reached it.
pub(super) struct Report {
    import: RosterImport,
    encoding: &'static str,
    after_line: i64,
    bad: i64,
    problems: Vec<RowProblem>,
}

impl Report {
    pub(super) fn new(
        mut import: RosterImport,
        unreadable: Unreadable,
        encoding: &'static str,
        after_line: i64,
    ) -> Self {
        let bad = import.bad + unreadable.count;
        let mut problems = std::mem::take(&mut import.problems);
        problems.extend(unreadable.problems);
        problems.sort_by_key(|problem| problem.line);
        Self { import, encoding, after_line, bad, problems }
    }

    /// Writes the bad rows that are known one by one.
    pub(super) fn write(&self, path: &Path) -> Result<(), Failure> {
        let write = || -> csv::Result<()> {
            let mut csv = csv::Writer::from_path(path)?;
            csv.write_record(["line", "column", "reason"])?;
            for RowProblem { line, column, reason } in &self.problems {
                csv.write_record([&line.to_string(), column, reason])?;
            }
            Ok(csv.flush()?)
        };
        write().map_err(|why| Failure::local(format!("--report {}: {why}", path.display())))
    }

    pub(super) fn answer(&self) -> Answer {
        let import = &self.import;
        let value = json!({
            "import_id": import.import_id,
            "organization": import.organization,
            "encoding": self.encoding,
            "resumed_after_line": self.after_line,
            "committed_line": import.committed_line,
            "added": import.added,
            "changed": import.changed,
            "unchanged": import.unchanged,
            "bad": self.bad,
        });
        let problems: Vec<Value> = self.problems.iter().map(problem_value).collect();
        let shown = problems[..problems.len().min(SHOWN_MAX)].to_vec();
        let answer = Answer::record(value, COUNTS)
            .and_list("problems", shown, &["line", "column", "reason"])
            .with("problems", problems);
        let answer = self.notes().into_iter().fold(answer, Answer::note);
        if self.bad == 0 { answer } else { answer.not_good() }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let known = self.problems.len();
        if known > SHOWN_MAX {
            notes.push(format!("{} more bad rows are known: see --report", known - SHOWN_MAX));
        }
        let unknown = self.bad - known as i64;
        if unknown > 0 {
            notes.push(format!("{unknown} more bad rows are counted and not listed"));
        }
        if self.problems.iter().any(|problem| problem.reason == "ORGANIZATION_UNKNOWN") {
            notes.push(String::from(
                "ORGANIZATION_UNKNOWN: those rows name organizations that do not exist; create \
                 them with `zhisong organization create`, then import the file again under \
                 another --import-id (rows that are in already are found unchanged)",
            ));
        }
        if self.bad > 0 {
            notes.push(format!("{} rows were not taken in; all others were", self.bad));
        }
        notes
    }
}

fn problem_value(problem: &RowProblem) -> Value {
    json!({ "line": problem.line, "column": problem.column, "reason": problem.reason })
}
