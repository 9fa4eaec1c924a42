//! Every reason of the contract's sections on redemption, shops, settlement and webhooks, reached over gRPC,
//! with the texts that a till or a member is shown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use benefit::{Fen, Hours, Kind, ShopScope, TermsParts};
use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::check_terminal_request::Taken;
use contracts::redemption::v1::portion::Part;
use contracts::redemption::v1::resolution::Action;
use contracts::redemption::v1::stop_scope::Scope;
use member_identity::MemberId;
use redemption::domain::{Reason, Standing};
use redemption::store::conformance::{
    RETURNS, bus, campaign_of, combining, cool_drinks, off, rechecking,
};
use rpc::Problem;
use tonic::Status;
use tonic_types::{ErrorDetail, StatusExt as _};

use crate::bench::{Bench, by_id, order};
use crate::{reconciliation, settlement, shops, webhooks};

/// The numbers of the contract's sections on redemption, shops and tills, and settlement.
const OWN_REASONS: std::ops::Range<i32> = 80..140;
/// The text of a stop is what its organization wrote.
const WRITTEN_BY_OPS: &str = "REDEEMING_STOPPED";

/// What a caller is told: a reason, and its texts in Chinese and English.
#[derive(Debug, PartialEq)]
pub struct Told(String, [String; 2]);

impl Told {
    pub fn refused<T: std::fmt::Debug>(answer: Result<T, Status>) -> Self {
        let status = answer.expect_err("it is refused");
        let (mut reason, mut texts) = (String::new(), BTreeMap::new());
        for detail in status.get_error_details_vec() {
            match detail {
                ErrorDetail::ErrorInfo(info) => reason = info.reason,
                ErrorDetail::LocalizedMessage(text) => {
                    texts.insert(text.locale, text.message);
                }
                _ => {}
            }
        }
        let mut text = |locale| texts.remove(locale).expect("every refusal has it");
        Self(reason, [text("zh-CN"), text("en")])
    }

    fn unused(one: wire::UnusedVoucher) -> Self {
        Self(one.reason, [one.text_zh, one.text_en])
    }

    fn obstacle(one: wire::Obstacle) -> Self {
        Self(one.reason, [one.text_zh, one.text_en])
    }
}

#[tokio::test]
async fn every_reason_is_reached_with_its_texts_in_chinese_and_english() {
    let mut told = of_vouchers().await;
    told.extend(of_terms().await);
    told.extend(of_stacks().await);
    told.extend(of_membership().await);
    told.extend(of_the_life_of_an_authorization().await);
    told.extend(of_portions().await);
    told.extend(of_shops().await);
    told.extend(of_settlement().await);
    told.extend(webhooks::refusals().await);

    let by_name: BTreeMap<_, _> =
        told.iter().map(|Told(name, texts)| (name.as_str(), texts)).collect();
    for (name, [zh, en]) in &by_name {
        let reason = ErrorReason::from_str_name(&format!("ERROR_REASON_{name}"));
        let problem = Problem::new(reason.expect("a reason of the contract"));
        assert!(zh.chars().any(|letter| ('一'..='龥').contains(&letter)), "{name}: {zh}");
        assert!(!en.is_empty() && en.is_ascii(), "{name}: {en}");
        if *name != WRITTEN_BY_OPS {
            assert_eq!(problem.shown(), (zh.into(), en.into()), "{name}");
        }
    }
    let texts: BTreeSet<_> = by_name.values().collect();
    assert_eq!(texts.len(), by_name.len(), "no two reasons have one text");

    let reached: Vec<_> = by_name.into_keys().collect();
    let contract = OWN_REASONS.filter_map(|number| ErrorReason::try_from(number).ok());
    let mut expected: Vec<_> = contract.map(|reason| Problem::new(reason).reason_name()).collect();
    expected.extend(["REQUEST_ID_REUSED", "MEMBER_UNKNOWN"]);
    expected.sort_unstable();
    assert_eq!(reached, expected);
    let missing = Reason::ALL.map(Reason::name).into_iter().find(|name| !reached.contains(name));
    assert_eq!(missing, None, "the contract has a section with every reason of the domain");
}

