//! The rows of a file that were not taken in.

use std::path::Path;

use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::Answer;
use super::Unreadable;

/// Bad rows that people are shown; `--report` and `--json` have the others.
const SHOWN_MAX: usize = 50;
const COLUMNS: [&str; 3] = ["line", "column", "reason"];

/// A row that was not taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct BadRow {
    /// The line that it begins on.
    pub(in crate::cli) line: i64,
    /// The English name of the column; `row` for the row as a whole.
    pub(in crate::cli) column: String,
    /// What is wrong, as a stable key.
    pub(in crate::cli) reason: String,
}

/// The bad rows of an import: those that the service says, and those that never reached it.
pub(in crate::cli) struct Report {
    bad: i64,
    rows: Vec<BadRow>,
}

impl BadRow {
    /// A row with that against it.
    pub(in crate::cli) fn new(line: i64, column: &str, reason: &str) -> Self {
        Self { line, column: column.to_owned(), reason: reason.to_owned() }
    }

    fn value(&self) -> Value {
        json!({ "line": self.line, "column": self.column, "reason": self.reason })
    }
}

impl Report {
    /// Of `bad` rows the service says `said` one by one.
    pub(in crate::cli) fn new(
        bad: i64,
        said: impl Iterator<Item = BadRow>,
        unreadable: Unreadable,
    ) -> Self {
        let mut rows: Vec<BadRow> = said.chain(unreadable.rows).collect();
        rows.sort_by_key(|row| row.line);
        Self { bad: bad + unreadable.count, rows }
    }

    /// Whether a row is bad for that reason.
    pub(in crate::cli) fn has(&self, reason: &str) -> bool {
        self.rows.iter().any(|row| row.reason == reason)
    }

    /// Writes the bad rows that are known one by one.
    pub(in crate::cli) fn write(&self, path: &Path) -> Result<(), Failure> {
        let write = || -> csv::Result<()> {
            let mut csv = csv::Writer::from_path(path)?;
            csv.write_record(COLUMNS)?;
            for BadRow { line, column, reason } in &self.rows {
                csv.write_record([&line.to_string(), column, reason])?;
            }
            Ok(csv.flush()?)
        };
        write().map_err(|why| Failure::local(format!("--report {}: {why}", path.display())))
    }

    /// The answer of an import, with its bad rows and what is to be said of them.
    pub(in crate::cli) fn answer(&self, mut import: Value, columns: &[&str]) -> Answer {
        import["bad"] = json!(self.bad);
        let rows: Vec<Value> = self.rows.iter().map(BadRow::value).collect();
        let shown = rows[..rows.len().min(SHOWN_MAX)].to_vec();
        let answer = Answer::record(import, columns)
            .and_list("problems", shown, &COLUMNS)
            .with("problems", rows);
        let answer = self.notes().into_iter().fold(answer, Answer::note);
        if self.bad == 0 { answer } else { answer.not_good() }
    }

    fn notes(&self) -> Vec<String> {
        let mut notes = Vec::new();
        let known = self.rows.len();
        if known > SHOWN_MAX {
            notes.push(format!("{} more bad rows are known: see --report", known - SHOWN_MAX));
        }
        let unknown = self.bad - known as i64;
        if unknown > 0 {
            notes.push(format!("{unknown} more bad rows are counted and not listed"));
        }
        if self.bad > 0 {
            notes.push(format!("{} rows were not taken in; all others were", self.bad));
        }
        notes
    }
}

#[cfg(test)]
mod tests {
    use super::{BadRow, Report, SHOWN_MAX, Unreadable};

    #[test]
    fn bad_rows_of_both_sides_are_in_the_order_of_their_lines_and_none_is_passed_over_unsaid() {
        let row = |line| BadRow::new(line, "row", "CSV_QUOTE");
        let unreadable = Unreadable { rows: vec![row(2), row(7)], count: 2 };
        let report = Report::new(100, (3..63).map(row), unreadable);
        let lines: Vec<i64> = report.rows.iter().map(|row| row.line).collect();
        assert!(lines.is_sorted(), "{lines:?}");
        assert!(report.has("CSV_QUOTE") && !report.has("CSV_CELL_COUNT"));
        let more = 62 - SHOWN_MAX;
        assert_eq!(
            report.notes(),
            [
                format!("{more} more bad rows are known: see --report"),
                String::from("40 more bad rows are counted and not listed"),
                String::from("102 rows were not taken in; all others were"),
            ]
        );
    }
}
