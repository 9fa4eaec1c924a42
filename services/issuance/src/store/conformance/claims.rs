//! Laws I1 to I4 and A1: who gets a voucher, and how many there are.

use std::collections::{BTreeSet, HashSet};

use benefit::Fen;

use super::Case;
use super::bench::{Bench, Offer, member, noon, other_member, person};
use crate::domain::{ClaimRefusal, MemberVerdict};
use crate::store::VoucherQuery;

pub(super) const CASES: &[Case] = &[
    Case {
        law: "I1",
        name: "concurrent_batches_issue_the_quota_exactly_with_gapless_serials",
        run: |bench| Box::pin(quota_is_exact(bench)),
    },
    Case {
        law: "I1",
        name: "each_day_has_a_stock_of_its_own",
        run: |bench| Box::pin(each_day_has_its_stock(bench)),
    },
    Case {
        law: "I1",
        name: "a_stock_for_the_campaign_runs_over_its_days",
        run: |bench| Box::pin(campaign_stock(bench)),
    },
    Case {
        law: "I2",
        name: "a_person_gets_one_a_day_whatever_the_membership",
        run: |bench| Box::pin(one_a_day(bench)),
    },
    Case {
        law: "I2",
        name: "a_limit_of_three_is_counted_within_and_across_batches",
        run: |bench| Box::pin(three_a_campaign(bench)),
    },
    Case {
        law: "I3",
        name: "every_answered_voucher_is_stored_as_answered",
        run: |bench| Box::pin(stored_as_answered(bench)),
    },
    Case {
        law: "I4",
        name: "sold_out_is_said_only_when_nothing_is_left",
        run: |bench| Box::pin(sold_out(bench)),
    },
    Case {
        law: "A1",
        name: "the_same_request_gets_the_same_voucher_for_ever",
        run: |bench| Box::pin(replay(bench)),
    },
    Case {
        law: "A1",
        name: "ten_equal_requests_in_one_batch_get_one_voucher",
        run: |bench| Box::pin(ten_at_once(bench)),
    },
    Case {
        law: "A1",
        name: "a_request_id_with_another_membership_is_refused",
        run: |bench| Box::pin(reused_request_id(bench)),
    },
    Case {
        law: "A1",
        name: "a_refused_claim_is_judged_anew",
        run: |bench| Box::pin(refusal_is_not_remembered(bench)),
    },
];

const DAY: &str = "2022-07-22";

async fn quota_is_exact(bench: Bench) {
    let offer = Offer { quota: 250, ..Offer::default() };
    bench.activate(offer).await;
    let batch = |n: u32| {
        let bench = bench.clone();
        async move { bench.claim_for(offer, noon(DAY), n * 100..n * 100 + 100).await }
    };
    let answers = futures::future::join_all((0..5).map(batch)).await.concat();

    let issued: Vec<_> = answers.iter().filter_map(|answer| answer.as_ref().ok()).collect();
    assert_eq!(issued.len(), 250);
    let serials: BTreeSet<_> = issued.iter().map(|issued| issued.voucher.serial).collect();
    assert_eq!(serials, (1..=250).collect());
    let ids: HashSet<_> = issued.iter().map(|issued| issued.voucher.voucher_id).collect();
    assert_eq!(ids.len(), 250);
    let sold_out = |answer: &&_| matches!(answer, Err(ClaimRefusal::SoldOut { .. }));
    assert_eq!(answers.iter().filter(sold_out).count(), 250);
    let stock = bench.store.stock(&offer.stock_key(DAY)).await.expect("reads").expect("is there");
    assert_eq!((stock.issued, stock.returned, stock.remaining()), (250, 0, 0));
    assert_eq!(stock.feed_head, 250);
}

async fn each_day_has_its_stock(bench: Bench) {
    let offer = Offer { quota: 2, ..Offer::default() };
    bench.activate(offer).await;
    for day in [DAY, "2022-07-23"] {
        let answers = bench.claim_for(offer, noon(day), 0..3).await;
        let serials: Vec<_> =
            answers.iter().flatten().map(|issued| issued.voucher.serial).collect();
        assert_eq!(serials, [1, 2], "{day}");
        assert!(matches!(answers[2], Err(ClaimRefusal::SoldOut { quota: 2, .. })));
    }
}

async fn campaign_stock(bench: Bench) {
    let offer = Offer { stock_period: "campaign", quota: 3, ..Offer::default() };
    bench.activate(offer).await;
    bench.claim_for(offer, noon(DAY), 0..2).await;
    let answers = bench.claim_for(offer, noon("2022-07-23"), 2..4).await;
    assert_eq!(answers[0].as_ref().map(|issued| issued.voucher.serial), Ok(3));
    let refused =
        ClaimRefusal::SoldOut { campaign_id: offer.campaign_id(), quota: 3, resets_at: None };
    assert_eq!(answers[1].as_ref().err(), Some(&refused));
}

async fn one_a_day(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    let mut elsewhere = bench.wish(7, "second");
    elsewhere.member_id = other_member(7);
    let answers = bench.claim(offer, noon(DAY), vec![bench.wish(7, "first"), elsewhere]).await;
    assert!(answers[0].is_ok());
    assert!(matches!(answers[1], Err(ClaimRefusal::PersonLimitReached { limit: 1, .. })));
    let again = bench.claim(offer, noon(DAY), vec![bench.wish(7, "third")]).await;
    assert!(matches!(again[0], Err(ClaimRefusal::PersonLimitReached { .. })));
    let next_day = bench.claim(offer, noon("2022-07-23"), vec![bench.wish(7, "fourth")]).await;
    assert!(next_day[0].is_ok());
}