/// An Authorize of one line that names its vouchers.
fn naming(id: &str, member: MemberId, vouchers: &[String]) -> wire::AuthorizeRequest {
    let request_id = format!("a-{id}");
    let member = by_id(member);
    let voucher_ids = vouchers.to_vec();
    wire::AuthorizeRequest { request_id, member, order: order(id), voucher_ids, hold: None }
}

async fn quote(bench: &Bench, member: MemberId) -> Vec<Told> {
    let request =
        wire::QuoteRequest { member: by_id(member), order: order("q"), voucher_ids: Vec::new() };
    let quoted = bench.checkout().quote(request).await.expect("it is quoted").into_inner();
    quoted.unused.into_iter().map(Told::unused).collect()
}

async fn of_vouchers() -> Vec<Told> {
    let bench = Bench::open().await;
    let (poor, person) = bench.member(1, "gd");
    let rich = bench.member_with_voucher(2).await;
    let mut told = vec![
        Told::refused(bench.authorize("w1", poor, "w-o1").await),
        Told::refused(bench.authorize("w2", MemberId::from_bytes([9; 16]), "w-o1").await),
    ];
    let held = bench.authorize("w3", rich, "w-o3").await.expect("it is held");
    let others = vec![held.vouchers[0].voucher_id.clone()];
    told.extend([
        Told::refused(bench.checkout().authorize(naming("w-o4", poor, &others)).await),
        Told::refused(bench.authorize("w5", rich, "w-o5").await),
        Told::refused(bench.authorize("w6", rich, "w-o3").await),
        Told::refused(bench.authorize("w3", rich, "w-o6").await),
    ]);

    let mut later = bench.till.voucher(person, RETURNS);
    later.valid_from = later.valid_from.plus(Duration::from_secs(60));
    bench.till.feed(bench.till.message(vec![later])).await;
    told.push(Told::refused(bench.authorize("w7", poor, "w-o7").await));

    bench.buy(3).await;
    let (buyer, _) = bench.member(3, "gd");
    told.push(Told::refused(bench.authorize("w8", buyer, "w-o8").await));

    bench.till.offer(vec![campaign_of("bus", bus(10, 1), 3)]).await;
    let (rider, person) = bench.member(4, "gd");
    bench.till.give(person, "bus").await;
    let ride = bench.authorize("w9", rider, "w-o9").await.expect("it is held");
    capture(&bench, "c9", &ride, None).await.expect("it is captured");
    told.push(Told::refused(bench.authorize("w10", rider, "w-o10").await));

    bench.move_to("2022-07-23", 1);
    told.push(Told::refused(bench.authorize("w11", poor, "w-o11").await));
    told
}

async fn of_terms() -> Vec<Told> {
    let bench = Bench::open().await;
    let member = bench.member_with_voucher(1).await;
    let refused = async |id: &str, change: fn(&mut wire::Order)| {
        let mut request = naming(id, member, &[]);
        change(request.order.as_mut().expect("an order"));
        Told::refused(bench.checkout().authorize(request).await)
    };
    let shop = |order: &mut wire::Order| {
        order.shop.as_mut().expect("a shop").region_code = String::from("430102");
    };
    let mut told = vec![
        refused("o1", |order| order.lines[0].amount_fen = 299).await,
        refused("o2", |order| order.lines[0].category = String::from("rice")).await,
        refused("o3", shop).await,
    ];
    let hours = vec![Hours::new(0, 60).expect("the first hour of the day")];
    let early = TermsParts { hours, ..cool_drinks() };
    bench.till.offer(vec![campaign_of("early", early, 3)]).await;
    let (late, person) = bench.member(2, "gd");
    bench.till.give(person, "early").await;
    told.push(Told::refused(bench.authorize("a4", late, "o4").await));
    told
}

