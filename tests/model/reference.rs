//! What redemption must do, said once more and as plainly as can be: small vectors, loops, and no
//! code of the suite. Slow on purpose.

use std::collections::BTreeMap;

use crate::days::{end_of_days, period};
use crate::money::{cut, shares, sums};
use crate::rules::{CAMPAIGNS, Right, Rules, Worth};

/// The number of an authorization that nobody has, now or later.
pub const UNKNOWN: usize = usize::MAX;
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
    pub platform: usize,
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

/// A verb, and who sent it under which number of a request. Numbers of requests and orders are a
/// platform's own, and so are authorizations.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    pub platform: usize,
    pub request: usize,
    pub verb: Verb,
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

/// Platform, kind of verb, and request number.
type RequestKey = (usize, u8, usize);

/// Everything.
#[derive(Clone, Debug, Default)]
pub struct Reference {
    pub now: i64,
    pub vouchers: Vec<Voucher>,
    pub authorizations: Vec<Authorization>,
    /// What was answered, by platform, kind of verb and request number.
    answered: BTreeMap<RequestKey, Answered>,
    /// Authorize requests that were voided before they came, by platform and number.
    void_before: Vec<(usize, usize)>,
    /// Debits less credits by platform, funder and campaign.
    pub spent: BTreeMap<(usize, &'static str, &'static str), i64>,
    /// The days that are known, and whether they are open.
    pub days: BTreeMap<i64, bool>,
    /// Whether today is known, too, when a capture or a refund came and booked nothing. A store is
    /// free in that; of PostgreSQL it is so.
    pub tried_days_are_known: bool,
}

impl Reference {
    /// Nothing has happened yet.
    pub fn at(now: i64) -> Self {
        Self { now, ..Self::default() }
    }

    /// A new voucher.
    pub fn give(&mut self, person: usize, campaign: usize) -> usize {
        let rules = CAMPAIGNS[campaign];
        let balance = if let Worth::Balance { value } = rules.worth { value } else { 0 };
        self.vouchers.push(Voucher {
            campaign,
            person,
            from: self.now,
            until: end_of_days(self.now, rules.days),
            uses_left: rules.uses,
            balance,
            returns: 0,
            used: BTreeMap::new(),
            held: None,
        });
        self.vouchers.len() - 1
    }

    /// Whether this very verb was answered before.
    pub fn is_replay(&self, sent: &Sent) -> bool {
        self.answered.get(&sent.key()).is_some_and(|seen| seen.verb == sent.verb)
    }

    /// What a verb must be answered, and its effect.
    pub fn answer(&mut self, sent: &Sent) -> Answer {
        let Sent { platform, request, verb } = sent;
        if self.tried_days_are_known && matches!(verb, Verb::Capture { .. } | Verb::Refund { .. }) {
            self.book();
        }
        if let Some(seen) = self.answered.get(&sent.key()) {
            let same = seen.verb == *verb;
            return if same { seen.answer.clone() } else { refused("REQUEST_ID_REUSED") };
        }
        if verb.kind() == 0 && self.void_before.contains(&(*platform, *request)) {
            return self.keep(sent, refused("VOIDED_BEFORE_AUTHORIZE"));
        }
        let platform = *platform;
        let answer = match verb {
            Verb::Authorize { person, order, lines, wanted, hold } => {
                match self.chosen(platform, (*person, *order), lines, wanted) {
                    Ok(parts) => self.hold((platform, *order), lines, parts, *hold),
                    Err(reasons) => Answer::Refused(reasons),
                }
            }
            Verb::Capture { authorization, portion } => {
                self.capture(platform, *authorization, portion)
            }
            Verb::Void { authorization } => self.void(platform, *authorization),
            Verb::VoidRequest { request } => self.void_request(platform, *request),
            Verb::Refund { authorization, portion } => {
                self.refund(platform, *authorization, portion)
            }
        };
        self.keep(sent, answer)
    }

