//! Three calls of ten are cancelled at random moments, by a caller that goes away or by a short
//! deadline: nothing is half done, and a retry finds the one answer.

use std::collections::BTreeMap;
use std::future::Future;
use std::time::Duration;

use futures::StreamExt as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use suite_tests::arrivals::Arrivals;
use suite_tests::stage::{Stage, first_day, issued, load, office, seed, ten_o_clock};
use suite_tests::tills::{End, Till, expected, totals};
use suite_tests::{rush, wallets};
use testkit::answers::Answer;
use tonic::Request;

use crate::ZHISONG;

/// Members who rush, and the vouchers that there are on a day.
const MEMBERS: usize = 1_500;
const QUOTA: usize = 1_000;
/// Calls that are under way at a time.
const AT_ONCE: usize = 500;
/// The longest deadline of a caller that states one, which is shorter than a call in the rush.
const DEADLINE_MAX: Duration = Duration::from_millis(20);

/// How a caller loses patience.
#[derive(Clone, Copy, Debug)]
enum Caller {
    Waits,
    /// When so many others have been answered since it called.
    GoesAway(usize),
    StatesDeadline(Duration),
}

impl Caller {
    /// Three callers of ten are impatient.
    fn any(random: &mut StdRng) -> Self {
        match random.random_range(0..20) {
            0..3 => Self::GoesAway(random.random_range(0..AT_ONCE)),
            3..6 => Self::StatesDeadline(random.random_range(Duration::ZERO..DEADLINE_MAX)),
            _ => Self::Waits,
        }
    }

    /// The result of a call, unless the caller goes away before it has one.
    async fn await_result<T>(
        self,
        arrivals: &Arrivals,
        call: impl Future<Output = T>,
    ) -> Option<T> {
        let Self::GoesAway(others) = self else { return Some(call.await) };
        tokio::select! {
            biased;
            result = call => Some(result),
            () = arrivals.more(others) => None,
        }
    }

    fn request<T>(self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        if let Self::StatesDeadline(patience) = self {
            request.set_timeout(patience);
        }
        request
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_claims_are_whole_or_not_there_and_leave_no_transaction_open() {
    let mut random = StdRng::seed_from_u64(seed());
    let stage = Stage::new(ZHISONG);
    let day = first_day();
    let mut suite = stage.serve(day).await;
    let clients = suite.clients();
    let loaded = load(&clients, &office(MEMBERS, QUOTA)).await;
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let arrivals = Arrivals::default();
    let calls = claims.iter().enumerate().map(|(at, claim)| {
        let caller = Caller::any(&mut random);
        let mut issuance = clients.issuance(at);
        let (acks, arrivals) = (&stage.acks, &arrivals);
        async move {
            let call = issuance.claim(caller.request(claim.request.clone()));
            let result = caller.await_result(arrivals, call).await?;
            arrivals.add();
            Some(claim.note(acks, Answer::of(result)))
        }
    });
    let answers: Vec<_> = futures::stream::iter(calls).buffered(AT_ONCE).collect().await;
    let unknown = |answer: &&Option<Answer<_>>| answer.as_ref().is_none_or(Answer::is_lost);
    let unknown = answers.iter().filter(unknown).count();
    println!("{unknown} of {MEMBERS} claims were cancelled");
    assert!(unknown > MEMBERS / 20, "too few were cancelled to prove anything");

    let answers = rush::settle(&clients, &stage.acks, &claims).await;
    let all = BTreeMap::from([("OK", QUOTA), ("SOLD_OUT", MEMBERS - QUOTA)]);
    assert_eq!(rush::tally(&answers), all);
    assert_eq!(issued(&clients, &loaded.campaign_id, day).await, QUOTA as i64);
    let next = day.next();
    clients.set_time(ten_o_clock(next)).await.expect("the clock is manual");
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, next);
    let following = rush::send(&clients, &stage.acks, &claims, &Arrivals::default()).await;
    assert_eq!(rush::tally(&following), all, "what follows is as if nothing had been");
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn cancelled_checkouts_are_booked_once_when_they_are_retried() {
    let mut random = StdRng::seed_from_u64(seed());
    let stage = Stage::new(ZHISONG);
    let day = first_day();
    let mut suite = stage.serve(day).await;
    let clients = suite.clients();
    let loaded = load(&clients, &office(QUOTA, QUOTA)).await;
    let claims = rush::claims(&loaded.campaign_id, &loaded.member_ids, day);
    let answers = rush::settle(&clients, &stage.acks, &claims).await;
    wallets::filled(&clients, &answers).await;
    let arrivals = Arrivals::default();
    let till =
        Till { clients: &clients, acks: &stage.acks, arrivals: &arrivals, occasion: "cancelled" };
    let orders = loaded.member_ids.iter().enumerate().map(|(at, member_id)| {
        let caller = match random.random_bool(0.3) {
            true => Caller::GoesAway(random.random_range(0..2 * AT_ONCE)),
            false => Caller::Waits,
        };
        caller.await_result(&arrivals, till.story(at, member_id))
    });
    let ends: Vec<_> = futures::stream::iter(orders).buffered(AT_ONCE).collect().await;
    let cancelled = ends.iter().filter(|end| end.is_none()).count();
    println!("{cancelled} of {QUOTA} orders were cancelled");
    assert!(cancelled > QUOTA / 20, "too few were cancelled to prove anything");
    assert!(ends.iter().flatten().all(|end| *end == End::Told), "the patient are answered");

    till.settle(&loaded.member_ids).await;
    assert_eq!(totals(&clients, day).await, expected(QUOTA));
    suite.kill().expect("the suite runs");
    stage.check_laws(None).await;
}
