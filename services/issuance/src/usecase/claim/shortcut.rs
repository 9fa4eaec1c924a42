//! What a claim can be told from memory: that it gets nothing, or what its request got before.
//!
//! Law I4: memory only refuses, and what it says was true at most a second before. It never judges
//! by rules of its own: [`Campaign::gives_one`] decides, on state that was read a moment ago, and
//! what is not a refusal for certain goes to the lane. So the order of answers is the same.
//!
//! Four things must be known of a claim that is refused here:
//! - the campaign, its stock and its fund, seen at most a second ago: a pause, an end, more vouchers, or a
//!   return show there;
//! - the person and organization of the member, from a verdict of the last ten seconds;
//! - how many the person has in the limit period;
//! - every request of the person that got something in the campaign: such a request is answered
//!   with its voucher, which the lane does.
//!
//! The last two are a *page*, read from the store. Nothing is added to it while the person may have
//! no more, nor while nothing is given out of the stock, which its count of vouchers shows.
//! **Invariant:** whoever adds a verb that takes vouchers back from a person must make it show in
//! the stock's figures, or let pages end with it.

use std::collections::HashMap;
use std::hash::{BuildHasher as _, RandomState};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clock::{BusinessDay, Timestamp};
use member_identity::{MemberId, OrganizationPath, PersonKey};
use tokio::time::Instant;

use super::lane::{ClaimAnswer, Wish};
use super::recent::Recent;
use crate::domain::{
    Campaign, ClaimRefusal, Fund, MemberVerdict, Partner, RequestId, Stock, StockKey,
};
use crate::store::{Issued, Standing, StandingQuery};
use crate::usecase::Failure;

/// Law I4: how long what was seen may be told.
const SIGHT_AGE_MAX: Duration = Duration::from_secs(1);
/// How long what was seen is looked at no more: well before it may not be told any longer.
const LOOK_EVERY: Duration = Duration::from_millis(250);
/// For how long a verdict says who a member is, and a page what a person has.
const KNOWN_FOR: Duration = Duration::from_secs(10);

/// What is known of the claims of one campaign.
pub(super) struct Shortcuts {
    known: Mutex<Known>,
    fingerprints: RandomState,
}

struct Known {
    sight: Option<Arc<Sight>>,
    members: Recent<MemberId, Member>,
}

/// A campaign and the stock that it gives out of, as they were when they were seen.
pub(super) struct Sight {
    campaign: Campaign,
    /// The day that the rest was seen on.
    day: BusinessDay,
    stock_key: StockKey,
    stock: Stock,
    fund: Option<Fund>,
    limit_period: String,
    seen_at: Instant,
}

/// One member.
struct Member {
    person: PersonKey,
    organization: OrganizationPath,
    learned_at: Instant,
    /// What the member got last, here.
    last: Option<Box<Got>>,
    /// When the lane last gave the person something, or said that there is no more.
    had_at: Option<Instant>,
    page: Option<Page>,
}

struct Got {
    partner: Partner,
    request_id: RequestId,
    issued: Issued,
}

/// What a person has of the campaign, read after `seen` was.
struct Page {
    seen: Arc<Sight>,
    taken: u32,
    /// Of the requests that got something. One too many only means that the lane decides.
    fingerprints: Box<[u64]>,
}

impl Sight {
    /// The campaign, its stock, if there is one, and its fund, at that time of the business.
    /// `seen_at` is before they were read.
    pub fn new(
        campaign: Campaign,
        (stock, fund): (Option<Stock>, Option<Fund>),
        (at, seen_at): (Timestamp, Instant),
    ) -> Self {
        Self {
            day: campaign.day(at),
            stock_key: campaign.stock_key(at),
            stock: stock.unwrap_or_else(|| campaign.full_stock()),
            fund,
            limit_period: campaign.limit_period(at),
            campaign,
            seen_at,
        }
    }

    pub fn campaign(&self) -> &Campaign {
        &self.campaign
    }

