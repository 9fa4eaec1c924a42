use std::collections::HashMap;

use clock::Timestamp;

use super::{CampaignState, StockKey, Voucher};

/// Tells one store from any other: a restored backup must not be followed as if nothing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Epoch(pub [u8; 16]);

/// How far a follower has come.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedCursors {
    /// The store that the cursors were read from; none on the first call.
    pub epoch: Option<Epoch>,
    /// The last campaign change taken in.
    pub campaign_position: i64,
    /// The last position taken in of each stock that is known.
    pub stocks: HashMap<StockKey, i64>,
}

/// How far the feeds go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedHeads {
    /// The last campaign change.
    pub campaign_position: i64,
    /// The last position of every stock that has one, in the order of the keys.
    pub stocks: Vec<(StockKey, i64)>,
}

/// A campaign as it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CampaignEntry {
    /// The position.
    pub position: i64,
    /// The stage that it came to.
    pub state: CampaignState,
    /// When.
    pub at: Timestamp,
}

/// Consecutive positions of one stock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VoucherEntries {
    /// The stock.
    pub stock: StockKey,
    /// The first position.
    pub first_position: i64,
    /// One voucher a position.
    pub vouchers: Vec<Voucher>,
}

/// The cursors do not belong to this store: another store's, or ahead of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the cursors are not of this store")]
pub struct ForeignCursors;

impl FeedCursors {
    /// Whether the follower can go on from its cursors in a store of that epoch and these heads.
    pub fn check(&self, epoch: Epoch, heads: &FeedHeads) -> Result<(), ForeignCursors> {
        let known: HashMap<_, _> = heads.stocks.iter().map(|(key, head)| (key, *head)).collect();
        let ahead =
            |(key, position): (&StockKey, &i64)| *position > known.get(key).copied().unwrap_or(0);
        let same = self.epoch.is_none_or(|own| own == epoch);
        match same
            && self.campaign_position <= heads.campaign_position
            && !self.stocks.iter().any(ahead)
        {
            true => Ok(()),
            false => Err(ForeignCursors),
        }
    }

    /// The last position taken in of a stock.
    pub fn position(&self, stock: &StockKey) -> i64 {
        self.stocks.get(stock).copied().unwrap_or(0)
    }
}
