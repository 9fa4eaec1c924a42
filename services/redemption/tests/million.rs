//! A day of a million captures: closed, read and reconciled in bounded memory, over each backend. It
//! takes minutes, one after the other:
//!
//! `cargo test -p redemption --test million -- --ignored --nocapture --test-threads 1`

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufWriter, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use clock::{BusinessDay, Clock, ManualClock, Zone};
use futures::StreamExt as _;
use redemption::domain::{Counterparty, StatementHead};
use redemption::store::{Store, open};
use redemption::usecase::{Failure, Settlement, SettlementKeys, Statement};
use rpc::{Caller, DocumentSigner, Signer};
use sql::{DatabaseConfig, StoreError};
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};
use testkit::postgres::{Postgres, Settings};
use tokio::time::Instant;

const ROWS: i64 = 1_000_000;
/// SQLite's writer keeps 64 MiB of pages and sorts within as much again; the rest is the process.
/// The rows themselves would take several times as much.
const PEAK_KIB_MAX: u64 = 192 * 1024;
const DAY: &str = "2022-07-22";
/// The order that is changed, of the first platform.
const CHANGED: &str = "order-500000";
/// Bytes of a file that are sent at once.
const PIECE: usize = 64 * 1024;

/// The columns of the journal, with five platforms, seven organizations and eleven chains of one of
/// them; the shops of the others are in none.
const COLUMNS: &str = "(shard, transaction_id, authorization_id, voucher_id, kind, part, partner,
  order_number, campaign_id, organization, business_day, created_at, shop_id, chain)";

const ENTRIES: &str = "
    INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
    SELECT shard, transaction_id, 0, 'fund:' || organization || ':' || campaign_id, 299
    FROM journal;
    INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
    SELECT shard, transaction_id, 1, 'platform:' || partner, -299 FROM journal;";

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

/// What a row says after its ids, which backends write differently.
fn values() -> String {
    let first = first();
    format!(
        "'CAPTURE', 0, 'pay-' || (n % 5), 'order-' || n, 'campaign-' || (n % 7),
         'gd/city-' || (n % 7), '{DAY}', {first} + n * CAST(80000 AS BIGINT), 'shop-' || (n % 1000),
         CASE WHEN n % 7 = 3 THEN 'gd/city-3:chain-' || (n % 11) END"
    )
}

fn first() -> i64 {
    day(DAY).start(&Zone::shanghai()).as_micros()
}

fn opening() -> String {
    let first = first();
    format!("INSERT INTO business_day (day, state, opened_at) VALUES ('{DAY}', 'OPEN', {first});")
}

/// Writes the day's journal, every row with three ids that are one.
async fn fill(url: &str) {
    let (opening, values) = (opening(), values());
    if url.starts_with("sqlite") {
        let id = "unhex(printf('%02x%030x', n % 256, n))";
        let script = format!(
            "PRAGMA foreign_keys = OFF; PRAGMA synchronous = OFF; {opening}
             WITH RECURSIVE one (n) AS (
               SELECT 0 UNION ALL SELECT n + 1 FROM one WHERE n < {ROWS} - 1)
             INSERT INTO journal {COLUMNS} SELECT n % 256, {id}, {id}, {id}, {values} FROM one;
             {ENTRIES}"
        );
        return run(url, script).await;
    }
    let id = "decode(lpad(to_hex(n % 256), 2, '0') || lpad(to_hex(n), 30, '0'), 'hex')";
    let script = format!(
        "{opening}
         INSERT INTO journal {COLUMNS} SELECT n % 256, {id}, {id}, {id}, {values}
         FROM generate_series(0, {ROWS} - 1) AS one (n);
         {ENTRIES}
         ANALYZE"
    );
    run(url, script).await;
}

