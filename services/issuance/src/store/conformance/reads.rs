//! Pages and what is seen from where.

use member_identity::OrganizationPath;

use super::Case;
use super::bench::{Bench, Offer, eve, noon, person};
use crate::store::{CampaignQuery, StandingQuery, VoucherQuery};

pub(super) const CASES: &[Case] = &[
    Case {
        law: "paging",
        name: "campaigns_are_listed_by_id_from_where_they_are_seen",
        run: |bench| Box::pin(campaigns(bench)),
    },
    Case {
        law: "paging",
        name: "vouchers_are_listed_newest_first_page_by_page",
        run: |bench| Box::pin(vouchers(bench)),
    },
    Case {
        law: "paging",
        name: "expired_vouchers_are_left_out_when_asked_to",
        run: |bench| Box::pin(unexpired(bench)),
    },
    Case {
        law: "reads",
        name: "a_standing_counts_one_period_and_has_the_requests_of_all",
        run: |bench| Box::pin(standings(bench)),
    },
    Case { law: "reads", name: "what_is_not_there_is_none", run: |bench| Box::pin(nothing(bench)) },
];

async fn campaigns(bench: Bench) {
    let offers = [
        Offer { id: "b", organization: "gd/guangzhou", ..Offer::default() },
        Offer { id: "a", organization: "gd", ..Offer::default() },
        Offer { id: "c", organization: "gd/dongguan", ..Offer::default() },
        Offer { id: "d", organization: "gd/guangzhou/yuexiu", ..Offer::default() },
        Offer { id: "e", organization: "gd/guangzhou-port", ..Offer::default() },
    ];
    for offer in offers {
        bench.apply("apply", offer, eve()).await.expect("is applied");
    }
    let seen = async |organization: Option<&str>, after: Option<&str>, limit| {
        let path = |text| OrganizationPath::parse(text).expect("a path");
        let after = after.map(|id| id.parse().expect("a slug"));
        let query = CampaignQuery { seen_from: organization.map(path), after, limit };
        let found = bench.store.campaigns(query).await.expect("reads");
        found.iter().map(|campaign| campaign.campaign_id.to_string()).collect::<Vec<_>>().concat()
    };
    assert_eq!(seen(None, None, 10).await, "abcde");
    assert_eq!(seen(None, Some("b"), 2).await, "cd");
    assert_eq!(seen(Some("gd"), None, 10).await, "abcde");
    assert_eq!(seen(Some("gd/guangzhou"), None, 10).await, "abd");
    assert_eq!(seen(Some("gd/dongguan"), None, 10).await, "ac");
    assert_eq!(seen(Some("hn"), None, 10).await, "");
}

async fn vouchers(bench: Bench) {
    let offer = Offer { per_person: 5, ..Offer::default() };
    bench.activate(offer).await;
    let days = ["2022-07-22", "2022-07-23", "2022-07-24"];
    for day in days {
        bench.claim_for(offer, noon(day), 0..2).await;
    }
    let page =
        |before, limit| VoucherQuery { person: person(1), before, unexpired_at: None, limit };
    let first = bench.store.vouchers(page(None, 2)).await.expect("reads");
    let issued: Vec<_> = first.iter().map(|issued| issued.voucher.issued_at).collect();
    assert_eq!(issued, [noon(days[2]), noon(days[1])]);
    let before = Some(first[1].voucher.voucher_id);
    let second = bench.store.vouchers(page(before, 2)).await.expect("reads");
    let issued: Vec<_> = second.iter().map(|issued| issued.voucher.issued_at).collect();
    assert_eq!(issued, [noon(days[0])]);
}

async fn unexpired(bench: Bench) {
    let offer = Offer::default();
    bench.activate(offer).await;
    bench.claim_for(offer, noon("2022-07-22"), 0..1).await;
    bench.claim_for(offer, noon("2022-07-23"), 0..1).await;
    let at = |at| VoucherQuery { person: person(0), before: None, unexpired_at: at, limit: 10 };
    let found = bench.store.vouchers(at(Some(noon("2022-07-23")))).await.expect("reads");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].voucher.issued_at, noon("2022-07-23"));
    let found = bench.store.vouchers(at(Some(noon("2022-07-25")))).await.expect("reads");
    assert!(found.is_empty());
}

async fn standings(bench: Bench) {
    let (offer, other) = (Offer::default(), Offer { id: "breakfast", ..Offer::default() });
    bench.activate(offer).await;
    bench.activate(other).await;
    let (today, tomorrow) = (noon("2022-07-22"), noon("2022-07-23"));
    bench.claim(offer, today, vec![bench.wish(1, "a"), bench.wish(2, "b")]).await;
    bench.claim(offer, tomorrow, vec![bench.wish(1, "c")]).await;
    bench.claim(other, today, vec![bench.wish(3, "d")]).await;
    let campaign = bench.store.campaign(&offer.campaign_id()).await.expect("reads").expect("is");
    let query = StandingQuery {
        campaign_id: offer.campaign_id(),
        limit_id: campaign.limit_id(),
        limit_period: campaign.limit_period(tomorrow),
        persons: [1, 2, 3, 4].map(person).to_vec(),
    };
    let mut found = bench.store.standings(query).await.expect("reads");
    let mut standing = |number| {
        let standing = found.remove(&person(number))?;
        let mut requests: Vec<_> = standing.requests.into_iter().collect();
        requests.sort();
        assert!(requests.iter().all(|(partner, _)| partner.as_str() == "app"));
        let requests: Vec<_> = requests.into_iter().map(|(_, id)| id.as_str().to_owned()).collect();
        Some((standing.taken, requests.join(" ")))
    };
    assert_eq!(standing(1), Some((1, "a c".to_owned())));
    assert_eq!(standing(2), Some((0, "b".to_owned())));
    assert_eq!((standing(3), standing(4)), (None, None));
}

async fn nothing(bench: Bench) {
    let offer = Offer::default();
    assert_eq!(bench.store.campaign(&offer.campaign_id()).await, Ok(None));
    assert_eq!(bench.store.stock(&offer.stock_key("2022-07-22")).await, Ok(None));
    let voucher_id = "vch_00000000000000000000000000000000".parse().expect("an id");
    assert_eq!(bench.store.voucher(voucher_id).await, Ok(None));
    let feed = bench.store.voucher_feed(&offer.stock_key("2022-07-22"), 0, 10).await;
    assert!(feed.expect("reads").vouchers.is_empty());
}
