//! What a batch of claims is, whatever the database.

use std::sync::Arc;

use benefit::programme::Programme;
use clock::Timestamp;
use sql::StoreError;

use super::{ClaimAnswers, Issued};
use crate::domain::{Campaign, CampaignId, ClaimEffects};

/// What the limit rows of a batch are counted under.
pub(super) struct Limit {
    pub limit_id: String,
    pub period: String,
}

impl Limit {
    pub fn of(campaign: &Campaign, at: Timestamp) -> Self {
        Self { limit_id: campaign.limit_id(), period: campaign.limit_period(at) }
    }
}

/// The position in the stock's feed of a batch's first voucher.
pub(super) fn first_position(effects: &ClaimEffects) -> i64 {
    let winners = i64::try_from(effects.winners.len()).expect("a batch is small");
    effects.stock.feed_head - winners + 1
}

/// What each command is answered with.
pub(super) fn answers(effects: ClaimEffects, programme: &Arc<Programme>) -> ClaimAnswers {
    let issued = |voucher| Issued { voucher, programme: Arc::clone(programme) };
    effects.answers.into_iter().map(|answer| answer.map(issued)).collect()
}

/// Lanes ask for campaigns that they have seen, and no campaign ever goes.
pub(super) fn missing(campaign_id: &CampaignId) -> StoreError {
    StoreError::Corrupt {
        table: "campaign",
        id: campaign_id.to_string(),
        detail: String::from("claims came for a campaign that is not there"),
    }
}
