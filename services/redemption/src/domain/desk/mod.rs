//! The desk at which a batch of commands is judged, one by one in the order of arrival.
//!
//! The store lays out everything that the batch may touch, the desk judges each command against
//! the state that the commands before it left, and the store writes what changed. Every rule of
//! the verbs is here and in the types that it uses; none is in a store.

mod authorize;
mod settle;

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use clock::Timestamp;
use member_identity::{AuthorizationId, VoucherId};

use super::{
    Action, Answer, Authorization, Campaign, CampaignId, Command, DayState, Entropy, OrderNumber,
    Partner, Reason, Refusal, Remembered, RequestId, Transaction, Verb, WalletVoucher,
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
    /// Authorize requests that were voided before they arrived.
    pub marks: HashSet<(Partner, RequestId)>,
    /// Live authorizations of the batch's orders.
    pub live_orders: HashMap<OrderKey, AuthorizationId>,
    /// The authorizations that any of the above or the batch names, and those that hold a voucher
    /// below.
    pub authorizations: HashMap<AuthorizationId, Authorization>,
    /// The vouchers of the batch's persons and of the authorizations above.
    pub vouchers: BTreeMap<VoucherId, WalletVoucher>,
    /// The campaigns of the vouchers.
    pub campaigns: HashMap<CampaignId, Campaign>,
    /// What is known of today.
    pub day: Option<DayState>,
}

/// What a batch changed; to be written in one commit.
#[derive(Debug, Default)]
pub struct Changes {
    /// Authorizations as they became, new ones among them.
    pub authorizations: Vec<Authorization>,
    /// Vouchers as they became.
    pub vouchers: Vec<WalletVoucher>,
    /// Orders whose newest authorization, or its being live, changed.
    pub orders: Vec<(OrderKey, AuthorizationId, bool)>,
    /// Requests that were answered.
    pub requests: Vec<(RequestKey, Remembered)>,
    /// Authorize requests that were voided before they arrived.
    pub marks: Vec<(Partner, RequestId)>,
    /// Rows for the journal.
    pub transactions: Vec<Transaction>,
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
    changed: Changed,
}

#[derive(Default)]
struct Changed {
    authorizations: BTreeSet<AuthorizationId>,
    vouchers: BTreeSet<VoucherId>,
    orders: BTreeMap<OrderKey, (AuthorizationId, bool)>,
    requests: Vec<(RequestKey, Remembered)>,
    marks: Vec<(Partner, RequestId)>,
    transactions: Vec<Transaction>,
}

impl Desk {
    /// A desk with everything laid out.
    pub fn new(moment: Moment, laid: Laid) -> Self {
        Self { moment, state: laid, changed: Changed::default() }
    }

    /// Judges the next command.
    pub fn judge(&mut self, command: &Command) -> Answer {
        let key = (command.partner.clone(), command.verb(), command.request_id.clone());
        let fingerprint = command.fingerprint();
        if let Some(seen) = self.state.requests.get(&key) {
            let differs = seen.fingerprint.first_difference(&fingerprint);
            return seen.answer(command.verb(), self.made(seen), differs);
        }
        let outcome = match &command.action {
            Action::Authorize(authorize) => self.authorize(command, authorize),
            Action::Capture(id) => self.capture(&command.partner, *id),
            Action::Void(target) => self.void(&command.partner, target),
            Action::Refund(id) => self.refund(&command.partner, *id),
        };
        let seen = Remembered { fingerprint, outcome, created_at: self.moment.now };
        self.state.requests.insert(key.clone(), seen.clone());
        let answer = seen.answer(command.verb(), self.made(&seen), None);
        self.changed.requests.push((key, seen));
        answer
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
        let Self { state, changed, .. } = self;
        let authorizations = changed.authorizations.iter();
        let vouchers = changed.vouchers.iter();
        Changes {
            authorizations: authorizations
                .filter_map(|id| state.authorizations.get(id).cloned())
                .collect(),
            vouchers: vouchers.filter_map(|id| state.vouchers.get(id).cloned()).collect(),
            orders: changed.orders.into_iter().map(|(key, (id, live))| (key, id, live)).collect(),
            requests: changed.requests,
            marks: changed.marks,
            transactions: changed.transactions,
        }
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

    /// Takes in an authorization as it became, and whether its order is still taken.
    fn put(&mut self, authorization: Authorization) {
        let id = authorization.authorization_id;
        let key = (authorization.partner.clone(), authorization.order_number.clone());
        match authorization.is_live() {
            true => self.state.live_orders.insert(key.clone(), id),
            false => self.state.live_orders.remove(&key),
        };
        self.changed.orders.insert(key, (id, authorization.is_live()));
        self.changed.authorizations.insert(id);
        self.state.authorizations.insert(id, authorization);
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
