//! The voucher feed: every position once, in commit order.

use std::collections::BTreeSet;

use super::Case;
use super::bench::{Bench, Offer, noon};
use crate::domain::{CampaignState, CampaignVerb};

pub(super) const CASES: &[Case] = &[
    Case {
        law: "feed",
        name: "concurrent_batches_make_one_feed_without_gaps",
        run: |bench| Box::pin(gapless(bench)),
    },
    Case {
        law: "feed",
        name: "pages_of_the_feed_join_without_gap_or_repetition",
        run: |bench| Box::pin(pages(bench)),
    },
    Case {
        law: "feed",
        name: "heads_list_every_stock_that_gave_something_out",
        run: |bench| Box::pin(heads(bench)),
    },
    Case {
        law: "feed",
        name: "the_latest_change_of_each_campaign_is_found",
        run: |bench| Box::pin(latest(bench)),
    },
    Case { law: "feed", name: "the_epoch_of_a_store_stays", run: |bench| Box::pin(epoch(bench)) },
];

const DAY: &str = "2022-07-22";

async fn gapless(bench: Bench) {
    let offer = Offer { quota: 120, ..Offer::default() };
    bench.activate(offer).await;
    let batch = |n: u32| {
        let bench = bench.clone();
        async move { bench.claim_for(offer, noon(DAY), n * 30..n * 30 + 30).await }
    };
    let answers = futures::future::join_all((0..5).map(batch)).await.concat();
    let issued: BTreeSet<_> = answers.iter().flatten().map(|i| i.voucher.voucher_id).collect();
    let fed = bench.fed(&offer.stock_key(DAY)).await;
    assert_eq!(fed.len(), 120);
    assert_eq!(fed.iter().map(|voucher| voucher.voucher_id).collect::<BTreeSet<_>>(), issued);
    // As long as nothing but issues is in it, the feed goes by serial.
    let serials: Vec<_> = fed.iter().map(|voucher| voucher.serial).collect();
    assert_eq!(serials, (1..=120).collect::<Vec<_>>());
}

async fn pages(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    bench.claim_for(offer, noon(DAY), 0..25).await;
    let (key, mut after, mut serials) = (offer.stock_key(DAY), 0, Vec::new());
    loop {
        let page = bench.store.voucher_feed(&key, after, 10).await.expect("reads");
        assert_eq!(page.first_position, after + 1);
        if page.vouchers.is_empty() {
            break;
        }
        after += i64::try_from(page.vouchers.len()).expect("small");
        serials.extend(page.vouchers.iter().map(|voucher| voucher.serial));
    }
    assert_eq!(serials, (1..=25).collect::<Vec<_>>());
}

async fn heads(bench: Bench) {
    let (daily, whole) =
        (Offer::default(), Offer { id: "breakfast", stock_period: "campaign", ..Offer::default() });
    bench.activate(daily).await;
    bench.activate(whole).await;
    assert!(bench.store.feed_heads().await.expect("reads").stocks.is_empty());
    bench.claim_for(daily, noon(DAY), 0..3).await;
    bench.claim_for(daily, noon("2022-07-23"), 0..2).await;
    bench.claim_for(whole, noon(DAY), 0..4).await;
    let heads = bench.store.feed_heads().await.expect("reads");
    assert_eq!(heads.campaign_position, 4);
    let expected =
        [(whole.stock_key(DAY), 4), (daily.stock_key(DAY), 3), (daily.stock_key("2022-07-23"), 2)];
    assert_eq!(heads.stocks, expected);
}

async fn latest(bench: Bench) {
    let (one, two) = (Offer::default(), Offer { id: "breakfast", ..Offer::default() });
    bench.activate(one).await;
    bench.activate(two).await;
    bench.change("pause", one, CampaignVerb::Pause).await.expect("is paused");
    let ids = [one.campaign_id(), two.campaign_id()];
    let found = bench.store.latest_changes(&ids).await.expect("reads");
    let found: Vec<_> = found
        .iter()
        .map(|at| (at.campaign.campaign_id.clone(), at.entry.position, at.entry.state))
        .collect();
    let expected = [
        (two.campaign_id(), 4, CampaignState::Active),
        (one.campaign_id(), 5, CampaignState::Paused),
    ];
    assert_eq!(found, expected);
    assert!(bench.store.latest_changes(&[]).await.expect("reads").is_empty());
}

async fn epoch(bench: Bench) {
    let epoch = bench.store.epoch().await.expect("reads");
    bench.activate(Offer::default()).await;
    assert_eq!(bench.store.epoch().await.expect("reads"), epoch);
    assert_ne!(epoch.0, [0; 16]);
}
