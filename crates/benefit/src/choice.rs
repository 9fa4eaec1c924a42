use std::cmp::Reverse;

use clock::Timestamp;

use crate::order::Bill;
use crate::{Basket, Discount, Fen, OrderRefusal, Terms};

/// The most vouchers that one order uses.
pub const VOUCHERS_MAX: usize = 3;

/// A voucher that could be used for an order.
#[derive(Clone, Copy, Debug)]
pub struct Candidate<'a> {
    /// What it is worth.
    pub terms: &'a Terms,
    /// The campaign that it is of.
    pub campaign: &'a str,
    /// Who pays for it.
    pub funder: &'a str,
    /// What it has left, for a kind that is spent in parts.
    pub balance: Option<Fen>,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
}

/// Which vouchers an order uses, and why not the others. Each candidate is in exactly one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The candidates' indices and what each takes off, in the order of their turns; empty when
    /// nothing applies.
    pub chosen: Vec<(usize, Discount)>,
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
    /// Its terms do not apply to the order, or to what those that were chosen leave of it.
    Order(OrderRefusal),
    /// Others that it does not go together with take off more, or as much and are preferred.
    BetterChosen,
}

/// Why vouchers that were named are not used together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotTogether {
    /// They do not combine: more than [`VOUCHERS_MAX`], or their terms do not allow it.
    Rules,
    /// One of them does not apply.
    Unused(usize, Unused),
}

/// Chooses the vouchers for an order at the instant `at`: of all that go together those that take
/// off most; of equal ones those that expire first, so that the member loses least; of these the
/// lower indices. Exact: no combination is better.
///
/// Vouchers take their turns by the terms' sequence; of equal ones what expires first, then the
/// lower index.
pub fn choose(candidates: &[Candidate<'_>], basket: &Basket, at: Timestamp) -> Choice {
    let mut unused = Vec::new();
    let mut solo = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        match candidate.judge(&Bill::new(basket), at) {
            Ok(discount) => solo.push((index, discount.total)),
            Err(reason) => unused.push((index, reason)),
        }
    }
    solo.sort_by_key(|(index, _)| turn(candidates, *index));
    let mut search = Search { candidates, at, solo: &solo, best: None };
    search.extend(0, &Bill::new(basket), &mut Vec::new());
    let chosen = search.best.map(|best| best.chosen).unwrap_or_default();

    let mut bill = Bill::new(basket);
    for (_, discount) in &chosen {
        bill.take(discount);
    }
    for (index, _) in &solo {
        if chosen.iter().any(|(used, _)| used == index) {
            continue;
        }
        let goes_along = chosen.len() < VOUCHERS_MAX
            && chosen.iter().all(|(used, _)| combines(&candidates[*used], &candidates[*index]));
        // One that could come along and was not chosen would have taken nothing off.
        let why = match candidates[*index].judge(&bill, at) {
            Err(reason) if goes_along => reason,
            _ => Unused::BetterChosen,
        };
        unused.push((*index, why));
    }
    unused.sort_by_key(|(index, _)| *index);
    Choice { chosen, unused }
}

