//! Who waits for whom on PostgreSQL: another session holds a row, so that steps meet where it
//! matters, every time.

#[expect(dead_code, reason = "each test file uses its part of the support")]
#[path = "support/databases.rs"]
mod databases;

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use databases::{Databases, Play};
use futures::future::{BoxFuture, Either, select};
use libtest_mimic::Arguments;
use member_identity::VoucherId;
use redemption::domain::{Answer, FeedBatch, StockBatch, VoucherStage};
use redemption::store::conformance::{EPOCH, RETURNS, Till, person, stock};
use redemption::store::{Store, open};
use sql::DatabaseConfig;
use sqlx::{Connection as _, PgConnection};

/// A trial: its sentence, and what it does.
type Case = (&'static str, fn(Stage) -> BoxFuture<'static, ()>);

const CASES: &[Case] = &[
    ("a_day_is_closed_after_the_captures_that_are_under_way", |stage| Box::pin(closing(stage))),
    ("a_follower_waits_for_the_one_that_is_at_the_same_positions", |stage| {
        Box::pin(following(stage))
    }),
    ("a_sweeper_leaves_what_another_step_is_at", |stage| Box::pin(sweeping(stage))),
    ("an_order_waits_for_the_one_that_is_at_its_voucher", |stage| Box::pin(holding(stage))),
    ("callers_who_go_away_leave_no_session_in_a_transaction", |stage| Box::pin(leaving(stage))),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let databases = Databases::start(&arguments);
    let trials = CASES.iter().map(|&(name, case)| {
        let play: Play = Arc::new(move |config| {
            Box::pin(async move {
                let stage = Stage::open(config).await;
                let stores = stage.stores.clone();
                case(stage).await;
                for store in stores {
                    store.close().await;
                }
            })
        });
        databases.over_postgres(name, play)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Two replicas on one database, the session that holds a row, and one that looks.
struct Stage {
    till: Till,
    other: Till,
    stores: [Arc<dyn Store>; 2],
    holder: PgConnection,
    looker: PgConnection,
}

impl Stage {
    async fn open(config: DatabaseConfig) -> Self {
        let store = open(&config).await.expect("the database opens");
        let another = open(&config).await.expect("the database opens");
        let till = Till::open(Arc::clone(&store)).await;
        let opener = Arc::clone(&another);
        let till = till.with_replicas(Arc::new(move || {
            let opener = Arc::clone(&opener);
            Box::pin(async move { opener })
        }));
        let other = till.replica().await;
        let connect = || PgConnection::connect(&config.url);
        let holder = connect().await.expect("connects");
        let looker = connect().await.expect("connects");
        Self { till, other, stores: [store, another], holder, looker }
    }

    /// Holds a row until the holder commits.
    async fn hold(&mut self, lock: &'static str, id: &[u8]) {
        let begun = sqlx::query("BEGIN").execute(&mut self.holder).await;
        begun.expect("the session is free");
        let held = sqlx::query(lock).bind(id).fetch_all(&mut self.holder).await;
        assert_eq!(held.expect("the row is free").len(), 1);
    }

    async fn hold_voucher(&mut self, id: VoucherId) {
        let lock = "SELECT 1 FROM wallet_voucher WHERE voucher_id = $1 FOR UPDATE";
        self.hold(lock, id.as_bytes()).await;
    }
}

async fn release(holder: &mut PgConnection) {
    sqlx::query("COMMIT").execute(holder).await.expect("the session holds a row");
}

/// Waits until that many sessions of this database wait for a lock.
async fn until_waiting(looker: &mut PgConnection, sessions: i64) {
    let waiting = "SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND wait_event_type = 'Lock'";
    while counted(looker, waiting).await < sessions {
        tokio::task::yield_now().await;
    }
}

async fn counted(looker: &mut PgConnection, count: &'static str) -> i64 {
    sqlx::query_scalar(count).fetch_one(looker).await.expect("the session looks")
}

/// Waits until `sessions` wait, in which time `step` must not end.
async fn waits<F>(looker: &mut PgConnection, sessions: i64, step: F) -> F
where
    F: Future<Output: std::fmt::Debug> + Unpin,
{
    match select(step, std::pin::pin!(until_waiting(looker, sessions))).await {
        Either::Left((ended, _)) => panic!("it does not wait: {ended:?}"),
        Either::Right(((), step)) => step,
    }
}

/// A step that runs by itself.
fn start<T: Send + 'static>(
    step: impl Future<Output = T> + Send + 'static,
) -> impl Future<Output = T> + Unpin {
    let step = tokio::spawn(step);
    Box::pin(async { step.await.expect("no step panics") })
}

async fn closing(mut stage: Stage) {
    stage.till.move_to("2022-07-22", 1_439);
    stage.other.move_to("2022-07-23", 0);
    let voucher = stage.till.give(person(1), RETURNS).await;
    let id = stage.till.held("a1", person(1), "o1").await;
    // A first capture makes the day known.
    stage.till.give(person(2), RETURNS).await;
    let first = stage.till.held("a2", person(2), "o2").await;
    stage.till.one(stage.till.capture("c2", first)).await.expect("it is held");

    stage.hold_voucher(voucher).await;
    let Stage { till, other, mut holder, mut looker, .. } = stage;
    let (till, other) = (Arc::new(till), Arc::new(other));
    let captor = Arc::clone(&till);
    let capture = start(async move { captor.one(captor.capture("c1", id)).await });
    let capture = waits(&mut looker, 1, capture).await;
    let close = start(async move { other.close().await });
    let close = waits(&mut looker, 2, close).await;
    release(&mut holder).await;
    capture.await.expect("midnight refuses nothing");
    assert_eq!(close.await, ["2022-07-22"]);
    assert_eq!(till.statement("2022-07-22").await.1.rows, 2, "both are on it");
}

async fn following(mut stage: Stage) {
    let vouchers: Vec<_> = (0..6).map(|n| stage.till.voucher(person(n), RETURNS)).collect();
    let message = |from: usize, to: usize| {
        let first_position = i64::try_from(from).expect("a small number") + 1;
        let vouchers = vouchers[from..to].to_vec();
        let batch = StockBatch { stock: stock(), first_position, vouchers };
        FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers: Some(batch) }
    };
    stage.till.feed(message(0, 2)).await;
    let lock = "SELECT 1 FROM feed_cursor WHERE slice = octet_length($1) FOR UPDATE";
    stage.hold(lock, &[]).await;
    let [one, other] = stage.stores.clone();
    let (long, short) = (message(2, 6), message(2, 4));
    let long = start(async move { one.apply_feed(long).await });
    let long = waits(&mut stage.looker, 1, long).await;
    let short = start(async move { other.apply_feed(short).await });
    let short = waits(&mut stage.looker, 2, short).await;
    release(&mut stage.holder).await;
    for taken in [long.await, short.await] {
        taken.expect("the store is there").expect("it goes on at the cursor");
    }
    let cursors = stage.till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.stocks, [(stock(), 6)], "the cursor never goes back");
}

