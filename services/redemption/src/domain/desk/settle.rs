use member_identity::{AuthorizationId, TransactionId};

use super::{Desk, Effect};
use crate::domain::journal::Posting;
use crate::domain::{
    Authorization, Booked, Booking, Fingerprint, Partner, Reason, Refusal, Remembered, RequestId,
    TransactionKind, Verb, VoidTarget, WalletVoucher, book, business_day, right_returns,
};

impl Desk {
    /// The order was paid: the vouchers are used, and the fund owes the platform.
    pub(super) fn capture(&mut self, partner: &Partner, id: AuthorizationId) -> Effect {
        let held = self.own(partner, id)?;
        self.expire_if_lapsed(id);
        let booking = self.booking();
        let captured = held.capture(Booked { at: self.moment.now, on: booking.day })?;
        for applied in &captured.vouchers {
            self.change_voucher(applied.voucher_id, WalletVoucher::spend);
        }
        self.post(TransactionKind::Capture, &captured, booking);
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

    /// The goods were returned: the entries are reversed, and the right comes back when the terms
    /// say so and its validity is not over.
    pub(super) fn refund(&mut self, partner: &Partner, id: AuthorizationId) -> Effect {
        let captured = self.own(partner, id)?;
        self.expire_if_lapsed(id);
        let booking = self.booking();
        let returned = self.rights_that_return(&captured);
        let booked = Booked { at: self.moment.now, on: booking.day };
        let refunded = captured.refund(booked, !returned.is_empty())?;
        for voucher_id in returned {
            self.change_voucher(voucher_id, WalletVoucher::give_back);
        }
        self.post(TransactionKind::Refund, &refunded, booking);
        self.put(refunded);
        Ok(Some(id))
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

    fn booking(&self) -> Booking {
        let today = business_day(self.moment.now);
        self.state.day.map_or(Booking { day: today, late_of: None }, |state| book(today, state))
    }

    fn rights_that_return(&self, captured: &Authorization) -> Vec<member_identity::VoucherId> {
        let returns = |id: &member_identity::VoucherId| {
            let voucher = self.state.vouchers.get(id)?;
            let campaign = self.state.campaigns.get(&voucher.campaign_id)?;
            Some(right_returns(&campaign.terms) && voucher.valid_until > self.moment.now)
        };
        let ids = captured.vouchers.iter().map(|applied| applied.voucher_id);
        ids.filter(|id| returns(id).unwrap_or(false)).collect()
    }

    fn post(&mut self, kind: TransactionKind, authorization: &Authorization, booking: Booking) {
        for applied in &authorization.vouchers {
            let campaign = self.state.campaigns.get(&applied.campaign_id);
            let campaign = campaign.expect("the store lays out the campaign of every voucher");
            let entropy = self.moment.entropy.draw();
            let shard = authorization.person.shard();
            let posting = Posting {
                transaction_id: TransactionId::mint(shard, self.moment.now, entropy),
                kind,
                authorization,
                applied,
                organization: &campaign.organization,
                booking,
                at: self.moment.now,
            };
            self.changed.transactions.push(posting.transaction());
        }
    }
}
