use clock::Timestamp;
use member_identity::RegionCode;

use crate::goods::Goods;
use crate::{Basket, Fen, Hours, Kind, Terms, is_open, split};

/// What an order gets off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Discount {
    /// What is taken off the order.
    pub total: Fen,
    /// What is taken off each line, in the basket's order; zero for a line that is not covered.
    /// Adds up to the total.
    pub lines: Vec<Fen>,
}

/// Why terms do not apply to an order. When several reasons hold, the one that stands first here
/// is the answer: what the member cannot change comes before what they can.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum OrderRefusal {
    /// The shop is outside the regions.
    #[error("the shop is outside the regions of the terms")]
    RegionNotCovered {
        /// The regions whose shops take it.
        regions: Vec<RegionCode>,
    },
    /// Not at this hour.
    #[error("the terms do not apply at this hour")]
    OutsideHours {
        /// The hours in which they do.
        hours: Vec<Hours>,
    },
    /// No line of the order is covered.
    #[error("no goods of the order are covered by the terms")]
    GoodsNotCovered,
    /// The covered lines come to too little.
    #[error("the covered goods come to {covered} fen, below the threshold of {threshold} fen")]
    BelowThreshold {
        /// What they must come to.
        threshold: Fen,
        /// What they come to.
        covered: Fen,
    },
    /// Nothing would be taken off: the covered lines cost nothing, or nothing any more after the
    /// vouchers before, or the part of it is below one fen, or the balance is empty.
    #[error("nothing is left to take off")]
    NothingLeft,
    /// The order has off already what it may.
    #[error("the order may have at most {percent} percent off")]
    OrderCapReached {
        /// What it may have off.
        percent: u8,
    },
}

/// An order while vouchers are applied to it, one after the other.
#[derive(Clone, Debug)]
pub(crate) struct Bill {
    /// What the order costs before any voucher.
    total: Fen,
    /// What is left to pay of each line.
    left: Vec<Fen>,
    /// What was taken off so far.
    taken: Fen,
}

/// How terms meet an order, whatever other vouchers take off it.
#[derive(Clone, Debug)]
pub(crate) struct Fit<'a> {
    terms: &'a Terms,
    /// The lines that are covered, rising.
    lines: Vec<usize>,
}

impl Bill {
    /// Nothing is taken off yet.
    pub(crate) fn new(basket: &Basket) -> Self {
        let left = basket.lines().iter().map(|line| line.amount).collect();
        Self { total: basket.total(), left, taken: Fen::ZERO }
    }

    /// What was taken off so far and at most `more`: never more than the order costs.
    pub(crate) fn taken_with(&self, more: Fen) -> Fen {
        Fen(self.taken.0 + more.0).min(self.total)
    }

    /// Takes off what one more voucher is worth: the same as [`Fit::takes_off`] says.
    pub(crate) fn take(&mut self, fit: &Fit<'_>, off: Fen) -> Discount {
        let covered: Vec<Fen> = fit.lines.iter().map(|line| self.left[*line]).collect();
        let mut lines = vec![Fen::ZERO; self.left.len()];
        for (line, part) in fit.lines.iter().zip(split(off, &covered)) {
            lines[*line] = part;
            self.left[*line].0 -= part.0;
        }
        self.taken.0 += off.0;
        Discount { total: off, lines }
    }
}

impl Terms {
    /// What a voucher under these terms takes off an order at the instant `at`, alone; `balance` is
    /// what it has left, for a kind that is spent in parts.
    ///
    /// The discount is split over the covered lines in proportion to what they cost, by [`split`].
    pub fn apply(
        &self,
        basket: &Basket,
        balance: Option<Fen>,
        at: Timestamp,
    ) -> Result<Discount, OrderRefusal> {
        let fit = self.fit(&Goods::new(basket), at)?;
        let mut bill = Bill::new(basket);
        let off = fit.takes_off(&bill, balance)?;
        Ok(bill.take(&fit, off))
    }

