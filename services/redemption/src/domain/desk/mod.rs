//! The desk at which a batch of commands is judged, one by one in the order of arrival.
//!
//! The store lays out everything that the batch may touch, the desk judges each command against
//! the state that the commands before it left, and the store writes what changed. Every rule of
//! the verbs is here and in the types that it uses; none is in a store.

mod authorize;
mod refund;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey, VoucherId};

use super::shops::{Registrations, ShopKey};
use super::{
    Action, Answer, Authorization, Campaign, CampaignId, Command, DayState, Entropy, Fingerprint,
    NewEvent, OrderNumber, Partner, Reason, RefundPart, Refusal, Remembered, RequestId, ShopChain,
    ShownStage, Transaction, Verb, WalletVoucher,
};

/// The scope and the id of a request (law A1).
pub type RequestKey = (Partner, Verb, RequestId);
/// A platform and its order number.
pub type OrderKey = (Partner, OrderNumber);

/// What the effect of one verb is: the authorization that it made or changed.
type Effect = Result<Option<AuthorizationId>, Refusal>;

/// Everything that a batch may touch, as it is stored.
#[derive(Debug, Default)]
pub struct Laid {
    /// Requests of the batch that were answered before, and the Authorize requests that its voids
    /// name.
    pub requests: HashMap<RequestKey, Remembered>,
    /// Live authorizations of the batch's orders.
    pub live_orders: HashMap<OrderKey, AuthorizationId>,
    /// The authorizations that any of the above or the batch names, and those that hold a voucher
    /// below.
    pub authorizations: HashMap<AuthorizationId, Authorization>,
    /// The chains that the shops of the authorizations belong to now.
    pub chains: HashMap<ShopKey, ShopChain>,
    /// The vouchers of the batch's persons and of the authorizations above.
    pub vouchers: BTreeMap<VoucherId, WalletVoucher>,
    /// The campaigns of the vouchers.
    pub campaigns: HashMap<CampaignId, Campaign>,
    /// What is registered of the places of the batch's orders, and what is stopped.
    pub places: Registrations,
    /// What is known of today.
    pub day: Option<DayState>,
}

/// What a batch changed; to be written in one commit. Every list but that of transactions is in the
/// order of its keys, which is the order in which stores lock rows.
#[derive(Debug, Default)]
pub struct Changes {
    /// New authorizations as they became.
    pub made: Vec<Authorization>,
    /// Known authorizations as they became.
    pub authorizations: Vec<Authorization>,
    /// Vouchers as they became.
    pub vouchers: Vec<WalletVoucher>,
    /// Orders whose newest authorization, or its being live, changed.
    pub orders: Vec<(OrderKey, AuthorizationId, bool)>,
    /// Requests that were answered.
    pub requests: Vec<(RequestKey, Remembered)>,
    /// Requests that arrived after they were answered.
    pub arrived: Vec<(RequestKey, Fingerprint)>,
    /// Refunds that were made.
    pub refunds: Vec<NewRefund>,
    /// Rows for the journal.
    pub transactions: Vec<Transaction>,
    /// Steps that authorizations took.
    pub events: Vec<NewEvent>,
}

/// A refund that was made.
#[derive(Clone, Debug)]
pub struct NewRefund {
    /// Of which authorization.
    pub authorization_id: AuthorizationId,
    /// Its number among the authorization's refunds, from 1.
    pub part: u32,
    /// What it gave back.
    pub refund: RefundPart,
}

/// When a batch is judged, and where its ids come from.
#[derive(Clone)]
pub struct Moment {
    /// Now, by the business clock.
    pub now: Timestamp,
    /// The source of new ids.
    pub entropy: Arc<dyn Entropy>,
}

/// A batch being judged.
pub struct Desk {
    moment: Moment,
    state: Laid,
    /// The vouchers of each person, by id.
    wallets: HashMap<PersonKey, Vec<VoucherId>>,
    changed: Changed,
}

