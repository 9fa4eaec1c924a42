//! Two stores on one database, as two processes have it: the laws hold for both together.

use std::collections::BTreeSet;

use futures::future::join_all;

use super::Case;
use super::bench::{Bench, Offer, eve, noon};
use crate::domain::{CampaignAction, CampaignVerb, Voucher};
use crate::store::ClaimAnswers;

pub(super) const CASES: &[Case] = &[
    Case {
        law: "replicas",
        name: "two_stores_issue_the_quota_exactly_and_one_a_person",
        run: |bench| Box::pin(quota_is_exact(bench)),
    },
    Case {
        law: "replicas",
        name: "one_request_through_both_stores_gets_one_voucher",
        run: |bench| Box::pin(one_request(bench)),
    },
    Case {
        law: "replicas",
        name: "a_limit_that_spans_two_stocks_holds_while_both_give_out",
        run: |bench| Box::pin(limit_spans_stocks(bench)),
    },
    Case {
        law: "replicas",
        name: "after_a_pause_is_answered_no_store_gives_out_anything",
        run: |bench| Box::pin(pause_waits(bench)),
    },
    Case {
        law: "replicas",
        name: "campaign_verbs_through_both_stores_make_one_feed",
        run: |bench| Box::pin(campaign_verbs(bench)),
    },
    Case {
        law: "A3",
        name: "cancelled_batches_leave_nothing_open_and_nothing_in_part",
        run: |bench| Box::pin(cancelled(bench)),
    },
];

const DAY: &str = "2022-07-22";

/// Forty batches of fifty, twenty through each store: a thousand persons, each through both.
async fn race(bench: &Bench, offer: Offer) -> ClaimAnswers {
    let benches = [bench.clone(), bench.replica()];
    let batch = |n: u32| {
        let bench = benches[(n % 2) as usize].clone();
        async move {
            let persons = n / 2 * 50..n / 2 * 50 + 50;
            let wish = |person| bench.wish(person, &format!("through-{}-{person}", n % 2));
            bench.claim(offer, noon(DAY), persons.map(wish).collect()).await
        }
    };
    join_all((0..40).map(batch)).await.concat()
}

fn vouchers(answers: &ClaimAnswers) -> Vec<Voucher> {
    answers.iter().flatten().map(|issued| issued.voucher.clone()).collect()
}

async fn quota_is_exact(bench: Bench) {
    let offer = Offer { quota: 700, ..Offer::default() };
    bench.activate(offer).await;
    let issued = vouchers(&race(&bench, offer).await);
    assert_eq!(issued.len(), 700);
    let persons: BTreeSet<_> = issued.iter().map(|voucher| voucher.person).collect();
    assert_eq!(persons.len(), 700, "one a person");
    let serials: BTreeSet<_> = issued.iter().map(|voucher| voucher.serial).collect();
    assert_eq!(serials, (1..=700).collect());

    let replica = bench.replica();
    let stock = replica.store.stock(&offer.stock_key(DAY)).await.expect("reads").expect("is there");
    assert_eq!((stock.issued, stock.feed_head, stock.remaining()), (700, 700, 0));
    // Reading the feed fails when it has a gap.
    let fed = replica.fed(&offer.stock_key(DAY)).await;
    let ids = |vouchers: &[Voucher]| -> BTreeSet<_> {
        vouchers.iter().map(|voucher| voucher.voucher_id).collect()
    };
    assert_eq!((fed.len(), ids(&fed)), (700, ids(&issued)));
}

async fn one_request(bench: Bench) {
    let offer = Offer { per_person: 5, ..Offer::default() };
    bench.activate(offer).await;
    let benches = [bench.clone(), bench.replica()];
    let send = |n: usize| {
        let bench = benches[n % 2].clone();
        async move { bench.claim(offer, noon(DAY), vec![bench.wish(4, "same")]).await }
    };
    let answers = join_all((0..10).map(send)).await.concat();
    assert!(answers[0].is_ok());
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(bench.fed(&offer.stock_key(DAY)).await.len(), 1);
}

