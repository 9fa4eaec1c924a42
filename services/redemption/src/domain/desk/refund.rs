use benefit::{Fen, Kind, RefundRule, Terms};
use clock::{BusinessDay, Timestamp};

use super::{Desk, Effect};
use crate::domain::{
    AppliedVoucher, Authorization, Booking, Command, OrderPart, Stage, TransactionKind,
    WalletVoucher, use_period,
};

/// What a refund gives back of a voucher's discount.
#[derive(Clone, Copy)]
struct GivenBack {
    amount: Fen,
    /// Whether with it all that was captured has gone back.
    is_last: bool,
}

impl Desk {
    /// The goods were returned, or some of them: what belongs to them is reversed, and the right
    /// comes back when the terms say so.
    pub(super) fn refund(&mut self, command: &Command, part: &OrderPart) -> Effect {
        let id = part.authorization_id;
        let captured = self.own(&command.partner, id)?;
        self.expire_if_lapsed(id);
        let booking = self.booking();
        let booked = self.booked(booking);
        let mut refunded = captured.refund(command.request_id.clone(), &part.portion, booked)?;
        let place = refunded.refunds.len() - 1;
        refunded.refunds[place].rights = self.give_back(&refunded, booking);
        self.changed.refunds.push((id, place));
        self.put(refunded);
        Ok(Some(id))
    }

    /// Books what the last refund gave back of each voucher, and gives the places of those whose
    /// right came back.
    fn give_back(&mut self, refunded: &Authorization, booking: Booking) -> Vec<usize> {
        let (captured, given) = (refunded.captured_by_voucher(), refunded.given_back_by_refund());
        let mut rights = Vec::new();
        for (at, applied) in refunded.vouchers.iter().enumerate() {
            let back = given.iter().map(|refund| refund[at]);
            let amount = back.clone().next_back().unwrap_or(Fen::ZERO);
            let is_service = self.terms(applied).kind() == Kind::Service;
            let is_whole = matches!(refunded.stage, Stage::Refunded { .. });
            if amount == Fen::ZERO && !(is_service && is_whole) {
                continue;
            }
            let part = GivenBack { amount, is_last: back.sum::<Fen>() == captured[at] };
            if self.right_returns(refunded, applied, part) {
                rights.push(at);
            }
            let now = self.moment.now;
            self.change_voucher(applied.voucher_id, |own| own.refunded(amount, now));
            self.post(TransactionKind::Refund, refunded, (applied, amount), booking);
        }
        rights
    }

    /// Gives the right of a voucher back if this refund does that: each gives back to a balance,
    /// to another voucher the one with which all that it took off has gone back.
    fn right_returns(
        &mut self,
        refunded: &Authorization,
        applied: &AppliedVoucher,
        part: GivenBack,
    ) -> bool {
        let Some(voucher) = self.state.vouchers.get(&applied.voucher_id) else { return false };
        let terms = self.terms(applied);
        let is_due = voucher.balance_left.is_some() || part.is_last;
        let valid_until = valid_until_after(terms, voucher, self.moment.now);
        let Some(valid_until) = valid_until.filter(|_| is_due) else { return false };
        let period = use_period(terms, refunded.created_at);
        self.change_voucher(applied.voucher_id, |own| {
            own.give_back(part.amount, period.as_deref(), valid_until)
        });
        true
    }
}

/// Until when a voucher can be used whose right comes back now; none when it does not.
fn valid_until_after(terms: &Terms, voucher: &WalletVoucher, now: Timestamp) -> Option<Timestamp> {
    let valid_until = match terms.refund_rule() {
        RefundRule::RightIsSpent => return None,
        RefundRule::RightReturns if voucher.is_over(now) => return None,
        RefundRule::RightReturns => voucher.valid_until,
        RefundRule::RightReturnsWithGrace(days) => {
            let today = BusinessDay::of(now, terms.zone());
            let last = (1..days).fold(today, |day, _| day.next());
            voucher.valid_until.max(last.end(terms.zone()))
        }
    };
    (valid_until > now && voucher.returns < terms.returns_max()).then_some(valid_until)
}
