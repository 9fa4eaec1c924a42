//! What a page of a stock's feed must be, whatever the database.

use sql::StoreError;

use crate::domain::{StockKey, Voucher, VoucherEntries};

/// The entries of a stock after a position, if they are consecutive.
pub(super) fn consecutive(
    stock: &StockKey,
    after: i64,
    entries: Vec<(i64, Voucher)>,
) -> Result<VoucherEntries, StoreError> {
    let gap =
        entries.iter().zip(after + 1..).find(|((position, _), expected)| position != expected);
    if let Some(((position, _), expected)) = gap {
        return Err(StoreError::Corrupt {
            table: "feed",
            id: format!("{}/{}", stock.campaign_id, stock.period),
            detail: format!("position {position} follows where {expected} should"),
        });
    }
    let vouchers = entries.into_iter().map(|(_, voucher)| voucher).collect();
    Ok(VoucherEntries { stock: stock.clone(), first_position: after + 1, vouchers })
}
