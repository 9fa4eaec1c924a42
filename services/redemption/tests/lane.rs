//! Laws A1 and A2 in the lane: what it answers when the store loses answers or meets others.

#[path = "support/lossy.rs"]
mod lossy;

use std::sync::Arc;
use std::time::Duration;

use clock::ManualClock;
use group_commit::Stages as _;
use lossy::{Fault, Lossy};
use redemption::domain::{Action, Answer, Checks, Reason, Standing};
use redemption::store::conformance::{Counting, RETURNS, Till, off, person, rechecking};
use redemption::store::{StoreError, open};
use redemption::usecase::{CheckoutStages, Wish};
use sql::DatabaseConfig;

/// A lane over a store that loses nothing yet, and a till that looks past it.
struct Bench {
    till: Till,
    store: Arc<Lossy>,
    stages: CheckoutStages,
    _folder: tempfile::TempDir,
}

const UNAVAILABLE: StoreError = StoreError::Unavailable { detail: String::new() };

impl Bench {
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
        let store = open(&DatabaseConfig::at(url)).await.expect("the database opens");
        let till = Till::open(Arc::clone(&store)).await;
        let store = Arc::new(Lossy::over(store));
        let stages = CheckoutStages {
            store: store.clone(),
            clock: Arc::new(ManualClock::at(till.now())),
            entropy: Arc::new(Counting::beginning_at(1 << 32)),
        };
        Self { till, store, stages, _folder: folder }
    }

    /// Three persons with a voucher each want to hold it.
    async fn hold_three(&self) -> Vec<Result<Answer, StoreError>> {
        for n in 1..=3 {
            self.till.give(person(n), RETURNS).await;
        }
        let wish = |n| self.till.authorize(&format!("a{n}"), person(n), &format!("o{n}"));
        self.stages.commit((1..=3).map(wish).map(Wish::from).collect()).await
    }

    /// Whether everybody's voucher is held by the request that asked.
    async fn holds_three(&self, answers: &[Result<Answer, StoreError>]) {
        let wish = |n| self.till.authorize(&format!("a{n}"), person(n), &format!("o{n}"));
        let kept = self.till.run((1..=3).map(wish).collect()).await;
        let answered: Vec<_> =
            answers.iter().cloned().map(|answer| answer.expect("it is")).collect();
        assert!(kept.iter().all(Result::is_ok));
        assert_eq!(answered, kept, "what was answered is what is kept");
    }
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_answered_from_what_it_remembered() {
    let bench = Bench::open().await;
    bench.store.fail([Fault::After(StoreError::OutcomeUnknown)]);
    let answers = bench.hold_three().await;
    bench.holds_three(&answers).await;
    assert_eq!(*bench.store.batches.lock().unwrap(), [3, 3], "the same batch once more");
}

#[tokio::test]
async fn a_commit_that_was_lost_before_it_was_made_is_made_by_the_second_run() {
    let bench = Bench::open().await;
    bench.store.fail([Fault::Before(StoreError::OutcomeUnknown)]);
    let answers = bench.hold_three().await;
    bench.holds_three(&answers).await;
}

#[tokio::test]
async fn an_unknown_outcome_that_cannot_be_read_back_is_never_nothing_done() {
    let seconds = [StoreError::OutcomeUnknown, UNAVAILABLE];
    for second in seconds {
        let bench = Bench::open().await;
        bench.store.fail([Fault::After(StoreError::OutcomeUnknown), Fault::Before(second)]);
        let answers = bench.hold_three().await;
        assert!(answers.iter().all(|answer| *answer == Err(StoreError::OutcomeUnknown)));
        let wish = bench.till.authorize("a1", person(1), "o1");
        assert!(bench.till.one(wish).await.is_ok(), "it had been done");
    }
}

#[tokio::test]
async fn a_database_that_is_away_is_answered_as_such_at_once() {
    let bench = Bench::open().await;
    bench.store.fail([Fault::Before(UNAVAILABLE)]);
    let answers = bench.hold_three().await;
    assert!(answers.iter().all(|answer| *answer == Err(UNAVAILABLE)));
    assert_eq!(*bench.store.batches.lock().unwrap(), [3]);
}

#[tokio::test]
async fn a_batch_that_met_another_is_run_again() {
    let bench = Bench::open().await;
    bench.store.fail([Fault::Before(StoreError::Conflict), Fault::Before(StoreError::Conflict)]);
    let answers = bench.hold_three().await;
    bench.holds_three(&answers).await;
    assert_eq!(*bench.store.batches.lock().unwrap(), [3, 3, 3]);
}

#[tokio::test]
async fn of_a_batch_that_conflicts_without_end_only_the_culprit_fails() {
    let bench = Bench::open().await;
    *bench.store.poison.lock().unwrap() = Some(String::from("a2"));
    let answers = bench.hold_three().await;
    assert!(answers[0].as_ref().is_ok_and(Result::is_ok));
    assert_eq!(answers[1], Err(StoreError::Conflict));
    assert!(answers[2].as_ref().is_ok_and(Result::is_ok));
    let batches = bench.store.batches.lock().unwrap().clone();
    assert_eq!(batches, [3, 3, 3, 3, 1, 1, 1, 1, 1, 1], "together, then one by one, within bounds");
}

#[tokio::test]
async fn a_refusal_whose_answer_is_lost_stays_the_same() {
    let bench = Bench::open().await;
    bench.store.fail([Fault::After(StoreError::OutcomeUnknown)]);
    let wish = bench.till.authorize("a9", person(9), "o9");
    let answers = bench.stages.commit(vec![wish.clone().into()]).await;
    let refused = answers[0].clone().expect("it is known").expect_err("there is no voucher");
    assert_eq!(refused.reason, Reason::NoVoucher);
    bench.till.give(person(9), RETURNS).await;
    assert_eq!(bench.till.one(wish).await, Err(refused), "whatever came since");
}

#[tokio::test]
async fn checks_that_have_become_too_old_in_the_lane_are_as_good_as_none() {
    let bench = Bench::open().await;
    let asking = rechecking("asking", off(100), "members", 3);
    bench.till.offer(vec![asking]).await;
    bench.till.give(person(1), "asking").await;
    let mut command = bench.till.authorize("a1", person(1), "o1");
    if let Action::Authorize(order) = &mut command.action {
        order.checks = Checks::from_iter([(String::from("members"), Standing::Qualifies)]);
    }
    let now = tokio::time::Instant::now();
    let sent = async |until: tokio::time::Instant| {
        let wish = Wish { command: command.clone(), checks_until: Some(until) };
        bench.stages.commit(vec![wish]).await.remove(0).expect("the store is there")
    };
    let late = sent(now - Duration::from_millis(1)).await.expect_err("they say nothing now");
    assert_eq!(late.reason, Reason::BenefitNotAvailableNow);
    assert!(sent(now + Duration::from_secs(60)).await.is_ok(), "nothing was remembered");
}