#[derive(Default)]
struct Changed {
    made: BTreeSet<AuthorizationId>,
    authorizations: BTreeSet<AuthorizationId>,
    vouchers: BTreeSet<VoucherId>,
    orders: BTreeMap<OrderKey, (AuthorizationId, bool)>,
    requests: BTreeSet<RequestKey>,
    arrived: BTreeSet<RequestKey>,
    /// The places of new refunds among their authorizations'.
    refunds: Vec<(AuthorizationId, usize)>,
    transactions: Vec<Transaction>,
    events: Vec<NewEvent>,
}

impl Desk {
    /// A desk with everything laid out.
    pub fn new(moment: Moment, laid: Laid) -> Self {
        let mut wallets: HashMap<PersonKey, Vec<VoucherId>> = HashMap::new();
        for voucher in laid.vouchers.values() {
            wallets.entry(voucher.person).or_default().push(voucher.voucher_id);
        }
        Self { moment, state: laid, wallets, changed: Changed::default() }
    }

    /// Judges the next command.
    pub fn judge(&mut self, command: &Command) -> Answer {
        let key = (command.partner.clone(), command.verb(), command.request_id.clone());
        let fingerprint = command.fingerprint();
        if let Some(seen) = self.state.requests.get(&key) {
            if seen.fingerprint.is_unseen() {
                return self.arrive(key, fingerprint);
            }
            let differs = seen.fingerprint.first_difference(&fingerprint);
            return seen.answer(&key, self.made(seen), differs);
        }
        let outcome = match &command.action {
            Action::Authorize(authorize) => self.authorize(command, authorize),
            Action::Capture(part) => self.capture(&command.partner, part),
            Action::Void(target) => self.void(&command.partner, target),
            Action::Refund(part) => self.refund(command, part),
        };
        if let Err(refusal) = &outcome
            && (self.is_a_miss(command, refusal) || is_for_want_of_a_check(refusal))
        {
            return Err(refusal.clone());
        }
        let seen = Remembered { fingerprint, outcome, created_at: self.moment.now };
        let answer = seen.answer(&key, self.made(&seen), None);
        self.remember(key, seen);
        answer
    }

    /// Whether the order is refused only because the wallet may lack a voucher.
    fn is_a_miss(&self, command: &Command, refusal: &Refusal) -> bool {
        let Action::Authorize(order) = &command.action else { return false };
        let ids = self.wallets.get(&order.person).into_iter().flatten();
        let mut vouchers = ids.filter_map(|id| self.state.vouchers.get(id));
        let now = self.moment.now;
        order.may_miss
            && refusal.reason.is_for_want_of_a_voucher()
            && !vouchers.any(|voucher| voucher.shown(now) == ShownStage::Available)
    }

    /// Writes down that a hold ran out, when it did and nothing else happened to it.
    pub fn expire_if_lapsed(&mut self, id: AuthorizationId) {
        let now = self.moment.now;
        if let Some(held) = self.state.authorizations.get(&id).filter(|held| held.has_lapsed(now)) {
            let expired = held.clone().at(now);
            self.let_vouchers_go(&expired);
            self.put(expired);
        }
    }

    /// What is to be written.
    pub fn into_changes(self) -> Changes {
        let Self { mut state, mut changed, .. } = self;
        changed.refunds.sort_unstable();
        changed.events.sort_by_key(|event| (event.authorization_id, event.step));
        let refunds = changed.refunds.iter().filter_map(|key| new_refund(&state, *key)).collect();
        let mut authorizations = |ids: BTreeSet<AuthorizationId>| {
            ids.into_iter().filter_map(|id| state.authorizations.remove(&id)).collect()
        };
        let made = authorizations(changed.made);
        let authorizations = authorizations(changed.authorizations);
        let mut requests = |keys: BTreeSet<RequestKey>| -> Vec<_> {
            keys.into_iter().filter_map(|key| state.requests.remove_entry(&key)).collect()
        };
        let answered = requests(changed.requests);
        let arrived = requests(changed.arrived).into_iter();
        let vouchers = changed.vouchers.iter();
        Changes {
            made,
            authorizations,
            vouchers: vouchers.filter_map(|id| state.vouchers.remove(id)).collect(),
            orders: changed.orders.into_iter().map(|(key, (id, live))| (key, id, live)).collect(),
            requests: answered,
            arrived: arrived.map(|(key, seen)| (key, seen.fingerprint)).collect(),
            refunds,
            transactions: changed.transactions,
            events: changed.events,
        }
    }

