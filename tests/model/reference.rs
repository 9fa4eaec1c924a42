//! What redemption must do, said once more and as plainly as can be: small vectors, loops, and no
//! code of the suite. Slow on purpose.

use std::collections::BTreeMap;

use crate::rules::{CAMPAIGNS, Right, Rules, Worth};

/// Microseconds in a day; the model's zone has no other.
pub const DAY: i64 = 86_400_000_000;
/// The number of an authorization that nobody has, now or later.
pub const UNKNOWN: usize = usize::MAX;
/// The zone's distance from UTC.
const EAST: i64 = 8 * 3_600_000_000;

/// A voucher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Voucher {
    pub campaign: usize,
    pub person: usize,
    pub from: i64,
    pub until: i64,
    pub uses_left: u32,
    pub balance: i64,
    pub returns: u32,
    /// Uses by period.
    pub used: BTreeMap<String, u32>,
    /// The authorization that holds it, and until when.
    pub held: Option<(usize, i64)>,
}

/// The stage of an authorization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Held,
    Captured,
    Voided,
    Expired,
    Refunded,
}

/// A voucher's part in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    pub voucher: usize,
    pub lines: Vec<i64>,
}

/// An authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    pub order: usize,
    pub lines: Vec<i64>,
    pub parts: Vec<Part>,
    pub created: i64,
    pub expires: i64,
    pub state: State,
    /// What of each line was captured.
    pub captured: Vec<i64>,
    /// What of that was returned, before the first refund and after each.
    pub returned: Vec<Vec<i64>>,
}

/// A line of an order: category and price.
pub type Line = (usize, i64);

/// Which part of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Portion {
    Whole,
    Amount(i64),
    Lines(Vec<(usize, i64)>),
}

/// Which vouchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    Best,
    Named(Vec<usize>),
}

/// One verb.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    Authorize { person: usize, order: usize, lines: Vec<Line>, wanted: Wanted, hold: i64 },
    Capture { authorization: usize, portion: Portion },
    Void { authorization: usize },
    VoidRequest { request: usize },
    Refund { authorization: usize, portion: Portion },
}

/// How a verb came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The authorization as of the verb; none for a void of an Authorize that has not arrived.
    Done(Option<View>),
    /// Refused with one of these reasons. There is more than one only where the model leaves the
    /// choice of the closest voucher to a test of its own.
    Refused(Vec<&'static str>),
}

/// What an answer shows of an authorization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub authorization: usize,
    pub state: State,
    pub parts: Vec<Part>,
    /// What was captured of each part.
    pub captured: Vec<i64>,
    /// What went back of each part.
    pub refunded: Vec<i64>,
}

/// A verb that was answered: its request id, and what was said.
#[derive(Clone, Debug)]
struct Answered {
    verb: Verb,
    answer: Answer,
}

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    pub now: i64,
    pub vouchers: Vec<Voucher>,
    pub authorizations: Vec<Authorization>,
    /// What was answered, by kind of verb and request number.
    answered: BTreeMap<(u8, usize), Answered>,
    /// Authorize requests that were voided before they came.
    void_before: Vec<usize>,
    /// Debits less credits of each funder and campaign; the platform has the opposite.
    pub spent: BTreeMap<(&'static str, &'static str), i64>,
}

impl Reference {
    /// Nothing has happened yet.
    pub fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// The date of an instant in Shanghai, as `2022-07-22`.
    pub fn date(at: i64) -> String {
        let days = (at + EAST).div_euclid(DAY);
        let (mut year, mut left) = (1970, days);
        let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
        while left >= 365 + i64::from(leap(year)) {
            left -= 365 + i64::from(leap(year));
            year += 1;
        }
        let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
        let mut month = 0;
        while left >= months[month] {
            left -= months[month];
            month += 1;
        }
        format!("{year:04}-{:02}-{:02}", month + 1, left + 1)
    }

    /// The end of the day that is `days - 1` days after that of `at`.
    pub fn end_of_days(at: i64, days: u16) -> i64 {
        ((at + EAST).div_euclid(DAY) + i64::from(days)) * DAY - EAST
    }

    /// A new voucher.
    pub fn give(&mut self, person: usize, campaign: usize) -> usize {
        let rules = CAMPAIGNS[campaign];
        let balance = if let Worth::Balance { value } = rules.worth { value } else { 0 };
        self.vouchers.push(Voucher {
            campaign,
            person,
            from: self.now,
            until: Self::end_of_days(self.now, rules.days),
            uses_left: rules.uses,
            balance,
            returns: 0,
            used: BTreeMap::new(),
            held: None,
        });
        self.vouchers.len() - 1
    }