/// What exactly these vouchers take off together, in the order of their turns.
pub fn combine(
    candidates: &[Candidate<'_>],
    basket: &Basket,
    at: Timestamp,
) -> Result<Vec<(usize, Discount)>, NotTogether> {
    // What is wrong with one of them alone is the clearer answer.
    for (index, candidate) in candidates.iter().enumerate() {
        candidate
            .judge(&Bill::new(basket), at)
            .map_err(|reason| NotTogether::Unused(index, reason))?;
    }
    let pairs = |(at, one)| candidates[..at].iter().all(|before| combines(before, one));
    if candidates.len() > VOUCHERS_MAX || !candidates.iter().enumerate().all(pairs) {
        return Err(NotTogether::Rules);
    }
    let mut turns: Vec<usize> = (0..candidates.len()).collect();
    turns.sort_by_key(|index| turn(candidates, *index));
    let mut bill = Bill::new(basket);
    let mut together = Vec::with_capacity(turns.len());
    for index in turns {
        let discount = candidates[index]
            .judge(&bill, at)
            .map_err(|reason| NotTogether::Unused(index, reason))?;
        bill.take(&discount);
        together.push((index, discount));
    }
    Ok(together)
}

/// When a voucher's turn comes.
fn turn(candidates: &[Candidate<'_>], index: usize) -> (u8, Timestamp, usize) {
    let candidate = &candidates[index];
    (candidate.terms.stacking().sequence, candidate.valid_until, index)
}

/// Whether two vouchers may be used for one order.
fn combines(one: &Candidate<'_>, other: &Candidate<'_>) -> bool {
    let (first, second) = (one.terms.stacking(), other.terms.stacking());
    let same_group = first.group.is_some() && first.group == second.group;
    let own_funder_only = first.own_funder_only || second.own_funder_only;
    first.combines
        && second.combines
        && one.campaign != other.campaign
        && !same_group
        && (!own_funder_only || one.funder == other.funder)
}

/// What is better comes first: what takes off more, then what expires first, voucher by voucher,
/// then the lower indices.
type Rank = (Reverse<Fen>, Vec<(Timestamp, usize)>);

struct Best {
    rank: Rank,
    chosen: Vec<(usize, Discount)>,
}

/// A search of all combinations in the order of turns. A branch is left when even all that its
/// next vouchers would take off alone, which is never less than in company, stays below the best.
struct Search<'a> {
    candidates: &'a [Candidate<'a>],
    at: Timestamp,
    /// The candidates that apply alone, and what they take off then, in the order of turns.
    solo: &'a [(usize, Fen)],
    best: Option<Best>,
}

impl Search<'_> {
    /// Tries every voucher from the turn `from` on as the next one.
    fn extend(&mut self, from: usize, bill: &Bill<'_>, chosen: &mut Vec<(usize, Discount)>) {
        let slots = VOUCHERS_MAX - chosen.len();
        if slots == 0 || !self.may_be_best(from, slots, bill.taken()) {
            return;
        }
        for turn in from..self.solo.len() {
            let index = self.solo[turn].0;
            let next = &self.candidates[index];
            if !chosen.iter().all(|(used, _)| combines(&self.candidates[*used], next)) {
                continue;
            }
            let Ok(discount) = next.judge(bill, self.at) else { continue };
            let mut after = bill.clone();
            after.take(&discount);
            chosen.push((index, discount));
            self.consider(&after, chosen);
            self.extend(turn + 1, &after, chosen);
            chosen.pop();
        }
    }

    fn may_be_best(&self, from: usize, slots: usize, taken: Fen) -> bool {
        let Some(best) = &self.best else { return true };
        let mut most = [Fen::ZERO; VOUCHERS_MAX];
        for (_, solo) in &self.solo[from..] {
            if *solo > most[0] {
                most[0] = *solo;
                most.sort_unstable();
            }
        }
        let bound: Fen = most[VOUCHERS_MAX - slots..].iter().copied().sum();
        taken.0 + bound.0 >= best.rank.0.0.0
    }

    fn consider(&mut self, bill: &Bill<'_>, chosen: &[(usize, Discount)]) {
        let expiry = |index: usize| (self.candidates[index].valid_until, index);
        let mut expiries: Vec<_> = chosen.iter().map(|(index, _)| expiry(*index)).collect();
        expiries.sort_unstable();
        let rank = (Reverse(bill.taken()), expiries);
        if self.best.as_ref().is_none_or(|best| rank < best.rank) {
            self.best = Some(Best { rank, chosen: chosen.to_vec() });
        }
    }
}

impl Candidate<'_> {
    fn judge(&self, bill: &Bill<'_>, at: Timestamp) -> Result<Discount, Unused> {
        if at < self.valid_from {
            return Err(Unused::NotYetValid { valid_from: self.valid_from });
        }
        if at >= self.valid_until {
            return Err(Unused::Expired { valid_until: self.valid_until });
        }
        self.terms.apply_after(bill, self.balance, at).map_err(Unused::Order)
    }
}
