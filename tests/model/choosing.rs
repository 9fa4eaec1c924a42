//! Which vouchers an order uses, and what each takes off: every set is tried.

use crate::days::period;
use crate::money::spread;
use crate::reference::{Line, Part, Reference, Wanted};
use crate::rules::Worth;

impl Reference {
    /// The parts that an order uses, in the order of their turns, or what is wrong.
    pub fn select(
        &self,
        person: usize,
        lines: &[Line],
        wanted: &Wanted,
    ) -> Result<Vec<Part>, Vec<&'static str>> {
        let own = |at: &usize| self.vouchers[*at].person == person;
        match wanted {
            Wanted::Best => {
                let wallet: Vec<usize> = (0..self.vouchers.len()).filter(own).collect();
                let free = wallet.iter().filter(|at| self.state_reason(**at).is_none());
                let free: Vec<usize> = free.copied().collect();
                self.best(&free, lines).ok_or_else(|| self.reasons(&wallet, lines))
            }
            Wanted::Named(named) => {
                if named.iter().any(|at| !own(at)) {
                    return Err(vec!["VOUCHER_UNKNOWN"]);
                }
                let alone: Vec<_> = named.iter().filter_map(|at| self.reason(*at, lines)).collect();
                if !alone.is_empty() {
                    return Err(alone);
                }
                if !self.go_together(named) {
                    return Err(vec!["NOT_COMBINABLE"]);
                }
                self.take(named, lines).ok_or_else(|| vec!["NOTHING_LEFT", "ORDER_CAP_REACHED"])
            }
        }
    }

    /// Every set of at most three that goes together; the one that is best.
    fn best(&self, free: &[usize], lines: &[Line]) -> Option<Vec<Part>> {
        let mut sets: Vec<Vec<usize>> = vec![Vec::new()];
        for voucher in free {
            let larger = sets.iter().filter(|set| set.len() < 3).map(|set| {
                let mut set = set.clone();
                set.push(*voucher);
                set
            });
            let larger: Vec<_> = larger.collect();
            sets.extend(larger);
        }
        let judged = sets.iter().filter(|set| !set.is_empty() && self.go_together(set));
        let taken = judged.filter_map(|set| self.take(set, lines));
        taken.min_by_key(|parts| {
            let total: i64 = parts.iter().flat_map(|part| &part.lines).sum();
            let expiry = |part: &Part| (self.vouchers[part.voucher].until, part.voucher);
            let mut order: Vec<_> = parts.iter().map(expiry).collect();
            order.sort_unstable();
            // All that expires first comes first; the numbers only break a tie of all of it.
            let (expiries, numbers): (Vec<_>, Vec<_>) = order.into_iter().unzip();
            (-total, expiries, numbers)
        })
    }

    fn go_together(&self, set: &[usize]) -> bool {
        set.iter().enumerate().all(|(at, one)| {
            set[..at].iter().all(|other| {
                let (a, b) = (self.rules(*one), self.rules(*other));
                let same_group = a.group.is_some() && a.group == b.group;
                let own_only = a.own_funder_only || b.own_funder_only;
                a.combines
                    && b.combines
                    && a.campaign != b.campaign
                    && !same_group
                    && (!own_only || a.funder == b.funder)
            })
        })
    }

    /// What these take off one after the other; none when one of them takes nothing.
    fn take(&self, set: &[usize], lines: &[Line]) -> Option<Vec<Part>> {
        let mut turns = set.to_vec();
        turns.sort_by_key(|at| (self.rules(*at).sequence, self.vouchers[*at].until, *at));
        let mut left: Vec<i64> = lines.iter().map(|(_, fen)| *fen).collect();
        let mut parts = Vec::new();
        for voucher in turns {
            let off = self.off(voucher, lines, &left).ok()?;
            for (left, off) in left.iter_mut().zip(&off) {
                *left -= off;
            }
            parts.push(Part { voucher, lines: off });
        }
        Some(parts)
    }

    /// What a voucher takes off each line when so much is left to pay, or why nothing.
    fn off(&self, at: usize, lines: &[Line], left: &[i64]) -> Result<Vec<i64>, &'static str> {
        let (rules, voucher) = (self.rules(at), &self.vouchers[at]);
        let covers: Vec<bool> = lines.iter().map(|(category, _)| rules.covers(*category)).collect();
        if !covers.contains(&true) {
            return Err("GOODS_NOT_COVERED");
        }
        let covered: i64 = lines.iter().zip(&covers).filter(|(_, is)| **is).map(|(l, _)| l.1).sum();
        let open: Vec<i64> =
            left.iter().zip(&covers).map(|(fen, is)| if *is { *fen } else { 0 }).collect();
        let whole: i64 = open.iter().sum();
        let off = match rules.worth {
            Worth::Service => return Ok(vec![0; lines.len()]),
            Worth::Off { threshold, .. } | Worth::Percent { threshold, .. }
                if covered < threshold =>
            {
                return Err("BELOW_THRESHOLD");
            }
            Worth::Off { amount, .. } => amount,
            Worth::Percent { percent, cap, .. } => (whole * percent / 100).min(cap),
            Worth::Waiver { cap } => cap,
            Worth::Balance { .. } => voucher.balance,
        };
        let mut off = off.min(whole);
        if off < 1 {
            return Err("NOTHING_LEFT");
        }
        if let Some(percent) = rules.order_cap {
            let order: i64 = lines.iter().map(|(_, fen)| fen).sum();
            let taken = order - left.iter().sum::<i64>();
            let allowed = order * percent / 100 - taken;
            if allowed < 1 {
                return Err("ORDER_CAP_REACHED");
            }
            off = off.min(allowed);
        }
        Ok(spread(off, &open))
    }

    /// Why a voucher cannot be used whatever the order; none when it can.
    fn state_reason(&self, at: usize) -> Option<&'static str> {
        let voucher = &self.vouchers[at];
        let rules = self.rules(at);
        if voucher.uses_left == 0 {
            return Some("VOUCHER_USED");
        }
        if voucher.held.is_some_and(|(_, until)| until > self.now) {
            return Some("VOUCHER_HELD");
        }
        if voucher.from > self.now {
            return Some("VOUCHER_NOT_YET_VALID");
        }
        if voucher.until <= self.now {
            return Some("VOUCHER_EXPIRED");
        }
        let (count, characters) = rules.per_period?;
        let period = period(self.now, characters);
        (voucher.used.get(&period).copied().unwrap_or(0) >= count).then_some("USES_OF_PERIOD_SPENT")
    }

    fn reason(&self, at: usize, lines: &[Line]) -> Option<&'static str> {
        let left: Vec<i64> = lines.iter().map(|(_, fen)| *fen).collect();
        self.state_reason(at).or_else(|| self.off(at, lines, &left).err())
    }

    fn reasons(&self, wallet: &[usize], lines: &[Line]) -> Vec<&'static str> {
        let mut reasons: Vec<_> = wallet.iter().filter_map(|at| self.reason(*at, lines)).collect();
        if reasons.is_empty() {
            reasons.push("NO_VOUCHER");
        }
        reasons
    }
}