async fn three_a_campaign(bench: Bench) {
    let offer = Offer { limit_period: "campaign", per_person: 3, ..Offer::default() };
    bench.activate(offer).await;
    let two = vec![bench.wish(1, "a"), bench.wish(1, "b")];
    assert!(bench.claim(offer, noon(DAY), two).await.iter().all(Result::is_ok));
    let two = vec![bench.wish(1, "c"), bench.wish(1, "d")];
    let answers = bench.claim(offer, noon("2022-07-24"), two).await;
    assert!(answers[0].is_ok());
    let refused = ClaimRefusal::PersonLimitReached {
        campaign_id: offer.campaign_id(),
        limit: 3,
        resets_at: None,
    };
    assert_eq!(answers[1].as_ref().err(), Some(&refused));
}

async fn stored_as_answered(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    let answers = bench.claim_for(offer, noon(DAY), 0..20).await;
    for (number, answer) in (0..).zip(answers) {
        let issued = answer.expect("there is enough");
        let voucher = &issued.voucher;
        assert_eq!((voucher.person, voucher.member_id), (person(number), member(number)));
        assert_eq!(voucher.voucher_id.shard(), person(number).shard());
        assert_eq!(voucher.stock, offer.stock_key(DAY));
        assert_eq!(voucher.liability, Fen(299));
        assert_eq!((voucher.valid_from, voucher.issued_at), (noon(DAY), noon(DAY)));
        assert_eq!(voucher.valid_until, super::bench::at_minute("2022-07-23", 0));
        let stored = bench.store.voucher(voucher.voucher_id).await.expect("reads");
        assert_eq!(stored.as_ref(), Some(&issued));
        let query =
            VoucherQuery { person: person(number), before: None, unexpired_at: None, limit: 10 };
        assert_eq!(bench.store.vouchers(query).await.expect("reads"), [issued]);
    }
}

async fn sold_out(bench: Bench) {
    let offer = Offer { quota: 3, ..Offer::default() };
    bench.activate(offer).await;
    // Those who are refused take nothing away from those behind them.
    let mut commands = vec![super::bench::failing(bench.wish(90, "fails")), bench.wish(0, "a")];
    commands.extend([bench.wish(0, "b"), bench.wish(1, "c"), bench.wish(2, "d")]);
    let answers = bench.claim(offer, noon(DAY), commands).await;
    let got: Vec<_> = answers.iter().map(Result::is_ok).collect();
    assert_eq!(got, [false, true, false, true, true]);
    let late = bench.claim(offer, noon(DAY), vec![bench.wish(3, "e")]).await;
    let resets_at = Some(super::bench::at_minute("2022-07-23", 600));
    let refused = ClaimRefusal::SoldOut { campaign_id: offer.campaign_id(), quota: 3, resets_at };
    assert_eq!(late[0].as_ref().err(), Some(&refused));
}

async fn replay(bench: Bench) {
    let offer = Offer { quota: 1, ..Offer::default() };
    bench.activate(offer).await;
    let first = bench.claim(offer, noon(DAY), vec![bench.wish(1, "once")]).await;
    assert!(first[0].is_ok());
    // The person's limit is reached, the stock is empty, the day and the campaign are over, the
    // member fails the policy: all of that comes after the replay.
    for at in [noon(DAY), noon("2022-07-23"), noon("2023-01-01")] {
        let again = super::bench::failing(bench.wish(1, "once"));
        assert_eq!(bench.claim(offer, at, vec![again]).await, first);
    }
    let other_caller = {
        let mut command = bench.wish(1, "once");
        command.caller = super::bench::caller("another-app", "gd");
        command
    };
    let answers = bench.claim(offer, noon(DAY), vec![other_caller]).await;
    assert!(matches!(answers[0], Err(ClaimRefusal::PersonLimitReached { .. })));
}

async fn ten_at_once(bench: Bench) {
    let offer = Offer { per_person: 5, ..Offer::default() };
    bench.activate(offer).await;
    let commands = (0..10).map(|_| bench.wish(4, "same")).collect();
    let answers = bench.claim(offer, noon(DAY), commands).await;
    assert!(answers[0].is_ok());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(bench.fed(&offer.stock_key(DAY)).await.len(), 1);
}

async fn reused_request_id(bench: Bench) {
    let offer = Offer { per_person: 5, ..Offer::default() };
    bench.activate(offer).await;
    bench.claim(offer, noon(DAY), vec![bench.wish(4, "id")]).await;
    let mut other = bench.wish(4, "id");
    other.member_id = other_member(4);
    let answers = bench.claim(offer, noon(DAY), vec![other]).await;
    assert_eq!(answers[0].as_ref().err(), Some(&ClaimRefusal::RequestIdReused));
}

async fn refusal_is_not_remembered(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    let mut unknown = bench.wish(1, "id");
    unknown.verdict = MemberVerdict::Unknown;
    let answers = bench.claim(offer, noon(DAY), vec![unknown]).await;
    assert_eq!(answers[0].as_ref().err(), Some(&ClaimRefusal::MemberUnknown));
    let failing = super::bench::failing(bench.wish(1, "id"));
    let answers = bench.claim(offer, noon(DAY), vec![failing]).await;
    assert!(matches!(answers[0], Err(ClaimRefusal::NotEligible { .. })));
    let answers = bench.claim(offer, noon(DAY), vec![bench.wish(1, "id")]).await;
    assert!(answers[0].is_ok());
}
