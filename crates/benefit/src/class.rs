use clock::Timestamp;

use crate::goods::Goods;
use crate::order::{Bill, Fit};
use crate::{Candidate, Fen, OrderRefusal, Unused, VOUCHERS_MAX};

/// When a voucher's turn comes, earlier ones first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Turn {
    /// By the terms' sequence.
    pub sequence: u8,
    /// Of equal ones what expires first.
    pub valid_until: Timestamp,
    /// Of these the lower index.
    pub index: usize,
}

/// Candidates that differ in nothing but their validity: what is taken off an order does not depend
/// on which of them is used, only on whose turn comes before or after theirs.
#[derive(Clone, Debug)]
pub(crate) struct Class<'a> {
    any: &'a Candidate<'a>,
    turns: Vec<Turn>,
}

/// A class that applies to the order at hand.
#[derive(Debug)]
pub(crate) struct Met<'a> {
    pub class: Class<'a>,
    /// How its terms meet the order.
    pub fit: Fit<'a>,
    /// What one of them takes off alone.
    pub solo: Fen,
}

impl Turn {
    /// When it expires, and its index.
    pub(crate) fn expiry(self) -> (Timestamp, usize) {
        (self.valid_until, self.index)
    }
}

/// When a candidate's turn comes.
pub(crate) fn turn(index: usize, candidate: &Candidate<'_>) -> Turn {
    let sequence = candidate.terms.stacking().sequence;
    Turn { sequence, valid_until: candidate.valid_until, index }
}

/// Whether two vouchers may be used for one order.
pub(crate) fn combines(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let (first, second) = (one.terms.stacking(), other.terms.stacking());
    let same_group = first.group.is_some() && first.group == second.group;
    let own_funder_only = first.own_funder_only || second.own_funder_only;
    first.combines
        && second.combines
        && one.campaign != other.campaign
        && !same_group
        && (!own_funder_only || one.funder == other.funder)
}

impl<'a> Class<'a> {
    pub(crate) fn new(index: usize, candidate: &'a Candidate<'a>) -> Self {
        Self { any: candidate, turns: vec![turn(index, candidate)] }
    }

    /// Whether a candidate is one of them.
    pub(crate) fn holds(&self, candidate: &Candidate<'_>) -> bool {
        let Candidate { terms, campaign, funder, balance, .. } = *self.any;
        campaign == candidate.campaign
            && funder == candidate.funder
            && balance == candidate.balance
            && (std::ptr::eq(terms, candidate.terms) || terms == candidate.terms)
    }

    pub(crate) fn add(&mut self, index: usize, candidate: &Candidate<'_>) {
        self.turns.push(turn(index, candidate));
    }

    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> {
        self.turns.iter().map(|turn| turn.index)
    }

    /// Meets an order off which nothing is taken yet: `whole` is its bill.
    pub(crate) fn meet(
        mut self,
        goods: &Goods<'_>,
        whole: &Bill,
        at: Timestamp,
    ) -> Result<Met<'a>, (Self, OrderRefusal)> {
        let fit = match self.any.terms.fit(goods, at) {
            Ok(fit) => fit,
            Err(why) => return Err((self, why)),
        };
        match fit.takes_off(whole, self.any.balance) {
            Ok(solo) => {
                self.turns.sort_unstable();
                Ok(Met { class: self, fit, solo })
            }
            Err(why) => Err((self, why)),
        }
    }
}

impl Met<'_> {
    /// The first of them whose turn comes after another.
    pub(crate) fn turn_after(&self, last: Option<Turn>) -> Option<Turn> {
        let turns = &self.class.turns;
        turns.get(turns.partition_point(|turn| Some(*turn) <= last)).copied()
    }

    /// What one of them takes off when its turn comes.
    pub(crate) fn takes_off(&self, bill: &Bill) -> Result<Fen, OrderRefusal> {
        self.fit.takes_off(bill, self.class.any.balance)
    }

    /// Whether one of them may be used together with one of another class.
    pub(crate) fn combines(&self, other: &Self) -> bool {
        combines(self.class.any, other.class.any)
    }

    /// Why one of them is not used although it applies alone: `bill` is what the chosen leave.
    pub(crate) fn why_unused<'b>(
        &self,
        bill: &Bill,
        chosen: impl ExactSizeIterator<Item = &'b Candidate<'b>>,
    ) -> Unused {
        let is_full = chosen.len() == VOUCHERS_MAX;
        let mut chosen = chosen;
        if is_full || !chosen.all(|used| combines(used, self.class.any)) {
            return Unused::BetterChosen;
        }
        match self.takes_off(bill) {
            Err(nothing) => Unused::Order(nothing),
            Ok(_) => Unused::BetterChosen,
        }
    }
}
