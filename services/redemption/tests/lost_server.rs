//! A PostgreSQL that is killed in the middle of checkouts and started again: nobody is told
//! something wrong, nobody waits for ever, and what was answered is there (laws A1, A2 and A3).

#[path = "support/replica.rs"]
mod replica;

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use clock::ManualClock;
use futures::future::join_all;
use libtest_mimic::{Arguments, Failed, Trial};
use redemption::domain::{Receipt, VoucherStage};
use redemption::store::conformance::{RETURNS, Till, person};
use redemption::store::{StoreError, open};
use redemption::usecase::Failure;
use replica::{Issuer, Replica};
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};
use tokio::sync::watch;

const NAME: &str = "a_server_that_is_killed_and_comes_back_loses_nothing_and_answers_nothing_wrong";
/// Persons who buy, each by themselves.
const PERSONS: u8 = 200;
/// Answers before the server is killed.
const ANSWERS_BEFORE: usize = 20;
/// Nothing takes longer, or something hangs.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let started = match arguments.list {
        true => Err(Missing::Failure(String::from("no server was started for a mere list"))),
        false => Postgres::start_if_present(Settings { fsync: true }),
    };
    let trial = match started {
        Ok(mut postgres) => match postgres.server() {
            Some(_) => Trial::test(NAME, move || {
                let runtime = tokio::runtime::Runtime::new()?;
                runtime.block_on(async { tokio::time::timeout(LIMIT, play(postgres)).await })?;
                Ok(())
            }),
            None => ignored("the server is somebody else's and is not killed"),
        },
        Err(Missing::Ignored(reason)) => ignored(&reason),
        Err(Missing::Failure(reason)) => Trial::test(NAME, || Err(Failed::from(reason))),
    };
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn ignored(reason: &str) -> Trial {
    eprintln!("ignored: {NAME}: {reason}");
    Trial::test(NAME, || Ok(())).with_ignored_flag(true)
}

/// What the buyers have been told so far, and whether the server is back.
struct Town {
    replica: Replica,
    answers: AtomicUsize,
    failed: AtomicUsize,
    is_back: watch::Receiver<bool>,
}

async fn play(mut postgres: Postgres) {
    let url = postgres.database().await.expect("a database");
    let store = open(&DatabaseConfig::at(url)).await.expect("the database opens");
    let till = Till::open(Arc::clone(&store)).await;
    let clock = Arc::new(ManualClock::at(till.now()));
    let vouchers = (0..PERSONS).map(|n| till.voucher(person(n), RETURNS)).collect();
    let replica = Replica::start(Arc::clone(&store), clock, Issuer { vouchers, size: 100 });
    replica.until_level().await;
    let (back, is_back) = watch::channel(false);
    let (answers, failed) = Default::default();
    let town = Arc::new(Town { replica, answers, failed, is_back });
    let buyers: Vec<_> = (0..PERSONS).map(|n| tokio::spawn(Arc::clone(&town).buy(n))).collect();

    until(|| town.answers.load(Ordering::SeqCst) >= ANSWERS_BEFORE).await;
    postgres.server().expect("it is ours").kill().expect("it is killed");
    // Whoever is not answered by now is told that the database is away.
    until(|| town.failed.load(Ordering::SeqCst) > 0).await;
    postgres.server().expect("it is ours").run().expect("it comes back");
    back.send_replace(true);

    for (n, answers) in (0..).zip(join_all(buyers).await) {
        let answers = answers.expect("no buyer panics");
        assert_eq!(town.ask(n).await.expect("it is remembered"), answers, "what was answered");
        assert_eq!(till.only_voucher(person(n)).await.stage, VoucherStage::Used);
    }
    assert_eq!(till.totals("2022-07-22").await[0].captures, i64::from(PERSONS), "each once");
    let town = Arc::into_inner(town).expect("the buyers are done");
    town.replica.stop().await;
    store.close().await;
}

impl Town {
    /// One person buys until both answers are had, with the same requests each time.
    async fn buy(self: Arc<Self>, n: u8) -> [Receipt; 2] {
        loop {
            let failure = match self.ask(n).await {
                Ok(receipts) => return receipts,
                Err(failure) => failure,
            };
            let known = matches!(
                failure,
                Failure::Store(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown)
            );
            assert!(known, "a lost database is never a no: {failure:?}");
            self.failed.fetch_add(1, Ordering::SeqCst);
            let mut is_back = self.is_back.clone();
            is_back.wait_for(|is_back| *is_back).await.expect("the test goes on");
        }
    }

    async fn ask(&self, n: u8) -> Result<[Receipt; 2], Failure> {
        let authorize = format!("a{n}");
        let held = self.replica.authorize(&authorize, person(n), &format!("o{n}")).await?;
        self.answers.fetch_add(1, Ordering::SeqCst);
        let id = held.authorization.as_ref().expect("one is made").authorization_id;
        let request_id = format!("c{n}").parse().expect("a key");
        let checkout = &self.replica.checkout;
        let whole = replica::whole(id);
        let captured = checkout.capture(&replica::platform(), request_id, whole, None).await?;
        Ok([held, captured])
    }
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        tokio::task::yield_now().await;
    }
}
