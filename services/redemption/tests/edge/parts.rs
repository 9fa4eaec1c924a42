use contracts::redemption::v1 as wire;
use contracts::redemption::v1::authorization::State;
use contracts::redemption::v1::portion::Part;
use member_identity::MemberId;
use redemption::store::conformance::{bus, campaign_of, combining, off, purse};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bench::{Bench, by_id, reason};

/// Two lines in Guangzhou: tea of 3.00 and rice of 1.50.
fn tea_and_rice(number: &str) -> Option<wire::Order> {
    let line =
        |category: &str, amount_fen| wire::OrderLine { category: category.to_owned(), amount_fen };
    let shop = wire::Shop {
        shop_id: String::from("shop-1"),
        region_code: String::from("440106"),
        terminal_id: String::new(),
    };
    let lines = vec![line("tea", 300), line("rice", 150)];
    Some(wire::Order { order_number: number.to_owned(), lines, shop: Some(shop) })
}

fn authorize(id: &str, member_id: MemberId, voucher_ids: &[String]) -> wire::AuthorizeRequest {
    wire::AuthorizeRequest {
        request_id: format!("a-{id}"),
        member: by_id(member_id),
        order: tea_and_rice(id),
        voucher_ids: voucher_ids.to_vec(),
        hold: None,
    }
}

fn amount(fen: i64) -> Option<wire::Portion> {
    Some(wire::Portion { part: Some(Part::AmountFen(fen)) })
}

fn lines(parts: &[(i32, i64)]) -> Option<wire::Portion> {
    let lines = parts.iter().map(|&(line, amount_fen)| wire::LinePortion { line, amount_fen });
    Some(wire::Portion { part: Some(Part::Lines(wire::LinePortions { lines: lines.collect() })) })
}

/// A bench with the double of two funders, whose member has both vouchers.
async fn double() -> (Bench, MemberId, Vec<String>) {
    let bench = Bench::open().await;
    let (member_id, person) = bench.member(1, "gd");
    bench.till.offer_double().await;
    let province = bench.till.give(person, "province").await.to_string();
    let district = bench.till.give(person, "district").await.to_string();
    (bench, member_id, vec![province, district])
}

async fn capture(
    bench: &Bench,
    id: &str,
    portion: Option<wire::Portion>,
) -> Result<wire::Authorization, Status> {
    let request = wire::CaptureRequest {
        request_id: String::from("c1"),
        authorization_id: id.to_owned(),
        portion,
    };
    let answer = bench.checkout().capture(request).await?;
    Ok(answer.into_inner().authorization.expect("an authorization"))
}

async fn refund(
    bench: &Bench,
    request_id: &str,
    id: &str,
    portion: Option<wire::Portion>,
) -> Result<wire::RefundResponse, Status> {
    let request_id = request_id.to_owned();
    let request = wire::RefundRequest { request_id, authorization_id: id.to_owned(), portion };
    Ok(bench.checkout().refund(request).await?.into_inner())
}

#[tokio::test]
async fn an_order_with_two_vouchers_is_captured_and_given_back_in_parts() {
    let (bench, member_id, vouchers) = double().await;
    let answer = bench.checkout().authorize(authorize("o1", member_id, &[])).await;
    let held = answer.expect("it is held").into_inner().authorization.expect("an authorization");
    assert_eq!((held.discount_fen, held.payable_fen), (150, 300));
    assert_eq!(held.line_amounts_fen, [300, 150]);
    let of: Vec<_> = held.vouchers.iter().map(|one| one.organization.as_str()).collect();
    assert_eq!(of, ["gd", "gd/zhuhai"]);
    let id = &held.authorization_id;

    let captured = capture(&bench, id, lines(&[(0, 300), (1, 75)])).await.expect("it is captured");
    assert_eq!(captured.captured_amounts_fen, [300, 75]);
    assert_eq!(captured.returned_amounts_fen, [0, 0]);
    let of_each: Vec<_> = captured.vouchers.iter().map(|one| one.captured_fen).collect();
    // Of the rice 33 x 75 / 150 = 16.5, and of what that leaves 17 x 59 / 117 = 8.6.
    assert_eq!((of_each, captured.captured_fen), (vec![67 + 16, 33 + 8], 124));

    let first = refund(&bench, "r1", id, amount(100)).await.expect("it is refunded");
    let part = first.refund.clone().expect("this refund");
    assert_eq!((part.request_id.as_str(), part.returned_fen), ("r1", 100));
    assert_eq!(part.voucher_discounts_fen.iter().sum::<i64>(), part.discount_fen);
    assert!(!first.right_returned && part.returned_voucher_ids.is_empty());
    let after = first.authorization.clone().expect("an authorization");
    assert_eq!((after.state(), after.refunds.len()), (State::Captured, 1));
    assert_eq!(after.refunded_on, "2022-07-22");

    let last = refund(&bench, "r2", id, None).await.expect("the rest is refunded");
    let whole = last.authorization.expect("an authorization");
    assert_eq!((whole.state(), whole.refunded_fen), (State::Refunded, 124));
    assert_eq!(last.refund.expect("this refund").returned_voucher_ids, vouchers);
    assert_eq!(refund(&bench, "r1", id, amount(100)).await.expect("again"), first);
    let key = wire::get_authorization_request::Key::AuthorizationId(id.clone());
    let get = wire::GetAuthorizationRequest { key: Some(key) };
    let found = bench.checkout().get_authorization(get).await.expect("it is known").into_inner();
    assert_eq!(found.authorization, Some(whole));
}