async fn of_stacks() -> Vec<Told> {
    let bench = Bench::open().await;
    let (both, person) = bench.member(1, "gd");
    let first = bench.till.give(person, RETURNS).await.to_string();
    let named = [first, bench.till.give(person, RETURNS).await.to_string()];
    let mut told =
        vec![Told::refused(bench.checkout().authorize(naming("o1", both, &named)).await)];

    // Of 5.00 the first leaves 4.00; the second would take 1.00 and may take an order to 20 % off,
    // which is 1.00 and gone.
    let mut capped = combining(off(100), 1);
    capped.stacking.order_cap_percent = Some(20);
    let whole = TermsParts { kind: Kind::Waiver { cap: Fen(10_000) }, ..combining(off(1), 0) };
    bench
        .till
        .offer(vec![
            campaign_of("first", combining(off(100), 0), 3),
            campaign_of("capped", capped, 4),
            campaign_of("whole", whole, 5),
        ])
        .await;
    for (n, campaigns) in [(2, ["first", "capped"]), (3, ["whole", "first"])] {
        let (member, person) = bench.member(n, "gd");
        for campaign in campaigns {
            bench.till.give(person, campaign).await;
        }
        told.extend(quote(&bench, member).await);
    }
    told
}

async fn of_membership() -> Vec<Told> {
    let bench = Bench::open().await;
    let (member, person) = bench.member(1, "gd");
    let asking = rechecking("asking", combining(off(100), 0), "model-workers", 3);
    bench.till.offer(vec![asking, campaign_of("free", combining(off(50), 1), 4)]).await;
    bench.till.give(person, "asking").await;
    bench.till.give(person, "free").await;
    let mut told = quote(&bench, member).await;
    let fails = Standing::Fails { criterion: String::from("suspended") };
    *bench.eligibility.standing.lock().expect("no panic holds it") = Some(fails);
    told.extend(quote(&bench, member).await);
    told
}

async fn capture(
    bench: &Bench,
    request_id: &str,
    held: &wire::Authorization,
    portion: Option<wire::Portion>,
) -> Result<wire::CaptureResponse, Status> {
    let request_id = request_id.to_owned();
    let authorization_id = held.authorization_id.clone();
    let request = wire::CaptureRequest { request_id, authorization_id, portion };
    Ok(bench.checkout().capture(request).await?.into_inner())
}

async fn refund(
    bench: &Bench,
    request_id: &str,
    held: &wire::Authorization,
    portion: Option<wire::Portion>,
) -> Result<wire::RefundResponse, Status> {
    let request_id = request_id.to_owned();
    let authorization_id = held.authorization_id.clone();
    let request = wire::RefundRequest { request_id, authorization_id, portion };
    Ok(bench.checkout().refund(request).await?.into_inner())
}

async fn void(
    bench: &Bench,
    request_id: &str,
    target: wire::void_request::Target,
) -> Result<wire::VoidResponse, Status> {
    let request_id = request_id.to_owned();
    let request = wire::VoidRequest { request_id, target: Some(target) };
    Ok(bench.checkout().void(request).await?.into_inner())
}

async fn of_the_life_of_an_authorization() -> Vec<Told> {
    use wire::void_request::Target::{AuthorizationId, AuthorizeRequestId};

    let bench = Bench::open().await;
    let of = |held: &wire::Authorization| AuthorizationId(held.authorization_id.clone());
    let first = bench.member_with_voucher(1).await;
    let held = bench.authorize("w1", first, "w-o1").await.expect("it is held");
    let mut told = vec![Told::refused(refund(&bench, "r1", &held, None).await)];
    void(&bench, "v1", of(&held)).await.expect("it is voided");
    told.push(Told::refused(capture(&bench, "c1", &held, None).await));

    let sold = bench.buy(2).await;
    told.push(Told::refused(void(&bench, "v2", of(&sold)).await));
    refund(&bench, "r2", &sold, None).await.expect("it is refunded");
    told.push(Told::refused(refund(&bench, "r3", &sold, None).await));

    void(&bench, "v3", AuthorizeRequestId(String::from("w3"))).await.expect("it is recorded");
    told.push(Told::refused(bench.authorize("w3", first, "w-o3").await));
    let nowhere = wire::get_authorization_request::Key::OrderNumber(String::from("nowhere"));
    let get = wire::GetAuthorizationRequest { key: Some(nowhere) };
    told.push(Told::refused(bench.checkout().get_authorization(get).await));

    let held = bench.authorize("w5", first, "w-o5").await.expect("the voucher is free again");
    bench.move_to("2022-07-22", 720);
    told.push(Told::refused(capture(&bench, "c5", &held, None).await));
    told
}

