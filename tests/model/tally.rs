//! What was answered, and how often.

use std::collections::BTreeMap;

use rand::SeedableRng as _;
use rand::rngs::StdRng;

use crate::reference::{Answer, Reference, Sent, State};
use crate::steps::{Step, Steps};

/// What no episode is without; else it would prove nothing.
const COMMON: [&str; 5] = [
    "authorize: Held with 2",
    "capture: Captured with 1",
    "void: Voided with 1",
    "refund: Captured with 1",
    "refund: Refunded with 1",
];

/// What is not in every episode, but in some of all.
const SELDOM: [&str; 10] = [
    "authorize: VOIDED_BEFORE_AUTHORIZE",
    "authorize: VOUCHER_UNKNOWN",
    "authorize: REQUEST_ID_REUSED",
    "authorize again: Held with 2",
    "capture: HOLD_EXPIRED",
    "capture: AUTHORIZATION_UNKNOWN",
    "capture again: Captured with 1",
    "capture in part: Captured with 2",
    "refund: Captured with 2",
    "refund again: Captured with 1",
];

/// How often each answer was given.
#[derive(Debug, Default)]
pub struct Tally(BTreeMap<String, u32>);

impl Tally {
    /// Has the reference answer, and notes what it says.
    pub fn answer(&mut self, reference: &mut Reference, sent: &Sent) -> Answer {
        let is_replay = reference.is_replay(sent);
        let answer = reference.answer(sent);
        let how = match &answer {
            _ if is_replay => " again",
            Answer::Done(Some(view)) if view.state == State::Captured => {
                let one = &reference.authorizations[view.authorization];
                let is_first = one.returned.len() == 1;
                let is_part = one.captured.iter().sum::<i64>() < one.lines.iter().sum();
                if is_first && is_part { " in part" } else { "" }
            }
            Answer::Done(_) | Answer::Refused(_) => "",
        };
        let told = format!("{}{how}: {}", sent.verb.name(), answer.name());
        *self.0.entry(told).or_default() += 1;
        answer
    }

    /// Whether that was answered.
    pub fn has(&self, told: &str) -> bool {
        self.0.contains_key(told)
    }

    /// Refuses an episode without the common answers.
    pub fn require_common(&self) {
        self.require(&COMMON);
    }

    fn require(&self, told: &[&str]) {
        for told in told {
            assert!(self.has(told), "no {told:?} among {:#?}", self.0);
        }
    }
}

/// Plays episodes in the reference alone, which is what every backend must answer: all that makes
/// the model worth playing is answered in some of them.
pub fn require_all(seeds: impl Iterator<Item = u64>, operations: u64) {
    let mut tally = Tally::default();
    for seed in seeds {
        let mut reference = Reference::at(crate::till::beginning().as_micros());
        let mut steps = Steps::new(StdRng::seed_from_u64(seed));
        let mut done = 0;
        while done < operations {
            let step = steps.next(&reference);
            done += step.operations();
            play(&mut reference, &mut tally, &step);
        }
    }
    tally.require(&COMMON);
    tally.require(&SELDOM);
}

fn play(reference: &mut Reference, tally: &mut Tally, step: &Step) {
    match step {
        Step::Verbs(verbs) => {
            for sent in verbs {
                tally.answer(reference, sent);
            }
        }
        Step::Give { person, campaign } => {
            reference.give(*person, *campaign);
        }
        Step::Pass(micros) => reference.now += micros,
        Step::Sweep => reference.expire(),
        Step::CloseDays => {
            reference.close_days();
        }
        Step::Quote { .. } | Step::Restart => {}
    }
}
