//! What redemption says of vouchers that are over, and what becomes of their money.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use benefit::Fen;
use futures::StreamExt as _;
use futures::stream::BoxStream;
use issuance::domain::{
    ClaimRefusal, Closure, ClosureBatch, ClosureCursor, Epoch, Fund, FundCommand,
};
use issuance::store::Store as _;
use issuance::store::conformance::{Offer, noon};
use issuance::usecase::{Failure, FollowProblem, RedemptionPeer};
use member_identity::{OrganizationPath, VoucherId};
use tokio::sync::mpsc;

use crate::support::Desk;
use crate::{caller, claim};

const FUND: &str = "cool";
const OFFER: Offer = Offer { fund: Some(FUND), ..Offer::DEFAULT };
/// The longest that a message may take to be taken in.
const PATIENCE: Duration = Duration::from_secs(10);

type Said = Result<ClosureBatch, FollowProblem>;

/// A redemption that says what it is told to, once a call, and remembers the calls.
struct FakeRedemption {
    calls: Mutex<Vec<ClosureCursor>>,
    said: Mutex<Vec<mpsc::UnboundedReceiver<Said>>>,
}

#[async_trait]
impl RedemptionPeer for FakeRedemption {
    async fn follow_closures(
        &self,
        cursor: ClosureCursor,
    ) -> Result<BoxStream<'static, Said>, FollowProblem> {
        self.calls.lock().expect("no panic").push(cursor);
        let said = self.said.lock().expect("no panic").pop();
        let said = said.ok_or(FollowProblem::Unavailable)?;
        let next = |mut said: mpsc::UnboundedReceiver<Said>| async {
            said.recv().await.map(|message| (message, said))
        };
        Ok(futures::stream::unfold(said, next).boxed())
    }
}

/// A redemption of so many calls, and what says something in each, the first first.
fn redemption(calls: usize) -> (Arc<FakeRedemption>, Vec<mpsc::UnboundedSender<Said>>) {
    let (sayers, mut said): (Vec<_>, Vec<_>) =
        (0..calls).map(|_| mpsc::unbounded_channel()).unzip();
    said.reverse();
    (Arc::new(FakeRedemption { calls: Mutex::default(), said: Mutex::new(said) }), sayers)
}

fn batch(first_position: i64, closures: Vec<Closure>) -> ClosureBatch {
    ClosureBatch { epoch: Epoch([9; 16]), first_position, closures }
}

fn unspent(voucher_id: VoucherId) -> Closure {
    Closure { voucher_id, version: 1, spent: Fen(0), unspent: Fen(299) }
}

/// With a fund of so many vouchers, and a campaign that draws on it.
async fn desk(vouchers: i64) -> Desk {
    let desk = Desk::usual().await;
    let command = FundCommand {
        caller: caller("gd"),
        request_id: "pledge".parse().expect("a key"),
        fund_id: FUND.parse().expect("a slug"),
        organization: OrganizationPath::parse("gd").expect("a path"),
        pledged: Fen(vouchers * 299),
    };
    desk.issuance.create_fund(command).await.expect("is created");
    desk.bench.activate(OFFER).await;
    desk
}

async fn fund(desk: &Desk) -> Fund {
    let found = desk.store.fund(&FUND.parse().expect("a slug")).await;
    found.expect("reads").expect("is there")
}

async fn cursor_at(desk: &Desk, position: i64) {
    let reaches = async {
        while desk.issuance.closure_cursor().await.expect("reads").position != position {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reaches).await.expect("it gets there");
}

async fn got(desk: &Desk, number: u32, request_id: &str) -> Result<VoucherId, Failure> {
    let issued = desk.issuance.claim(claim(number, request_id), None).await?;
    Ok(issued.voucher.voucher_id)
}

#[tokio::test]
async fn closures_are_taken_in_from_the_cursor_on_also_after_a_call_that_ended() {
    let desk = desk(2).await;
    let one = got(&desk, 1, "one").await.expect("is issued");
    let two = got(&desk, 2, "two").await.expect("is issued");
    let (redemption, sayers) = redemption(2);
    let follower = tokio::spawn(desk.issuance.closure_follower(redemption.clone()).run());
    let [first, second] = &sayers[..] else { panic!("two calls") };
    first.send(Ok(batch(1, vec![unspent(one)]))).expect("it follows");
    cursor_at(&desk, 1).await;
    assert_eq!(fund(&desk).await.returned, Fen(299));
    let heard = desk.issuance.closure_cursor().await.expect("reads").heard_at;
    assert_eq!(heard, Some(noon("2022-07-22")));
    first.send(Err(FollowProblem::Unavailable)).expect("it follows");
    // What is said again is known already.
    second.send(Ok(batch(1, vec![unspent(one), unspent(two)]))).expect("it follows");
    cursor_at(&desk, 2).await;
    assert_eq!(fund(&desk).await.returned, Fen(2 * 299));
    let calls = redemption.calls.lock().expect("no panic").clone();
    assert_eq!(calls.iter().map(|call| call.position).collect::<Vec<_>>(), [0, 1]);
    desk.issuance.end_streams();
    follower.await.expect("it ends by itself");
}

#[tokio::test]
async fn closures_that_cannot_be_right_stop_the_follower_for_good() {
    for wrong in [
        Ok(ClosureBatch { epoch: Epoch([8; 16]), ..batch(2, Vec::new()) }),
        Ok(batch(3, Vec::new())),
        Ok(batch(2, vec![unspent(VoucherId::from_bytes([1; 16]))])),
        Err(FollowProblem::OtherStore),
        Err(FollowProblem::Malformed(String::from("made up"))),
    ] {
        let desk = desk(1).await;
        let one = got(&desk, 1, "one").await.expect("is issued");
        let (redemption, sayers) = redemption(2);
        let follower = tokio::spawn(desk.issuance.closure_follower(redemption.clone()).run());
        sayers[0].send(Ok(batch(1, vec![unspent(one)]))).expect("it follows");
        sayers[0].send(wrong).expect("it follows");
        // Nobody has ended it.
        follower.await.expect("it ends by itself");
        assert_eq!(redemption.calls.lock().expect("no panic").len(), 1);
        assert_eq!(desk.issuance.closure_cursor().await.expect("reads").position, 1);
        assert_eq!(fund(&desk).await.returned, Fen(299));
    }
}

#[tokio::test(start_paused = true)]
async fn who_was_told_that_the_money_is_gone_gets_what_came_back_within_a_second() {
    Desk::hold_time();
    let desk = desk(1).await;
    let one = got(&desk, 1, "one").await.expect("is issued");
    let is_exhausted = |answer| {
        matches!(answer, Err(Failure::Claim(ClaimRefusal::MoneyExhausted { free: Fen(0), .. })))
    };
    for request_id in ["a", "b", "c"] {
        assert!(is_exhausted(got(&desk, 2, request_id).await));
    }
    let (asked, batches) = desk.worked();
    assert!(is_exhausted(got(&desk, 2, "d").await));
    assert_eq!(desk.worked(), (asked, batches), "it is told from memory");
    let closures = desk.store.closures();
    let applied = closures.apply_closures(batch(1, vec![unspent(one)]), noon("2022-07-22")).await;
    applied.expect("the store answers").expect("it goes on");
    tokio::time::advance(Duration::from_millis(1_001)).await;
    got(&desk, 2, "e").await.expect("the money is back");
    assert!(is_exhausted(got(&desk, 3, "a").await));
}
