use std::sync::atomic::Ordering;

use contracts::redemption::v1 as wire;
use contracts::redemption::v1::authorization::State;
use contracts::redemption::v1::wallet_voucher::State as WalletState;
use member_identity::MemberId;
use tonic::Code;
use tonic_types::StatusExt as _;

use crate::bench::{Bench, authorize, by_id, order, reason};

#[tokio::test]
async fn an_order_is_quoted_authorized_captured_and_refunded() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    let mut checkout = bench.checkout();
    let quote = wire::QuoteRequest {
        member: by_id(member_id),
        order: order("o1"),
        voucher_ids: Vec::new(),
    };
    let quoted = checkout.quote(quote.clone()).await.expect("it applies").into_inner();
    assert_eq!((quoted.order_amount_fen, quoted.discount_fen, quoted.payable_fen), (500, 299, 201));
    assert_eq!(quoted.vouchers[0].line_discounts_fen, [299]);

    let held = bench.authorize("a1", member_id, "o1").await.expect("it is held");
    assert_eq!((held.state(), held.discount_fen, held.payable_fen), (State::Held, 299, 201));
    let quoted = checkout.quote(quote).await.expect("a quote never fails for that").into_inner();
    assert_eq!((quoted.discount_fen, quoted.unused[0].reason.as_str()), (0, "VOUCHER_HELD"));
    assert!(!quoted.unused[0].text_zh.is_empty() && !quoted.unused[0].text_en.is_empty());

    let authorization_id = held.authorization_id.clone();
    let capture =
        wire::CaptureRequest { request_id: String::from("c1"), authorization_id, portion: None };
    let captured = checkout.capture(capture).await.expect("it is captured").into_inner();
    let captured = captured.authorization.expect("an authorization");
    assert_eq!((captured.state(), captured.captured_on.as_str()), (State::Captured, "2022-07-22"));

    let authorization_id = held.authorization_id.clone();
    let refund =
        wire::RefundRequest { request_id: String::from("r1"), authorization_id, portion: None };
    let refunded = checkout.refund(refund).await.expect("it is refunded").into_inner();
    assert!(refunded.right_returned);
    let key = wire::get_authorization_request::Key::OrderNumber(String::from("o1"));
    let get = wire::GetAuthorizationRequest { key: Some(key) };
    let found = checkout.get_authorization(get).await.expect("it is known").into_inner();
    assert_eq!(found.authorization, refunded.authorization);
}

#[tokio::test]
async fn a_refusal_has_its_code_its_reason_and_its_texts() {
    let bench = Bench::open().await;
    let (poor, _) = bench.member(1, "gd/guangzhou");
    let (far, _) = bench.member(2, "hn");
    let unknown = MemberId::from_bytes([9; 16]);
    let rows = [
        (poor, Code::FailedPrecondition, "NO_VOUCHER"),
        (far, Code::PermissionDenied, "OUTSIDE_SUBTREE"),
        (unknown, Code::FailedPrecondition, "MEMBER_UNKNOWN"),
    ];
    for (n, (member_id, code, expected)) in rows.into_iter().enumerate() {
        let refused = bench.authorize(&format!("a{n}"), member_id, "o1").await;
        let refused = refused.expect_err("it is refused");
        assert_eq!((refused.code(), reason(&refused).0.as_str()), (code, expected));
    }
    let quote =
        wire::QuoteRequest { member: by_id(unknown), order: order("o1"), voucher_ids: Vec::new() };
    let refused = bench.checkout().quote(quote).await.expect_err("nobody is known by that id");
    assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::NotFound, "MEMBER_UNKNOWN"));
    let key = wire::get_authorization_request::Key::OrderNumber(String::from("o1"));
    let get = wire::GetAuthorizationRequest { key: Some(key) };
    let refused = bench.checkout().get_authorization(get).await.expect_err("there is none");
    assert_eq!(refused.code(), Code::NotFound);
    assert_eq!(reason(&refused).0, "AUTHORIZATION_UNKNOWN");
}