#[tokio::test]
async fn portions_that_are_none_of_the_order_are_refused_with_what_is_left() {
    let (bench, member_id, _) = double().await;
    let answer = bench.checkout().authorize(authorize("o1", member_id, &[])).await;
    let held = answer.expect("it is held").into_inner().authorization.expect("an authorization");
    let id = &held.authorization_id;
    for (n, (portion, why, key, value)) in [
        (amount(451), "PORTION_ABOVE_ORDER", "left_fen", "450"),
        (lines(&[(1, 151)]), "PORTION_ABOVE_ORDER", "left_fen", "150"),
        (lines(&[(2, 1)]), "PORTION_LINE_UNKNOWN", "line", "2"),
    ]
    .into_iter()
    .enumerate()
    {
        let request = wire::CaptureRequest {
            request_id: format!("c-{n}"),
            authorization_id: id.clone(),
            portion,
        };
        let refused = bench.checkout().capture(request).await.expect_err("it is no part of it");
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let (found, metadata) = reason(&refused);
        assert_eq!((found.as_str(), metadata[key].as_str()), (why, value));
    }
}

#[tokio::test]
async fn portions_and_vouchers_that_do_not_read_are_named_field_by_field() {
    let (bench, member_id, vouchers) = double().await;
    let id = format!("aut_{}", "0".repeat(32));
    let rows = [
        (amount(0), "portion.amount_fen"),
        (lines(&[]), "portion.lines"),
        (lines(&[(-1, 5)]), "portion.lines[0].line"),
        (lines(&[(0, 5), (1, 0)]), "portion.lines[1].amount_fen"),
    ];
    for (portion, field) in rows {
        let refused = capture(&bench, &id, portion).await.expect_err("it does not read");
        assert_eq!((refused.code(), fields(&refused)), (Code::InvalidArgument, vec![field.into()]));
    }
    let four: Vec<_> = (1..=4).map(|n| format!("vch_{n:032x}")).collect();
    let twice = vec![vouchers[0].clone(), vouchers[0].clone()];
    for named in [four, twice] {
        let refused = bench.checkout().authorize(authorize("o1", member_id, &named)).await;
        let refused = refused.expect_err("it does not read");
        let wrong = (refused.code(), fields(&refused));
        assert_eq!(wrong, (Code::InvalidArgument, vec![String::from("voucher_ids")]));
    }
    let held = bench.checkout().authorize(authorize("o1", member_id, &vouchers)).await;
    let held = held.expect("both are named").into_inner().authorization.expect("one");
    capture(&bench, &held.authorization_id, amount(450)).await.expect("it is captured");
    let refused = capture(&bench, &held.authorization_id, amount(0)).await;
    let (why, metadata) = reason(&refused.expect_err("the id is taken"));
    assert_eq!((why.as_str(), metadata["field"].as_str()), ("REQUEST_ID_REUSED", "portion"));
}

fn fields(refused: &Status) -> Vec<String> {
    let details = refused.get_error_details();
    let violations = details.bad_request().expect("it lists fields").field_violations.clone();
    violations.into_iter().map(|violation| violation.field).collect()
}

