//! The service through gRPC, with tokens, over an eligibility that says what it is told to.

mod funds;
mod lists;
mod server;
mod terms;
mod watch;

use contracts::issuance::v1 as wire;
use issuance::store::conformance::Offer;
use server::{Refused, Server, UNKNOWN, refused};
use tonic::Code;

fn offer() -> Offer {
    Offer { quota: 2, ..Offer::default() }
}

fn vouchers_of(member: &str, page_size: i32, page_token: String) -> wire::ListVouchersRequest {
    wire::ListVouchersRequest { member_id: member.to_owned(), page_size, page_token }
}

#[tokio::test]
async fn a_campaign_is_applied_activated_claimed_from_and_sold_out() {
    let server = Server::start().await;
    server.activate(offer()).await;
    let first = server.claim(1, "one").await.expect("is issued");
    assert_eq!((first.serial, first.stock_period.as_str()), (1, "day:2022-07-22"));
    assert_eq!(server.claim(1, "one").await.expect("is replayed"), first);
    let Refused { code, reason, metadata, .. } = refused(server.claim(1, "two").await);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "PERSON_LIMIT_REACHED"));
    assert_eq!(
        (metadata["limit"].as_str(), metadata["resets_at"].as_str()),
        ("1", "2022-07-23T02:00:00Z")
    );
    server.claim(2, "three").await.expect("is issued");
    let Refused { code, reason, metadata, quota, .. } = refused(server.claim(3, "four").await);
    assert_eq!((code, reason.as_str()), (Code::FailedPrecondition, "SOLD_OUT"));
    assert_eq!(metadata["quota"], "2");
    assert_eq!(quota.as_deref(), Some("campaign:cool-drinks"));

    let stock = wire::GetStockRequest { campaign_id: "cool-drinks".into(), ..Default::default() };
    let stock = server.campaigns("gd").get_stock(stock).await.expect("reads").into_inner();
    assert_eq!((stock.period.as_str(), stock.issued, stock.remaining), ("day:2022-07-22", 2, 0));
    let request = wire::GetVoucherRequest { voucher_id: first.voucher_id.clone() };
    let read = server.vouchers("gd").get_voucher(request).await.expect("reads").into_inner();
    assert_eq!(read.voucher.as_ref(), Some(&first));
    let request = vouchers_of(&first.member_id, 1, String::new());
    let page = server.vouchers("gd").list_vouchers(request).await.expect("reads").into_inner();
    assert_eq!((page.vouchers, page.next_page_token.as_str()), (vec![first], ""));
}

#[tokio::test]
async fn each_refusal_of_a_claim_has_its_code_and_reason() {
    let server = Server::start().await;
    let of = |answer| {
        let refused: Refused = refused::<wire::Voucher>(answer);
        (refused.code, refused.reason)
    };
    let said = |code: Code, reason: &str| (code, reason.to_owned());
    let no_campaign = of(server.claim(1, "a").await);
    assert_eq!(no_campaign, said(Code::NotFound, "NOT_FOUND"));
    server.apply(offer()).await.expect("is applied");
    let draft = of(server.claim(1, "a").await);
    assert_eq!(draft, said(Code::FailedPrecondition, "CAMPAIGN_NOT_ACTIVE"));
    server.activate(offer()).await;
    let unknown = of(server.claim(UNKNOWN, "a").await);
    assert_eq!(unknown, said(Code::FailedPrecondition, "MEMBER_UNKNOWN"));
    let outside = of(server.claim_as("gd/dongguan", 1, "a").await);
    assert_eq!(outside, said(Code::PermissionDenied, "OUTSIDE_SUBTREE"));
    server.set_time("2022-07-22", 599);
    // For a second memory may tell what was so when the campaign was a draft.
    let mut early = of(server.claim(1, "a").await);
    while early == draft {
        early = of(server.claim(1, "a").await);
    }
    assert_eq!(early, said(Code::FailedPrecondition, "OUTSIDE_CLAIM_HOURS"));
    server.set_time("2022-07-30", 720);
    let over = of(server.claim(1, "a").await);
    assert_eq!(over, said(Code::FailedPrecondition, "OUTSIDE_CAMPAIGN_DATES"));
    server.set_time("2022-07-22", 720);
    server.eligibility.qualifies(false);
    let fails = refused(server.claim(1, "a").await);
    assert_eq!(
        (fails.reason.as_str(), fails.metadata["criterion"].as_str()),
        ("NOT_ELIGIBLE", "six-trades")
    );
    assert_eq!(fails.text_zh, "仅限快递员领取");
    server.eligibility.answers(false);
    let down = refused(server.claim(1, "a").await);
    assert_eq!((down.code, down.reason.as_str()), (Code::Unavailable, "DEPENDENCY_UNAVAILABLE"));
    assert_eq!(down.metadata["dependency"], "eligibility");
    let malformed = server.claim_with(wire::ClaimRequest::default()).await;
    let malformed = refused(malformed);
    assert_eq!(
        (malformed.code, malformed.reason.as_str()),
        (Code::InvalidArgument, "FIELD_INVALID")
    );
    assert_eq!(malformed.violations, ["request_id", "campaign_id", "member_id"]);
}

