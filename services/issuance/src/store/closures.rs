//! What redemption says of vouchers that are over.

use async_trait::async_trait;
use benefit::Fen;
use clock::Timestamp;
use member_identity::VoucherId;
use sql::StoreError;

use super::rows::{Columns, Detailed};
use crate::domain::{ClosedVoucher, Closure, ClosureBatch, ClosureCursor, ClosureProblem, Epoch};

/// The store of closures. Its errors are those of [`super::Store`].
#[async_trait]
pub trait ClosureStore: Send + Sync + 'static {
    /// How far redemption's closures were taken in, and when it was last heard.
    async fn closure_cursor(&self) -> Result<ClosureCursor, StoreError>;

    /// Takes in what of a batch is new, in one commit with the cursor: the closures, the figures
    /// of their funds and the funds' journals. Each position takes effect once, whichever replica
    /// brings it first. A batch that cannot be taken in changes nothing and is a
    /// [`ClosureProblem`].
    async fn apply_closures(
        &self,
        batch: ClosureBatch,
        at: Timestamp,
    ) -> Result<Result<(), ClosureProblem>, StoreError>;
}

/// The cursor, in the row of `closure_source`.
pub(super) fn cursor(row: &impl Columns) -> Detailed<ClosureCursor> {
    let epoch = match row.maybe_bytes("epoch")? {
        Some(bytes) => Some(bytes.try_into().map_err(|_| String::from("epoch is not 16 bytes"))?),
        None => None,
    };
    Ok(ClosureCursor {
        epoch: epoch.map(Epoch),
        position: row.integer("position")?,
        heard_at: row.maybe_integer("heard_at")?.map(Timestamp::from_micros),
    })
}

/// A voucher with its fund and its last closure, if it has them.
pub(super) fn closed_voucher(row: &impl Columns) -> Detailed<(VoucherId, ClosedVoucher)> {
    let voucher_id = row.id("voucher_id")?;
    let fund_id = row.maybe_text("fund_id")?.map(str::parse).transpose();
    let last = match row.maybe_integer("version")? {
        Some(version) => Some(Closure {
            voucher_id,
            version: u32::try_from(version).map_err(|_| String::from("version is out of range"))?,
            spent: Fen(row.integer("spent_fen")?),
            unspent: Fen(row.integer("unspent_fen")?),
        }),
        None => None,
    };
    let closed = ClosedVoucher {
        liability: Fen(row.integer("liability_fen")?),
        fund_id: fund_id.map_err(|_| String::from("fund_id does not parse"))?,
        last,
    };
    Ok((voucher_id, closed))
}
