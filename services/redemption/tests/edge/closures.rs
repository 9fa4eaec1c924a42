use std::time::Duration;

use contracts::redemption::v1 as wire;
use contracts::redemption::v1::closure_feed_service_client::ClosureFeedServiceClient;
use tonic::{Code, Status, Streaming};

use crate::bench::{Bench, reason};

/// The longest that a message may take to come.
const PATIENCE: Duration = Duration::from_secs(10);

async fn follow(
    bench: &Bench,
    epoch: &[u8],
    position: i64,
) -> Result<Streaming<wire::FollowClosuresResponse>, Status> {
    let mut client = ClosureFeedServiceClient::new(bench.unbound("issuance", &["feed.read"]));
    let request = wire::FollowClosuresRequest { epoch: epoch.to_vec().into(), position };
    Ok(client.follow_closures(request).await?.into_inner())
}

async fn next(
    stream: &mut Streaming<wire::FollowClosuresResponse>,
) -> wire::FollowClosuresResponse {
    let message = tokio::time::timeout(PATIENCE, stream.message()).await;
    message.expect("it comes").expect("goes on").expect("a message")
}

#[tokio::test]
async fn issuance_follows_closures_and_resumes_after_a_position() {
    let bench = Bench::open().await;
    let mut stream = follow(&bench, &[], 0).await.expect("it is open");
    let first = next(&mut stream).await;
    assert!(first.level && first.closures.is_empty(), "{first:?}");
    assert_eq!(first.epoch.len(), 16);

    let sold = bench.buy(1).await;
    bench.member_with_voucher(2).await;
    bench.move_to("2022-07-23", 0);
    let mut closures = Vec::new();
    while closures.len() < 2 {
        let message = next(&mut stream).await;
        assert_eq!(message.first_position, 1 + i64::try_from(closures.len()).expect("few"));
        closures.extend(message.closures);
    }
    let of_sold =
        |closure: &&wire::VoucherClosure| closure.voucher_id == sold.vouchers[0].voucher_id;
    let used = closures.iter().find(of_sold).expect("it is closed");
    assert_eq!((used.version, used.spent_fen, used.unspent_fen), (1, 299, 0));
    assert_eq!(used.campaign_id, sold.vouchers[0].campaign_id);
    let unused = closures.iter().find(|closure| !of_sold(closure)).expect("it is closed");
    assert_eq!((unused.version, unused.spent_fen, unused.unspent_fen), (1, 0, 299));

    drop(stream);
    let refund = wire::RefundRequest {
        request_id: String::from("r1"),
        authorization_id: sold.authorization_id.clone(),
        portion: None,
    };
    bench.checkout().refund(refund).await.expect("it is refunded");
    let mut stream = follow(&bench, &first.epoch, 2).await.expect("it goes on");
    let mut message = next(&mut stream).await;
    while message.closures.is_empty() {
        message = next(&mut stream).await;
    }
    assert_eq!((message.first_position, message.closures.len()), (3, 1));
    let again = &message.closures[0];
    assert_eq!((again.version, again.spent_fen, again.unspent_fen), (2, 0, 299));
}

#[tokio::test]
async fn a_cursor_of_another_store_or_ahead_of_this_one_is_refused() {
    let bench = Bench::open().await;
    let mut stream = follow(&bench, &[], 0).await.expect("it is open");
    let epoch = next(&mut stream).await.epoch;
    for (epoch, position, code, expected) in [
        (&[8; 16][..], 0, Code::FailedPrecondition, "FOREIGN_CURSORS"),
        (&epoch, 1, Code::FailedPrecondition, "FOREIGN_CURSORS"),
        (&[8; 15], 0, Code::InvalidArgument, "FIELD_INVALID"),
        (&epoch, -1, Code::InvalidArgument, "FIELD_INVALID"),
        (&[], 1, Code::InvalidArgument, "FIELD_INVALID"),
    ] {
        let refused = follow(&bench, epoch, position).await.expect_err("it is refused");
        assert_eq!((refused.code(), reason(&refused).0.as_str()), (code, expected));
    }
    follow(&bench, &epoch, 0).await.expect("its own is not");
}
