//! Replicas of the use cases on one PostgreSQL that keeps what it commits (fsync), and that server
//! killed in the rush. The last trial kills the server that the others use.

use std::collections::{BTreeSet, HashMap};
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use clock::ManualClock;
use futures::future::{BoxFuture, join_all};
use issuance::domain::{Caller, ClaimRefusal, FeedCursors, Voucher};
use issuance::store::conformance::{Bench, Offer, noon};
use issuance::store::{self, Issued, Store, StoreError};
use issuance::usecase::fakes::{CountingEntropy, FakeEligibility, member};
use issuance::usecase::{Claim, Failure, Issuance, LaneLimits, Parts};
use libtest_mimic::{Arguments, Failed, Trial};
use member_identity::OrganizationPath;
use sql::DatabaseConfig;
use sqlx::{Connection as _, PgConnection};
use testkit::postgres::{Missing, Postgres, Server, Settings};

type Shared = Arc<Mutex<Postgres>>;

/// A trial: its sentence, and what it does with a server and a fresh database's URL.
type Case = (&'static str, fn(Shared, String) -> BoxFuture<'static, ()>);

const CASES: &[Case] = &[
    ("two_replicas_issue_the_quota_exactly_and_one_a_person", |_, url| Box::pin(quota(url))),
    ("a_follower_of_one_replica_gets_what_the_other_issued", |_, url| Box::pin(follower(url))),
    ("a_limit_over_two_days_holds_while_each_replica_is_at_one_of_them", |_, url| {
        Box::pin(midnight(url))
    }),
    ("a_killed_server_is_never_a_no_and_loses_no_answered_voucher", |postgres, url| {
        Box::pin(killed(postgres, url))
    }),
];

