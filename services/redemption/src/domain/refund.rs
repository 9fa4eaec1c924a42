//! What of an order was captured and returned, and what of each voucher's discount goes with it.
//!
//! Whatever the portions, each of the figures here only ever grows from one refund to the next,
//! none gives back more than is returned, and at the end they are the whole (law R2).

use benefit::{Fen, shares};

use super::{Authorization, Booked, RequestId};

/// One refund of an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundPart {
    /// The request that made it.
    pub request_id: RequestId,
    /// What of each line was returned, by what it cost before the discount.
    pub returned: Vec<Fen>,
    /// The vouchers that may be used once more because of it, by their places in the
    /// authorization's.
    pub rights: Vec<usize>,
    /// When, and on which day.
    pub booked: Booked,
}

impl RefundPart {
    /// What was returned, by what it cost before the discount.
    pub fn returned_amount(&self) -> Fen {
        self.returned.iter().copied().sum()
    }
}

impl Authorization {
    /// What of each captured line was returned; empty before the capture.
    pub fn returned_amounts(&self) -> Vec<Fen> {
        self.returned_by(self.refunds.len())
    }

    /// What of each captured line is left; empty before the capture.
    pub fn left_amounts(&self) -> Vec<Fen> {
        let returned = self.returned_amounts();
        let pairs = self.captured_amounts.iter().zip(&returned);
        pairs.map(|(captured, returned)| Fen(captured.0 - returned.0)).collect()
    }

    /// What was captured of the discount.
    pub fn captured(&self) -> Fen {
        (0..self.captured_amounts.len()).flat_map(|line| self.captured_on(line)).sum()
    }

    /// What was captured of a voucher's discount.
    pub fn captured_of(&self, place: usize) -> Fen {
        (0..self.captured_amounts.len()).map(|line| self.captured_on(line)[place]).sum()
    }

    /// What was given back of the discount.
    pub fn refunded(&self) -> Fen {
        self.given_back_by(self.refunds.len()).into_iter().sum()
    }

    /// What refund number `place` gave back of each voucher's discount.
    pub fn given_back_in(&self, place: usize) -> Vec<Fen> {
        let (before, after) = (self.given_back_by(place), self.given_back_by(place + 1));
        before.iter().zip(after).map(|(before, after)| Fen(after.0 - before.0)).collect()
    }

    /// Whether all that was captured of a voucher's discount was given back.
    pub fn is_given_back(&self, place: usize) -> bool {
        self.given_back_by(self.refunds.len())[place] == self.captured_of(place)
    }

    fn returned_by(&self, refunds: usize) -> Vec<Fen> {
        let none = vec![Fen::ZERO; self.captured_amounts.len()];
        self.refunds.iter().take(refunds).fold(none, |sum, refund| {
            sum.iter().zip(&refund.returned).map(|(sum, more)| Fen(sum.0 + more.0)).collect()
        })
    }

    /// What the first refunds gave back of each voucher's discount.
    fn given_back_by(&self, refunds: usize) -> Vec<Fen> {
        let mut sums = vec![Fen::ZERO; self.vouchers.len()];
        for (line, returned) in self.returned_by(refunds).into_iter().enumerate() {
            for (sum, part) in sums.iter_mut().zip(self.given_back_on(line, returned)) {
                sum.0 += part.0;
            }
        }
        sums
    }

    /// What belongs to the first `returned` fen of a captured line, of each voucher's discount.
    fn given_back_on(&self, line: usize, returned: Fen) -> Vec<Fen> {
        shares(&self.captured_on(line), self.captured_amounts[line], returned)
    }

    /// What was captured of each voucher's discount on a line.
    fn captured_on(&self, line: usize) -> Vec<Fen> {
        let discounts = self.vouchers.iter().map(|applied| applied.line_discounts[line]);
        let discounts: Vec<Fen> = discounts.collect();
        shares(&discounts, self.line_amounts[line], self.captured_amounts[line])
    }
}