#[tokio::test]
async fn while_eligibility_is_down_the_known_are_served_and_nobody_is_called_unknown() {
    let bench = Bench::open().await;
    let known = bench.member_with_voucher(1).await;
    let stranger = bench.member_with_voucher(2).await;
    let held = bench.authorize("a1", known, "o1").await.expect("it is held");
    bench.eligibility.down.store(true, Ordering::Relaxed);

    let refused = bench.authorize("a2", stranger, "o2").await.expect_err("nobody can tell");
    assert_eq!(refused.code(), Code::Unavailable);
    let (why, metadata) = reason(&refused);
    assert_eq!(why, "DEPENDENCY_UNAVAILABLE");
    assert_eq!(metadata["dependency"], "eligibility");
    let again = bench.authorize("a1", known, "o1").await.expect("it was held");
    assert_eq!(again, held);

    bench.eligibility.down.store(false, Ordering::Relaxed);
    bench.authorize("a2", stranger, "o2").await.expect("an outage is not remembered");
}

#[tokio::test]
async fn an_answer_is_given_again_after_the_member_has_left() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    // A replay by another process: nothing about the member is remembered there.
    let asked = authorize("a1", member_id, "o1");
    let held = bench.till.held("a1", redemption::store::conformance::person(1), "o1").await;
    bench.eligibility.members.lock().expect("no panic holds it").clear();
    let answer = bench.checkout().authorize(asked).await.expect("it was held").into_inner();
    let authorization = answer.authorization.expect("an authorization");
    assert_eq!(authorization.authorization_id, held.to_string());
    let other = authorize("a1", member_id, "o2");
    let refused = bench.checkout().authorize(other).await.expect_err("the id is taken");
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(reason(&refused).1["field"], "order.order_number");
}

#[tokio::test]
async fn what_does_not_read_lists_every_field_unless_its_id_is_taken() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    bench.authorize("a1", member_id, "o1").await.expect("it is held");
    let mut malformed = authorize("a2", member_id, "o 2");
    malformed.hold = Some(prost_types::Duration { seconds: 1_801, nanos: 0 });
    malformed.order.as_mut().expect("an order").lines[0].category = String::new();
    let refused = bench.checkout().authorize(malformed.clone()).await.expect_err("it is wrong");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = refused.get_error_details();
    let violations = &details.bad_request().expect("it lists fields").field_violations;
    let fields: Vec<_> = violations.iter().map(|violation| violation.field.as_str()).collect();
    assert_eq!(fields, ["order.order_number", "order.lines[0].category", "hold"]);

    malformed.request_id = String::from("a1");
    let refused = bench.checkout().authorize(malformed).await.expect_err("the id is taken");
    assert_eq!(reason(&refused).0, "REQUEST_ID_REUSED");
    assert_eq!(reason(&refused).1["field"], "order.order_number");
}

#[tokio::test]
async fn a_void_may_come_before_its_authorize() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    let target = wire::void_request::Target::AuthorizeRequestId(String::from("a1"));
    let void = wire::VoidRequest { request_id: String::from("v1"), target: Some(target) };
    let voided = bench.checkout().void(void).await.expect("it is recorded").into_inner();
    assert_eq!(voided.authorization, None);
    let refused = bench.authorize("a1", member_id, "o1").await.expect_err("it was voided");
    assert_eq!(reason(&refused).0, "VOIDED_BEFORE_AUTHORIZE");
}

#[tokio::test]
async fn a_wallet_is_listed_page_by_page() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    bench.authorize("a1", member_id, "o1").await.expect("it is held");
    bench.member_with_voucher(1).await;
    let mut request = wire::ListWalletVouchersRequest {
        member_id: member_id.to_string(),
        page_size: 1,
        page_token: String::new(),
    };
    let mut states = Vec::new();
    loop {
        let page = bench.wallet().list_wallet_vouchers(request.clone()).await;
        let page = page.expect("the wallet is listed").into_inner();
        states.extend(page.vouchers.iter().map(wire::WalletVoucher::state));
        assert_eq!(page.vouchers[0].title_zh, "智送清凉");
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(states, [WalletState::Available, WalletState::Held]);
    request.page_token = String::from("00");
    let refused = bench.wallet().list_wallet_vouchers(request).await.expect_err("no such token");
    assert_eq!(refused.code(), Code::InvalidArgument);
}
