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
        let mut returned = vec![Fen::ZERO; self.captured_amounts.len()];
        self.refunds.iter().for_each(|refund| add(&mut returned, &refund.returned));
        returned
    }

    /// What of each captured line is left; empty before the capture.
    pub fn left_amounts(&self) -> Vec<Fen> {
        less(&self.captured_amounts, &self.returned_amounts())
    }

    /// What was captured of each voucher's discount.
    pub fn captured_by_voucher(&self) -> Vec<Fen> {
        self.summed(&self.captured_by_line())
    }

    /// What was captured of the discount.
    pub fn captured(&self) -> Fen {
        self.captured_by_voucher().into_iter().sum()
    }

    /// What was given back of each voucher's discount.
    pub fn given_back_by_voucher(&self) -> Vec<Fen> {
        self.given_back(&self.captured_by_line(), &self.returned_amounts())
    }

    /// What was given back of the discount.
    pub fn refunded(&self) -> Fen {
        self.given_back_by_voucher().into_iter().sum()
    }

    /// What each refund gave back of each voucher's discount.
    pub fn given_back_by_refund(&self) -> Vec<Vec<Fen>> {
        let captured = self.captured_by_line();
        let mut returned = vec![Fen::ZERO; self.captured_amounts.len()];
        let mut before = vec![Fen::ZERO; self.vouchers.len()];
        let given = |refund: &RefundPart| {
            add(&mut returned, &refund.returned);
            let after = self.given_back(&captured, &returned);
            let given = less(&after, &before);
            before = after;
            given
        };
        self.refunds.iter().map(given).collect()
    }

    /// What was captured of each voucher's discount, line by line.
    fn captured_by_line(&self) -> Vec<Vec<Fen>> {
        let lines = self.line_amounts.iter().zip(&self.captured_amounts).enumerate();
        let of_line = |(line, (amount, captured)): (usize, (&Fen, &Fen))| {
            let discounts = self.vouchers.iter().map(|applied| applied.line_discounts[line]);
            shares(&discounts.collect::<Vec<_>>(), *amount, *captured)
        };
        lines.map(of_line).collect()
    }

    /// What belongs to the first `returned` fen of each captured line, of each voucher's discount.
    fn given_back(&self, captured: &[Vec<Fen>], returned: &[Fen]) -> Vec<Fen> {
        let lines = captured.iter().zip(&self.captured_amounts).zip(returned);
        let of_line = |((discounts, line), returned): ((&Vec<Fen>, &Fen), &Fen)| {
            shares(discounts, *line, *returned)
        };
        self.summed(&lines.map(of_line).collect::<Vec<_>>())
    }

    /// Of each voucher the sum over the lines.
    fn summed(&self, lines: &[Vec<Fen>]) -> Vec<Fen> {
        let mut sums = vec![Fen::ZERO; self.vouchers.len()];
        lines.iter().for_each(|line| add(&mut sums, line));
        sums
    }
}

fn add(sums: &mut [Fen], more: &[Fen]) {
    sums.iter_mut().zip(more).for_each(|(sum, more)| sum.0 += more.0);
}

fn less(amounts: &[Fen], taken: &[Fen]) -> Vec<Fen> {
    amounts.iter().zip(taken).map(|(amount, taken)| Fen(amount.0 - taken.0)).collect()
}
