//! A day of a million captures: closed, read and reconciled in bounded memory. It takes minutes:
//!
//! `cargo test -p redemption --test million -- --ignored --nocapture`

use std::collections::BTreeSet;
use std::sync::Arc;

use clock::{BusinessDay, Clock, ManualClock, Zone};
use futures::StreamExt as _;
use redemption::domain::{Counterparty, StatementHead};
use redemption::store::{Store, open};
use redemption::usecase::{Settlement, SettlementKeys};
use rpc::{Caller, DocumentSigner, Signer};
use sql::DatabaseConfig;
use sqlx::{AssertSqlSafe, Connection as _, SqliteConnection};

const ROWS: i64 = 1_000_000;
/// SQLite's writer keeps 64 MiB of pages and sorts within as much again; the rest is the process.
/// The rows themselves would take several times as much.
const PEAK_KIB_MAX: u64 = 192 * 1024;
const DAY: &str = "2022-07-22";

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

/// Writes the day's journal, with five platforms and seven organizations.
async fn fill(url: &str) {
    let mut database = SqliteConnection::connect(url).await.expect("the database opens");
    let first = day(DAY).start(&Zone::shanghai()).as_micros();
    let script = format!(
        "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF;
         INSERT INTO business_day (day, state, opened_at) VALUES ('{DAY}', 'OPEN', {first});
         WITH RECURSIVE one (n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM one WHERE n < {ROWS} - 1)
         INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, part,
           partner, order_number, campaign_id, organization, business_day, created_at)
         SELECT n % 256, unhex(printf('%02x%030x', n % 256, n)),
           unhex(printf('%02x%030x', n % 256, n)), unhex(printf('%02x%030x', n % 256, n)),
           'CAPTURE', 0, 'pay-' || (n % 5), 'order-' || n, 'campaign-' || (n % 7),
           'gd/city-' || (n % 7), '{DAY}', {first} + n * 80000
         FROM one;
         INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
         SELECT shard, transaction_id, 0, 'fund:' || organization || ':' || campaign_id, 299
         FROM journal;
         INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
         SELECT shard, transaction_id, 1, 'platform:' || partner, -299 FROM journal;"
    );
    sqlx::raw_sql(AssertSqlSafe(script)).execute(&mut database).await.expect("it is filled");
    database.close().await.expect("it closes");
}

/// From now on, the peak is measured anew.
fn forget_peak() {
    std::fs::write("/proc/self/clear_refs", "5").expect("it is this process's own");
}

/// The most memory that the process held since, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("it is there");
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let peak = peak.and_then(|text| text.split_whitespace().next()).expect("Linux says it");
    peak.parse().expect("a number")
}

fn tell(what: &str) {
    let peak = peak_kib();
    println!("{what}: peak {} MiB", peak / 1024);
    assert!(peak < PEAK_KIB_MAX, "{what} took {peak} KiB");
    forget_peak();
}

fn settlement(store: &Arc<dyn Store>) -> Settlement {
    let now = day(DAY).end(&Zone::shanghai()).plus(std::time::Duration::from_secs(60));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
    let (private, _) = Signer::generate().expect("a key");
    let signer = DocumentSigner::from_pem(&private).expect("a key");
    let keys = Arc::new(SettlementKeys { signer, retired: Vec::new() });
    Settlement { store: Arc::clone(store), clock, keys }
}

fn caller(subject: &str) -> Caller {
    let scopes = BTreeSet::from([String::from("settlement.ops")]);
    Caller { subject: subject.to_owned(), scopes, organization: None }
}

/// Reads a statement to its end, and gives its bytes to `taken`.
async fn read(
    settlement: &Settlement,
    whose: Counterparty,
    mut taken: impl AsyncFnMut(String),
) -> StatementHead {
    let statement = settlement.get_statement(&caller("pay-0"), day(DAY), Some(whose)).await;
    let statement = statement.expect("the day is closed");
    let mut pieces = settlement.statement_pieces(statement.clone());
    while let Some(piece) = pieces.next().await {
        taken(piece.expect("the journal gives the statement that was closed")).await;
    }
    statement.head
}

#[tokio::test]
#[ignore = "it takes minutes; see the head of the file"]
async fn a_day_of_a_million_captures_is_settled_in_bounded_memory() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
    let config = DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url.clone()) };
    open(&config).await.expect("the database opens").close().await;
    fill(&url).await;
    let store = open(&config).await.expect("the database opens");
    let settlement = settlement(&store);
    forget_peak();

    let closed = settlement.close_days().await.expect("it closes");
    assert_eq!(closed, [day(DAY)]);
    tell("closing");

    let funder = || Counterparty::Funder("gd/city-3".parse().expect("a path"));
    let mut bytes = [0, 0];
    let mut heads = Vec::new();
    for bytes in &mut bytes {
        heads.push(read(&settlement, funder(), async |piece| *bytes += piece.len()).await);
    }
    assert_eq!((bytes[0], &heads[0]), (bytes[1], &heads[1]), "the same bytes each time");
    tell("a funder's statement, twice");

    let platform = || Counterparty::Platform("pay-0".parse().expect("a key"));
    let id = "all".parse().expect("a key");
    let open = settlement.open_reconciliation(&caller("pay-0"), id, day(DAY)).await;
    let mut open = open.expect("the day is closed");
    let head = read(&settlement, platform(), async |piece| {
        open.take(piece.as_bytes()).await.expect("a statement is such a file");
    });
    let head = head.await;
    assert_eq!(head.rows, ROWS / 5);
    let done = open.finish().await.expect("it is compared").reconciliation;
    assert_eq!((done.matched, done.differences), (ROWS / 5, 0));
    tell("a platform's reconciliation");
    store.close().await;
}
