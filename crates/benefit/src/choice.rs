use clock::Timestamp;

use crate::class::{Class, Turn, combines, turn};
use crate::goods::Goods;
use crate::order::{Bill, Fit};
use crate::search::search;
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
    /// Its terms do not apply to the order; or it goes together with those that were chosen, and
    /// they leave it nothing to take off.
    Order(OrderRefusal),
    /// Others take off more without it, or as much and are preferred. Of one that cannot come
    /// along, as [`VOUCHERS_MAX`] were chosen or one of them does not combine with it, what they
    /// leave is not asked.
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
/// off most; of equal ones those that expire first, so that the member loses least, compared
/// voucher by voucher from the one that expires first; of those that all expire alike the lower
/// indices, in the same order. Of two that begin alike the one with fewer vouchers wins. Exact: no
/// combination is better.
///
/// Vouchers take their turns by the terms' sequence; of equal ones what expires first, then the
/// lower index. So the order of the candidates breaks ties, here and in [`combine`]: whoever wants
/// the same answer for the same vouchers hands them over in the same order.
pub fn choose(candidates: &[Candidate<'_>], basket: &Basket, at: Timestamp) -> Choice {
    let (goods, mut bill) = (Goods::new(basket), Bill::new(basket));
    let mut unused = Vec::new();
    let mut classes: Vec<Class<'_>> = Vec::new();
    for (index, candidate) in candidates.iter().enumerate() {
        if let Err(why) = candidate.validity(at) {
            unused.push((index, why));
            continue;
        }
        match classes.iter_mut().find(|class| class.holds(candidate)) {
            Some(class) => class.add(index, candidate),
            None => classes.push(Class::new(index, candidate)),
        }
    }
    let mut applicable = Vec::new();
    for class in classes {
        match class.meet(&goods, &bill, at) {
            Ok(met) => applicable.push(met),
            Err((class, why)) => {
                unused.extend(class.indices().map(|index| (index, Unused::Order(why.clone()))));
            }
        }
    }
    let mut chosen: Vec<(usize, Discount)> = Vec::new();
    for link in search(&applicable, &bill) {
        let met = &applicable[link.class];
        chosen.push((link.turn.index, bill.take(&met.fit, link.off)));
    }
    for met in &applicable {
        let left_over = met.class.indices().filter(|index| !chosen.iter().any(|c| c.0 == *index));
        let why = met.why_unused(&bill, chosen.iter().map(|(index, _)| &candidates[*index]));
        unused.extend(left_over.map(|index| (index, why.clone())));
    }
    unused.sort_by_key(|(index, _)| *index);
    Choice { chosen, unused }
}

/// What exactly these vouchers take off together, in the order of their turns. Of those with the
/// same sequence that expire at once, the one that stands first among the candidates has its turn
/// first, and what they take off may depend on it.
pub fn combine(
    candidates: &[Candidate<'_>],
    basket: &Basket,
    at: Timestamp,
) -> Result<Vec<(usize, Discount)>, NotTogether> {
    // What is wrong with one of them alone is the clearer answer.
    let (goods, whole) = (Goods::new(basket), Bill::new(basket));
    let mut fits = Vec::with_capacity(candidates.len());
    for (index, candidate) in candidates.iter().enumerate() {
        let fit = candidate.fit_alone(&goods, &whole, at);
        fits.push(fit.map_err(|why| NotTogether::Unused(index, why))?);
    }
    let pairs = |(index, one)| candidates[..index].iter().all(|before| combines(before, one));
    if candidates.len() > VOUCHERS_MAX || !candidates.iter().enumerate().all(pairs) {
        return Err(NotTogether::Rules);
    }
    let mut turns: Vec<Turn> = candidates.iter().enumerate().map(|(i, one)| turn(i, one)).collect();
    turns.sort_unstable();
    let mut bill = whole;
    let mut together = Vec::with_capacity(turns.len());
    for Turn { index, .. } in turns {
        let off = fits[index].takes_off(&bill, candidates[index].balance);
        let off = off.map_err(|why| NotTogether::Unused(index, Unused::Order(why)))?;
        together.push((index, bill.take(&fits[index], off)));
    }
    Ok(together)
}

impl<'a> Candidate<'a> {
    fn validity(&self, at: Timestamp) -> Result<(), Unused> {
        if at < self.valid_from {
            return Err(Unused::NotYetValid { valid_from: self.valid_from });
        }
        if at >= self.valid_until {
            return Err(Unused::Expired { valid_until: self.valid_until });
        }
        Ok(())
    }

    /// How it meets an order off which nothing else is taken.
    fn fit_alone(&self, goods: &Goods<'_>, whole: &Bill, at: Timestamp) -> Result<Fit<'a>, Unused> {
        self.validity(at)?;
        let fit = self.terms.fit(goods, at).map_err(Unused::Order)?;
        fit.takes_off(whole, self.balance).map_err(Unused::Order)?;
        Ok(fit)
    }
}