    /// What a verb must be answered, and its effect.
    pub fn answer(&mut self, request: usize, verb: &Verb) -> Answer {
        let key = (verb.kind(), request);
        if let Some(seen) = self.answered.get(&key) {
            let same = seen.verb == *verb;
            return if same { seen.answer.clone() } else { refused("REQUEST_ID_REUSED") };
        }
        if verb.kind() == 0 && self.void_before.contains(&request) {
            return self.keep(key, verb, refused("VOIDED_BEFORE_AUTHORIZE"));
        }
        let answer = match verb {
            Verb::Authorize { person, order, lines, wanted, hold } => {
                self.authorize(*person, *order, lines, wanted, *hold)
            }
            Verb::Capture { authorization, portion } => self.capture(*authorization, portion),
            Verb::Void { authorization } => self.void(*authorization),
            Verb::VoidRequest { request } => self.void_request(*request),
            Verb::Refund { authorization, portion } => self.refund(*authorization, portion),
        };
        self.keep(key, verb, answer)
    }

    fn keep(&mut self, key: (u8, usize), verb: &Verb, answer: Answer) -> Answer {
        self.answered.insert(key, Answered { verb: verb.clone(), answer: answer.clone() });
        answer
    }

    /// Lets the holds go that have run out.
    pub fn expire(&mut self) {
        for at in 0..self.authorizations.len() {
            let one = &self.authorizations[at];
            if one.state == State::Held && one.expires <= self.now {
                self.authorizations[at].state = State::Expired;
                self.let_go(at);
            }
        }
    }

    fn let_go(&mut self, authorization: usize) {
        for voucher in &mut self.vouchers {
            if voucher.held.is_some_and(|(by, _)| by == authorization) {
                voucher.held = None;
            }
        }
    }

    fn authorize(
        &mut self,
        person: usize,
        order: usize,
        lines: &[Line],
        wanted: &Wanted,
        hold: i64,
    ) -> Answer {
        self.expire();
        let live = |one: &Authorization| {
            one.order == order && matches!(one.state, State::Held | State::Captured)
        };
        if self.authorizations.iter().any(live) {
            return refused("ORDER_ALREADY_AUTHORIZED");
        }
        let parts = match self.select(person, lines, wanted) {
            Ok(parts) => parts,
            Err(reasons) => return Answer::Refused(reasons),
        };
        let (at, expires) = (self.authorizations.len(), self.now + hold);
        for part in &parts {
            self.vouchers[part.voucher].held = Some((at, expires));
        }
        self.authorizations.push(Authorization {
            order,
            lines: lines.iter().map(|(_, fen)| *fen).collect(),
            parts,
            created: self.now,
            expires,
            state: State::Held,
            captured: Vec::new(),
            returned: Vec::new(),
        });
        self.done(at)
    }

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
            let mut expiries: Vec<_> = parts.iter().map(expiry).collect();
            expiries.sort_unstable();
            (-total, expiries)
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

    fn capture(&mut self, at: usize, portion: &Portion) -> Answer {
        if let Some(refusal) = self.require_held(at) {
            return refusal;
        }
        let one = &self.authorizations[at];
        let captured = match cut(portion, &one.lines) {
            Ok(captured) => captured,
            Err(reason) => return refused(reason),
        };
        let created = one.created;
        let is_service = |part: &Part| matches!(self.rules(part.voucher).worth, Worth::Service);
        let services: Vec<bool> = one.parts.iter().map(is_service).collect();
        let taken = sums(&shares(&one.discounts(), &one.lines, &captured));
        for ((part, is_service), sum) in one.parts.clone().iter().zip(services).zip(taken) {
            let rules = self.rules(part.voucher);
            *self.spent.entry((rules.funder, rules.campaign)).or_default() += sum;
            let voucher = &mut self.vouchers[part.voucher];
            voucher.held = None;
            if let Worth::Balance { .. } = rules.worth {
                voucher.balance -= sum;
                voucher.uses_left = u32::from(voucher.balance > 0);
            } else if sum > 0 || is_service {
                voucher.uses_left -= 1;
                if let Some((_, characters)) = rules.per_period {
                    *voucher.used.entry(period(created, characters)).or_default() += 1;
                }
            }
        }
        let one = &mut self.authorizations[at];
        one.state = State::Captured;
        one.returned = vec![vec![0; captured.len()]];
        one.captured = captured;
        self.done(at)
    }