#[tokio::test]
async fn each_refusal_of_a_campaign_verb_has_its_code_and_reason() {
    let server = Server::start().await;
    let broken = offer().source().replace("quota = 2", "quota = 0\ncolour = 1");
    let broken = refused(server.apply_source("gd", "broken", broken).await);
    assert_eq!((broken.code, broken.reason.as_str()), (Code::InvalidArgument, "PROGRAMME_INVALID"));
    assert_eq!(
        broken.violations,
        ["programme_toml:13:stock.quota", "programme_toml:14:stock.colour"]
    );

    server.apply(offer()).await.expect("is applied");
    let other = Offer { title: "Cooler drinks", ..offer() };
    let reused = refused(server.apply_source("gd", "apply", other.source()).await);
    assert_eq!((reused.code, reused.reason.as_str()), (Code::AlreadyExists, "REQUEST_ID_REUSED"));
    assert_eq!(reused.metadata["field"], "programme_toml");
    let outside = refused(server.apply_source("gd/dongguan", "apply", offer().source()).await);
    assert_eq!(
        (outside.code, outside.reason.as_str()),
        (Code::PermissionDenied, "OUTSIDE_SUBTREE")
    );
    let pause =
        wire::PauseCampaignRequest { request_id: "p".into(), campaign_id: "cool-drinks".into() };
    let pause = refused(server.campaigns("gd").pause_campaign(pause).await);
    assert_eq!((pause.code, pause.reason.as_str()), (Code::FailedPrecondition, "CAMPAIGN_STATE"));
    assert_eq!(
        (pause.metadata["state"].as_str(), pause.metadata["verb"].as_str()),
        ("DRAFT", "PAUSE")
    );
    server.activate(offer()).await;
    let immutable = refused(server.apply_source("gd", "again", other.source()).await);
    assert_eq!(
        (immutable.code, immutable.reason.as_str()),
        (Code::FailedPrecondition, "CAMPAIGN_IMMUTABLE")
    );
}

#[tokio::test]
async fn campaigns_are_paged_and_a_foreign_token_is_refused() {
    let server = Server::start().await;
    for id in ["a", "b", "c"] {
        let source = Offer { id, ..offer() }.source();
        server.apply_source("gd", &format!("apply-{id}"), source).await.expect("is applied");
    }
    let page = |page_token| wire::ListCampaignsRequest { page_size: 2, page_token };
    let mut campaigns = server.campaigns("gd");
    let first = campaigns.list_campaigns(page(String::new())).await.expect("reads").into_inner();
    let ids: Vec<_> =
        first.campaigns.iter().map(|campaign| campaign.campaign_id.as_str()).collect();
    assert_eq!(ids, ["a", "b"]);
    let token = first.next_page_token;
    let second = campaigns.list_campaigns(page(token.clone())).await.expect("reads").into_inner();
    assert_eq!((second.campaigns.len(), second.next_page_token.as_str()), (1, ""));
    let foreign = server.campaigns("gd/guangzhou").list_campaigns(page(token)).await;
    assert_eq!(refused(foreign).violations, ["page_token"]);
}

#[tokio::test]
async fn the_feed_brings_what_was_issued_and_ends_with_the_service() {
    let server = Server::start().await;
    server.activate(offer()).await;
    server.claim(1, "one").await.expect("is issued");
    let mut feed = server.feed();
    let mut stream =
        feed.follow(wire::FollowRequest::default()).await.expect("follows").into_inner();
    let mut fed = Vec::new();
    let (mut states, mut level) = (Vec::new(), false);
    while !level {
        let message = stream.message().await.expect("goes on").expect("a message");
        assert_eq!(message.epoch.len(), 16);
        states.extend(message.campaigns.iter().map(wire::CampaignChange::state));
        fed.extend(message.vouchers.into_iter().flat_map(|batch| batch.vouchers));
        level = message.level;
    }
    assert_eq!(states, [wire::campaign::State::Draft, wire::campaign::State::Active]);
    assert_eq!(fed.len(), 1);
    let request = wire::FindVouchersRequest { person_key: fed[0].person_key.clone() };
    let found = feed.find_vouchers(request).await.expect("reads").into_inner();
    assert_eq!((found.vouchers, found.campaigns.len()), (fed, 1));
    let foreign = wire::FollowRequest { epoch: vec![7; 16].into(), ..Default::default() };
    let foreign = refused(feed.follow(foreign).await);
    assert_eq!(
        (foreign.code, foreign.reason.as_str()),
        (Code::FailedPrecondition, "FOREIGN_CURSORS")
    );
    server.stop().await;
    assert!(stream.message().await.expect("ends in order").is_none());
}