/// Midnight: one store is still at the old day's stock, the other at the new day's.
async fn limit_spans_stocks(bench: Bench) {
    let offer = Offer { limit_period: "campaign", ..Offer::default() };
    bench.activate(offer).await;
    let days = [(bench.clone(), DAY), (bench.replica(), "2022-07-23")];
    let batches = days.iter().flat_map(|(bench, day)| {
        (0..10).map(move |n: u32| async move {
            // Each batch has its persons in an order of its own.
            let persons = (0..50).map(|at| (at * 7 + n * 13) % 50 + n / 2 * 50);
            let wish = |person| bench.wish(person, &format!("on-{day}-{n}-{person}"));
            bench.claim_until_done(offer, noon(day), persons.map(wish).collect()).await
        })
    });
    let issued = vouchers(&join_all(batches).await.concat());
    let persons: BTreeSet<_> = issued.iter().map(|voucher| voucher.person).collect();
    assert_eq!((issued.len(), persons.len()), (250, 250), "each person got exactly one");
    let mut fed = bench.fed(&offer.stock_key(DAY)).await.len();
    fed += bench.fed(&offer.stock_key("2022-07-23")).await.len();
    assert_eq!(fed, 250);
}

async fn pause_waits(bench: Bench) {
    let offer = Offer { quota: 100_000, ..Offer::default() };
    bench.activate(offer).await;
    bench.claim_for(offer, noon(DAY), 9_000..9_001).await;
    let pause = async {
        let replica = bench.replica();
        replica.change("pause", offer, CampaignVerb::Pause).await.expect("is paused");
        replica.store.stock(&offer.stock_key(DAY)).await.expect("reads").expect("is there").issued
    };
    let (answers, issued) = tokio::join!(race(&bench, offer), pause);
    assert_eq!(issued as usize, vouchers(&answers).len() + 1);
    let resumed = bench.change("resume", offer, CampaignVerb::Resume).await;
    assert!(resumed.is_ok());
    let after = bench.replica().claim_for(offer, noon(DAY), 9_001..9_002).await;
    assert!(after[0].is_ok());
}

async fn campaign_verbs(bench: Bench) {
    let ids = ["a", "b", "c", "d", "e"];
    let benches = [bench.clone(), bench.replica()];
    // Both stores apply and activate every campaign under the same request ids.
    let verbs = benches.iter().flat_map(|bench| {
        ids.map(|id| async move { bench.activate(Offer { id, ..Offer::default() }).await })
    });
    let activated = join_all(verbs).await;
    for campaign in &activated {
        let same = activated.iter().filter(|other| *other == campaign);
        assert_eq!(same.count(), 2, "a request gets one answer, wherever it was sent");
    }
    let feed = bench.store.campaign_feed(0, 100).await.expect("reads");
    let positions: Vec<_> = feed.iter().map(|change| change.entry.position).collect();
    assert_eq!(positions, (1..=10).collect::<Vec<_>>(), "each verb took effect once");
    let action =
        CampaignAction::Move { campaign_id: "a".parse().expect("a slug"), verb: CampaignVerb::End };
    let ended = bench.replica().command_campaign("ops", ("end", action), eve()).await;
    assert!(ended.is_ok());
}

async fn cancelled(bench: Bench) {
    let offer = Offer { quota: 1_000, ..Offer::default() };
    bench.activate(offer).await;
    let benches = [bench.clone(), bench.replica()];
    for n in 0..40 {
        let batch = benches[(n % 2) as usize].claim_for(offer, noon(DAY), n * 20..n * 20 + 20);
        tokio::select! { biased; _ = batch => {}, () = tokio::task::yield_now() => {} }
    }
    // Whatever was begun is committed whole or not at all, and nothing holds the stock.
    let last = join_all(benches.iter().map(|bench| bench.claim_for(offer, noon(DAY), 800..801)));
    assert!(last.await.iter().all(|answers| answers.len() == 1));
    let stock = bench.store.stock(&offer.stock_key(DAY)).await.expect("reads").expect("is there");
    assert_eq!(stock.issued % 20, 1, "a batch is whole");
    assert!(bench.fed(&offer.stock_key(DAY)).await.len() >= stock.issued as usize);
}
