use contracts::redemption::v1 as wire;
use contracts::redemption::v1::difference::{Kind, State};
use contracts::redemption::v1::reconcile_request::Part as Sent;
use contracts::redemption::v1::reconcile_response::Part as Got;
use contracts::redemption::v1::resolution::Action;
use rpc::PeerChannel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bench::{Bench, reason};
use crate::settlement::close;

const HEADER: &str = "order_number,kind,amount_fen\n";

/// A bench on which `wepay` sold orders `o1` and so on, and the day is closed.
async fn closed_day(orders: u8) -> Bench {
    let bench = Bench::open().await;
    for n in 1..=orders {
        bench.buy(n).await;
    }
    close(&bench).await;
    bench
}

fn header(request_id: &str, day: &str) -> Sent {
    let (request_id, business_day) = (request_id.to_owned(), day.to_owned());
    Sent::Header(wire::ReconcileHeader { request_id, business_day })
}

/// Sends messages and gives all that is answered.
async fn send(bench: &Bench, caller: PeerChannel, sent: Vec<Sent>) -> Result<Vec<Got>, Status> {
    let sent = sent.into_iter().map(|part| wire::ReconcileRequest { part: Some(part) });
    let sent = tokio_stream::iter(sent.collect::<Vec<_>>());
    let mut answered = bench.settlement(caller).reconcile(sent).await?.into_inner();
    let mut got = Vec::new();
    while let Some(message) = answered.message().await? {
        got.push(message.part.expect("a part"));
    }
    Ok(got)
}

/// Sends a file of the day in pieces of seven bytes, as `wepay`.
pub async fn reconcile(bench: &Bench, request_id: &str, file: &str) -> Result<Vec<Got>, Status> {
    let pieces = file.as_bytes().chunks(7).map(|piece| Sent::Csv(piece.to_vec().into()));
    let sent = std::iter::once(header(request_id, "2022-07-22")).chain(pieces);
    send(bench, bench.platform("wepay", "gd"), sent.collect()).await
}

