use benefit::Terms;
use member_identity::OrganizationPath;

use super::CampaignId;

/// The stage of a campaign, as issuance sent it. Redemption takes vouchers at every stage: only
/// the giving out stops when a campaign is paused or over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CampaignState {
    /// Being prepared.
    Draft,
    /// Gives out vouchers.
    Active,
    /// Gives out nothing until resumed.
    Paused,
    /// Over for good.
    Ended,
}

/// What redemption knows of a campaign.
#[derive(Clone, Debug)]
pub struct Campaign {
    /// Its name.
    pub campaign_id: CampaignId,
    /// The organization that offers and funds it.
    pub organization: OrganizationPath,
    /// The stage.
    pub state: CampaignState,
    /// The policy under which its vouchers are given out; empty for one that came before policies
    /// were sent, whose terms do not ask for it.
    pub policy_id: String,
    /// What its vouchers are worth, and where.
    pub terms: Terms,
    /// Its title in Chinese.
    pub title_zh: String,
    /// Its title in English.
    pub title_en: String,
    /// The position of this change in the campaign feed.
    pub position: i64,
}