async fn sweeping(mut stage: Stage) {
    let mut vouchers = Vec::new();
    for n in 0..5 {
        vouchers.push(stage.till.give(person(n), RETURNS).await);
        stage.till.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
    }
    stage.till.pass(Duration::from_secs(301));
    stage.hold_voucher(vouchers[2]).await;
    let Stage { till, mut holder, .. } = stage;
    let sweep = || till.store.expire_holds(till.moment(), 100);
    assert_eq!(sweep().await.expect("it waits for nobody"), 4);
    release(&mut holder).await;
    assert_eq!(sweep().await.expect("the store is there"), 1);
    for n in 0..5 {
        assert_eq!(till.only_voucher(person(n)).await.stage, VoucherStage::Available);
    }
}

async fn holding(mut stage: Stage) {
    let voucher = stage.till.give(person(1), RETURNS).await;
    stage.hold_voucher(voucher).await;
    let Stage { till, other, mut holder, mut looker, .. } = stage;
    let order = |till: Till, order: &'static str| async move {
        till.one(till.authorize(order, person(1), order)).await
    };
    let one = waits(&mut looker, 1, start(order(till, "o1"))).await;
    let other = waits(&mut looker, 2, start(order(other, "o2"))).await;
    release(&mut holder).await;
    let answers: [Answer; 2] = [one.await, other.await];
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1, "{answers:?}");
}

async fn leaving(mut stage: Stage) {
    let voucher = stage.till.give(person(1), RETURNS).await;
    stage.hold_voucher(voucher).await;
    let Stage { till, mut holder, mut looker, .. } = stage;
    let wish = till.authorize("a1", person(1), "o1");
    // The caller goes away while the step waits for the row.
    let gone = till.store.checkout_batch(vec![wish.clone()], till.moment());
    drop(waits(&mut looker, 1, gone).await);
    release(&mut holder).await;
    till.one(wish).await.expect("the voucher is held by this very request");
    let open = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                AND pid <> pg_backend_pid() AND state LIKE 'idle in transaction%'";
    assert_eq!(counted(&mut looker, open).await, 0);
}