    fn keep(&mut self, sent: &Sent, answer: Answer) -> Answer {
        let seen = Answered { verb: sent.verb.clone(), answer: answer.clone() };
        self.answered.insert(sent.key(), seen);
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

    fn chosen(
        &mut self,
        platform: usize,
        (person, order): (usize, usize),
        lines: &[Line],
        wanted: &Wanted,
    ) -> Result<Vec<Part>, Vec<&'static str>> {
        self.expire();
        let live = |one: &Authorization| {
            (one.platform, one.order) == (platform, order)
                && matches!(one.state, State::Held | State::Captured)
        };
        match self.authorizations.iter().any(live) {
            true => Err(vec!["ORDER_ALREADY_AUTHORIZED"]),
            false => self.select(person, lines, wanted),
        }
    }

    fn hold(
        &mut self,
        (platform, order): (usize, usize),
        lines: &[Line],
        parts: Vec<Part>,
        hold: i64,
    ) -> Answer {
        let (at, expires) = (self.authorizations.len(), self.now + hold);
        for part in &parts {
            self.vouchers[part.voucher].held = Some((at, expires));
        }
        self.authorizations.push(Authorization {
            platform,
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

    fn capture(&mut self, platform: usize, at: usize, portion: &Portion) -> Answer {
        if let Some(refusal) = self.require_held(platform, at) {
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
            *self.spent.entry((platform, rules.funder, rules.campaign)).or_default() += sum;
            if sum > 0 || is_service {
                self.book();
            }
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

    /// The stage of a platform's own authorization.
    fn state(&mut self, platform: usize, at: usize) -> Option<State> {
        self.expire();
        let found = self.authorizations.get(at).filter(|found| found.platform == platform);
        found.map(|found| found.state)
    }

    fn require_held(&mut self, platform: usize, at: usize) -> Option<Answer> {
        let Some(state) = self.state(platform, at) else {
            return Some(refused("AUTHORIZATION_UNKNOWN"));
        };
        match state {
            State::Held => None,
            State::Captured => Some(refused("ALREADY_CAPTURED")),
            State::Voided => Some(refused("ALREADY_VOIDED")),
            State::Expired => Some(refused("HOLD_EXPIRED")),
            State::Refunded => Some(refused("ALREADY_REFUNDED")),
        }
    }

    fn void(&mut self, platform: usize, at: usize) -> Answer {
        if let Some(refusal) = self.require_held(platform, at) {
            return refusal;
        }
        self.authorizations[at].state = State::Voided;
        self.let_go(at);
        self.done(at)
    }

    fn void_request(&mut self, platform: usize, request: usize) -> Answer {
        match self.answered.get(&(platform, 0, request)).map(|seen| seen.answer.clone()) {
            Some(Answer::Done(Some(view))) => self.void(platform, view.authorization),
            Some(Answer::Refused(reasons)) if reasons != ["VOIDED_BEFORE_AUTHORIZE"] => {
                refused("AUTHORIZATION_UNKNOWN")
            }
            Some(_) => Answer::Done(None),
            None => {
                if !self.void_before.contains(&(platform, request)) {
                    self.void_before.push((platform, request));
                }
                Answer::Done(None)
            }
        }
    }

    fn refund(&mut self, platform: usize, at: usize, portion: &Portion) -> Answer {
        match self.state(platform, at) {
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
        *self.spent.entry((one.platform, rules.funder, rules.campaign)).or_default() -= is - was;
        let is_service = matches!(rules.worth, Worth::Service);
        if is > was || (is_service && is_all) {
            self.book();
        }
        let now = self.now;
        let voucher = &mut self.vouchers[part.voucher];
        let grace = match rules.right {
            Right::Spent => return,
            Right::Returns => voucher.until,
            Right::Grace(days) => voucher.until.max(end_of_days(now, days)),
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

    /// The rules of a voucher.
    pub fn rules(&self, voucher: usize) -> Rules {
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

impl Sent {
    fn key(&self) -> RequestKey {
        (self.platform, self.verb.kind(), self.request)
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
