//! The cells of a file as a row of a roster.

use contracts::eligibility::v1::{RosterRow, RowProblem};

use super::super::sheet::{BadRow, Cells, Shape};
use super::header::{Column, FIELDS};

/// A file of a roster.
pub(super) const SHAPE: Shape<RosterRow> = Shape { fields: &FIELDS, row: read_row };

fn read_row(cells: &Cells<'_>) -> Result<RosterRow, BadRow> {
    let text = |column: Column| cells.text(column as usize);
    Ok(RosterRow {
        line: cells.line(),
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

/// A row that the registry did not take in.
pub(super) fn refused(row: RowProblem) -> BadRow {
    BadRow { line: row.line, column: row.column, reason: row.reason }
}