    /// Takes down how a request was answered.
    fn remember(&mut self, key: RequestKey, seen: Remembered) {
        self.state.requests.insert(key.clone(), seen);
        self.changed.requests.insert(key);
    }

    /// A request that was answered before it came arrives, and what it says is known from now on.
    fn arrive(&mut self, key: RequestKey, fingerprint: Fingerprint) -> Answer {
        let seen = self.state.requests.get_mut(&key).expect("the caller found it");
        seen.fingerprint = fingerprint;
        let answer = seen.answer(&key, None, None);
        if !self.changed.requests.contains(&key) {
            self.changed.arrived.insert(key);
        }
        answer
    }

    /// The authorization that a request made or changed.
    fn made(&self, seen: &Remembered) -> Option<Authorization> {
        let id = seen.outcome.as_ref().ok().copied().flatten()?;
        self.state.authorizations.get(&id).cloned()
    }

    /// The platform's own authorization of that id; another's is as unknown as none.
    fn own(&self, partner: &Partner, id: AuthorizationId) -> Result<Authorization, Refusal> {
        let found = self.state.authorizations.get(&id).filter(|found| found.partner == *partner);
        found.cloned().ok_or_else(|| Refusal::new(Reason::AuthorizationUnknown))
    }

    /// Takes in an authorization as it became by one step, and whether its order is still taken.
    fn put(&mut self, authorization: Authorization) {
        self.changed.events.push(NewEvent::of(&authorization));
        let (id, is_live) = (authorization.authorization_id, authorization.is_live());
        let key = (authorization.partner.clone(), authorization.order_number.clone());
        let before = self.state.authorizations.insert(id, authorization);
        match &before {
            None => self.changed.made.insert(id),
            Some(_) if self.changed.made.contains(&id) => false,
            Some(_) => self.changed.authorizations.insert(id),
        };
        // A capture leaves the order as taken as it was.
        if before.is_some_and(|before| before.is_live() == is_live) {
            return;
        }
        match is_live {
            true => self.state.live_orders.insert(key.clone(), id),
            false => self.state.live_orders.remove(&key),
        };
        self.changed.orders.insert(key, (id, is_live));
    }

    fn let_vouchers_go(&mut self, authorization: &Authorization) {
        for applied in &authorization.vouchers {
            self.change_voucher(applied.voucher_id, WalletVoucher::let_go);
        }
    }

    fn change_voucher(
        &mut self,
        id: VoucherId,
        change: impl FnOnce(WalletVoucher) -> WalletVoucher,
    ) {
        if let Some(voucher) = self.state.vouchers.remove(&id) {
            self.state.vouchers.insert(id, change(voucher));
            self.changed.vouchers.insert(id);
        }
    }
}

/// Whether the order is refused only because eligibility was not asked, or did not answer. That is
/// not an answer for ever: nothing is written down.
fn is_for_want_of_a_check(refusal: &Refusal) -> bool {
    refusal.reason == Reason::BenefitNotAvailableNow
}

fn new_refund(
    state: &Laid,
    (authorization_id, place): (AuthorizationId, usize),
) -> Option<NewRefund> {
    let refund = state.authorizations.get(&authorization_id)?.refunds.get(place)?.clone();
    let part = u32::try_from(place + 1).ok()?;
    Some(NewRefund { authorization_id, part, refund })
}
