use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clock::{Clock, Timestamp};
use member_identity::{OrganizationPath, RegionCode};
use rpc::Caller;

use super::{Failure, MemberReference, Members, partner};
use crate::domain::shops::{Obstacle, Place, ShopKey};
use crate::domain::{Campaign, CampaignId, Reason, Refusal, ShopId, ShownStage, TerminalId};
use crate::store::{PlacesAsked, Store, WalletRead};

/// What telling a till needs.
#[derive(Clone)]
pub struct Terminals {
    /// The shops, and the wallets.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Who the members are.
    pub members: Arc<Members>,
}

/// Which till, and what it is to take.
#[derive(Clone, Debug)]
pub struct TerminalAsked {
    /// The platform's own id of the shop.
    pub shop_id: ShopId,
    /// The till within it.
    pub terminal: Option<TerminalId>,
    /// Where orders say that the shop stands.
    pub region: RegionCode,
    /// What it is to take.
    pub taken: TakenAsked,
}

/// What a till is to take.
#[derive(Clone, Debug)]
pub enum TakenAsked {
    /// A campaign's vouchers.
    Campaign(CampaignId),
    /// Any voucher of a member.
    Member(MemberReference),
}

/// What a till is told.
#[derive(Clone, Debug)]
pub struct TerminalCheck {
    /// The campaigns, by id, each with all that stands against it.
    pub campaigns: Vec<(CampaignId, Vec<Obstacle>)>,
}

impl TerminalCheck {
    /// Whether vouchers of at least one of the campaigns are taken.
    pub fn is_taken(&self) -> bool {
        self.campaigns.iter().any(|(_, obstacles)| obstacles.is_empty())
    }
}

impl Terminals {
    /// Whether one of the caller's tills takes vouchers now, and all that stands against it.
    /// Changes nothing.
    pub async fn check(
        &self,
        caller: &Caller,
        asked: TerminalAsked,
    ) -> Result<TerminalCheck, Failure> {
        let TerminalAsked { shop_id, terminal, region, taken } = asked;
        let now = self.clock.now();
        let campaigns = self.campaigns(caller, taken, now).await?;
        let place =
            Place { shop: ShopKey { platform: partner(caller), shop_id }, terminal, region };
        let places = BTreeSet::from([place.clone()]);
        let asked = PlacesAsked { places, texts: BTreeSet::new() };
        let registrations = self.store.shops().registrations(&asked).await?;
        let premises = registrations.at(&place);
        let unknown = || vec![Obstacle::always(Refusal::new(Reason::CampaignUnknown))];
        let told = |own: Option<Campaign>| {
            own.map_or_else(unknown, |own| premises.obstacles_to(&own, now))
        };
        let campaigns = campaigns.into_iter().map(|(id, own)| (id, told(own)));
        Ok(TerminalCheck { campaigns: campaigns.collect() })
    }

    /// The campaigns to look at, each with what is known of it.
    async fn campaigns(
        &self,
        caller: &Caller,
        taken: TakenAsked,
        now: Timestamp,
    ) -> Result<BTreeMap<CampaignId, Option<Campaign>>, Failure> {
        match taken {
            TakenAsked::Campaign(campaign_id) => {
                let ids = BTreeSet::from([campaign_id.clone()]);
                let found = self.store.shops().campaigns(&ids).await?.remove(&campaign_id);
                let own = found.filter(|found| concerns(caller, &found.organization));
                Ok(BTreeMap::from([(campaign_id, own)]))
            }
            TakenAsked::Member(reference) => {
                let member = self.members.resolve(caller, &reference).await?;
                Ok(usable(self.store.wallet(member.person, &[], now).await?, now))
            }
        }
    }
}

/// The campaigns of the vouchers of a wallet that still can be used, whosever they are: an order of
/// the member would take them all.
fn usable(read: WalletRead, now: Timestamp) -> BTreeMap<CampaignId, Option<Campaign>> {
    let WalletRead { vouchers, campaigns } = read;
    let usable = vouchers.into_iter().filter(|voucher| match voucher.shown(now) {
        ShownStage::Available | ShownStage::Held => true,
        ShownStage::Used | ShownStage::Expired => false,
    });
    usable
        .map(|voucher| {
            let own = campaigns.get(&voucher.campaign_id).cloned();
            (voucher.campaign_id, own)
        })
        .collect()
}

/// Whether a campaign is one that the caller's members may have: of the caller's subtree, or of an
/// organization above it.
fn concerns(caller: &Caller, owner: &OrganizationPath) -> bool {
    let is_above = |own: &OrganizationPath| owner.contains(own);
    caller.sees(owner) || caller.organization.as_ref().is_some_and(is_above)
}
