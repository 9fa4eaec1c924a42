//! What happens next: random, but for the most part something that makes sense.

use rand::Rng as _;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom as _;

use crate::days::DAY;
use crate::reference::{Line, Portion, Reference, Sent, State, UNKNOWN, Verb, Wanted};
use crate::rules::{CAMPAIGNS, CATEGORIES};

/// Persons of an episode.
pub const PERSONS: usize = 5;
/// Platforms of an episode.
pub const PLATFORMS: usize = 2;
/// Order numbers; few, so that orders meet.
const ORDERS: usize = 40;
/// Vouchers that a person has at most; the reference tries every three of them.
const WALLET_MAX: usize = 9;
/// What lines cost: around the thresholds, nothing, and odd.
const PRICES: [i64; 10] = [0, 1, 99, 100, 150, 200, 299, 300, 501, 1_237];
/// A second, in microseconds.
const SECOND: i64 = 1_000_000;

/// One step of an episode.
#[derive(Clone, Debug)]
pub enum Step {
    /// Verbs in one batch.
    Verbs(Vec<Sent>),
    /// What would this order use?
    Quote { person: usize, lines: Vec<Line> },
    /// A voucher is issued.
    Give { person: usize, campaign: usize },
    /// Time passes.
    Pass(i64),
    /// Holds that ran out are written down.
    Sweep,
    /// Days that are over are closed.
    CloseDays,
    /// The store goes and comes back.
    Restart,
}

impl Step {
    /// How many operations it is.
    pub fn operations(&self) -> u64 {
        match self {
            Self::Verbs(verbs) => verbs.len() as u64,
            Self::Quote { .. }
            | Self::Give { .. }
            | Self::Pass(_)
            | Self::Sweep
            | Self::CloseDays
            | Self::Restart => 1,
        }
    }

    /// The persons that it names.
    pub fn persons(&self) -> Vec<usize> {
        let of = |verb: &Verb| match verb {
            Verb::Authorize { person, .. } => Some(*person),
            Verb::Capture { .. }
            | Verb::Void { .. }
            | Verb::VoidRequest { .. }
            | Verb::Refund { .. } => None,
        };
        match self {
            Self::Verbs(verbs) => verbs.iter().filter_map(|sent| of(&sent.verb)).collect(),
            Self::Quote { person, .. } | Self::Give { person, .. } => vec![*person],
            Self::Pass(_) | Self::Sweep | Self::CloseDays | Self::Restart => Vec::new(),
        }
    }
}

/// Makes steps.
pub struct Steps {
    rng: StdRng,
    /// The next new request number.
    next: usize,
    /// Verbs that were sent, for retries.
    sent: Vec<Sent>,
}

impl Steps {
    /// Steps from a source of chance.
    pub fn new(rng: StdRng) -> Self {
        Self { rng, next: 0, sent: Vec::new() }
    }

    /// The next step, for things as they are.
    pub fn next(&mut self, world: &Reference) -> Step {
        match self.rng.random_range(0..100) {
            0..60 => Step::Verbs(self.verbs(world)),
            60..68 => {
                Step::Quote { person: self.rng.random_range(0..PERSONS), lines: self.lines() }
            }
            68..80 => self.give(world),
            80..92 => Step::Pass(self.pause(world)),
            92..95 => Step::Sweep,
            95..98 => Step::CloseDays,
            _ => Step::Restart,
        }
    }

    fn verbs(&mut self, world: &Reference) -> Vec<Sent> {
        let count = if self.rng.random_ratio(1, 3) { self.rng.random_range(2..6) } else { 1 };
        (0..count).map(|_| self.verb(world)).collect()
    }

    fn verb(&mut self, world: &Reference) -> Sent {
        if self.rng.random_ratio(1, 8)
            && let Some(sent) = self.sent.choose(&mut self.rng).cloned()
        {
            // A retry; or the same id for something else, or of somebody else.
            return match self.rng.random_range(0..12) {
                0..2 => Sent { verb: self.new_verb(world), ..sent },
                2 => Sent { platform: self.rng.random_range(0..PLATFORMS), ..sent },
                _ => sent,
            };
        }
        let verb = self.new_verb(world);
        self.next += 1;
        let sent = Sent { platform: self.platform(world, &verb), request: self.next, verb };
        self.sent.push(sent.clone());
        sent
    }

