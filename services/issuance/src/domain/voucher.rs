use benefit::Fen;
use clock::Timestamp;
use member_identity::{MemberId, PersonKey, VoucherId};

use super::StockKey;

/// One benefit given to one person out of one stock. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    /// Its id.
    pub voucher_id: VoucherId,
    /// The natural person whose it is.
    pub person: PersonKey,
    /// The member that it was issued to.
    pub member_id: MemberId,
    /// The stock that it came out of.
    pub stock: StockKey,
    /// Its number in that stock, 1 to issued without a gap.
    pub serial: u32,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after it.
    pub valid_until: Timestamp,
    /// The most that it can ever cost.
    pub liability: Fen,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// 1 when issued, higher for each later change.
    pub version: u32,
}