async fn of_portions() -> Vec<Told> {
    let amount = |fen| Some(wire::Portion { part: Some(Part::AmountFen(fen)) });
    let line = wire::LinePortion { line: 1, amount_fen: 1 };
    let unknown = Part::Lines(wire::LinePortions { lines: vec![line] });
    let bench = Bench::open().await;
    let member = bench.member_with_voucher(1).await;
    let held = bench.authorize("a1", member, "o1").await.expect("it is held");
    let mut told = vec![
        Told::refused(capture(&bench, "c1", &held, amount(501)).await),
        Told::refused(
            capture(&bench, "c2", &held, Some(wire::Portion { part: Some(unknown) })).await,
        ),
    ];
    capture(&bench, "c3", &held, None).await.expect("it is captured");
    for n in 0..50 {
        refund(&bench, &format!("r{n}"), &held, amount(1)).await.expect("it is refunded");
    }
    told.push(Told::refused(refund(&bench, "r50", &held, amount(1)).await));
    told
}

async fn of_shops() -> Vec<Told> {
    let bench = Bench::open().await;
    let member = bench.member_with_voucher(1).await;
    let listed = TermsParts { shops: ShopScope::Listed, ..cool_drinks() };
    bench.till.offer(vec![campaign_of("listed", listed, 3)]).await;
    let (fan, person) = bench.member(2, "gd");
    bench.till.give(person, "listed").await;
    let mut ops = shops::ops(&bench, "gd");
    let mut told = vec![Told::refused(bench.authorize("a1", fan, "o1").await)];
    ops.put_shop(shops::put("p1", "shop-1", 0)).await.expect("it is registered");
    told.push(Told::refused(bench.authorize("a2", fan, "o2").await));
    told.push(Told::refused(ops.put_shop(shops::put("p2", "shop-1", 7)).await));

    let elsewhere = {
        let mut request = naming("o3", member, &[]);
        let shop = request.order.as_mut().and_then(|order| order.shop.as_mut());
        shop.expect("a shop").region_code = String::from("440103");
        request
    };
    told.push(Told::refused(bench.checkout().authorize(elsewhere).await));

    let terminal = wire::PutTerminalRequest {
        request_id: String::from("t1"),
        key: shops::key("shop-1"),
        terminal_id: String::from("t1"),
        state: wire::put_terminal_request::State::Blocked.into(),
    };
    ops.put_terminal(terminal).await.expect("it is blocked");
    let at_the_till = {
        let mut request = naming("o4", member, &[]);
        let shop = request.order.as_mut().and_then(|order| order.shop.as_mut());
        shop.expect("a shop").terminal_id = String::from("t1");
        request
    };
    told.push(Told::refused(bench.checkout().authorize(at_the_till).await));

    let stop = shops::stop("s1", Scope::RegionCode(String::from("440106")));
    ops.stop_redeeming(stop).await.expect("it is stopped");
    let stopped = Told::refused(bench.authorize("a5", member, "o5").await);
    assert_eq!(stopped.1, ["系统升级，请稍后", "we will be back"]);
    told.push(stopped);

    let key = shops::key("shop-1");
    let block = wire::BlockShopRequest { request_id: String::from("b1"), key };
    ops.block_shop(block).await.expect("it is blocked");
    told.push(Told::refused(bench.authorize("a6", member, "o6").await));

    let nowhere = Taken::CampaignId(String::from("nowhere"));
    let mut check = shops::check(&bench, "440106", nowhere).await;
    told.extend(check.campaigns.remove(0).obstacles.into_iter().map(Told::obstacle));
    told
}

async fn of_settlement() -> Vec<Told> {
    let bench = Bench::open().await;
    bench.buy(1).await;
    let own = || bench.settlement(bench.platform("wepay", "gd"));
    let request = wire::GetStatementRequest {
        business_day: String::from("2022-07-22"),
        ..wire::GetStatementRequest::default()
    };
    let mut told = vec![Told::refused(own().get_statement(request).await)];
    settlement::close(&bench).await;
    let file = "order_number,kind,amount_fen\n";
    reconciliation::reconcile(&bench, "m1", file).await.expect("it is compared");
    let accept = reconciliation::word("w1", "", Action::Accept);
    own().resolve_difference(accept).await.expect("it is accepted");
    let dispute = reconciliation::word("w2", "", Action::Dispute);
    told.push(Told::refused(own().resolve_difference(dispute).await));
    told
}
