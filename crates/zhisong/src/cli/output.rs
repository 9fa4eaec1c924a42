//! How answers are shown: as one JSON object, or as tables for people.

use std::fmt::Display;
use std::io::{self, Write as _};

use clock::Timestamp;
use comfy_table::{CellAlignment, ContentArrangement, Table};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use jiff::tz::TimeZone;
use serde_json::{Map, Value};

use super::Problem;
use super::arguments::Shown;
use super::failure::Failure;

/// What a command came to.
pub(super) struct Answer {
    json: Map<String, Value>,
    texts: Vec<String>,
    good: bool,
}

/// The command failed, and has said so. Shown no more.
#[derive(Debug, thiserror::Error)]
#[error("the command failed, and has said so")]
pub(super) struct Said;

impl Answer {
    /// One thing: its fields as JSON, those of `columns` as a table of two columns.
    pub(super) fn record(value: Value, columns: &[&str]) -> Self {
        let mut table = new_table();
        for column in columns {
            table.add_row([heading(column), cell(column, &value[*column])]);
        }
        let json = match value {
            Value::Object(fields) => fields,
            other => Map::from_iter([(String::from("value"), other)]),
        };
        Self { json, texts: vec![table.to_string()], good: true }
    }

    /// Several things under one name, a row each.
    pub(super) fn list(name: &str, values: Vec<Value>, columns: &[&str]) -> Self {
        let empty = Self { json: Map::new(), texts: Vec::new(), good: true };
        empty.and_list(name, values, columns)
    }

    /// Adds several things under one name.
    pub(super) fn and_list(mut self, name: &str, values: Vec<Value>, columns: &[&str]) -> Self {
        if !values.is_empty() {
            self.texts.push(rows(&values, columns));
        } else if self.texts.is_empty() {
            self.texts.push(format!("no {}", heading(name)));
        }
        self.json.insert(name.to_owned(), Value::Array(values));
        self
    }

    /// Adds a field that only programs see.
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.json.insert(name.to_owned(), value.into());
        self
    }

    /// Shows people this text and nothing else.
    pub(super) fn only(mut self, text: impl Into<String>) -> Self {
        self.texts = vec![text.into()];
        self
    }

    /// Adds a sentence that only people see.
    pub(super) fn note(mut self, text: impl Into<String>) -> Self {
        self.texts.push(text.into());
        self
    }

    /// Not all that was asked for could be done: the command ends with 1.
    pub(super) fn not_good(mut self) -> Self {
        self.good = false;
        self
    }
}

/// Prints an answer on standard output, and a failure on standard error, or with `--json` both on
/// standard output.
pub(super) fn show(shown: Shown, done: Result<Answer, Failure>) -> Result<(), Problem> {
    match done {
        Ok(answer) => {
            match shown.json {
                true => print(&Value::Object(answer.json)),
                false => print(&answer.texts.join("\n")),
            }
            if answer.good { Ok(()) } else { Err(Said.into()) }
        }
        Err(failure) => Err(show_failure(shown, &failure)),
    }
}

/// Prints a failure.
pub(super) fn show_failure(shown: Shown, failure: &Failure) -> Problem {
    match shown.json {
        true => print(&failure.json(shown.lang)),
        false => eprintln!("zhisong: {}", failure.text(shown.lang)),
    }
    Said.into()
}

fn print(text: &dyn Display) {
    // Whoever reads it may have seen enough, as `head` has.
    let _ = writeln!(io::stdout(), "{text}");
}

/// An instant as RFC 3339 by the clocks of China; null when there is none.
pub(super) fn instant(at: Option<prost_types::Timestamp>) -> Value {
    let at = at.and_then(rpc::decode_timestamp);
    at.map_or(Value::Null, |at| Value::String(local_time(at)))
}

/// An instant as RFC 3339 by the clocks of China.
pub(super) fn local_time(at: Timestamp) -> String {
    let read = jiff::Timestamp::from_microsecond(at.as_micros());
    match (read, TimeZone::get("Asia/Shanghai")) {
        (Ok(read), Ok(zone)) => read.to_zoned_datetime(zone).strftime("%FT%T%.f%:z").to_string(),
        _ => at.to_string(),
    }
}

/// The name of a value of an enumeration without the prefix that the contract gives all of them.
pub(super) fn short(name: &str, prefix: &str) -> Value {
    Value::from(name.strip_prefix(prefix).unwrap_or(name))
}

/// A bar on standard error, which shows only on a terminal and never besides JSON.
pub(super) fn bar(shown: Shown, what: &'static str, length: u64, template: &str) -> ProgressBar {
    let target = match shown.json {
        true => ProgressDrawTarget::hidden(),
        false => ProgressDrawTarget::stderr(),
    };
    let style = ProgressStyle::with_template(template).expect("the templates are constants");
    ProgressBar::with_draw_target(Some(length), target).with_style(style).with_message(what)
}

/// A bar that counts bytes.
pub(super) const BYTES: &str = "{msg:10} {wide_bar} {bytes}/{total_bytes} {bytes_per_sec} {eta}";
/// A bar that counts rows.
pub(super) const ROWS: &str = "{msg:10} {wide_bar} {pos}/{len} {per_sec} {eta}";

fn new_table() -> Table {
    let mut table = Table::new();
    table.set_content_arrangement(ContentArrangement::Dynamic);
    table
}

fn rows(values: &[Value], columns: &[&str]) -> String {
    let mut table = new_table();
    table.set_header(columns.iter().map(|column| heading(column)));
    for value in values {
        table.add_row(columns.iter().map(|column| cell(column, &value[*column])));
    }
    for (at, column) in columns.iter().enumerate() {
        let figures = values.iter().all(|value| value[*column].is_number());
        if let Some(column) = table.column_mut(at).filter(|_| figures) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table.to_string()
}

/// `discount_fen` is shown in yuan.
fn heading(column: &str) -> String {
    match column.strip_suffix("_fen") {
        Some(amount) => format!("{}, yuan", amount.replace('_', " ")),
        None => column.replace('_', " "),
    }
}

fn cell(column: &str, value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::Bool(yes) => if *yes { "yes" } else { "no" }.to_owned(),
        Value::Number(number) => match (column.ends_with("_fen"), number.as_i64()) {
            (true, Some(fen)) => benefit::Fen(fen).yuan_text(),
            _ => number.to_string(),
        },
        Value::String(text) => text.clone(),
        Value::Array(values) => {
            let cells: Vec<String> = values.iter().map(|value| cell(column, value)).collect();
            cells.join(", ")
        }
        Value::Object(_) => value.to_string(),
    }
}
