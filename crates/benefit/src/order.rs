use clock::Timestamp;
use member_identity::RegionCode;

use crate::{Basket, Category, Fen, Hours, Kind, Terms, is_open, split};

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
pub(crate) struct Bill<'a> {
    basket: &'a Basket,
    /// What is left to pay of each line.
    left: Vec<Fen>,
    /// What was taken off so far.
    taken: Fen,
}

impl<'a> Bill<'a> {
    /// Nothing is taken off yet.
    pub(crate) fn new(basket: &'a Basket) -> Self {
        let left = basket.lines().iter().map(|line| line.amount).collect();
        Self { basket, left, taken: Fen::ZERO }
    }

    /// What was taken off so far.
    pub(crate) fn taken(&self) -> Fen {
        self.taken
    }

    /// Takes off what one more voucher is worth.
    pub(crate) fn take(&mut self, discount: &Discount) {
        for (left, off) in self.left.iter_mut().zip(&discount.lines) {
            left.0 -= off.0;
        }
        self.taken.0 += discount.total.0;
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
        self.apply_after(&Bill::new(basket), balance, at)
    }

    /// What a voucher takes off when its turn comes. The threshold is judged by what the covered
    /// goods cost before any voucher; what is taken off, by what is left of them.
    pub(crate) fn apply_after(
        &self,
        bill: &Bill<'_>,
        balance: Option<Fen>,
        at: Timestamp,
    ) -> Result<Discount, OrderRefusal> {
        let basket = bill.basket;
        if !self.covers_region(basket.shop_region()) {
            return Err(OrderRefusal::RegionNotCovered { regions: self.regions().to_vec() });
        }
        if !is_open(self.hours(), at, self.zone()) {
            return Err(OrderRefusal::OutsideHours { hours: self.hours().to_vec() });
        }
        let covers: Vec<bool> =
            basket.lines().iter().map(|line| self.covers_goods(&line.category)).collect();
        if !covers.contains(&true) {
            return Err(OrderRefusal::GoodsNotCovered);
        }
        if self.kind() == Kind::Service {
            let lines = vec![Fen::ZERO; covers.len()];
            return Ok(Discount { total: Fen::ZERO, lines });
        }
        let covered: Fen =
            basket.lines().iter().zip(&covers).filter(|(_, is)| **is).map(|(l, _)| l.amount).sum();
        let left: Vec<Fen> =
            bill.left.iter().zip(&covers).map(|(l, is)| if *is { *l } else { Fen::ZERO }).collect();
        let wanted = self.kind().takes_off(covered, left.iter().copied().sum(), balance)?;
        let total = self.within_order_cap(wanted, bill)?;
        Ok(Discount { total, lines: split(total, &left) })
    }

    fn within_order_cap(&self, wanted: Fen, bill: &Bill<'_>) -> Result<Fen, OrderRefusal> {
        let Some(percent) = self.stacking().order_cap_percent else { return Ok(wanted) };
        let cap = percent_of(percent, bill.basket.total());
        let allowed = Fen(cap.0 - bill.taken.0);
        if allowed < Fen(1) {
            return Err(OrderRefusal::OrderCapReached { percent });
        }
        Ok(wanted.min(allowed))
    }

    fn covers_region(&self, shop: RegionCode) -> bool {
        self.regions().is_empty() || self.regions().iter().any(|region| region.contains(shop))
    }

    fn covers_goods(&self, category: &Category) -> bool {
        let is_listed =
            self.goods_categories().is_empty() || self.goods_categories().contains(category);
        is_listed && !self.excluded_categories().contains(category)
    }
}

impl Kind {
    /// What is taken off goods that cost `covered` and of which `left` is still to be paid.
    fn takes_off(self, covered: Fen, left: Fen, balance: Option<Fen>) -> Result<Fen, OrderRefusal> {
        let threshold = match self {
            Self::AmountOff { threshold, .. } | Self::PercentOff { threshold, .. } => threshold,
            Self::Waiver { .. } | Self::Balance { .. } | Self::Service => Fen::ZERO,
        };
        if covered < threshold {
            return Err(OrderRefusal::BelowThreshold { threshold, covered });
        }
        let off = match self {
            Self::AmountOff { amount, .. } => amount.min(left),
            Self::PercentOff { percent, cap, .. } => percent_of(percent, left).min(cap),
            Self::Waiver { cap } => cap.min(left),
            Self::Balance { value } => balance.unwrap_or(value).min(left),
            Self::Service => Fen::ZERO,
        };
        if off < Fen(1) { Err(OrderRefusal::NothingLeft) } else { Ok(off) }
    }
}

/// A part of an amount, rounded down to the fen: the funder never pays more than the part. An
/// order's amounts are far below what could overflow.
fn percent_of(percent: u8, amount: Fen) -> Fen {
    Fen(amount.0 * i64::from(percent) / 100)
}
