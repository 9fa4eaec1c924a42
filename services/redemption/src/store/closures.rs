//! Vouchers that are over, and what issuance is told of them.

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::VoucherId;
use sql::StoreError;

use crate::domain::{Closure, ClosureEntries, ClosureHead};

use super::columns::{Columns, Detailed};

/// The store of closures. Its errors are those of [`super::Store`].
///
/// Closures have positions 1, 2, 3... in the order of their commits and without a gap, whichever
/// replicas write them: the row of the head is locked while one is added.
#[async_trait]
pub trait ClosureStore: Send + Sync + 'static {
    /// Looks at the vouchers that are due at `now`, at most `max` of them, the longest due first:
    /// writes the closures that issuance does not know, and when each is due again. Gives how many
    /// were looked at. Changes no answer of the checkout. Vouchers that another step is at are left
    /// for later.
    async fn close_vouchers(&self, now: Timestamp, max: u32) -> Result<u32, StoreError>;

    /// Reads the next rows of the journal's closed days, at most `max` of them, and makes their
    /// vouchers due at `now`: those that were used up are closed before their validity ends, a day
    /// after the last use. Gives how many rows were read. Closed days do not change, so that each
    /// row is read once.
    async fn walk_closed_days(&self, now: Timestamp, max: u32) -> Result<u32, StoreError>;

    /// How far the closures go, and whose they are.
    async fn closure_head(&self) -> Result<ClosureHead, StoreError>;

    /// At most `limit` closures after a position: consecutive, without a gap.
    async fn closures_after(&self, after: i64, limit: u32) -> Result<ClosureEntries, StoreError>;
}

/// How far the journal was read: after this row.
pub(super) struct Walked {
    pub business_day: String,
    pub partner: String,
    pub created_at: i64,
    pub transaction_id: Vec<u8>,
}

/// How far the journal was read, in the row of `closure_walk` or in one of the journal.
pub(super) fn walked(row: Columns<'_>) -> Detailed<Walked> {
    Ok(Walked {
        business_day: row.text("business_day")?.to_owned(),
        partner: row.text("partner")?.to_owned(),
        created_at: row.integer("created_at")?,
        transaction_id: row.bytes("transaction_id")?.to_vec(),
    })
}

/// The same with the voucher that the row is about.
pub(super) fn walked_voucher(row: Columns<'_>) -> Detailed<(Walked, VoucherId)> {
    Ok((walked(row)?, row.id("voucher_id")?))
}

/// A closure in a row of `closure`.
pub(super) fn closure(row: Columns<'_>) -> Detailed<Closure> {
    Ok(Closure {
        voucher_id: row.id("voucher_id")?,
        campaign_id: row.parsed("campaign_id")?,
        version: row.small("version")?,
        spent: row.fen("spent_fen")?,
        unspent: row.fen("unspent_fen")?,
    })
}

/// The same with its position.
pub(super) fn closure_at(row: Columns<'_>) -> Detailed<(i64, Closure)> {
    Ok((row.integer("position")?, closure(row)?))
}

pub(super) fn head(row: Columns<'_>) -> Detailed<ClosureHead> {
    let epoch = row.bytes("epoch")?.try_into();
    let epoch = epoch.map_err(|_| String::from("epoch is not 16 bytes"))?;
    Ok(ClosureHead { epoch, position: row.integer("position")? })
}

/// The closures after a position, if they are consecutive.
pub(super) fn consecutive(
    after: i64,
    entries: Vec<(i64, Closure)>,
) -> Result<ClosureEntries, StoreError> {
    let gap =
        entries.iter().zip(after + 1..).find(|((position, _), expected)| position != expected);
    if let Some(((position, _), expected)) = gap {
        let detail = format!("it follows where {expected} should");
        return Err(StoreError::Corrupt { table: "closure", id: position.to_string(), detail });
    }
    let closures = entries.into_iter().map(|(_, closure)| closure).collect();
    Ok(ClosureEntries { first_position: after + 1, closures })
}
