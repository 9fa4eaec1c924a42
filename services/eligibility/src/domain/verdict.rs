//! Verdicts: a policy applied to members.

use std::collections::HashMap;

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

/// Judges the members of one batch. Members that are alike are judged once: criteria see nothing
/// but [`Facts`].
pub struct BatchJudge<'p> {
    policy: &'p ReadyPolicy,
    day: BusinessDay,
    judge: Judge,
}

impl<'p> BatchJudge<'p> {
    /// A judge by one policy, counting ages on `day`.
    pub fn new(policy: &'p ReadyPolicy, day: BusinessDay) -> Self {
        Self { policy, day, judge: Judge::new() }
    }

    /// One outcome a member, in their order.
    pub fn outcomes<'e>(&self, entries: impl IntoIterator<Item = &'e Entry>) -> Vec<Outcome> {
        let mut known: HashMap<Facts<'e>, Outcome> = HashMap::new();
        let outcome = |entry: &'e Entry| match entry.state {
            State::Suspended => Outcome::Suspended,
            State::Active => {
                let facts = facts_of(entry, self.day);
                *known.entry(facts).or_insert_with(|| self.first_failure(&facts))
            }
        };
        entries.into_iter().map(outcome).collect()
    }

    /// Whether each criterion holds, in the policy's order.
    pub fn each(&self, entry: &Entry) -> Vec<bool> {
        let facts = facts_of(entry, self.day);
        self.policy.conditions.iter().map(|one| self.judge.holds(one, &facts)).collect()
    }

    fn first_failure(&self, facts: &Facts<'_>) -> Outcome {
        let mut conditions = self.policy.conditions.iter();
        match conditions.position(|condition| !self.judge.holds(condition, facts)) {
            Some(position) => Outcome::Fails(position),
            None => Outcome::Qualifies,
        }
    }
}

fn facts_of(entry: &Entry, day: BusinessDay) -> Facts<'_> {
    Facts {
        trade: entry.trade,
        employment: entry.employment,
        region: entry.region,
        organization: entry.organization.as_str(),
        honours: entry.honours,
        sex: entry.sex,
        age: entry.birth.and_then(|birth| age_on(birth, day)),
    }
}
