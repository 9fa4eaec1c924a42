//! A record of a file as a row of a roster.

use std::borrow::Cow;

use contracts::eligibility::v1::{RosterRow, RowProblem};
use encoding_rs::Encoding;

use super::super::sheet::{Fault, Record, decode};
use super::header::{Column, Header};

/// The reason of a cell that is not text in the file's encoding.
const UNREADABLE: &str = "NOT_IN_ENCODING";
/// The column of what is wrong with a row as a whole.
const WHOLE_ROW: &str = "row";

/// Reads a record, or says what is wrong with it.
pub(super) fn read_row(
    line: i64,
    record: &Record,
    header: &Header,
    encoding: &'static Encoding,
) -> Result<RosterRow, RowProblem> {
    let cells: Vec<&[u8]> = record.cells().collect();
    let text = |column: Column| -> Result<String, RowProblem> {
        let cell = header.position(column).and_then(|at| cells.get(at)).copied();
        let text = decode(cell.unwrap_or_default(), encoding);
        text.map(Cow::into_owned).ok_or_else(|| problem(line, column.name_en(), UNREADABLE))
    };
    Ok(RosterRow {
        line,
        name: text(Column::Name)?,
        id_number: text(Column::IdNumber)?,
        phone: text(Column::Phone)?,
        trade: text(Column::Trade)?,
        employment: text(Column::Employment)?,
        region: text(Column::Region)?,
        honours: text(Column::Honours)?,
        organization: text(Column::Organization)?,
    })
}

/// What is reported of a record that could not be read.
pub(super) fn fault_problem(line: i64, fault: Fault) -> RowProblem {
    problem(line, WHOLE_ROW, fault.reason())
}

fn problem(line: i64, column: &str, reason: &str) -> RowProblem {
    RowProblem { line, column: column.to_owned(), reason: reason.to_owned() }
}