    /// Whether the terms are for any goods of an order, in the order's region. Hours and amounts are
    /// another matter.
    pub fn covers(&self, basket: &Basket) -> bool {
        let lines = Goods::new(basket).covered(self.goods_categories(), self.excluded_categories());
        self.covers_region(basket.shop_region()) && !lines.is_empty()
    }

    /// Whether a shop in that region takes the vouchers, as far as its place goes.
    pub fn covers_region(&self, shop: RegionCode) -> bool {
        self.regions().is_empty() || self.regions().iter().any(|code| code.contains(shop))
    }

    /// How the terms meet an order. The threshold is judged by what the covered goods cost before
    /// any voucher.
    pub(crate) fn fit(&self, goods: &Goods<'_>, at: Timestamp) -> Result<Fit<'_>, OrderRefusal> {
        if !self.covers_region(goods.basket().shop_region()) {
            return Err(OrderRefusal::RegionNotCovered { regions: self.regions().to_vec() });
        }
        if !is_open(self.hours(), at, self.zone()) {
            return Err(OrderRefusal::OutsideHours { hours: self.hours().to_vec() });
        }
        let lines = goods.covered(self.goods_categories(), self.excluded_categories());
        if lines.is_empty() {
            return Err(OrderRefusal::GoodsNotCovered);
        }
        let covered: Fen = lines.iter().map(|line| goods.basket().lines()[*line].amount).sum();
        let threshold = self.kind().threshold();
        if covered < threshold {
            return Err(OrderRefusal::BelowThreshold { threshold, covered });
        }
        Ok(Fit { terms: self, lines })
    }
}

impl Fit<'_> {
    /// What a voucher takes off when its turn comes, by what is left of the covered goods. A
    /// service takes nothing off.
    ///
    /// Never more of a bill of which less is left.
    pub(crate) fn takes_off(&self, bill: &Bill, balance: Option<Fen>) -> Result<Fen, OrderRefusal> {
        let kind = self.terms.kind();
        if kind == Kind::Service {
            return Ok(Fen::ZERO);
        }
        let wanted = kind.takes_off(self.left_of(bill), balance);
        if wanted < Fen(1) {
            return Err(OrderRefusal::NothingLeft);
        }
        let Some(percent) = self.terms.stacking().order_cap_percent else { return Ok(wanted) };
        let allowed = Fen(percent_of(percent, bill.total).0 - bill.taken.0);
        if allowed < Fen(1) {
            return Err(OrderRefusal::OrderCapReached { percent });
        }
        Ok(wanted.min(allowed))
    }

    /// What is left to pay of the covered goods.
    fn left_of(&self, bill: &Bill) -> Fen {
        if self.lines.len() == bill.left.len() {
            return Fen(bill.total.0 - bill.taken.0);
        }
        Fen(self.lines.iter().map(|line| bill.left[*line].0).sum())
    }
}

impl Kind {
    /// What the covered goods must come to; zero for anything.
    const fn threshold(self) -> Fen {
        match self {
            Self::AmountOff { threshold, .. } | Self::PercentOff { threshold, .. } => threshold,
            Self::Waiver { .. } | Self::Balance { .. } | Self::Service => Fen::ZERO,
        }
    }

    /// What is taken off goods of which `left` is still to be paid, if anything is.
    fn takes_off(self, left: Fen, balance: Option<Fen>) -> Fen {
        match self {
            Self::AmountOff { amount, .. } => amount.min(left),
            Self::PercentOff { percent, cap, .. } => percent_of(percent, left).min(cap),
            Self::Waiver { cap } => cap.min(left),
            Self::Balance { value } => balance.unwrap_or(value).min(left),
            Self::Service => Fen::ZERO,
        }
    }
}

/// A part of an amount, rounded down to the fen: the funder never pays more than the part. An
/// order's amounts are far below what could overflow.
fn percent_of(percent: u8, amount: Fen) -> Fen {
    Fen(amount.0 * i64::from(percent) / 100)
}