#[tokio::test]
async fn totals_come_first_then_the_result_each_difference_and_each_bad_row() {
    let bench = closed_day(2).await;
    let file = format!("{HEADER}o1,CAPTURE,299\no7,REFUND,1\no8,SALE,1\n");
    let got = reconcile(&bench, "m1", &file).await.expect("it is compared");
    let [Got::Totals(totals), Got::Result(result), differences @ .., Got::BadRow(bad)] = &got[..]
    else {
        panic!("{got:?}")
    };
    let (ours, theirs) = (totals.ours.expect("our side"), totals.theirs.expect("their side"));
    assert_eq!((totals.platform.as_str(), totals.business_day.as_str()), ("wepay", "2022-07-22"));
    assert_eq!((ours.rows, ours.captured_fen, ours.refunded_fen), (2, 598, 0));
    assert_eq!((theirs.rows, theirs.captured_fen, theirs.refunded_fen), (2, 299, 1));
    assert_eq!((result.matched, result.differences, result.bad_rows), (1, 2, 1));
    let kinds: Vec<_> = differences
        .iter()
        .map(|one| match one {
            Got::Difference(one) => (one.order_number.as_str(), one.kind(), one.line),
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(kinds, [("o2", Kind::MissingThere, 0), ("o7", Kind::MissingHere, 3)]);
    assert_eq!((bad.line, bad.reason.as_str()), (4, "KIND"));
    assert_eq!(reconcile(&bench, "m1", &file).await.expect("the same file"), got);
}

#[tokio::test]
async fn a_file_that_broke_off_goes_on_under_the_same_id() {
    let bench = closed_day(1).await;
    let rows: String = (0..1_500).map(|n| format!("x{n},CAPTURE,1\n")).collect();
    let file = format!("{HEADER}{rows}o1,CAPTURE,299\n");
    // The header again in the middle ends the call; what was put away before it stays.
    let half = Sent::Csv(file.as_bytes()[..file.len() - 100].to_vec().into());
    let day = || header("m1", "2022-07-22");
    let own = || bench.platform("wepay", "gd");
    let broke = send(&bench, own(), vec![day(), half, day()]).await.expect_err("it breaks off");
    assert_eq!(reason(&broke).0, "FIELD_INVALID");
    let got = reconcile(&bench, "m1", &file).await.expect("it goes on");
    let Got::Result(result) = &got[1] else { panic!("the result is second") };
    assert_eq!((result.matched, result.differences), (1, 1_500));
    let other = format!("{file}x,CAPTURE,1\n");
    let refused = reconcile(&bench, "m1", &other).await.expect_err("it is another file");
    assert_eq!(refused.code(), Code::AlreadyExists);
    assert_eq!(
        (reason(&refused).0.as_str(), reason(&refused).1["field"].as_str()),
        ("REQUEST_ID_REUSED", "csv")
    );
}

#[tokio::test]
async fn what_is_no_reconciliation_is_refused() {
    let bench = closed_day(1).await;
    let own = || bench.platform("wepay", "gd");
    let csv = |text: &str| Sent::Csv(text.as_bytes().to_vec().into());
    let large = "x".repeat(1024 * 1024 + 1);
    let day = || header("m1", "2022-07-22");
    let rows = [
        (Vec::new(), "FIELD_INVALID"),
        (vec![csv(HEADER)], "FIELD_INVALID"),
        (vec![header("m 1", "2022-07-22")], "FIELD_INVALID"),
        (vec![header("m1", "")], "FIELD_INVALID"),
        (vec![day()], "FIELD_INVALID"),
        (vec![day(), csv("order_number,kind\n")], "FIELD_INVALID"),
        (vec![day(), csv(&large)], "FIELD_INVALID"),
        (vec![header("m1", "2022-07-23"), csv(HEADER)], "DAY_NOT_CLOSED"),
    ];
    for (sent, expected) in rows {
        let refused = send(&bench, own(), sent.clone()).await.expect_err("it is refused");
        assert_eq!(reason(&refused).0, expected, "{sent:?}");
    }
    reconcile(&bench, "m1", HEADER).await.expect("an empty file is one");
    bench.move_to("2022-07-24", 1);
    let closing = bench.settlement(bench.platform("clerk", "gd"));
    closing.clone().close_days(wire::CloseDaysRequest {}).await.expect("it closes");
    let sent = vec![header("m1", "2022-07-23"), csv(HEADER)];
    let refused = send(&bench, own(), sent).await.expect_err("the id is of another day");
    assert_eq!(reason(&refused).1["field"], "business_day");
}

pub fn word(request_id: &str, platform: &str, action: Action) -> wire::ResolveDifferenceRequest {
    wire::ResolveDifferenceRequest {
        request_id: request_id.to_owned(),
        reconciliation_id: String::from("m1"),
        platform: platform.to_owned(),
        difference_id: String::from("CAPTURE:order:o1"),
        action: action.into(),
        text: String::from("为什么"),
    }
}

#[tokio::test]
async fn a_difference_is_resolved_by_its_platform_and_by_ops_of_all_its_organizations() {
    let bench = closed_day(2).await;
    reconcile(&bench, "m1", HEADER).await.expect("it is compared");
    let own = || bench.settlement(bench.platform("wepay", "gd"));
    let said = own().resolve_difference(word("w1", "", Action::Dispute)).await.expect("is open");
    let said = said.into_inner().resolution.expect("a resolution");
    assert_eq!((said.position, said.resolved_by.as_str()), (1, "wepay"));
    let scopes = ["settlement.read", "settlement.resolve", "settlement.ops"];
    let ops = |organization| bench.settlement(bench.caller("ops", &scopes, organization));
    let far = ops("hn").resolve_difference(word("w1", "wepay", Action::Accept)).await;
    assert_eq!(reason(&far.expect_err("it is not theirs")).0, "OUTSIDE_SUBTREE");
    let near = ops("gd").resolve_difference(word("w1", "wepay", Action::Accept)).await;
    assert_eq!(near.expect("it is theirs").into_inner().resolution.expect("one").position, 2);

    let refused = own().resolve_difference(word("w2", "", Action::Dispute)).await;
    let refused = refused.expect_err("it was accepted");
    assert_eq!(
        (refused.code(), reason(&refused).0.as_str()),
        (Code::FailedPrecondition, "DIFFERENCE_ACCEPTED")
    );
    assert_eq!(reason(&refused).1["resolved_by"], "ops");
    let texts = refused.get_error_details_vec();
    let shown = |text: &str| format!("{texts:?}").contains(text);
    assert!(shown("zh-CN") && shown("该差异已确认，不可更改"), "{texts:?}");
    assert!(shown("the difference was accepted before, which is final"), "{texts:?}");

    let again = own().resolve_difference(word("w1", "", Action::Dispute)).await;
    assert_eq!(again.expect("as before").into_inner().resolution, Some(said));
    let other = own().resolve_difference(word("w1", "", Action::Accept)).await;
    assert_eq!(reason(&other.expect_err("it is another request")).1["field"], "action");
    let request = wire::ListDifferencesRequest {
        reconciliation_id: String::from("m1"),
        page_size: 1,
        ..wire::ListDifferencesRequest::default()
    };
    let first = own().list_differences(request.clone()).await.expect("a page").into_inner();
    assert_eq!(first.differences[0].state(), State::Accepted);
    assert_eq!(first.differences[0].history.len(), 2);
    let page_token = first.next_page_token;
    let second = wire::ListDifferencesRequest { page_token, ..request.clone() };
    let second = own().list_differences(second).await.expect("a page").into_inner();
    assert_eq!(second.differences[0].order_number, "o2");
    assert!(second.next_page_token.is_empty());
}

#[tokio::test]
async fn words_that_say_nothing_or_too_much_are_refused() {
    let bench = closed_day(1).await;
    reconcile(&bench, "m1", HEADER).await.expect("it is compared");
    let own = || bench.settlement(bench.platform("wepay", "gd"));
    let note = || word("w1", "", Action::Note);
    let text = |text: &str| wire::ResolveDifferenceRequest { text: text.to_owned(), ..note() };
    let rows = [
        word("w1", "", Action::Unspecified),
        text(""),
        text("two\nlines"),
        text(&"字".repeat(201)),
        wire::ResolveDifferenceRequest { difference_id: String::new(), ..note() },
        wire::ResolveDifferenceRequest { reconciliation_id: String::new(), ..note() },
    ];
    for request in rows {
        let refused = own().resolve_difference(request.clone()).await.expect_err("it is refused");
        assert_eq!(reason(&refused).0, "FIELD_INVALID", "{request:?}");
    }
    let unknown = wire::ResolveDifferenceRequest { difference_id: String::from("x"), ..note() };
    let refused = own().resolve_difference(unknown).await.expect_err("there is none");
    assert_eq!(
        (refused.code(), reason(&refused).1["kind"].as_str()),
        (Code::NotFound, "difference")
    );
    let request = wire::ListDifferencesRequest {
        reconciliation_id: String::from("m2"),
        ..wire::ListDifferencesRequest::default()
    };
    let refused = own().list_differences(request).await.expect_err("there is none");
    assert_eq!(reason(&refused).1["kind"], "reconciliation");
    own().resolve_difference(text(&"字".repeat(200))).await.expect("that long and no longer");
}