    /// Whether it may be told of at these times.
    fn is_of(&self, at: Timestamp, now: Instant) -> bool {
        self.campaign.day(at) == self.day && now.duration_since(self.seen_at) <= SIGHT_AGE_MAX
    }

    /// Whether nobody gets anything.
    fn gives_nothing(&self, at: Timestamp) -> bool {
        self.has_nothing() || self.campaign.gives_out(at).is_err()
    }

    /// Whether nothing is left of the stock, or no money for it in the fund.
    fn has_nothing(&self) -> bool {
        !self.campaign.has_supply(&self.stock, self.fund.as_ref())
    }
}

impl Page {
    /// Whether it still is what the person has, as far as `sight` goes.
    fn is_whole(&self, sight: &Sight, now: Instant) -> bool {
        let is_full = self.taken >= sight.campaign.programme.person_limit;
        let is_untouched =
            self.seen.stock_key == sight.stock_key && self.seen.stock.issued == sight.stock.issued;
        now.duration_since(self.seen.seen_at) <= KNOWN_FOR
            && self.seen.limit_period == sight.limit_period
            && (is_full || is_untouched)
    }
}

impl Shortcuts {
    /// So many members are known in each of two generations.
    pub fn new(members_max: usize) -> Self {
        let known = Known { sight: None, members: Recent::new(members_max) };
        Self { known: Mutex::new(known), fingerprints: RandomState::new() }
    }

    // --- what is seen ---

    /// What was seen a moment ago; none when it is time to look again.
    pub fn sight(&self, at: Timestamp, now: Instant) -> Option<Arc<Sight>> {
        let sight = self.known().sight.clone()?;
        let is_young = now.duration_since(sight.seen_at) <= LOOK_EVERY;
        (is_young && sight.is_of(at, now)).then_some(sight)
    }

    /// Something was looked at; what was seen later stays.
    pub fn see(&self, sight: &Arc<Sight>) {
        let mut known = self.known();
        if known.sight.as_ref().is_none_or(|before| before.seen_at <= sight.seen_at) {
            known.sight = Some(Arc::clone(sight));
        }
    }

    /// The lane found it different.
    pub fn forget_sight(&self) {
        self.known().sight = None;
    }

    /// Verdicts, which say who the members are.
    pub fn learn(&self, wishes: &[Wish], verdicts: &[MemberVerdict], now: Instant) {
        let mut known = self.known();
        for (wish, verdict) in wishes.iter().zip(verdicts) {
            if let MemberVerdict::Known { person, organization, .. } = verdict {
                known.learn(wish.member_id, (*person, organization), now);
            }
        }
    }

    /// What the lane answered.
    pub fn hear(&self, wish: &Wish, answer: &ClaimAnswer, now: Instant) {
        let mut known = self.known();
        let Some(member) = known.members.refresh(wish.member_id) else { return };
        match answer {
            Ok(issued) => {
                member.last = Some(Box::new(Got::new(wish, issued)));
                member.had_at = Some(now);
            }
            Err(Failure::Claim(ClaimRefusal::PersonLimitReached { .. })) => {
                member.had_at = Some(now);
            }
            // What was seen while something was left is seen anew.
            Err(Failure::Claim(
                ClaimRefusal::SoldOut { .. } | ClaimRefusal::MoneyExhausted { .. },
            )) => {
                known.sight.take_if(|sight| !sight.has_nothing());
            }
            Err(Failure::Claim(
                ClaimRefusal::CampaignNotActive { .. }
                | ClaimRefusal::OutsideDates { .. }
                | ClaimRefusal::OutsideHours { .. },
            )) => known.sight = None,
            Err(_) => {}
        }
    }

    // --- pages ---

