//! The cells of a file as a row of shops.

use contracts::redemption::v1::{ShopRow, ShopRowProblem};

use super::super::sheet::{BadRow, Cells, Shape};
use super::header::{Column, FIELDS};

/// A file of shops.
pub(super) const SHAPE: Shape<ShopRow> = Shape { fields: &FIELDS, row: read_row };

fn read_row(cells: &Cells<'_>) -> Result<ShopRow, BadRow> {
    let text = |column: Column| cells.text(column as usize);
    Ok(ShopRow {
        line: cells.line(),
        shop_id: text(Column::ShopId)?,
        title_zh: text(Column::Title)?,
        region: text(Column::Region)?,
        chain: text(Column::Chain)?,
    })
}

/// A row that the service did not take in.
pub(super) fn refused(row: ShopRowProblem) -> BadRow {
    BadRow { line: row.line, column: row.column, reason: row.reason }
}
