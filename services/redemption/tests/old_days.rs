//! Days that were closed before statements named the payment and funders had any: what platforms
//! have of them keeps its bytes, and the funders get theirs.

#[path = "support/databases.rs"]
mod databases;
#[path = "support/old.rs"]
mod old;

use std::process::ExitCode;
use std::sync::Arc;

use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use databases::Databases;
use libtest_mimic::Arguments;
use member_identity::{AuthorizationId, OrganizationPath, TransactionId, VoucherId};
use redemption::domain::{
    BalanceTotals, ClosedDay, Counterparty, StatementFormat, StatementHead, StatementRow,
    StatementWriter, TransactionKind,
};
use redemption::store::{Store, open};
use sql::DatabaseConfig;

/// 10:00 of the day, and a minute after its end, in Shanghai.
const BOUGHT_AT: i64 = 1_658_455_200_000_000;
const CLOSED_AT: i64 = 1_658_505_660_000_000;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let databases = Databases::start(&arguments);
    let name = "an_old_day_keeps_its_platforms_bytes_and_gets_its_funders_statements";
    let play = Arc::new(|config| Box::pin(play(config)) as _);
    libtest_mimic::run(&arguments, databases.trials(name, play).into()).exit_code()
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn row() -> StatementRow {
    StatementRow {
        transaction_id: TransactionId::from_bytes([1; 16]),
        kind: TransactionKind::Capture,
        platform: "wepay".parse().expect("a key"),
        shop_id: None,
        chain: None,
        authorization_id: AuthorizationId::from_bytes([1; 16]),
        order_number: "o1".parse().expect("a key"),
        campaign_id: "cool-drinks".parse().expect("a key"),
        organization: OrganizationPath::parse("gd").expect("a path"),
        voucher_id: VoucherId::from_bytes([1; 16]),
        amount: Fen(299),
        at: Timestamp::from_micros(BOUGHT_AT),
        late_of: None,
    }
}

fn counterparties() -> [Counterparty; 2] {
    let funder = OrganizationPath::parse("gd").expect("a path");
    [Counterparty::Platform("wepay".parse().expect("a key")), Counterparty::Funder(funder)]
}

fn head(format: StatementFormat, whose: &Counterparty) -> StatementHead {
    let (mut writer, _) = StatementWriter::begin(format, day("2022-07-22"), whose);
    writer.line(&row());
    writer.finish(Timestamp::from_micros(CLOSED_AT))
}

/// A day with one capture, as the first service wrote and closed it.
fn old_day() -> String {
    let id = format!("x'{}'", "01".repeat(16));
    let sha256 = head(StatementFormat::First, &counterparties()[0]).sha256;
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let sha256 = format!("x'{sha256}'");
    format!(
        "INSERT INTO business_day (day, state, opened_at, closed_at)
         VALUES ('2022-07-22', 'CLOSED', 0, {CLOSED_AT}), ('2022-07-23', 'OPEN', {CLOSED_AT}, NULL);
         INSERT INTO \"authorization\" (shard, authorization_id, person_key, partner, order_number,
           authorize_request_id, state, order_amount_fen, discount_fen, created_at, expires_at,
           captured_at, captured_on)
         VALUES (1, {id}, {id}, 'wepay', 'o1', 'a1', 'CAPTURED', 500, 299, 0, 1, {BOUGHT_AT},
           '2022-07-22');
         INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, partner,
           order_number, campaign_id, organization, business_day, created_at)
         VALUES (1, {id}, {id}, {id}, 'CAPTURE', 'wepay', 'o1', 'cool-drinks', 'gd', '2022-07-22',
           {BOUGHT_AT});
         INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
         VALUES (1, {id}, 0, 'fund:gd:cool-drinks', 299), (1, {id}, 1, 'platform:wepay', -299);
         INSERT INTO account_day (business_day, account, debit_fen, credit_fen)
         VALUES ('2022-07-22', 'fund:gd:cool-drinks', 299, 0),
           ('2022-07-22', 'platform:wepay', 0, 299);
         INSERT INTO statement (business_day, platform, rows, captured_fen, refunded_fen, sha256,
           closed_at)
         VALUES ('2022-07-22', 'wepay', 1, 299, 0, {sha256}, {CLOSED_AT});"
    )
}

async fn play(config: DatabaseConfig) {
    old::write(&config, old_day()).await;
    let store = open(&config).await.expect("its schema is brought up to date");
    let [platform, funder] = counterparties();
    let (first, current) = (StatementFormat::First, StatementFormat::CURRENT);
    assert_eq!(closed(&store).await, (first, false));
    assert_eq!(stated(&store, &platform).await, Some(head(first, &platform)));
    assert_eq!(stated(&store, &funder).await, None);
    let whole = store.statement_rows(day("2022-07-22"), &platform, None, 10).await;
    assert_eq!(whole.expect("the store is there"), [row()]);

    for _ in 0..2 {
        let now = Timestamp::from_micros(CLOSED_AT + 1);
        let done = store.close_days(day("2022-07-23"), now).await.expect("the store is there");
        assert!(done.is_empty(), "no day was left to close");
        assert_eq!(closed(&store).await, (first, true));
        assert_eq!(stated(&store, &platform).await, Some(head(first, &platform)));
        assert_eq!(stated(&store, &funder).await, Some(head(current, &funder)));
    }
    let accounts = store.trial_balance().await.expect("the store is there");
    let BalanceTotals { debit, credit } = BalanceTotals::of(&accounts);
    assert_eq!((debit, credit), (Fen(299), Fen(299)));
    store.close().await;
}

async fn closed(store: &Arc<dyn Store>) -> (StatementFormat, bool) {
    let closed = store.closed_day(day("2022-07-22")).await.expect("the store is there");
    let ClosedDay { at, format, has_funders } = closed.expect("it is closed");
    assert_eq!(at, Timestamp::from_micros(CLOSED_AT));
    (format, has_funders)
}

async fn stated(store: &Arc<dyn Store>, whose: &Counterparty) -> Option<StatementHead> {
    store.statement(day("2022-07-22"), whose).await.expect("the store is there")
}
