//! What a batch of claims is, whatever the database.

use std::collections::HashMap;
use std::sync::Arc;

use benefit::programme::Programme;
use clock::Timestamp;
use member_identity::PersonKey;
use sql::StoreError;

use super::{ClaimAnswers, Issued, Standing, StandingQuery};
use crate::domain::{Campaign, CampaignId, ClaimEffects, ClaimKey, FundId};

/// What the limit rows of a batch are counted under.
pub(super) struct Limit {
    pub limit_id: String,
    pub period: String,
}

impl Limit {
    pub fn of(campaign: &Campaign, at: Timestamp) -> Self {
        Self { limit_id: campaign.limit_id(), period: campaign.limit_period(at) }
    }

    pub fn asked(query: &StandingQuery) -> Self {
        Self { limit_id: query.limit_id.clone(), period: query.limit_period.clone() }
    }
}

/// What persons have, from how many each has taken and from the requests that got something.
pub(super) fn standings(
    taken: HashMap<PersonKey, u32>,
    requests: Vec<ClaimKey>,
) -> HashMap<PersonKey, Standing> {
    let mut standings: HashMap<PersonKey, Standing> = HashMap::new();
    for (person, taken) in taken {
        standings.entry(person).or_default().taken = taken;
    }
    for ClaimKey { person, partner, request_id } in requests {
        standings.entry(person).or_default().requests.push((partner, request_id));
    }
    standings
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

/// A campaign is applied only when its fund is there, and no fund ever goes.
pub(super) fn missing_fund(fund_id: &FundId) -> StoreError {
    StoreError::Corrupt {
        table: "fund",
        id: fund_id.to_string(),
        detail: String::from("a campaign draws on a fund that is not there"),
    }
}

/// Lanes ask for campaigns that they have seen, and no campaign ever goes.
pub(super) fn missing(campaign_id: &CampaignId) -> StoreError {
    StoreError::Corrupt {
        table: "campaign",
        id: campaign_id.to_string(),
        detail: String::from("claims came for a campaign that is not there"),
    }
}