#[tokio::test]
async fn a_wallet_shows_what_is_left_and_why_it_cannot_be_used_now() {
    let bench = Bench::open().await;
    let (member_id, person) = bench.member(1, "gd");
    let campaigns = vec![campaign_of("bus", bus(10, 1), 3), campaign_of("purse", purse(800), 4)];
    bench.till.offer(campaigns).await;
    bench.till.give(person, "bus").await;
    bench.till.give(person, "purse").await;
    let answer = bench.checkout().authorize(authorize("o1", member_id, &[])).await;
    let held = answer.expect("the purse").into_inner().authorization.expect("an authorization");
    assert_eq!(held.discount_fen, 450);
    capture(&bench, &held.authorization_id, None).await.expect("it is captured");
    let purse = held.vouchers[0].voucher_id.clone();
    let shown = wallet(&bench, member_id).await;
    let (own, bus) = match shown[0].voucher_id == purse {
        true => (&shown[0], &shown[1]),
        false => (&shown[1], &shown[0]),
    };
    assert_eq!((own.balance_left_fen, own.uses_left, own.reason.as_str()), (350, 1, ""));
    assert_eq!((bus.balance_left_fen, bus.uses_left, bus.reason.as_str()), (0, 10, ""));

    let named = vec![bus.voucher_id.clone()];
    let answer = bench.checkout().authorize(authorize("o2", member_id, &named)).await;
    let ride = answer.expect("the bus").into_inner().authorization.expect("an authorization");
    let shown = wallet(&bench, member_id).await;
    let of_bus = shown.iter().find(|one| one.voucher_id == named[0]).expect("it is listed");
    assert_eq!(of_bus.reason, "VOUCHER_HELD");
    let request = wire::CaptureRequest {
        request_id: String::from("c2"),
        authorization_id: ride.authorization_id,
        portion: None,
    };
    bench.checkout().capture(request).await.expect("it is captured");
    let shown = wallet(&bench, member_id).await;
    let of_bus = shown.iter().find(|one| one.voucher_id == named[0]).expect("it is listed");
    assert_eq!((of_bus.reason.as_str(), of_bus.uses_left), ("USES_OF_PERIOD_SPENT", 9));
    assert!(of_bus.text_zh.contains("本期") && of_bus.text_en.contains("period"));
    let refused = bench.checkout().authorize(authorize("o3", member_id, &named)).await;
    let (why, metadata) = reason(&refused.expect_err("one a day"));
    assert_eq!(why, "USES_OF_PERIOD_SPENT");
    assert_eq!((metadata["period"].as_str(), metadata["uses"].as_str()), ("2022-07-22", "1"));
}

async fn wallet(bench: &Bench, member_id: MemberId) -> Vec<wire::WalletVoucher> {
    let request = wire::ListWalletVouchersRequest {
        member_id: member_id.to_string(),
        ..wire::ListWalletVouchersRequest::default()
    };
    let page = bench.wallet().list_wallet_vouchers(request).await.expect("it is listed");
    page.into_inner().vouchers
}

#[tokio::test]
async fn a_quote_says_why_each_voucher_beside_the_stack_is_left_out() {
    let bench = Bench::open().await;
    let (member_id, person) = bench.member(1, "gd");
    let whole = benefit::Kind::Waiver { cap: benefit::Fen(10_000) };
    let parts = benefit::TermsParts { kind: whole, ..combining(off(1), 0) };
    let capped = {
        let mut parts = combining(off(10), 1);
        parts.stacking.order_cap_percent = Some(10);
        parts
    };
    let campaigns = vec![
        campaign_of("whole", parts, 3),
        campaign_of("more", combining(off(20), 1), 4),
        campaign_of("capped", capped, 5),
        campaign_of("alone", off(400), 6),
    ];
    bench.till.offer(campaigns).await;
    for id in ["whole", "more", "capped", "alone"] {
        bench.till.give(person, id).await;
    }
    let order = tea_and_rice("o1");
    let quote = wire::QuoteRequest { member: by_id(member_id), order, voucher_ids: Vec::new() };
    let quoted = bench.checkout().quote(quote).await.expect("it is quoted").into_inner();
    assert_eq!((quoted.discount_fen, quoted.payable_fen, quoted.vouchers.len()), (450, 0, 1));
    let mut why: Vec<_> = quoted
        .unused
        .iter()
        .map(|unused| (unused.campaign_id.as_str(), unused.reason.as_str()))
        .collect();
    why.sort_unstable();
    let expected =
        [("alone", "BETTER_CHOSEN"), ("capped", "NOTHING_LEFT"), ("more", "NOTHING_LEFT")];
    assert_eq!(why, expected);
    assert!(quoted.unused.iter().all(|one| !one.text_zh.is_empty() && !one.text_en.is_empty()));
}
