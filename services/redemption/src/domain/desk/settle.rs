use benefit::{Fen, Kind, Terms};
use member_identity::{AuthorizationId, TransactionId};

use super::{Desk, Effect};
use crate::domain::journal::Posting;
use crate::domain::shops::ShopKey;
use crate::domain::{
    AppliedVoucher, Authorization, Booked, Booking, Fingerprint, OrderPart, Partner, Reason,
    Refusal, Remembered, RequestId, ShopChain, TransactionKind, Verb, VoidTarget, WalletVoucher,
    book, business_day, use_period,
};

impl Desk {
    /// The order was paid, or a part of it: the vouchers are used, and the fund owes the platform.
    /// A voucher of which nothing is captured is let go.
    pub(super) fn capture(&mut self, partner: &Partner, part: &OrderPart) -> Effect {
        let id = part.authorization_id;
        let held = self.own(partner, id)?;
        self.expire_if_lapsed(id);
        let booking = self.booking();
        let chain = self.chain_of(&held);
        let captured = held.capture(&part.portion, self.booked(booking))?;
        let captured = Authorization { chain, ..captured };
        for (applied, amount) in captured.vouchers.iter().zip(captured.captured_by_voucher()) {
            // Of most kinds nothing was used when nothing was captured.
            let is_used = amount > Fen::ZERO || self.terms(applied).kind() == Kind::Service;
            match is_used {
                true => self.spend(&captured, (applied, amount), booking),
                false => self.change_voucher(applied.voucher_id, WalletVoucher::let_go),
            }
        }
        self.put(captured);
        Ok(Some(id))
    }

    /// The order was not paid: the vouchers are let go. An Authorize that nobody has seen yet is
    /// marked, and refused when it arrives (law R3).
    pub(super) fn void(&mut self, partner: &Partner, target: &VoidTarget) -> Effect {
        let id = match target {
            VoidTarget::Authorization(id) => *id,
            VoidTarget::Request(request_id) => match self.authorized_by(partner, request_id)? {
                Some(id) => id,
                None => return Ok(None),
            },
        };
        let held = self.own(partner, id)?;
        self.expire_if_lapsed(id);
        let voided = held.void(self.moment.now)?;
        self.let_vouchers_go(&voided);
        self.put(voided);
        Ok(Some(id))
    }

    /// The chain that the shop belongs to now. An order cannot be captured in the batch that
    /// authorizes it, as its id is answered after that commit: what was loaded with it is there.
    fn chain_of(&self, held: &Authorization) -> Option<ShopChain> {
        let (platform, shop_id) = (held.partner.clone(), held.shop_id.clone()?);
        self.state.chains.get(&ShopKey { platform, shop_id }).cloned()
    }

    /// The terms of a voucher that an authorization has.
    pub(super) fn terms(&self, applied: &AppliedVoucher) -> &Terms {
        let campaign = self.state.campaigns.get(&applied.campaign_id);
        &campaign.expect("the store lays out the campaign of every voucher").terms
    }

    pub(super) fn booking(&self) -> Booking {
        let today = business_day(self.moment.now);
        self.state.day.map_or(Booking { day: today, late_of: None }, |state| book(today, state))
    }

    pub(super) fn booked(&self, booking: Booking) -> Booked {
        Booked { at: self.moment.now, on: booking.day }
    }

    /// Books `amount` of a voucher's discount: captured, or given back by the last refund.
    pub(super) fn post(
        &mut self,
        kind: TransactionKind,
        authorization: &Authorization,
        (applied, amount): (&AppliedVoucher, Fen),
        booking: Booking,
    ) {
        let entropy = self.moment.entropy.draw();
        let at = self.moment.now;
        let shard = authorization.person.shard();
        let transaction_id = TransactionId::mint(shard, at, entropy);
        let part = authorization.refunds.len();
        let part = u32::try_from(part).expect("an authorization has at most 50 refunds");
        let posting =
            Posting { transaction_id, kind, part, authorization, applied, amount, booking, at };
        self.changed.transactions.push(posting.transaction());
    }

    fn spend(
        &mut self,
        captured: &Authorization,
        (applied, amount): (&AppliedVoucher, Fen),
        booking: Booking,
    ) {
        let period = use_period(self.terms(applied), captured.created_at);
        self.change_voucher(applied.voucher_id, |own| own.spend(amount, period));
        self.post(TransactionKind::Capture, captured, (applied, amount), booking);
    }

    /// What the Authorize of that request id made: `None` when it has not arrived, and then it is
    /// answered in advance. An Authorize that was refused made nothing that could be voided.
    fn authorized_by(
        &mut self,
        partner: &Partner,
        request_id: &RequestId,
    ) -> Result<Option<AuthorizationId>, Refusal> {
        let key = (partner.clone(), Verb::Authorize, request_id.clone());
        match self.state.requests.get(&key).map(|seen| &seen.outcome) {
            Some(Ok(made)) => Ok(*made),
            Some(Err(refusal)) if refusal.reason == Reason::VoidedBeforeAuthorize => Ok(None),
            Some(Err(_)) => Err(Refusal::new(Reason::AuthorizationUnknown)),
            None => {
                let outcome = Err(Refusal::new(Reason::VoidedBeforeAuthorize));
                let created_at = self.moment.now;
                let fingerprint = Fingerprint::UNSEEN;
                self.remember(key, Remembered { fingerprint, outcome, created_at });
                Ok(None)
            }
        }
    }
}