async fn run(url: &str, script: String) {
    let script = sqlx::raw_sql(AssertSqlSafe(script));
    if url.starts_with("sqlite") {
        let mut database = SqliteConnection::connect(url).await.expect("the database opens");
        script.execute(&mut database).await.expect("it is written");
        return database.close().await.expect("it closes");
    }
    let mut database = PgConnection::connect(url).await.expect("the database opens");
    script.execute(&mut database).await.expect("it is written");
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

/// Says how long it took since `begun`, and in how much memory.
fn tell(what: &str, begun: Instant) {
    let (peak, seconds) = (peak_kib(), begun.elapsed().as_secs());
    println!("{what}: {seconds} s, peak {} MiB", peak / 1024);
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

fn platform() -> Counterparty {
    Counterparty::Platform("pay-0".parse().expect("a key"))
}

async fn stated(settlement: &Settlement, whose: Counterparty) -> Statement {
    let statement = settlement.get_statement(&caller("pay-0"), day(DAY), Some(whose)).await;
    statement.expect("the day is closed")
}

/// Reads a statement to its end, and gives its bytes to `taken`.
async fn read(
    settlement: &Settlement,
    whose: Counterparty,
    mut taken: impl AsyncFnMut(String),
) -> Result<StatementHead, Failure> {
    let statement = stated(settlement, whose).await;
    let mut pieces = settlement.statement_pieces(statement.clone());
    while let Some(piece) = pieces.next().await {
        taken(piece?).await;
    }
    Ok(statement.head)
}

/// A statement is the same bytes twice, and those that its head says.
async fn read_twice(settlement: &Settlement, whose: Counterparty, rows: i64) {
    let mut heads = Vec::new();
    for _ in 0..2 {
        let mut digest = Context::new(&SHA256);
        let head = read(settlement, whose.clone(), async |piece| digest.update(piece.as_bytes()));
        let head = head.await.expect("the journal gives the statement that was closed");
        assert_eq!(digest.finish().as_ref(), head.sha256);
        heads.push(head);
    }
    assert_eq!(heads[0], heads[1], "the same bytes each time");
    assert_eq!(heads[0].rows, rows);
}

/// The platform's statement as a file, and the same with one amount changed.
async fn write_files(settlement: &Settlement, folder: &Path) -> [PathBuf; 2] {
    let paths = ["good.csv", "changed.csv"].map(|name| folder.join(name));
    let mut files = paths
        .each_ref()
        .map(|path| BufWriter::new(File::create(path).expect("the folder can be written")));
    let head = read(settlement, platform(), async |piece| {
        let [good, changed] = &mut files;
        good.write_all(piece.as_bytes()).expect("room for it");
        for line in piece.split_inclusive('\n') {
            let line = match line.contains(CHANGED) {
                true => line.replacen(",299,", ",300,", 1),
                false => line.to_owned(),
            };
            changed.write_all(line.as_bytes()).expect("room for it");
        }
    });
    assert_eq!(head.await.expect("it is whole").rows, ROWS / 5);
    for mut file in files {
        file.flush().expect("room for it");
    }
    paths
}

/// Reconciles a file of the platform: how many agree, and how many differ.
async fn reconcile(settlement: &Settlement, id: &str, file: &Path) -> (i64, i64) {
    let id = id.parse().expect("a key");
    let open = settlement.open_reconciliation(&caller("pay-0"), id, day(DAY)).await;
    let mut open = open.expect("the day is closed");
    let mut file = File::open(file).expect("it was written");
    let mut piece = vec![0; PIECE];
    loop {
        let read = file.read(&mut piece).expect("it can be read");
        if read == 0 {
            break;
        }
        open.take(&piece[..read]).await.expect("a statement is such a file");
    }
    let done = open.finish().await.expect("it is compared").reconciliation;
    (done.matched, done.differences)
}

async fn is_settled(url: String, folder: &Path) {
    let config = DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url.clone()) };
    open(&config).await.expect("the database opens").close().await;
    fill(&url).await;
    let store = open(&config).await.expect("the database opens");
    let settlement = settlement(&store);
    forget_peak();

    let begun = Instant::now();
    let closed = settlement.close_days().await.expect("it closes");
    assert_eq!(closed, [day(DAY)]);
    tell("closing", begun);

    // Rows n with n % 7 = 3, and of those the ones with n % 11 = 5.
    let begun = Instant::now();
    let funder = Counterparty::Funder("gd/city-3".parse().expect("a path"));
    read_twice(&settlement, funder, 142_857).await;
    tell("a funder's statement, twice", begun);

    let begun = Instant::now();
    let chain = Counterparty::Chain("gd/city-3:chain-5".parse().expect("a chain"));
    read_twice(&settlement, chain, 12_987).await;
    tell("a chain's statement, twice", begun);

    let [good, changed] = write_files(&settlement, folder).await;
    let (all, all_but_one) = ((ROWS / 5, 0), (ROWS / 5 - 1, 1));
    let begun = Instant::now();
    assert_eq!(reconcile(&settlement, "good", &good).await, all);
    tell("a platform's reconciliation", begun);
    assert_eq!(reconcile(&settlement, "changed", &changed).await, all_but_one);

    // A row is changed behind the service's back.
    let change = format!(
        "UPDATE entry SET amount_fen = 300 WHERE position = 0 AND transaction_id =
           (SELECT transaction_id FROM journal WHERE order_number = '{CHANGED}')"
    );
    run(&url, change).await;
    let noticed = read(&settlement, platform(), async |_| ()).await.expect_err("by its digest");
    assert!(matches!(noticed, Failure::Store(StoreError::Corrupt { .. })), "{noticed:?}");
    let begun = Instant::now();
    assert_eq!(reconcile(&settlement, "after", &good).await, all_but_one, "and by the file");
    tell("a platform's reconciliation of a journal that was changed", begun);
    store.close().await;
}

#[tokio::test]
#[ignore = "it takes minutes; see the head of the file"]
async fn a_day_of_a_million_captures_is_settled_in_bounded_memory_over_sqlite() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}", folder.path().join("redemption.db").display());
    is_settled(url, folder.path()).await;
}

#[tokio::test]
#[ignore = "it takes minutes; see the head of the file"]
async fn a_day_of_a_million_captures_is_settled_in_bounded_memory_over_postgres() {
    let server = Postgres::start(Settings { fsync: false }).expect("a server");
    let folder = tempfile::tempdir().expect("a folder");
    let url = server.database().await.expect("room for a database");
    is_settled(url, folder.path()).await;
}
