//! What random episodes have found or seldom come to, cut down to what shows it.

use crate::reference::{Portion, Sent, UNKNOWN, Verb, Wanted};
use crate::steps::Step;

/// A course of steps.
pub struct Case {
    /// What it shows, as a sentence.
    pub name: &'static str,
    /// How it goes.
    pub steps: fn() -> Vec<Step>,
    /// The answer that must be among those given.
    pub told: &'static str,
}

/// Every case.
pub const CASES: [Case; 2] = [
    Case {
        name: "a_void_that_comes_before_its_authorize_refuses_it_for_ever",
        steps: a_void_that_comes_before_its_authorize_refuses_it_for_ever,
        told: "authorize: VOIDED_BEFORE_AUTHORIZE",
    },
    Case {
        name: "an_order_is_refunded_fifty_times_and_no_more",
        steps: an_order_is_refunded_fifty_times_and_no_more,
        told: "refund: TOO_MANY_REFUNDS",
    },
];

fn a_void_that_comes_before_its_authorize_refuses_it_for_ever() -> Vec<Step> {
    vec![
        Step::Give { person: 0, campaign: 0 },
        Step::Verbs(vec![sent(1, Verb::VoidRequest { request: 7 })]),
        Step::Verbs(vec![sent(7, authorize())]),
        Step::Restart,
        Step::Verbs(vec![sent(7, authorize()), sent(8, authorize())]),
        Step::Verbs(vec![sent(
            9,
            Verb::Capture { authorization: UNKNOWN, portion: Portion::Whole },
        )]),
    ]
}

fn an_order_is_refunded_fifty_times_and_no_more() -> Vec<Step> {
    let capture = Verb::Capture { authorization: 0, portion: Portion::Whole };
    let fen =
        |request| sent(request, Verb::Refund { authorization: 0, portion: Portion::Amount(1) });
    vec![
        Step::Give { person: 0, campaign: 0 },
        Step::Verbs(vec![sent(1, authorize())]),
        Step::Verbs(vec![sent(2, capture)]),
        Step::Verbs((3..43).map(fen).collect()),
        Step::Restart,
        Step::Verbs((43..54).map(fen).collect()),
        Step::Verbs(vec![fen(53), fen(3), fen(54)]),
    ]
}

fn authorize() -> Verb {
    Verb::Authorize {
        person: 0,
        order: 0,
        lines: vec![(0, 300)],
        wanted: Wanted::Best,
        hold: 60_000_000,
    }
}

fn sent(request: usize, verb: Verb) -> Sent {
    Sent { platform: 0, request, verb }
}
