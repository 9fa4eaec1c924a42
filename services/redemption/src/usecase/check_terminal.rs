use std::collections::BTreeSet;
use std::sync::Arc;

use clock::Clock;
use member_identity::{OrganizationPath, RegionCode};
use rpc::Caller;

use super::{Failure, MemberReference, Members, partner};
use crate::domain::shops::{Obstacle, Place, ShopKey};
use crate::domain::{CampaignId, Reason, Refusal, ShopId, ShownStage, TerminalId};
use crate::store::{PlacesAsked, Store};

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
    /// All that stands against every voucher.
    pub obstacles: Vec<Refusal>,
    /// The campaigns, by id, each with all that stands against it.
    pub campaigns: Vec<(CampaignId, Vec<Obstacle>)>,
}

impl TerminalCheck {
    /// Whether vouchers of at least one of the campaigns are taken.
    pub fn is_taken(&self) -> bool {
        let free = |(_, obstacles): &(CampaignId, Vec<Obstacle>)| obstacles.is_empty();
        self.obstacles.is_empty() && self.campaigns.iter().any(free)
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
        let ids = self.campaigns(caller, taken).await?;
        let place =
            Place { shop: ShopKey { platform: partner(caller), shop_id }, terminal, region };
        let places = BTreeSet::from([place.clone()]);
        let asked = PlacesAsked { places, texts: BTreeSet::new() };
        let registrations = self.store.shops().registrations(&asked).await?;
        let premises = registrations.at(&place);
        let known = self.store.shops().campaigns(&ids).await?;
        let now = self.clock.now();
        let campaigns = ids.into_iter().map(|id| {
            let own = known.get(&id).filter(|found| concerns(caller, &found.organization));
            let obstacles = own.map(|own| premises.obstacles_to(own, now));
            (
                id,
                obstacles.unwrap_or_else(|| {
                    vec![Obstacle::always(Refusal::new(Reason::CampaignUnknown))]
                }),
            )
        });
        Ok(TerminalCheck { obstacles: premises.obstacles(), campaigns: campaigns.collect() })
    }

    /// The campaigns to look at: a member's are those of the vouchers that still can be used.
    async fn campaigns(
        &self,
        caller: &Caller,
        taken: TakenAsked,
    ) -> Result<BTreeSet<CampaignId>, Failure> {
        let reference = match taken {
            TakenAsked::Campaign(campaign_id) => return Ok(BTreeSet::from([campaign_id])),
            TakenAsked::Member(reference) => reference,
        };
        let member = self.members.resolve(caller, &reference).await?;
        let read = self.store.wallet(member.person, &[]).await?;
        let now = self.clock.now();
        let usable = read.vouchers.into_iter().filter(|voucher| match voucher.shown(now) {
            ShownStage::Available | ShownStage::Held => true,
            ShownStage::Used | ShownStage::Expired => false,
        });
        Ok(usable.map(|voucher| voucher.campaign_id).collect())
    }
}

/// Whether a campaign is one that the caller's members may have: of the caller's subtree, or of an
/// organization above it.
fn concerns(caller: &Caller, owner: &OrganizationPath) -> bool {
    let is_above = |own: &OrganizationPath| owner.contains(own);
    caller.sees(owner) || caller.organization.as_ref().is_some_and(is_above)
}