    /// Whose pages to read: of those who will hardly get anything.
    pub fn to_read(
        &self,
        wishes: &[Wish],
        sight: &Sight,
        (at, now): (Timestamp, Instant),
    ) -> Option<StandingQuery> {
        let (gives_nothing, known) = (sight.gives_nothing(at), self.known());
        let members = wishes.iter().filter_map(|wish| known.members.get(&wish.member_id));
        let hopeless = members.filter(|member| {
            let has_had = member.had_at.is_some_and(|had| now.duration_since(had) <= KNOWN_FOR);
            let is_read = member.page.as_ref().is_some_and(|page| page.is_whole(sight, now));
            (gives_nothing || has_had) && !is_read
        });
        let mut persons: Vec<_> = hopeless.map(|member| member.person).collect();
        persons.sort_unstable();
        persons.dedup();
        (!persons.is_empty()).then(|| StandingQuery {
            campaign_id: sight.campaign.campaign_id.clone(),
            limit_id: sight.campaign.limit_id(),
            limit_period: sight.limit_period.clone(),
            persons,
        })
    }

    /// The pages that were asked for after `sight` was seen; persons who have nothing are not
    /// among the standings.
    pub fn read(
        &self,
        wishes: &[Wish],
        (sight, asked): (&Arc<Sight>, &[PersonKey]),
        standings: &HashMap<PersonKey, Standing>,
    ) {
        let nothing = Standing::default();
        let mut known = self.known();
        for wish in wishes {
            let Some(member) = known.members.refresh(wish.member_id) else { continue };
            if asked.binary_search(&member.person).is_ok() {
                let standing = standings.get(&member.person).unwrap_or(&nothing);
                let requests = standing.requests.iter();
                let fingerprints =
                    requests.map(|(partner, id)| self.fingerprint(partner, id)).collect();
                let seen = Arc::clone(sight);
                member.page = Some(Page { seen, taken: standing.taken, fingerprints });
            }
        }
    }

    // --- what is told ---

    /// The answer, when memory has it.
    pub fn answer(&self, wish: &Wish, at: Timestamp, now: Instant) -> Option<ClaimAnswer> {
        let known = self.known();
        let member = known.members.get(&wish.member_id)?;
        if now.duration_since(member.learned_at) > KNOWN_FOR {
            return None;
        }
        if let Some(got) = member.last.as_deref()
            && got.partner == wish.caller.partner
            && got.request_id == wish.request_id
        {
            let may = wish.caller.sees(&got.issued.programme.organization)
                && wish.caller.acts_for(&member.organization);
            return may.then(|| Ok(got.issued.clone()));
        }
        let sight = known.sight.as_ref().filter(|sight| sight.is_of(at, now))?;
        let page = member.page.as_ref().filter(|page| page.is_whole(sight, now))?;
        let fingerprint = self.fingerprint(&wish.caller.partner, &wish.request_id);
        if page.fingerprints.contains(&fingerprint) {
            return None;
        }
        // Whom the caller may act for is not refused by what was known a moment ago.
        let may = wish.caller.sees(&sight.campaign.programme.organization)
            && wish.caller.acts_for(&member.organization);
        let (sight, taken) = (Arc::clone(sight), page.taken);
        drop(known);
        let gives =
            may.then(|| sight.campaign.gives_one((&sight.stock, sight.fund.as_ref()), taken, at))?;
        gives.err().map(|refusal| Err(Failure::Claim(refusal)))
    }

    fn fingerprint(&self, partner: &Partner, request_id: &RequestId) -> u64 {
        self.fingerprints.hash_one((partner, request_id))
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn learn(
        &mut self,
        member_id: MemberId,
        (person, organization): (PersonKey, &OrganizationPath),
        now: Instant,
    ) {
        match self.members.refresh(member_id) {
            Some(member) if member.person == person => {
                member.learned_at = now;
                if member.organization != *organization {
                    member.organization = organization.clone();
                }
            }
            _ => {
                let organization = organization.clone();
                let (last, had_at, page) = (None, None, None);
                let member = Member { person, organization, learned_at: now, last, had_at, page };
                self.members.put(member_id, member);
            }
        }
    }
}

impl Got {
    fn new(wish: &Wish, issued: &Issued) -> Self {
        let (partner, request_id) = (wish.caller.partner.clone(), wish.request_id.clone());
        Self { partner, request_id, issued: issued.clone() }
    }
}

#[cfg(test)]
mod tests;