    /// Whoever has the authorization, mostly.
    fn platform(&mut self, world: &Reference, verb: &Verb) -> usize {
        let authorization = match verb {
            Verb::Capture { authorization, .. }
            | Verb::Void { authorization }
            | Verb::Refund { authorization, .. } => world.authorizations.get(*authorization),
            Verb::Authorize { .. } | Verb::VoidRequest { .. } => None,
        };
        match authorization {
            Some(own) if self.rng.random_ratio(11, 12) => own.platform,
            _ => self.rng.random_range(0..PLATFORMS),
        }
    }

    fn new_verb(&mut self, world: &Reference) -> Verb {
        match self.rng.random_range(0..100) {
            0..38 => self.authorize(world),
            38..62 => Verb::Capture {
                authorization: self.authorization(world, State::Held),
                portion: self.portion(),
            },
            62..70 => Verb::Void { authorization: self.authorization(world, State::Held) },
            // Also of what has not come yet.
            70..76 => {
                let request = self.next + 3 - self.rng.random_range(0..6.min(self.next + 3));
                Verb::VoidRequest { request }
            }
            _ => Verb::Refund {
                authorization: self.authorization(world, State::Captured),
                portion: self.portion(),
            },
        }
    }

    fn authorize(&mut self, world: &Reference) -> Verb {
        let person = self.rng.random_range(0..PERSONS);
        let all = 0..world.vouchers.len();
        let wallet: Vec<usize> = match self.rng.random_ratio(1, 10) {
            // Names vouchers that are somebody else's.
            true => all.collect(),
            false => all.filter(|at| world.vouchers[*at].person == person).collect(),
        };
        let wanted = match self.rng.random_range(0..10) {
            0..7 => Wanted::Best,
            count => {
                let named =
                    wallet.choose_multiple(&mut self.rng, count - 6).copied().collect::<Vec<_>>();
                if named.is_empty() { Wanted::Best } else { Wanted::Named(named) }
            }
        };
        Verb::Authorize {
            person,
            order: self.rng.random_range(0..ORDERS),
            lines: self.lines(),
            wanted,
            hold: self.rng.random_range(1..1_800) * SECOND,
        }
    }

    fn lines(&mut self) -> Vec<Line> {
        let count = self.rng.random_range(1..4);
        let line = |rng: &mut StdRng| {
            let category = rng.random_range(0..CATEGORIES.len());
            (category, *PRICES.choose(rng).expect("there are prices"))
        };
        (0..count).map(|_| line(&mut self.rng)).collect()
    }

    /// One in that stage, mostly; else any, or one that is unknown.
    fn authorization(&mut self, world: &Reference, stage: State) -> usize {
        let all = world.authorizations.len();
        let fitting = |at: &usize| world.authorizations[*at].state == stage;
        let fitting: Vec<usize> = (0..all).filter(fitting).collect();
        match self.rng.random_range(0..20) {
            1..4 if all > 0 => self.rng.random_range(0..all),
            4..20 => fitting.choose(&mut self.rng).copied().unwrap_or(UNKNOWN),
            _ => UNKNOWN,
        }
    }

    fn portion(&mut self) -> Portion {
        match self.rng.random_range(0..10) {
            0..5 => Portion::Whole,
            5..8 => Portion::Amount(self.rng.random_range(1..700)),
            _ => {
                let count = self.rng.random_range(1..3);
                let line = |rng: &mut StdRng| (rng.random_range(0..4), rng.random_range(1..400));
                Portion::Lines((0..count).map(|_| line(&mut self.rng)).collect())
            }
        }
    }

    fn give(&mut self, world: &Reference) -> Step {
        let person = self.rng.random_range(0..PERSONS);
        let campaign = self.rng.random_range(0..CAMPAIGNS.len());
        let usable = world.vouchers.iter().filter(|voucher| {
            voucher.person == person && voucher.uses_left > 0 && voucher.until > world.now
        });
        match usable.count() < WALLET_MAX {
            true => Step::Give { person, campaign },
            false => Step::Pass(self.pause(world)),
        }
    }

    fn pause(&mut self, world: &Reference) -> i64 {
        match self.rng.random_range(0..20) {
            0..12 => self.rng.random_range(1..120) * SECOND,
            12..16 => self.rng.random_range(1..7_200) * SECOND,
            16..18 => self.until_an_end(world),
            18 => DAY / 2,
            _ => DAY * self.rng.random_range(1..4),
        }
    }

    /// Until the very instant at which a hold runs out.
    fn until_an_end(&mut self, world: &Reference) -> i64 {
        let held = world.authorizations.iter().filter(|one| one.state == State::Held);
        let ahead: Vec<i64> =
            held.map(|one| one.expires - world.now).filter(|left| *left > 0).collect();
        ahead.choose(&mut self.rng).copied().unwrap_or(SECOND)
    }
}