const DAY: &str = "2022-07-22";

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let postgres = match Postgres::start_if_present(Settings { fsync: true }) {
        Ok(postgres) => Arc::new(Mutex::new(postgres)),
        Err(missing) => return without(&arguments, &missing),
    };
    let arguments = Arguments { test_threads: Some(1), ..arguments };
    let is_ours = postgres.lock().expect("no panic holds it").server().is_some();
    let last = CASES.len() - 1;
    let trials = CASES.iter().enumerate().map(|(at, (name, case))| {
        let postgres = Arc::clone(&postgres);
        let trial = Trial::test(*name, move || {
            let runtime = tokio::runtime::Runtime::new()?;
            let made = runtime.block_on(database(&postgres))?;
            runtime.block_on(case(postgres, made));
            Ok(())
        });
        trial.with_ignored_flag(at == last && !is_ours)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

fn without(arguments: &Arguments, missing: &Missing) -> ExitCode {
    let trials = CASES.iter().map(|(name, _)| match missing.clone() {
        Missing::Ignored(why) => {
            eprintln!("ignored: {name}: {why}");
            Trial::test(*name, || Ok(())).with_ignored_flag(true)
        }
        Missing::Failure(why) => Trial::test(*name, || Err(Failed::from(why))),
    });
    libtest_mimic::run(arguments, trials.collect()).exit_code()
}

#[expect(clippy::await_holding_lock, reason = "trials run one after the other")]
async fn database(postgres: &Shared) -> Result<String, sqlx::Error> {
    postgres.lock().expect("no panic holds it").database().await
}

fn on_server(postgres: &Shared, act: impl FnOnce(&mut Server)) {
    let mut postgres = postgres.lock().expect("no panic holds it");
    act(postgres.server().expect("the trial is ignored when the server is not ours"));
}

/// One process of the service, as far as the database sees it.
struct Replica {
    issuance: Issuance,
    store: Arc<dyn Store>,
}

impl Replica {
    async fn open(url: &str, number: u64, day: &str) -> Self {
        let store = store::open(&DatabaseConfig::at(url)).await.expect("the database opens");
        let parts = Parts {
            store: Arc::clone(&store),
            clock: Arc::new(ManualClock::at(noon(day))),
            eligibility: Arc::new(FakeEligibility::default()),
            entropy: Arc::new(CountingEntropy::from(number << 32)),
        };
        let limits = LaneLimits { batch_max: 200, queue_max: 20_000 };
        Self { issuance: Issuance::new(parts, limits), store }
    }

    /// Claims until the answer says something, as callers do; and how often it said nothing. On a
    /// slow machine a verdict may be too old when its turn comes.
    async fn insist(&self, number: u32, request_id: &str) -> (Result<Issued, ClaimRefusal>, u32) {
        let mut failures = 0;
        loop {
            match self.claim(number, request_id).await {
                Ok(issued) => return (Ok(issued), failures),
                Err(Failure::Claim(refusal)) => return (Err(refusal), failures),
                Err(
                    Failure::Eligibility
                    | Failure::Store(
                        StoreError::OutcomeUnknown
                        | StoreError::Unavailable { .. }
                        | StoreError::Conflict,
                    ),
                ) => failures += 1,
                Err(failure) => panic!("there is no reason for {failure:?}"),
            }
            tokio::task::yield_now().await;
        }
    }

    async fn claim(&self, number: u32, request_id: &str) -> Result<Issued, Failure> {
        let organization = OrganizationPath::parse("gd").expect("a path");
        let caller =
            Caller { partner: "app".parse().expect("a key"), organization: Some(organization) };
        let claim = Claim {
            caller,
            request_id: request_id.parse().expect("a key"),
            campaign_id: Offer::default().campaign_id(),
            member_id: member(number),
        };
        self.issuance.claim(claim, None).await
    }

    async fn close(self) {
        self.issuance.stop().await;
        self.store.close().await;
    }
}

async fn two_replicas(url: &str, offer: Offer, days: [&str; 2]) -> [Replica; 2] {
    let [one, other] = days;
    let replicas = tokio::join!(Replica::open(url, 0, one), Replica::open(url, 1, other));
    Bench::over(Arc::clone(&replicas.0.store)).activate(offer).await;
    replicas.into()
}

/// Every voucher of a stock; reading them fails when a position is missing.
async fn fed(replica: &Replica, offer: Offer, day: &str) -> Vec<Voucher> {
    let entries = replica.store.voucher_feed(&offer.stock_key(day), 0, 1_000_000).await;
    entries.expect("the feed is read").vouchers
}

/// Laws I1 and I2 of what was issued out of one stock.
fn check(vouchers: &[Voucher], count: usize) {
    assert_eq!(vouchers.len(), count);
    let serials: BTreeSet<_> = vouchers.iter().map(|voucher| voucher.serial as usize).collect();
    assert_eq!(serials, (1..=count).collect(), "serials without a gap");
    let persons: BTreeSet<_> = vouchers.iter().map(|voucher| voucher.person).collect();
    assert_eq!(persons.len(), count, "one a person");
}

async fn quota(url: String) {
    let offer = Offer { quota: 2_000, ..Offer::default() };
    let replicas = two_replicas(&url, offer, [DAY, DAY]).await;
    // Three thousand persons, each through both.
    let claims = (0..3_000).flat_map(|person| {
        let claim = |replica: usize| replicas[replica].insist(person, ["one", "other"][replica]);
        [claim(0), claim(1)]
    });
    let mut issued = Vec::new();
    for (answer, _) in join_all(claims).await {
        match answer {
            Ok(got) => issued.push(got.voucher),
            Err(ClaimRefusal::SoldOut { .. } | ClaimRefusal::PersonLimitReached { .. }) => {}
            Err(refusal) => panic!("there is no reason for {refusal:?}"),
        }
    }
    check(&issued, 2_000);
    let fed = fed(&replicas[1], offer, DAY).await;
    check(&fed, 2_000);
    let ids = |vouchers: &[Voucher]| -> BTreeSet<_> {
        vouchers.iter().map(|voucher| voucher.voucher_id).collect()
    };
    assert_eq!(ids(&fed), ids(&issued), "what was answered is what is stored");
    join_all(replicas.map(Replica::close)).await;
}

async fn follower(url: String) {
    let replicas = two_replicas(&url, Offer::default(), [DAY, DAY]).await;
    let everywhere = Caller { partner: "redemption".parse().expect("a key"), organization: None };
    let follower = replicas[0].issuance.follow(&everywhere, FeedCursors::default()).await;
    let mut follower = follower.expect("follows");
    while !follower.next().await.expect("reads").expect("does not end").level {}
    for number in 0..5_u32 {
        let issued = replicas[1].insist(number, "one").await.0.expect("is issued");
        let entries = loop {
            let message = follower.next().await.expect("reads").expect("does not end");
            if let Some(entries) = message.vouchers {
                break entries;
            }
        };
        assert_eq!(entries.first_position, i64::from(number) + 1);
        assert_eq!(entries.vouchers, [issued.voucher]);
    }
    join_all(replicas.map(Replica::close)).await;
}

async fn midnight(url: String) {
    let next = "2022-07-23";
    let offer = Offer { limit_period: "campaign", ..Offer::default() };
    let replicas = two_replicas(&url, offer, [DAY, next]).await;
    let claim = |person: u32, replica: usize| {
        let replica = &replicas[replica];
        async move { replica.insist(person, &format!("claim-{person}")).await.0 }
    };
    // The same request through both: one voucher, whichever day it is of.
    let claims = (0..400).flat_map(|person| [claim(person, 0), claim(399 - person, 1)]);
    let mut got: HashMap<_, BTreeSet<_>> = HashMap::new();
    for issued in join_all(claims).await {
        let voucher = issued.expect("a request gets its voucher").voucher;
        got.entry(voucher.person).or_default().insert(voucher.voucher_id);
    }
    assert_eq!(got.len(), 400);
    assert!(got.values().all(|vouchers| vouchers.len() == 1), "one a person");
    let (today, tomorrow) =
        (fed(&replicas[0], offer, DAY).await, fed(&replicas[0], offer, next).await);
    check(&today, today.len());
    check(&tomorrow, 400 - today.len());
    join_all(replicas.map(Replica::close)).await;
}

async fn killed(postgres: Shared, url: String) {
    let offer = Offer { quota: 3_000, ..Offer::default() };
    let replicas = Arc::new(two_replicas(&url, offer, [DAY, DAY]).await);
    let (answered, mut answers) = tokio::sync::mpsc::unbounded_channel();
    let rush = (0..50_u32).map(|client| {
        let (replicas, answered) = (Arc::clone(&replicas), answered.clone());
        tokio::spawn(async move {
            for at in 0..60 {
                let replica = &replicas[(client % 2) as usize];
                let number = client * 60 + at;
                let (answer, failures) = replica.insist(number, &format!("claim-{number}")).await;
                let issued = answer.expect("there is enough for everybody");
                answered.send((issued, failures)).expect("the test listens");
            }
        })
    });
    let rush: Vec<_> = rush.collect();
    drop(answered);
    let mut acknowledged = Vec::new();
    let mut failures = 0;
    while let Some((issued, failed)) = answers.recv().await {
        acknowledged.push(issued);
        failures += failed;
        if acknowledged.len() == 500 {
            on_server(&postgres, |server| server.kill().expect("is killed"));
            on_server(&postgres, |server| server.run().expect("comes back"));
        }
    }
    join_all(rush).await.into_iter().for_each(|client| client.expect("no client panicked"));
    assert!(failures > 0, "nobody noticed the crash");
    assert_eq!(acknowledged.len(), 3_000);
    for issued in &acknowledged {
        let stored = replicas[0].store.voucher(issued.voucher.voucher_id).await.expect("reads");
        assert_eq!(stored.as_ref(), Some(issued), "an acknowledged voucher is there as answered");
    }
    check(&fed(&replicas[1], offer, DAY).await, 3_000);
    assert_eq!(open_transactions(&url).await, 0);
    let replicas = Arc::into_inner(replicas).expect("the clients are done");
    join_all(replicas.map(Replica::close)).await;
}

async fn open_transactions(url: &str) -> i64 {
    let mut connection = PgConnection::connect(url).await.expect("connects");
    let open = sqlx::query_scalar(
        "SELECT count(*) FROM pg_stat_activity
         WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
    );
    open.fetch_one(&mut connection).await.expect("can be asked")
}