    fn require_held(&mut self, at: usize) -> Option<Answer> {
        self.expire();
        let Some(one) = self.authorizations.get(at) else {
            return Some(refused("AUTHORIZATION_UNKNOWN"));
        };
        match one.state {
            State::Held => None,
            State::Captured => Some(refused("ALREADY_CAPTURED")),
            State::Voided => Some(refused("ALREADY_VOIDED")),
            State::Expired => Some(refused("HOLD_EXPIRED")),
            State::Refunded => Some(refused("ALREADY_REFUNDED")),
        }
    }

    fn void(&mut self, at: usize) -> Answer {
        if let Some(refusal) = self.require_held(at) {
            return refusal;
        }
        self.authorizations[at].state = State::Voided;
        self.let_go(at);
        self.done(at)
    }

    fn void_request(&mut self, request: usize) -> Answer {
        match self.answered.get(&(0, request)).map(|seen| seen.answer.clone()) {
            Some(Answer::Done(Some(view))) => self.void(view.authorization),
            Some(Answer::Refused(reasons)) if reasons != ["VOIDED_BEFORE_AUTHORIZE"] => {
                refused("AUTHORIZATION_UNKNOWN")
            }
            Some(_) => Answer::Done(None),
            None => {
                if !self.void_before.contains(&request) {
                    self.void_before.push(request);
                }
                Answer::Done(None)
            }
        }
    }

    fn refund(&mut self, at: usize, portion: &Portion) -> Answer {
        self.expire();
        match self.authorizations.get(at).map(|one| one.state) {
            None => return refused("AUTHORIZATION_UNKNOWN"),
            Some(State::Held | State::Voided | State::Expired) => return refused("NOT_CAPTURED"),
            Some(State::Refunded) => return refused("ALREADY_REFUNDED"),
            Some(State::Captured) => {}
        }
        let one = self.authorizations[at].clone();
        if one.returned.len() > 50 {
            return refused("TOO_MANY_REFUNDS");
        }
        let before = one.returned.last().expect("a capture begins the list").clone();
        let left: Vec<i64> = one.captured.iter().zip(&before).map(|(c, r)| c - r).collect();
        let returned = match cut(portion, &left) {
            Ok(part) => before.iter().zip(&part).map(|(r, p)| r + p).collect::<Vec<i64>>(),
            Err(reason) => return refused(reason),
        };
        let is_all = returned == one.captured;
        let captured = shares(&one.discounts(), &one.lines, &one.captured);
        let was = sums(&shares(&captured, &one.captured, &before));
        let is = sums(&shares(&captured, &one.captured, &returned));
        for (at, whole) in sums(&captured).into_iter().enumerate() {
            self.give_back(&one, at, [was[at], is[at], whole], is_all);
        }
        let one = &mut self.authorizations[at];
        one.returned.push(returned);
        if is_all {
            one.state = State::Refunded;
        }
        self.done(at)
    }

    fn give_back(
        &mut self,
        one: &Authorization,
        at: usize,
        [was, is, whole]: [i64; 3],
        is_all: bool,
    ) {
        let part = &one.parts[at];
        let rules = self.rules(part.voucher);
        *self.spent.entry((rules.funder, rules.campaign)).or_default() -= is - was;
        let now = self.now;
        let voucher = &mut self.vouchers[part.voucher];
        let grace = match rules.right {
            Right::Spent => return,
            Right::Returns => voucher.until,
            Right::Grace(days) => voucher.until.max(Self::end_of_days(now, days)),
        };
        if voucher.returns >= rules.returns_max || grace <= now {
            return;
        }
        match rules.worth {
            Worth::Balance { .. } => {
                if is > was {
                    voucher.balance += is - was;
                    voucher.uses_left = 1;
                    voucher.returns += 1;
                }
                return;
            }
            Worth::Service if !is_all => return,
            Worth::Service => {}
            _ if whole == 0 || is < whole || was == whole => return,
            _ => {}
        }
        voucher.uses_left += 1;
        voucher.returns += 1;
        voucher.until = grace;
        if let Some((_, characters)) = rules.per_period {
            let used = voucher.used.entry(period(one.created, characters)).or_default();
            *used = used.saturating_sub(1);
        }
    }

