//! `CheckoutService`, `EventService`, `WalletService` and `ClosureFeedService`.

use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::get_authorization_request::Key;
use contracts::redemption::v1::void_request::Target;
use tonic::Code;

use super::{Case, Row, answered, outside, refused};
use crate::raw::{Ask, ask, read};
use crate::world::{City, World};

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
        watch_events(own),
        Row::everywhere(
            "/zhisong.redemption.v1.ClosureFeedService/FollowClosures",
            ask(&wire::FollowClosuresRequest::default()),
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

/// A stream of the caller's own: there is nothing of another's to name.
fn watch_events(own: &City) -> Row {
    let source = format!("zhisong/redemption/{}", own.subject);
    let watch = || ask(&wire::WatchEventsRequest { after_position: 0 });
    Row::new(
        "/zhisong.redemption.v1.EventService/WatchEvents",
        watch(),
        vec![answered("whatever there is", watch(), move |answer| {
            let events = read::<wire::WatchEventsResponse>(answer).events;
            events.iter().all(|event| event.source == source)
        })],
    )
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
