//! `CheckoutService`, `WalletService` and `SettlementService`.

use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::get_authorization_request::Key;
use contracts::redemption::v1::get_statement_response::Part;
use contracts::redemption::v1::void_request::Target;
use tonic::Code;

use super::{Case, NotApplicable, Row, answered, outside, refused};
use crate::raw::{Ask, ask, read};
use crate::world::{CLOSED_DAY, City, World};

/// The scope of those who see the rows of all platforms.
const OPS: &[&str] = &["settlement.ops"];

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        quote(own, foreign),
        authorize(own, foreign),
        capture(own, foreign),
        void(own, foreign),
        refund(own, foreign),
        get_authorization(own, foreign),
        list_wallet_vouchers(own, foreign),
        get_daily_totals(own),
        get_statement(own, foreign),
        Row::none(
            "/zhisong.redemption.v1.SettlementService/CloseDays",
            ask(&wire::CloseDaysRequest {}),
            NotApplicable::ClosesEveryDayThatIsOver,
        ),
    ]
}

fn quote(own: &City, foreign: &City) -> Row {
    let quote = |member, voucher_ids: &[&City]| {
        ask(&wire::QuoteRequest {
            member: Some(member),
            order: Some(own.order("quoted")),
            voucher_ids: voucher_ids.iter().map(|city| city.voucher_id.clone()).collect(),
        })
    };
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/Quote",
        quote(own.member(), &[]),
        vec![
            outside("another's member", quote(foreign.member(), &[])),
            outside("another's member by ID number", quote(foreign.document(), &[])),
            refused(
                "another's voucher",
                quote(own.member(), &[foreign]),
                Code::FailedPrecondition,
                ErrorReason::VoucherUnknown,
            ),
        ],
    )
}

fn authorize(own: &City, foreign: &City) -> Row {
    let authorize = |request_id: &str, member, voucher_ids: &[&City]| {
        ask(&wire::AuthorizeRequest {
            request_id: request_id.to_owned(),
            member: Some(member),
            order: Some(own.order(request_id)),
            voucher_ids: voucher_ids.iter().map(|city| city.voucher_id.clone()).collect(),
            hold: None,
        })
    };
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/Authorize",
        authorize("own", own.member(), &[]),
        vec![
            outside("another's member", authorize("their-member", foreign.member(), &[])),
            outside("another's member by number", authorize("number", foreign.document(), &[])),
            refused(
                "another's voucher",
                authorize("their-voucher", own.member(), &[foreign]),
                Code::FailedPrecondition,
                ErrorReason::VoucherUnknown,
            ),
        ],
    )
}

fn unknown(what: &'static str, ask: Ask) -> Case {
    refused(what, ask, Code::FailedPrecondition, ErrorReason::AuthorizationUnknown)
}

fn capture(own: &City, foreign: &City) -> Row {
    let capture = |request_id: &str, authorization_id: &str| {
        let (request_id, authorization_id) = (request_id.to_owned(), authorization_id.to_owned());
        ask(&wire::CaptureRequest { request_id, authorization_id, portion: None })
    };
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/Capture",
        capture("own", &own.held[0]),
        vec![unknown("another platform's order", capture("theirs", &foreign.held[0]))],
    )
}

fn void(own: &City, foreign: &City) -> Row {
    let void = |request_id: &str, target| {
        let (request_id, target) = (request_id.to_owned(), Some(target));
        ask(&wire::VoidRequest { request_id, target })
    };
    let by_request = Target::AuthorizeRequestId(format!("authorize-{}-1", foreign.name));
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/Void",
        void("own", Target::AuthorizationId(own.held[1].clone())),
        vec![
            unknown(
                "another platform's order",
                void("theirs", Target::AuthorizationId(foreign.held[1].clone())),
            ),
            // Request ids are the platform's own: of another's there is nothing to let go.
            answered("another platform's request", void("request", by_request), |answer| {
                read::<wire::VoidResponse>(answer).authorization.is_none()
            }),
        ],
    )
}

fn refund(own: &City, foreign: &City) -> Row {
    let refund = |request_id: &str, authorization_id: &str| {
        let (request_id, authorization_id) = (request_id.to_owned(), authorization_id.to_owned());
        ask(&wire::RefundRequest { request_id, authorization_id, portion: None })
    };
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/Refund",
        refund("own", &own.captured),
        vec![unknown("another platform's order", refund("theirs", &foreign.captured))],
    )
}

fn get_authorization(own: &City, foreign: &City) -> Row {
    let get = |key| ask(&wire::GetAuthorizationRequest { key: Some(key) });
    let their_number = format!("order-{}-1", foreign.name);
    let unseen = |what, ask| refused(what, ask, Code::NotFound, ErrorReason::AuthorizationUnknown);
    Row::new(
        "/zhisong.redemption.v1.CheckoutService/GetAuthorization",
        get(Key::AuthorizationId(own.held[0].clone())),
        vec![
            unseen("another platform's order", get(Key::AuthorizationId(foreign.held[0].clone()))),
            unseen("another platform's number", get(Key::OrderNumber(their_number))),
        ],
    )
}

fn list_wallet_vouchers(own: &City, foreign: &City) -> Row {
    let list = |city: &City| {
        let member_id = city.member_id.clone();
        ask(&wire::ListWalletVouchersRequest { member_id, ..Default::default() })
    };
    Row::new(
        "/zhisong.redemption.v1.WalletService/ListWalletVouchers",
        list(own),
        vec![outside("another's member", list(foreign))],
    )
}

fn get_daily_totals(own: &City) -> Row {
    let ask = || ask(&wire::GetDailyTotalsRequest { business_day: CLOSED_DAY.to_owned() });
    let (platform, campaign_id) = (own.subject.clone(), own.campaign_id.clone());
    let only_own = move |answer: &prost::bytes::Bytes| {
        let totals = read::<wire::GetDailyTotalsResponse>(answer).totals;
        let [total] = &totals[..] else { return false };
        (total.platform == platform) & (total.campaign_id == campaign_id) & (total.captures == 1)
    };
    let for_ops =
        Case { more_scopes: OPS, ..answered("whatever there is for ops", ask(), only_own.clone()) };
    Row::new(
        "/zhisong.redemption.v1.SettlementService/GetDailyTotals",
        ask(),
        vec![answered("whatever there is", ask(), only_own), for_ops],
    )
}

fn get_statement(own: &City, foreign: &City) -> Row {
    let get = |platform: &str| {
        let (business_day, platform) = (CLOSED_DAY.to_owned(), platform.to_owned());
        ask(&wire::GetStatementRequest { business_day, platform })
    };
    let theirs = || get(&foreign.subject);
    let subject = own.subject.clone();
    Row::new(
        "/zhisong.redemption.v1.SettlementService/GetStatement",
        get(""),
        vec![
            refused(
                "another platform's",
                theirs(),
                Code::PermissionDenied,
                ErrorReason::ScopeMissing,
            ),
            Case { more_scopes: OPS, ..outside("another platform's for ops", theirs()) },
            answered("its own", get(""), move |answer| {
                match read::<wire::GetStatementResponse>(answer).part {
                    Some(Part::Head(head)) => head.platform == subject && head.rows == 1,
                    Some(Part::Csv(_)) | None => false,
                }
            }),
        ],
    )
}
