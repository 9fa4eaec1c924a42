//! Funds, as an office creates and reads them, and what members are told when one is used up.

use contracts::issuance::v1 as wire;
use issuance::store::conformance::Offer;
use tonic::Code;

use crate::server::{Server, refused};

fn create(request_id: &str, fund_id: &str, pledged_fen: i64) -> wire::CreateFundRequest {
    wire::CreateFundRequest {
        request_id: request_id.to_owned(),
        fund_id: fund_id.to_owned(),
        organization: "gd".to_owned(),
        pledged_fen,
    }
}

#[tokio::test]
async fn a_fund_is_pledged_drawn_on_and_used_up_to_the_fen() {
    let server = Server::start().await;
    let mut funds = server.funds("gd");
    let created = funds.create_fund(create("c1", "summer", 300)).await.expect("is created");
    let created = created.into_inner().fund.expect("a fund");
    assert_eq!((created.pledged_fen, created.issued_fen, created.free_fen), (300, 0, 300));

    let offer = Offer { fund: Some("summer"), ..Offer::default() };
    let campaign = server.apply(offer).await.expect("is applied");
    assert_eq!(campaign.fund_id, "summer");
    server.activate(offer).await;
    server.claim(1, "a").await.expect("2.99 of 3.00");
    let used_up = refused(server.claim(2, "a").await);
    assert_eq!(
        (used_up.code, used_up.reason.as_str()),
        (Code::FailedPrecondition, "MONEY_EXHAUSTED")
    );
    let figure = |key: &str| used_up.metadata[key].as_str();
    assert_eq!((figure("free_fen"), figure("liability_fen")), ("1", "299"));
    assert_eq!(used_up.quota.as_deref(), Some("fund:summer"));
    assert_eq!(used_up.text_zh, "活动资金已用完");

    let request = wire::GetFundRequest { fund_id: "summer".to_owned() };
    let fund = funds.get_fund(request.clone()).await.expect("reads").into_inner().fund;
    assert_eq!(fund.map(|fund| (fund.issued_fen, fund.free_fen)), Some((299, 1)));
    let again = funds.create_fund(create("c1", "summer", 300)).await.expect("the first answer");
    assert_eq!(again.into_inner().fund, Some(created));
    // Below the fund's organization it is seen, beside it not.
    server.funds("gd/dongguan").get_fund(request.clone()).await.expect("their province's");
    let refused = refused(server.funds("hn").get_fund(request).await);
    assert_eq!(refused.reason, "OUTSIDE_SUBTREE");
}

#[tokio::test]
async fn each_refusal_of_a_fund_has_its_code_and_reason() {
    let server = Server::start().await;
    let mut funds = server.funds("gd");
    funds.create_fund(create("c1", "summer", 300)).await.expect("is created");
    for (request, code, expected) in [
        (create("c2", "summer", 300), Code::AlreadyExists, "FUND_EXISTS"),
        (create("c1", "summer", 301), Code::AlreadyExists, "REQUEST_ID_REUSED"),
        (create("c3", "winter", 0), Code::InvalidArgument, "FIELD_INVALID"),
        (create("c3", "winter", 100_000_000_000_000_001), Code::InvalidArgument, "FIELD_INVALID"),
    ] {
        let refused = refused(funds.create_fund(request).await);
        assert_eq!((refused.code, refused.reason.as_str()), (code, expected));
    }
    let outside = refused(server.funds("hn").create_fund(create("c4", "winter", 1)).await);
    assert_eq!(
        (outside.code, outside.reason.as_str()),
        (Code::PermissionDenied, "OUTSIDE_SUBTREE")
    );
    let empty = refused(funds.create_fund(wire::CreateFundRequest::default()).await);
    assert_eq!(empty.violations, ["request_id", "fund_id", "organization", "pledged_fen"]);
    let nowhere = wire::GetFundRequest { fund_id: "nowhere".to_owned() };
    let nowhere = refused(funds.get_fund(nowhere).await);
    assert_eq!((nowhere.code, nowhere.metadata["kind"].as_str()), (Code::NotFound, "fund"));
    let offer = Offer { fund: Some("winter"), ..Offer::default() };
    let unknown = refused(server.apply(offer).await);
    assert_eq!(
        (unknown.code, unknown.reason.as_str(), unknown.metadata["fund"].as_str()),
        (Code::FailedPrecondition, "FUND_UNKNOWN", "winter")
    );
}

#[tokio::test]
async fn funds_are_listed_page_by_page() {
    let server = Server::start().await;
    let mut funds = server.funds("gd");
    for id in ["a", "b", "c"] {
        funds.create_fund(create(id, id, 1)).await.expect("is created");
    }
    let page = |page_token| wire::ListFundsRequest { page_size: 2, page_token };
    let first = funds.list_funds(page(String::new())).await.expect("reads").into_inner();
    let token = first.next_page_token.clone();
    let second = funds.list_funds(page(token.clone())).await.expect("reads").into_inner();
    let both = first.funds.iter().chain(&second.funds);
    let ids: Vec<_> = both.map(|fund| fund.fund_id.as_str()).collect();
    assert_eq!((ids, second.next_page_token.as_str()), (vec!["a", "b", "c"], ""));
    let foreign = server.funds("gd/guangzhou").list_funds(page(token)).await;
    assert_eq!(refused(foreign).violations, ["page_token"]);
}
