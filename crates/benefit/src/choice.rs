use std::cmp::Reverse;

use clock::Timestamp;

use crate::{Basket, Discount, OrderRefusal, Terms};

/// A voucher that could be used for an order.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// What it is worth.
    pub terms: &'a Terms,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
}

/// Which voucher an order uses, and why not the others. Each candidate is in exactly one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The candidate's index and what it takes off; none when nothing applies.
    pub chosen: Option<(usize, Discount)>,
    /// The other candidates' indices, rising, with the reason.
    pub unused: Vec<(usize, Unused)>,
}

/// Why a voucher is not used. When several reasons hold, the one that stands first here is the
/// answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unused {
    /// Its validity has not begun.
    NotYetValid {
        /// When it begins.
        valid_from: Timestamp,
    },
    /// Its validity is over.
    Expired {
        /// When it ended.
        valid_until: Timestamp,
    },
    /// Its terms do not apply to the order.
    Order(OrderRefusal),
    /// Another one takes off more, or as much and is preferred. Vouchers do not combine.
    BetterChosen,
}

/// Chooses the one voucher for an order at the instant `at`: the one that takes off most; of equal
/// ones what expires first, so that the member loses least; of these the lower index.
pub fn choose(candidates: &[Candidate<'_>], basket: &Basket, at: Timestamp) -> Choice {
    let mut chosen: Option<(usize, Discount)> = None;
    let mut unused = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        let discount = match candidate.judge(basket, at) {
            Ok(discount) => discount,
            Err(reason) => {
                unused.push((index, reason));
                continue;
            }
        };
        let rank = |index: usize, discount: &Discount| {
            (discount.total, Reverse(candidates[index].valid_until), Reverse(index))
        };
        let better = match &chosen {
            Some((best, best_discount)) => rank(index, &discount) > rank(*best, best_discount),
            None => true,
        };
        let beaten =
            if better { chosen.replace((index, discount)).map(|(i, _)| i) } else { Some(index) };
        unused.extend(beaten.map(|beaten| (beaten, Unused::BetterChosen)));
    }
    unused.sort_by_key(|(index, _)| *index);
    Choice { chosen, unused }
}

impl Candidate<'_> {
    fn judge(&self, basket: &Basket, at: Timestamp) -> Result<Discount, Unused> {
        if at < self.valid_from {
            return Err(Unused::NotYetValid { valid_from: self.valid_from });
        }
        if at >= self.valid_until {
            return Err(Unused::Expired { valid_until: self.valid_until });
        }
        self.terms.apply(basket, at).map_err(Unused::Order)
    }
}