    fn rules(&self, voucher: usize) -> Rules {
        CAMPAIGNS[self.vouchers[voucher].campaign]
    }

    fn done(&self, at: usize) -> Answer {
        Answer::Done(Some(self.view(at)))
    }

    /// An authorization as it is.
    pub fn view(&self, at: usize) -> View {
        let one = &self.authorizations[at];
        let none = vec![0; one.lines.len()];
        let captured = if one.captured.is_empty() { &none } else { &one.captured };
        let returned = one.returned.last().unwrap_or(&none);
        let taken = shares(&one.discounts(), &one.lines, captured);
        View {
            authorization: at,
            state: one.state,
            parts: one.parts.clone(),
            captured: sums(&taken),
            refunded: sums(&shares(&taken, captured, returned)),
        }
    }
}

impl Authorization {
    /// What each voucher takes off each line.
    fn discounts(&self) -> Vec<Vec<i64>> {
        self.parts.iter().map(|part| part.lines.clone()).collect()
    }
}

impl Answer {
    /// In short: how many vouchers an order has, or the reason.
    pub fn name(&self) -> String {
        match self {
            Self::Done(Some(view)) => format!("{:?} with {}", view.state, view.parts.len()),
            Self::Done(None) => "nothing to void yet".to_owned(),
            Self::Refused(reasons) => reasons[0].to_owned(),
        }
    }
}

impl Verb {
    /// What it is.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Authorize { .. } => "authorize",
            Self::Capture { .. } => "capture",
            Self::Void { .. } | Self::VoidRequest { .. } => "void",
            Self::Refund { .. } => "refund",
        }
    }

    /// Request ids are scoped by this; both ways to void are one.
    pub fn kind(&self) -> u8 {
        match self {
            Self::Authorize { .. } => 0,
            Self::Capture { .. } => 1,
            Self::Void { .. } | Self::VoidRequest { .. } => 2,
            Self::Refund { .. } => 3,
        }
    }
}

fn refused(reason: &'static str) -> Answer {
    Answer::Refused(vec![reason])
}

fn period(at: i64, characters: usize) -> String {
    Reference::date(at)[..characters].to_owned()
}

/// What of each voucher's discounts belongs to a part of each line: voucher by voucher, rounded
/// down, each of what those before it leave of the line and of the part.
fn shares(discounts: &[Vec<i64>], lines: &[i64], part: &[i64]) -> Vec<Vec<i64>> {
    let (mut lines, mut part) = (lines.to_vec(), part.to_vec());
    let mut shares = Vec::new();
    for discount in discounts {
        let one = |at: usize| if lines[at] == 0 { 0 } else { discount[at] * part[at] / lines[at] };
        let share: Vec<i64> = (0..lines.len()).map(one).collect();
        for at in 0..lines.len() {
            lines[at] -= discount[at];
            part[at] -= share[at];
        }
        shares.push(share);
    }
    shares
}

fn sums(shares: &[Vec<i64>]) -> Vec<i64> {
    shares.iter().map(|share| share.iter().sum()).collect()
}

/// A part of what is left, line by line.
fn cut(portion: &Portion, left: &[i64]) -> Result<Vec<i64>, &'static str> {
    match portion {
        Portion::Whole => Ok(left.to_vec()),
        Portion::Amount(fen) if *fen > left.iter().sum() => Err("PORTION_ABOVE_ORDER"),
        Portion::Amount(fen) => Ok(spread(*fen, left)),
        Portion::Lines(lines) => {
            let mut part = vec![0; left.len()];
            for (line, fen) in lines {
                if *line >= left.len() || part[*line] > 0 {
                    return Err("PORTION_LINE_UNKNOWN");
                }
                if *fen > left[*line] {
                    return Err("PORTION_ABOVE_ORDER");
                }
                part[*line] = *fen;
            }
            Ok(part)
        }
    }
}

/// Largest remainders, the earlier line first.
fn spread(total: i64, lines: &[i64]) -> Vec<i64> {
    let sum: i64 = lines.iter().sum();
    if sum == 0 {
        return vec![0; lines.len()];
    }
    let mut parts: Vec<i64> = lines.iter().map(|line| total * line / sum).collect();
    for _ in parts.iter().sum::<i64>()..total {
        let rest = |at: usize| total * lines[at] - parts[at] * sum;
        let next = (0..lines.len()).max_by_key(|at| (rest(*at), std::cmp::Reverse(*at)));
        parts[next.expect("there are lines")] += 1;
    }
    parts
}
