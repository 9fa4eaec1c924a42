//! The order of answers of Claim: a call that breaks several rules is told the first.

use clock::{BusinessDay, Timestamp, Zone};

use super::Case;
use super::bench::{Bench, Offer, at_minute, caller, failing, noon};
use crate::domain::{
    CampaignState, CampaignVerb, ClaimCommand, ClaimRefusal, JudgedBy, MemberVerdict,
};
use crate::store::ClaimBatch;

pub(super) const CASES: &[Case] = &[
    Case {
        law: "order",
        name: "each_rule_answers_before_all_rules_behind_it",
        run: |bench| Box::pin(each_rule_in_turn(bench)),
    },
    Case {
        law: "order",
        name: "dates_and_hours_are_judged_by_the_campaigns_zone",
        run: |bench| Box::pin(dates_and_hours(bench)),
    },
    Case {
        law: "E1",
        name: "verdicts_for_another_day_or_policy_issue_nothing",
        run: |bench| Box::pin(foreign_verdicts(bench)),
    },
];

const DAY: &str = "2022-07-22";

/// Breaks every rule at once, then stops breaking them one by one, from the first.
async fn each_rule_in_turn(bench: Bench) {
    let offer = Offer { quota: 1, ..Offer::default() };
    bench.activate(offer).await;
    bench.claim(offer, noon(DAY), vec![bench.wish(1, "earlier")]).await;
    bench.change("pause", offer, CampaignVerb::Pause).await.expect("is paused");

    let outside = || {
        let mut command = failing(bench.wish(1, "broken"));
        command.caller = caller("app", "gd/dongguan");
        command
    };
    let refused = first_refusal(&bench, offer, noon(DAY), outside()).await;
    assert_eq!(refused, ClaimRefusal::OutsideSubtree);

    let mut reused = failing(bench.wish(1, "earlier"));
    reused.member_id = super::bench::other_member(1);
    let refused = first_refusal(&bench, offer, noon(DAY), reused).await;
    assert_eq!(refused, ClaimRefusal::RequestIdReused);

    let unknown = || ClaimCommand { verdict: MemberVerdict::Unknown, ..bench.wish(2, "unknown") };
    let refused = first_refusal(&bench, offer, noon(DAY), unknown()).await;
    assert_eq!(refused, ClaimRefusal::CampaignNotActive { state: CampaignState::Paused });
    bench.change("resume", offer, CampaignVerb::Resume).await.expect("is resumed");
    let refused = first_refusal(&bench, offer, noon(DAY), unknown()).await;
    assert_eq!(refused, ClaimRefusal::MemberUnknown);

    let refused = first_refusal(&bench, offer, noon(DAY), failing(bench.wish(1, "again"))).await;
    assert!(matches!(refused, ClaimRefusal::PersonLimitReached { .. }));
    let refused = first_refusal(&bench, offer, noon(DAY), failing(bench.wish(2, "late"))).await;
    assert!(matches!(refused, ClaimRefusal::SoldOut { .. }));
    let tomorrow = noon("2022-07-23");
    let refused = first_refusal(&bench, offer, tomorrow, failing(bench.wish(2, "fails"))).await;
    let ClaimRefusal::NotEligible { policy_id, failed } = refused else {
        panic!("{refused:?}");
    };
    assert_eq!(
        (policy_id.as_str(), failed.criterion_id.as_str()),
        ("outdoor-trades", "six-trades")
    );
}

async fn dates_and_hours(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    let at = |at: Timestamp| first_answer(&bench, offer, at);
    let day = |text| BusinessDay::parse(text).expect("a day");
    let outside =
        ClaimRefusal::OutsideDates { starts_on: day("2022-07-22"), ends_on: day("2022-07-24") };
    assert_eq!(at(at_minute("2022-07-21", 23 * 60)).await, Err(outside.clone()));
    let opens_at = at_minute(DAY, 600);
    let closed = ClaimRefusal::OutsideHours { opens_at };
    assert_eq!(at(at_minute(DAY, 599)).await, Err(closed));
    assert_eq!(at(at_minute(DAY, 600)).await, Ok(()));
    assert_eq!(at(at_minute("2022-07-24", 24 * 60 - 1)).await, Ok(()));
    assert_eq!(at(at_minute("2022-07-25", 600)).await, Err(outside));
}

async fn foreign_verdicts(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    let day = |text| BusinessDay::parse(text).expect("a day");
    for (policy_id, day) in [("outdoor-trades", day("2022-07-21")), ("another", day(DAY))] {
        let batch = ClaimBatch {
            campaign_id: offer.campaign_id(),
            judged_by: JudgedBy { policy_id: policy_id.to_owned(), day },
            at: noon(DAY),
            commands: vec![bench.wish(1, "id")].into(),
        };
        let answers = bench.store.claim_batch(batch).await.expect("the store answers");
        assert_eq!(answers[0].as_ref().err(), Some(&ClaimRefusal::VerdictsOutdated));
    }
    assert!(bench.fed(&offer.stock_key(DAY)).await.is_empty());
}

async fn first_refusal(
    bench: &Bench,
    offer: Offer,
    at: Timestamp,
    command: ClaimCommand,
) -> ClaimRefusal {
    let mut answers = bench.claim(offer, at, vec![command]).await;
    answers.remove(0).expect_err("a rule is broken")
}

/// What a new person is told at an instant.
async fn first_answer(bench: &Bench, offer: Offer, at: Timestamp) -> Result<(), ClaimRefusal> {
    let day = BusinessDay::of(at, &Zone::shanghai());
    let number = u32::from(BusinessDay::minute_of(at, &Zone::shanghai())) + 10_000;
    let command = bench.wish(number, &format!("at-{day}-{number}"));
    bench.claim(offer, at, vec![command]).await.remove(0).map(|_| ())
}
