use aws_lc_rs::digest::{SHA256, digest};
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::get_statement_response::Part;
use rpc::PeerChannel;
use sqlx::{Connection as _, SqliteConnection};
use tonic::{Code, Status};

use crate::bench::{Bench, reason};

async fn statement(
    bench: &Bench,
    caller: PeerChannel,
    day: &str,
    platform: &str,
) -> Result<(wire::StatementHead, Vec<u8>), Status> {
    let (business_day, platform) = (day.to_owned(), platform.to_owned());
    let request = wire::GetStatementRequest { business_day, platform };
    let mut parts = bench.settlement(caller).get_statement(request).await?.into_inner();
    let (mut head, mut file) = (None, Vec::new());
    while let Some(message) = parts.message().await? {
        match message.part.expect("a part") {
            Part::Head(first) => assert!(head.replace(first).is_none(), "one head"),
            Part::Csv(bytes) => file.extend_from_slice(&bytes),
        }
    }
    Ok((head.expect("the head comes first"), file))
}

async fn close(bench: &Bench) {
    bench.move_to("2022-07-23", 1);
    // The service closes by itself as well; whoever comes first, the day is closed then.
    let caller = bench.platform("clerk", "gd");
    bench.settlement(caller).close_days(wire::CloseDaysRequest {}).await.expect("it closes");
}

#[tokio::test]
async fn a_closed_day_has_a_statement_whose_bytes_have_the_stated_digest() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    bench.buy(2).await;
    let own = || bench.platform("wepay", "gd");
    let refused = statement(&bench, own(), "2022-07-22", "").await.expect_err("it is open");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused).0, "DAY_NOT_CLOSED");
    close(&bench).await;
    let (head, file) = statement(&bench, own(), "2022-07-22", "").await.expect("it is closed");
    assert_eq!((head.rows, head.captured_fen, head.due_fen), (2, 598, 598));
    assert_eq!(head.sha256.as_ref(), digest(&SHA256, &file).as_ref());
    assert!(file.ends_with(b"\n") && !file.contains(&b'\r'));
    assert_eq!(statement(&bench, own(), "2022-07-22", "").await.expect("the same").1, file);
    let quiet = bench.platform("quietpay", "gd");
    let (head, file) = statement(&bench, quiet, "2022-07-22", "").await.expect("it is closed");
    assert_eq!((head.rows, file.iter().filter(|byte| **byte == b'\n').count()), (0, 1));
    assert_eq!(head.sha256.as_ref(), digest(&SHA256, &file).as_ref());
}

#[tokio::test]
async fn another_platforms_statement_is_for_ops_of_its_organizations() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    close(&bench).await;
    let scopes = ["settlement.read", "settlement.ops"];
    let platform = bench.platform("otherpay", "gd");
    let refused = statement(&bench, platform, "2022-07-22", "wepay").await;
    let refused = refused.expect_err("it is another's");
    assert_eq!(reason(&refused).0, "SCOPE_MISSING");
    assert_eq!(reason(&refused).1["scope"], "settlement.ops");
    let far = bench.caller("ops-hn", &scopes, "hn");
    let refused = statement(&bench, far, "2022-07-22", "wepay").await;
    assert_eq!(reason(&refused.expect_err("it is not theirs")).0, "OUTSIDE_SUBTREE");
    let near = bench.caller("ops-gd", &scopes, "gd");
    statement(&bench, near, "2022-07-22", "wepay").await.expect("it is theirs");
}

#[tokio::test]
async fn totals_are_a_platforms_own_or_those_of_an_organizations_campaigns() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    let scopes = ["settlement.read", "settlement.ops"];
    let rows = [
        (bench.platform("wepay", "gd"), 1),
        (bench.platform("otherpay", "gd"), 0),
        (bench.caller("ops-gd", &scopes, "gd"), 1),
        (bench.caller("ops-gz", &scopes, "gd/guangzhou"), 0),
    ];
    for (caller, expected) in rows {
        let request = wire::GetDailyTotalsRequest { business_day: String::new() };
        let totals = bench.settlement(caller).get_daily_totals(request).await;
        let totals = totals.expect("today has totals").into_inner();
        assert_eq!((totals.business_day.as_str(), totals.closed), ("2022-07-22", false));
        assert_eq!(totals.totals.len(), expected);
    }
}

#[tokio::test]
async fn a_journal_that_was_tampered_with_is_noticed_and_not_told_as_true() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    close(&bench).await;
    let mut database = open(&bench).await;
    sqlx::query("UPDATE entry SET amount_fen = amount_fen * 2")
        .execute(&mut database)
        .await
        .expect("it is changed");
    let own = bench.platform("wepay", "gd");
    let refused = statement(&bench, own, "2022-07-22", "").await.expect_err("it is noticed");
    assert_eq!((refused.code(), reason(&refused).0.as_str()), (Code::Internal, "INTERNAL"));
}

#[tokio::test]
async fn entries_come_to_zero_and_the_accounts_of_a_closed_day_are_its_entries() {
    let bench = Bench::open().await;
    let bought = bench.buy(1).await;
    bench.buy(2).await;
    let request_id = String::from("r1");
    let authorization_id = bought.authorization_id;
    let refund = wire::RefundRequest { request_id, authorization_id, portion: None };
    bench.checkout().refund(refund).await.expect("it is refunded");
    close(&bench).await;
    let mut database = open(&bench).await;
    let uneven = "SELECT count(*) FROM (SELECT 1 FROM entry GROUP BY shard, transaction_id
                  HAVING sum(amount_fen) <> 0 OR count(*) <> 2)";
    let uneven: i64 = sqlx::query_scalar(uneven).fetch_one(&mut database).await.expect("a count");
    assert_eq!(uneven, 0);
    let accounts: Vec<(String, i64, i64)> =
        sqlx::query_as("SELECT account, debit_fen, credit_fen FROM account_day ORDER BY account")
            .fetch_all(&mut database)
            .await
            .expect("the accounts");
    let expected = [
        (String::from("fund:gd:cool-drinks"), 598, 299),
        (String::from("platform:wepay"), 299, 598),
    ];
    assert_eq!(accounts, expected);
}

async fn open(bench: &Bench) -> SqliteConnection {
    let url = format!("sqlite://{}", bench.database.display());
    SqliteConnection::connect(&url).await.expect("the database is there")
}
