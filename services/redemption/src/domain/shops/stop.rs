use std::fmt;

use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode};

use super::{Place, ShopKey, ShopText};
use crate::domain::{Campaign, CampaignId, Detail, Reason, Refusal, Subject};

/// What of an organization's campaigns is stopped.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum StopScope {
    /// One of them, everywhere.
    Campaign(CampaignId),
    /// All of them in the shops of a region.
    Region(RegionCode),
    /// All of them in a shop.
    Shop(ShopKey),
}

/// Whose campaigns are stopped, and what of them: at most one stop of each is in force.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct StopKey {
    /// Whose: those of this organization and of all below it.
    pub organization: OrganizationPath,
    /// What of them.
    pub scope: StopScope,
}

/// What a till shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StopTexts {
    /// In Chinese.
    pub zh: ShopText,
    /// In English.
    pub en: ShopText,
}

/// A stop in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// Whose campaigns, and what of them.
    pub key: StopKey,
    /// What a till shows.
    pub texts: StopTexts,
    /// How often this scope was stopped, changed or resumed, from 1.
    pub version: i64,
    /// Who stopped it.
    pub stopped_by: Subject,
    /// When.
    pub stopped_at: Timestamp,
}

impl StopKey {
    /// Where it stands among others: by organization, kind of scope and scope, as stops are listed.
    pub fn order(&self) -> (&str, &'static str, String) {
        (self.organization.as_str(), self.scope.kind(), self.scope.to_string())
    }
}

impl StopScope {
    /// The kind of scope in tables and for callers, as `REGION`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Campaign(_) => "CAMPAIGN",
            Self::Region(_) => "REGION",
            Self::Shop(_) => "SHOP",
        }
    }

    /// The scope of a kind and the text that [`fmt::Display`] writes of it.
    pub fn read(kind: &str, key: &str) -> Option<Self> {
        match kind {
            "CAMPAIGN" => key.parse().ok().map(Self::Campaign),
            "REGION" => RegionCode::parse(key).ok().map(Self::Region),
            "SHOP" => {
                let (platform, shop_id) = key.split_once('/')?;
                let (platform, shop_id) = (platform.parse().ok()?, shop_id.parse().ok()?);
                Some(Self::Shop(ShopKey { platform, shop_id }))
            }
            _ => None,
        }
    }
}

/// The campaign, the six digits, or `wepay/shop-1`.
impl fmt::Display for StopScope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Campaign(campaign_id) => campaign_id.fmt(f),
            Self::Region(region) => region.fmt(f),
            Self::Shop(key) => key.fmt(f),
        }
    }
}

impl Stop {
    /// Whether it stops a campaign's vouchers at a place. The region is the one that the order
    /// states.
    pub fn concerns(&self, campaign: &Campaign, place: &Place) -> bool {
        let is_here = match &self.key.scope {
            StopScope::Campaign(campaign_id) => *campaign_id == campaign.campaign_id,
            StopScope::Region(region) => region.contains(place.region),
            StopScope::Shop(key) => *key == place.shop,
        };
        is_here && self.key.organization.contains(&campaign.organization)
    }

    /// What a caller is told.
    pub fn refusal(&self) -> Refusal {
        Refusal::new(Reason::RedeemingStopped)
            .with(Detail::Stopped, self.key.scope.kind())
            .with(Detail::TextZh, &self.texts.zh)
            .with(Detail::TextEn, &self.texts.en)
    }
}
