use std::time::Duration;

use contracts::issuance::v1 as wire;
use tonic::{Code, Streaming};

use crate::offer;
use crate::server::{Server, refused};

/// The longest that an event may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

fn after(position: i64) -> wire::WatchVouchersRequest {
    let stock_period = String::from("day:2022-07-22");
    wire::WatchVouchersRequest {
        campaign_id: String::from("cool-drinks"),
        after: vec![wire::PeriodPosition { stock_period, position }],
    }
}

async fn next(stream: &mut Streaming<wire::WatchVouchersResponse>) -> wire::VoucherEvent {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await;
    let mut events = message.expect("it comes").expect("goes on").expect("a message").events;
    assert_eq!(events.len(), 1);
    events.remove(0)
}

#[tokio::test]
async fn an_office_watches_the_vouchers_of_its_campaign_and_resumes_after_a_position() {
    let server = Server::start().await;
    server.activate(offer()).await;
    let request =
        wire::WatchVouchersRequest { campaign_id: String::from("cool-drinks"), after: Vec::new() };
    let mut stream =
        server.vouchers("gd").watch_vouchers(request).await.expect("it is open").into_inner();
    let first = server.claim(1, "one").await.expect("is issued");
    let event = next(&mut stream).await;
    assert_eq!((event.id.as_str(), event.position), ("day:2022-07-22/1", 1));
    assert_eq!(event.source, "zhisong/issuance/cool-drinks");
    assert_eq!(event.r#type, "zhisong.voucher.issued.v1");
    assert_eq!((event.subject.as_str(), event.time), (&*first.voucher_id, first.issued_at));
    assert_eq!(event.voucher, Some(first));

    let second = server.claim(2, "two").await.expect("is issued");
    let mut again =
        server.vouchers("gd").watch_vouchers(after(1)).await.expect("it goes on").into_inner();
    let event = next(&mut again).await;
    assert_eq!((event.position, event.voucher), (2, Some(second)));
}

#[tokio::test]
async fn nobody_watches_what_is_not_theirs_or_where_the_stream_has_not_been() {
    let server = Server::start().await;
    server.activate(offer()).await;
    let below = refused(server.vouchers("gd/guangzhou").watch_vouchers(after(0)).await);
    assert_eq!(below.reason, "OUTSIDE_SUBTREE", "the province's members are shown");
    let ahead = refused(server.vouchers("gd").watch_vouchers(after(1)).await);
    assert_eq!(ahead.reason, "FOREIGN_CURSORS");
    let unknown =
        wire::WatchVouchersRequest { campaign_id: String::from("nothing"), after: Vec::new() };
    let unknown = refused(server.vouchers("gd").watch_vouchers(unknown).await);
    assert_eq!(unknown.code, Code::NotFound);
    let malformed = refused(server.vouchers("gd").watch_vouchers(after(-1)).await);
    assert_eq!(malformed.code, Code::InvalidArgument);
}
