use clock::Timestamp;
use member_identity::{PersonKey, VoucherId};

use super::{Campaign, CampaignId};

/// A voucher as issuance sends it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IssuedVoucher {
    /// Its id.
    pub voucher_id: VoucherId,
    /// Whose it is.
    pub person: PersonKey,
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
    /// Higher for each later change; lower ones are ignored.
    pub version: u32,
}

/// The feed of one stock.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StockKey {
    /// The campaign.
    pub campaign_id: CampaignId,
    /// The stock's period.
    pub period: String,
    /// The slice of the stock.
    pub slice: u8,
}

/// Consecutive positions of one stock, one voucher a position.
#[derive(Clone, Debug)]
pub struct StockBatch {
    /// The stock.
    pub stock: StockKey,
    /// The first position.
    pub first_position: i64,
    /// The vouchers.
    pub vouchers: Vec<IssuedVoucher>,
}

/// One message of the feed.
#[derive(Clone, Debug)]
pub struct FeedBatch {
    /// The store that sent it.
    pub epoch: [u8; 16],
    /// Changes of campaigns, by position.
    pub campaigns: Vec<Campaign>,
    /// Vouchers of one stock.
    pub vouchers: Option<StockBatch>,
}

/// What a person has, asked for once outside the feed.
#[derive(Clone, Debug, Default)]
pub struct Found {
    /// The vouchers.
    pub vouchers: Vec<IssuedVoucher>,
    /// Their campaigns.
    pub campaigns: Vec<Campaign>,
}

/// How far the feed was taken in.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedCursors {
    /// The store that was followed; `None` before the first message.
    pub epoch: Option<[u8; 16]>,
    /// The last campaign change.
    pub campaign_position: i64,
    /// The last position of each stock.
    pub stocks: Vec<(StockKey, i64)>,
}

/// Why a message of the feed cannot be taken in. The follower stops, loudly: going on could lose
/// or double vouchers.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FeedProblem {
    /// Another store than the one that was followed, as after a restored backup.
    #[error("the feed comes from another store than before")]
    OtherEpoch,
    /// Positions are missing, or come again.
    #[error("the feed goes on at {first_position} but the cursor is at {cursor}")]
    Gap {
        /// Where the message begins.
        first_position: i64,
        /// The last position taken in.
        cursor: i64,
    },
    /// Campaign changes are not in order.
    #[error("campaign changes do not ascend from {cursor}")]
    CampaignOrder {
        /// The last position taken in.
        cursor: i64,
    },
}

/// Whether a message goes on exactly where the cursors stand; gives the cursors after it, of the
/// campaigns and of the message's stock.
pub fn advance(
    epoch: Option<[u8; 16]>,
    campaign_position: i64,
    stock_position: i64,
    batch: &FeedBatch,
) -> Result<(i64, i64), FeedProblem> {
    if epoch.is_some_and(|known| known != batch.epoch) {
        return Err(FeedProblem::OtherEpoch);
    }
    let ascend =
        |cursor: i64, change: &Campaign| (change.position > cursor).then_some(change.position);
    let campaigns = batch.campaigns.iter().try_fold(campaign_position, ascend);
    let campaigns = campaigns.ok_or(FeedProblem::CampaignOrder { cursor: campaign_position })?;
    let Some(vouchers) = &batch.vouchers else { return Ok((campaigns, stock_position)) };
    if vouchers.first_position != stock_position + 1 {
        let first_position = vouchers.first_position;
        return Err(FeedProblem::Gap { first_position, cursor: stock_position });
    }
    let count = i64::try_from(vouchers.vouchers.len()).unwrap_or(i64::MAX);
    Ok((campaigns, stock_position.saturating_add(count)))
}
