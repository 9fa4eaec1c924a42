//! What a batch may touch, by the keys that it brings.

use std::collections::BTreeSet;

use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, PersonKey, VoucherId};

use super::PlacesAsked;
use crate::domain::{
    Action, Command, Laid, OrderKey, RequestKey, Verb, VoidTarget, VoucherStage, Wanted,
    business_day,
};

/// The keys of a batch, each once and in order.
#[derive(Debug, Default)]
pub(super) struct Wants {
    /// The requests of the batch.
    pub requests: BTreeSet<RequestKey>,
    /// The Authorize requests that its voids name.
    pub named_requests: BTreeSet<RequestKey>,
    /// The orders that a voucher is wanted for.
    pub orders: BTreeSet<OrderKey>,
    /// The persons whose wallets are looked into.
    pub persons: BTreeSet<PersonKey>,
    /// The vouchers that are named.
    pub vouchers: BTreeSet<VoucherId>,
    /// The authorizations that are named.
    pub authorizations: BTreeSet<AuthorizationId>,
    /// Where the orders are, and what their lines call the goods.
    pub places: PlacesAsked,
    /// The day of the clock, when the journal may be written to.
    pub day: Option<BusinessDay>,
}

impl Wants {
    /// What `commands` bring.
    pub fn of(commands: &[Command], now: Timestamp) -> Self {
        let mut wants = Self::default();
        for command in commands {
            wants.add(command, now);
        }
        wants
    }

    fn add(&mut self, command: &Command, now: Timestamp) {
        let partner = &command.partner;
        let key = (partner.clone(), command.verb(), command.request_id.clone());
        self.requests.insert(key);
        match &command.action {
            Action::Authorize(authorize) => {
                self.orders.insert((partner.clone(), authorize.asked.order.number.clone()));
                self.persons.insert(authorize.person);
                self.places.add(&authorize.asked.order, partner);
                if let Wanted::Named(ids) = &authorize.asked.wanted {
                    self.vouchers.extend(ids);
                }
            }
            Action::Void(VoidTarget::Request(id)) => {
                self.named_requests.insert((partner.clone(), Verb::Authorize, id.clone()));
            }
            Action::Void(VoidTarget::Authorization(id)) => {
                self.authorizations.insert(*id);
            }
            Action::Capture(part) | Action::Refund(part) => {
                self.authorizations.insert(part.authorization_id);
                self.day = Some(business_day(now));
            }
        }
    }

    /// All requests to be laid out.
    pub fn all_requests(&self) -> BTreeSet<RequestKey> {
        self.requests.union(&self.named_requests).cloned().collect()
    }

    /// The authorizations that the batch names, by id or by the request that made them.
    pub fn named_authorizations(&self, laid: &Laid) -> BTreeSet<AuthorizationId> {
        let seen = self.named_requests.iter().filter_map(|key| laid.requests.get(key));
        let made = seen.filter_map(|seen| seen.outcome.as_ref().ok().copied()?);
        self.authorizations.iter().copied().chain(made).collect()
    }

    /// The authorizations that the batch names, that its requests made, that its orders have, and
    /// that hold one of its vouchers.
    pub fn all_authorizations(&self, laid: &Laid) -> BTreeSet<AuthorizationId> {
        let made = laid.requests.values().filter_map(|seen| seen.outcome.as_ref().ok().copied()?);
        let live = laid.live_orders.values().copied();
        let holding = laid.vouchers.values().filter_map(|voucher| match voucher.stage {
            VoucherStage::Held { by, .. } => Some(by),
            VoucherStage::Available | VoucherStage::Used => None,
        });
        self.authorizations.iter().copied().chain(made).chain(live).chain(holding).collect()
    }
}
