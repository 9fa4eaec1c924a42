//! Verdicts: a policy applied to members.

use clock::BusinessDay;

use super::criterion::Judge;
use super::member::{Facts, State, age_on};
use super::policy::ReadyPolicy;
use super::registry::Entry;

/// What was found about a known member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every criterion holds.
    Qualifies,
    /// The member is suspended; criteria were not looked at.
    Suspended,
    /// The criterion at this position is the first that does not hold.
    Fails(usize),
}

/// Judges the members of one batch.
pub struct BatchJudge<'p> {
    day: BusinessDay,
    judge: Judge<'p>,
}

impl<'p> BatchJudge<'p> {
    /// A judge by one policy, counting ages on `day`.
    pub fn new(policy: &'p ReadyPolicy, day: BusinessDay) -> Self {
        Self { day, judge: Judge::new(&policy.conditions) }
    }

    /// What is found about a member.
    pub fn outcome(&self, entry: &Entry) -> Outcome {
        if entry.state == State::Suspended {
            return Outcome::Suspended;
        }
        let facts = facts_of(entry, self.day);
        match self.judge.each(&facts).position(|holds| !holds) {
            Some(position) => Outcome::Fails(position),
            None => Outcome::Qualifies,
        }
    }

    /// Whether each criterion holds, in the policy's order.
    pub fn each(&self, entry: &Entry) -> Vec<bool> {
        self.judge.each(&facts_of(entry, self.day)).collect()
    }
}

fn facts_of(entry: &Entry, day: BusinessDay) -> Facts<'_> {
    Facts {
        trade: entry.trade,
        employment: entry.employment,
        region: entry.region,
        organization: &entry.organization,
        honours: entry.honours,
        sex: entry.sex,
        age: entry.birth.and_then(|birth| age_on(birth, day)),
    }
}
