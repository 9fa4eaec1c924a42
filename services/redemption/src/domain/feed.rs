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
    /// Positions are missing.
    #[error("the feed goes on at {first_position} but the cursor is at {cursor}")]
    Gap {
        /// Where the message begins.
        first_position: i64,
        /// The last position taken in.
        cursor: i64,
    },
    /// Campaign changes are not in order.
    #[error("campaign changes do not ascend; the cursor is at {cursor}")]
    CampaignOrder {
        /// The last position taken in.
        cursor: i64,
    },
}

/// What of a message is new, and the cursors after it.
#[derive(Clone, Copy, Debug)]
pub struct Advance<'a> {
    /// The changes of campaigns after the cursor.
    pub campaigns: &'a [Campaign],
    /// The vouchers after the cursor of the message's stock.
    pub vouchers: &'a [IssuedVoucher],
    /// The cursor of the campaigns.
    pub campaign_position: i64,
    /// The cursor of the message's stock.
    pub stock_position: i64,
}

/// What of a message goes on where the cursors stand. What another replica has taken in already is
/// left out; a gap is refused.
pub fn advance(
    epoch: Option<[u8; 16]>,
    campaign_position: i64,
    stock_position: i64,
    batch: &FeedBatch,
) -> Result<Advance<'_>, FeedProblem> {
    if epoch.is_some_and(|known| known != batch.epoch) {
        return Err(FeedProblem::OtherEpoch);
    }
    if !batch.campaigns.is_sorted_by(|one, next| one.position < next.position) {
        return Err(FeedProblem::CampaignOrder { cursor: campaign_position });
    }
    let known = batch.campaigns.partition_point(|change| change.position <= campaign_position);
    let campaigns = &batch.campaigns[known..];
    let (vouchers, stock_position) = match &batch.vouchers {
        Some(stock) => stock.after(stock_position)?,
        None => (&[][..], stock_position),
    };
    let last = campaigns.last().map_or(campaign_position, |change| change.position);
    Ok(Advance { campaigns, vouchers, campaign_position: last, stock_position })
}

impl StockBatch {
    /// The vouchers after `cursor`, and the cursor after them.
    fn after(&self, cursor: i64) -> Result<(&[IssuedVoucher], i64), FeedProblem> {
        let Self { first_position, vouchers, .. } = self;
        let known = cursor + 1 - first_position;
        let known = usize::try_from(known)
            .map_err(|_| FeedProblem::Gap { first_position: *first_position, cursor })?;
        let new = vouchers.get(known..).unwrap_or_default();
        Ok((new, cursor + i64::try_from(new.len()).unwrap_or(i64::MAX)))
    }
}
