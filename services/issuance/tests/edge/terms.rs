//! Terms of every kind, applied as a programme file and read back by ops and by redemption.

use contracts::issuance::v1 as wire;
use contracts::issuance::v1::terms::Kind;
use issuance::store::conformance::Offer;

use crate::server::Server;

/// What a file with nothing but a kind and a refund rule means.
fn plain(kind: Kind) -> wire::Terms {
    wire::Terms {
        kind: Some(kind),
        refund_rule: wire::RefundRule::RightReturns.into(),
        zone: "Asia/Shanghai".to_owned(),
        uses: Some(wire::Uses { total: 1, per_period: 0, period: 0 }),
        shops: wire::ShopScope::Any.into(),
        stacking: Some(wire::Stacking::default()),
        returns_max: 3,
        ..wire::Terms::default()
    }
}

/// An offer of each kind, under its name, with what its terms are on the wire.
fn offers() -> Vec<(&'static str, &'static str, wire::Terms)> {
    let amount_off = Kind::AmountOff(wire::AmountOff { threshold_fen: 300, amount_fen: 299 });
    let percent_off =
        Kind::PercentOff(wire::PercentOff { threshold_fen: 0, percent: 20, cap_fen: 5_000 });
    let stacking = wire::Stacking {
        combines: true,
        group: "drinks".to_owned(),
        sequence: 1,
        own_funder_only: true,
        order_cap_percent: 50,
    };
    vec![
        (
            "amount-off",
            r#"kind = "AMOUNT_OFF"
            threshold_fen = 300
            amount_fen = 299
            goods_categories = ["cold-drink"]
            regions = ["440000", "441900"]
            hours = ["06:00-10:00"]
            stacking = { combines = true, group = "drinks", sequence = 1, own_funder_only = true,
              order_cap_percent = 50 }
            refund_rule = "RIGHT_RETURNS_WITH_GRACE"
            grace_days = 7"#,
            wire::Terms {
                goods_categories: vec!["cold-drink".to_owned()],
                regions: vec!["440000".to_owned(), "441900".to_owned()],
                hours: vec![wire::Hours { from_minute: 360, until_minute: 600 }],
                stacking: Some(stacking),
                refund_rule: wire::RefundRule::RightReturnsWithGrace.into(),
                grace_days: 7,
                ..plain(amount_off)
            },
        ),
        (
            "percent-off",
            r#"kind = "PERCENT_OFF"
            threshold_fen = 0
            percent = 20
            cap_fen = 5000
            excluded_categories = ["tobacco"]
            shops = "LISTED"
            refund_rule = "RIGHT_IS_SPENT""#,
            wire::Terms {
                excluded_categories: vec!["tobacco".to_owned()],
                shops: wire::ShopScope::Listed.into(),
                refund_rule: wire::RefundRule::RightIsSpent.into(),
                returns_max: 0,
                ..plain(percent_off)
            },
        ),
        (
            "waiver",
            r#"kind = "WAIVER"
            cap_fen = 200
            uses = { total = 366, per_period = 4, period = "day" }
            recheck_membership = true
            refund_rule = "RIGHT_RETURNS""#,
            wire::Terms {
                uses: uses(366, 4, wire::UsePeriod::Day),
                rechecks_membership: true,
                ..plain(Kind::Waiver(wire::Waiver { cap_fen: 200 }))
            },
        ),
        (
            "balance",
            r#"kind = "BALANCE"
            value_fen = 10000
            refund_rule = "RIGHT_RETURNS""#,
            plain(Kind::Balance(wire::Balance { value_fen: 10_000 })),
        ),
        (
            "service",
            r#"kind = "SERVICE"
            goods_categories = ["check-up"]
            uses = { total = 3, per_period = 1, period = "year" }
            refund_rule = "RIGHT_RETURNS""#,
            wire::Terms {
                goods_categories: vec!["check-up".to_owned()],
                uses: uses(3, 1, wire::UsePeriod::Year),
                ..plain(Kind::Service(wire::Service {}))
            },
        ),
    ]
}

fn uses(total: i32, per_period: i32, period: wire::UsePeriod) -> Option<wire::Uses> {
    Some(wire::Uses { total, per_period, period: period.into() })
}

#[tokio::test]
async fn terms_of_every_kind_travel_to_ops_and_through_the_feed() {
    let server = Server::start().await;
    let offers = offers();
    for (id, worth, terms) in &offers {
        let source = Offer { id, worth, ..Offer::default() }.source();
        let applied = server.apply_source("gd", id, source).await.expect("is applied");
        assert_eq!(applied.terms.as_ref(), Some(terms), "{id}");
        let request = wire::GetCampaignRequest { campaign_id: (*id).to_owned() };
        let read = server.campaigns("gd").get_campaign(request).await.expect("reads").into_inner();
        assert_eq!(read.campaign, Some(applied), "{id}");
    }
    let mut stream =
        server.feed().follow(wire::FollowRequest::default()).await.expect("follows").into_inner();
    let changes = stream.message().await.expect("goes on").expect("a message").campaigns;
    for (change, (id, _, terms)) in changes.iter().zip(&offers) {
        assert_eq!(change.campaign_id, *id);
        assert_eq!(change.terms.as_ref(), Some(terms), "{id}");
        assert_eq!(change.policy_id, "outdoor-trades");
    }
    assert_eq!(changes.len(), offers.len());
}
