use std::cmp::{Ordering, Reverse};

use clock::Timestamp;

use crate::class::{Met, Turn};
use crate::order::Bill;
use crate::{Fen, VOUCHERS_MAX};

/// One voucher of a combination.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    /// Its class, by index.
    pub class: usize,
    /// Its turn.
    pub turn: Turn,
    /// What it takes off.
    pub off: Fen,
}

/// When the vouchers of a combination expire, rising, and after that their indices in the same
/// order. What expires first comes first, voucher by voucher; only of combinations that all expire
/// alike the lower indices do. Of two that begin alike the one with fewer vouchers comes first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Expiries {
    valid_until: [Option<Timestamp>; VOUCHERS_MAX],
    indices: [Option<usize>; VOUCHERS_MAX],
}

/// The best combination, in the order of turns; empty when no class is given.
///
/// It is enough to look at the first voucher of a class whose turn comes after the one before: any
/// other combination of the same classes in the same order takes off the same, and none of its
/// vouchers expires earlier or, of equal ones, has a lower index. What a class takes off never
/// rises while others take their turns, as less is left; so a branch is left when not even that,
/// with the earliest expiries, would be better than the best so far.
pub(crate) fn search(classes: &[Met<'_>], whole: &Bill) -> Vec<Link> {
    let mut search = Search { classes, best: None };
    let open = |(class, met): (usize, &Met<'_>)| Open { class, most: met.solo };
    let open: Vec<Open> = classes.iter().enumerate().map(open).collect();
    search.extend(whole, &mut Vec::with_capacity(VOUCHERS_MAX), &open);
    search.best.map(|best| best.links).unwrap_or_default()
}

struct Search<'a> {
    classes: &'a [Met<'a>],
    best: Option<Best>,
}

struct Best {
    taken: Fen,
    expiries: Expiries,
    links: Vec<Link>,
}

/// A class that goes together with all that was chosen.
#[derive(Clone, Copy)]
struct Open {
    class: usize,
    /// What it takes off at most.
    most: Fen,
}

impl Search<'_> {
    /// Tries each of the classes as the next one.
    fn extend(&mut self, bill: &Bill, chosen: &mut Vec<Link>, open: &[Open]) {
        let is_last = chosen.len() + 1 == VOUCHERS_MAX;
        let last = chosen.last().map(|link| link.turn);
        let mut next = Vec::with_capacity(open.len());
        for &Open { class, most } in open {
            let met = &self.classes[class];
            let Some(turn) = met.turn_after(last) else { continue };
            let expiries = || expiries(chosen, &[turn.expiry()]);
            if is_last && !self.can_be_better(bill.taken_with(most), expiries) {
                continue;
            }
            let Ok(off) = met.takes_off(bill) else { continue };
            let link = Link { class, turn, off };
            self.consider(bill.taken_with(off), chosen, link);
            next.push(link);
        }
        if !is_last {
            self.go_on(bill, chosen, next);
        }
    }

    /// Goes on after each of the classes that can be next, with those that go together with it.
    fn go_on(&mut self, bill: &Bill, chosen: &mut Vec<Link>, mut next: Vec<Link>) {
        let slots_after = VOUCHERS_MAX - chosen.len() - 1;
        next.sort_by_key(|link| (Reverse(link.off), link.turn.expiry()));
        let along: Fen = next.iter().take(slots_after).map(|link| link.off).sum();
        let mut soonest: Vec<_> = next.iter().map(|link| link.turn.expiry()).collect();
        soonest.sort_unstable();
        soonest.truncate(slots_after);
        for link in &next {
            chosen.push(*link);
            let most = bill.taken_with(Fen(link.off.0 + along.0));
            let can_be_better = (1..=soonest.len())
                .any(|count| self.can_be_better(most, || expiries(chosen, &soonest[..count])));
            if can_be_better {
                self.go_on_after(bill, chosen, *link, &next);
            }
            chosen.pop();
        }
    }

    fn go_on_after(&mut self, bill: &Bill, chosen: &mut Vec<Link>, link: Link, next: &[Link]) {
        let met = &self.classes[link.class];
        let goes_along = |other: &&Link| met.combines(&self.classes[other.class]);
        let open = next.iter().filter(goes_along);
        let open: Vec<_> = open.map(|link| Open { class: link.class, most: link.off }).collect();
        if !open.is_empty() {
            let mut after = bill.clone();
            after.take(&met.fit, link.off);
            self.extend(&after, chosen, &open);
        }
    }

    /// Whether one that takes off that much and expires then would be better than the best so far.
    fn can_be_better(&self, taken: Fen, expiries: impl FnOnce() -> Expiries) -> bool {
        self.best.as_ref().is_none_or(|best| match taken.cmp(&best.taken) {
            Ordering::Less => false,
            Ordering::Equal => expiries() < best.expiries,
            Ordering::Greater => true,
        })
    }

    /// Keeps a combination that is better than the best so far.
    fn consider(&mut self, taken: Fen, chosen: &[Link], link: Link) {
        let expiries = expiries(chosen, &[link.turn.expiry()]);
        if self.can_be_better(taken, || expiries) {
            let links = chosen.iter().copied().chain([link]).collect();
            self.best = Some(Best { taken, expiries, links });
        }
    }
}

/// The expiries of the chosen ones and of some more.
fn expiries(chosen: &[Link], more: &[(Timestamp, usize)]) -> Expiries {
    let mut pairs = [None; VOUCHERS_MAX];
    let all = chosen.iter().map(|link| link.turn.expiry()).chain(more.iter().copied());
    let count = chosen.len() + more.len();
    for (place, expiry) in pairs.iter_mut().zip(all) {
        *place = Some(expiry);
    }
    pairs[..count].sort_unstable();
    Expiries {
        valid_until: pairs.map(|pair| pair.map(|(valid_until, _)| valid_until)),
        indices: pairs.map(|pair| pair.map(|(_, index)| index)),
    }
}
