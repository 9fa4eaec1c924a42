//! Bugs that random episodes have found, cut down to what shows them.

use crate::reference::{Portion, UNKNOWN, Verb, Wanted};
use crate::steps::Step;

/// A sentence, and the steps.
type Case = (&'static str, fn() -> Vec<Step>);

/// Every case.
pub const CASES: &[Case] = &[(
    "a_void_that_comes_before_its_authorize_refuses_it_for_ever",
    a_void_that_comes_before_its_authorize_refuses_it_for_ever,
)];

fn a_void_that_comes_before_its_authorize_refuses_it_for_ever() -> Vec<Step> {
    let authorize = || Verb::Authorize {
        person: 0,
        order: 0,
        lines: vec![(0, 300)],
        wanted: Wanted::Best,
        hold: 60_000_000,
    };
    vec![
        Step::Give { person: 0, campaign: 0 },
        Step::Verbs(vec![(1, Verb::VoidRequest { request: 7 })]),
        Step::Verbs(vec![(7, authorize())]),
        Step::Restart,
        Step::Verbs(vec![(7, authorize()), (8, authorize())]),
        Step::Verbs(vec![(9, Verb::Capture { authorization: UNKNOWN, portion: Portion::Whole })]),
    ]
}
