use std::collections::{BTreeSet, HashMap};

use benefit::{Category, ShopScope, is_open, next_opening};
use clock::Timestamp;
use member_identity::{OrganizationPath, RegionCode};

use super::{GoodsText, ShopKey, ShopStage, Stop};
use crate::domain::{
    Campaign, CampaignId, Detail, Partner, Reason, Refusal, ShopId, TerminalId, outside_hours,
    region_not_covered,
};

/// Where an order is.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Place {
    /// The shop.
    pub shop: ShopKey,
    /// The till, when the order names it.
    pub terminal: Option<TerminalId>,
    /// Where the order says that the shop stands.
    pub region: RegionCode,
}

/// What is known of a registered shop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShopHere {
    /// Whose it is: it speaks for the campaigns of this organization and of all below it.
    pub organization: OrganizationPath,
    /// Where it stands.
    pub region: RegionCode,
    /// Whether it takes vouchers.
    pub stage: ShopStage,
}

/// Whose text: a shop's, or without one all shops' of the platform; and the text.
pub type Mapping = (Partner, Option<ShopId>, GoodsText);

/// What is registered of the places of a batch, and what is stopped.
#[derive(Clone, Debug, Default)]
pub struct Registrations {
    /// The shops.
    pub shops: HashMap<ShopKey, ShopHere>,
    /// The tills.
    pub terminals: HashMap<(ShopKey, TerminalId), ShopStage>,
    /// Which campaigns list the shops.
    pub listings: HashMap<ShopKey, BTreeSet<CampaignId>>,
    /// What category texts stand for.
    pub categories: HashMap<Mapping, Category>,
    /// The stops in force that may concern the places.
    pub stops: Vec<Stop>,
}

/// One place, by what is registered. The one judge of shops and tills, campaign by campaign: what
/// an organization registers concerns its own campaigns and those below it, and no others.
#[derive(Clone, Copy, Debug)]
pub struct Premises<'a> {
    registrations: &'a Registrations,
    place: &'a Place,
}

/// What stands against a till's taking a campaign's vouchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// Why.
    pub refusal: Refusal,
    /// When it is over, when that is known.
    pub opens_at: Option<Timestamp>,
}

impl Registrations {
    /// One of the places.
    pub fn at<'a>(&'a self, place: &'a Place) -> Premises<'a> {
        Premises { registrations: self, place }
    }
}

impl Obstacle {
    /// One whose end nobody knows.
    pub fn always(refusal: Refusal) -> Self {
        Self { refusal, opens_at: None }
    }
}

impl Premises<'_> {
    /// Whether a campaign's vouchers are taken here, terms apart. Order of answers: shop, till,
    /// region, stops, list.
    pub fn takes(&self, campaign: &Campaign) -> Result<(), Refusal> {
        match self.standing_against(campaign).next() {
            Some(refusal) => Err(refusal),
            None => Ok(()),
        }
    }

    /// All that stands against a campaign's vouchers here and now.
    pub fn obstacles_to(&self, campaign: &Campaign, now: Timestamp) -> Vec<Obstacle> {
        let terms = &campaign.terms;
        let elsewhere = (!terms.covers_region(self.place.region))
            .then(|| Obstacle::always(region_not_covered(terms.regions())));
        let closed = (!is_open(terms.hours(), now, terms.zone())).then(|| Obstacle {
            refusal: outside_hours(terms.hours()),
            opens_at: Some(next_opening(terms.hours(), now, terms.zone())),
        });
        let always = self.standing_against(campaign).map(Obstacle::always);
        always.chain(elsewhere).chain(closed).collect()
    }

    /// All that stands against a campaign's vouchers here, terms apart.
    fn standing_against(&self, campaign: &Campaign) -> impl Iterator<Item = Refusal> {
        let shop = self.shop().filter(|shop| shop.organization.contains(&campaign.organization));
        let is_blocked = shop.is_some_and(|shop| shop.stage == ShopStage::Blocked);
        let blocked = is_blocked.then(|| Refusal::new(Reason::ShopBlocked));
        let till_is_blocked = shop.is_some() && self.terminal() == Some(ShopStage::Blocked);
        let till_blocked = till_is_blocked.then(|| Refusal::new(Reason::TerminalBlocked));
        let elsewhere = shop.filter(|shop| shop.region != self.place.region);
        let elsewhere = elsewhere
            .map(|shop| Refusal::new(Reason::ShopRegionDiffers).with(Detail::Region, shop.region));
        let stopped = self.stop(campaign).map(Stop::refusal);
        let unlisted = self.must_list(campaign).err();
        [blocked, till_blocked, elsewhere, stopped, unlisted].into_iter().flatten()
    }

    /// Whether a campaign lists the shop.
    pub fn is_listed(&self, campaign_id: &CampaignId) -> Result<(), Refusal> {
        if self.shop().is_none() {
            return Err(Refusal::new(Reason::ShopUnknown));
        }
        let campaigns = self.registrations.listings.get(&self.place.shop);
        match campaigns.is_some_and(|campaigns| campaigns.contains(campaign_id)) {
            true => Ok(()),
            false => Err(Refusal::new(Reason::ShopNotListed)),
        }
    }

    /// Whether any text of the batch stands for something else than itself.
    pub fn maps_categories(&self) -> bool {
        !self.registrations.categories.is_empty()
    }

    /// The goods category that a text of this shop stands for: by the shop's own mapping, by its
    /// platform's, or as a key of ours.
    pub fn category(&self, text: &GoodsText) -> Category {
        let ShopKey { platform, shop_id } = &self.place.shop;
        let mapped = |shop_id: Option<&ShopId>| {
            let key = (platform.clone(), shop_id.cloned(), text.clone());
            self.registrations.categories.get(&key).cloned()
        };
        mapped(Some(shop_id)).or_else(|| mapped(None)).unwrap_or_else(|| text.unmapped())
    }

    fn shop(&self) -> Option<&ShopHere> {
        self.registrations.shops.get(&self.place.shop)
    }

    fn terminal(&self) -> Option<ShopStage> {
        let key = (self.place.shop.clone(), self.place.terminal.clone()?);
        self.registrations.terminals.get(&key).copied()
    }

    /// The stop that is told of several: that of the highest organization, and of its own the one
    /// of the campaign before those of a region and of the shop.
    fn stop(&self, campaign: &Campaign) -> Option<&Stop> {
        let stops = self.registrations.stops.iter();
        let concerning = stops.filter(|stop| stop.concerns(campaign, self.place));
        concerning.min_by_key(|stop| stop.key.order())
    }

    fn must_list(&self, campaign: &Campaign) -> Result<(), Refusal> {
        match campaign.terms.shops() {
            ShopScope::Listed => self.is_listed(&campaign.campaign_id),
            ShopScope::Any => Ok(()),
        }
    }
}
