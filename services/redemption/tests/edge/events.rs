use std::time::Duration;

use contracts::redemption::v1 as wire;
use contracts::redemption::v1::authorization::State;
use contracts::redemption::v1::event_service_client::EventServiceClient;
use tonic::{Code, Status, Streaming};

use crate::bench::{Bench, reason};

/// The longest that an event may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

async fn watch(
    bench: &Bench,
    platform: &str,
    after_position: i64,
) -> Result<Streaming<wire::WatchEventsResponse>, Status> {
    let mut client = EventServiceClient::new(bench.platform(platform, "gd"));
    let request = wire::WatchEventsRequest { after_position };
    Ok(client.watch_events(request).await?.into_inner())
}

/// The next events, so many.
async fn next(stream: &mut Streaming<wire::WatchEventsResponse>, count: usize) -> Vec<wire::Event> {
    let mut events = Vec::new();
    while events.len() < count {
        let message = tokio::time::timeout(PATIENCE, stream.message()).await;
        let message = message.expect("it comes").expect("goes on").expect("a message");
        assert!(!message.events.is_empty());
        events.extend(message.events);
    }
    events
}

#[tokio::test]
async fn a_platform_watches_its_authorizations_and_resumes_after_a_position() {
    let bench = Bench::open().await;
    let mut stream = watch(&bench, "wepay", 0).await.expect("it is open");
    let sold = bench.buy(1).await;
    let events = next(&mut stream, 2).await;
    let types: Vec<_> = events.iter().map(|event| event.r#type.as_str()).collect();
    assert_eq!(types, ["zhisong.authorization.held.v1", "zhisong.authorization.captured.v1"]);
    let [held, captured] = &events[..] else { panic!("{events:?}") };
    assert_eq!((held.id.as_str(), held.position, captured.position), ("1", 1, 2));
    assert_eq!(held.source, "zhisong/redemption/wepay");
    assert_eq!(
        (held.spec_version.as_str(), held.subject.as_str()),
        ("1.0", &*sold.authorization_id)
    );
    let state = held.authorization.as_ref().map(wire::Authorization::state);
    assert_eq!(state, Some(State::Held), "as it was then");
    assert_eq!(captured.authorization.as_ref(), Some(&sold));

    drop(stream);
    let refund = wire::RefundRequest {
        request_id: String::from("r1"),
        authorization_id: sold.authorization_id,
        portion: None,
    };
    bench.checkout().refund(refund).await.expect("it is refunded");
    let mut again = watch(&bench, "wepay", 1).await.expect("it goes on");
    let events = next(&mut again, 2).await;
    assert_eq!(events[0], *captured, "an event is the same whenever it is read");
    assert_eq!((events[1].position, &*events[1].r#type), (3, "zhisong.authorization.refunded.v1"));
}

#[tokio::test]
async fn nobody_sees_anothers_events_nor_goes_on_where_the_stream_has_not_been() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    let mut own = watch(&bench, "wepay", 0).await.expect("it is open");
    next(&mut own, 2).await;
    let ahead = watch(&bench, "otherpay", 1).await.expect_err("it has no events");
    assert_eq!((ahead.code(), &*reason(&ahead).0), (Code::FailedPrecondition, "FOREIGN_CURSORS"));
    let negative = watch(&bench, "wepay", -1).await.expect_err("it is no position");
    assert_eq!((negative.code(), &*reason(&negative).0), (Code::InvalidArgument, "FIELD_INVALID"));
    let channel = bench.caller("wepay", &["checkout.quote"], "gd");
    let request = wire::WatchEventsRequest { after_position: 0 };
    let refused = EventServiceClient::new(channel).watch_events(request).await;
    assert_eq!(reason(&refused.expect_err("the scope is missing")).0, "SCOPE_MISSING");
}
