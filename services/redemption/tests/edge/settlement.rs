use aws_lc_rs::digest::{SHA256, digest};
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::get_statement_response::Part;
use rpc::{DocumentKey, PeerChannel};
use sqlx::{Connection as _, SqliteConnection};
use tonic::{Code, Status};

use crate::bench::{Bench, reason};
use crate::shops;

async fn statement(
    bench: &Bench,
    caller: PeerChannel,
    day: &str,
    platform: &str,
) -> Result<(wire::StatementHead, Vec<u8>), Status> {
    let (business_day, platform) = (day.to_owned(), platform.to_owned());
    let request = wire::GetStatementRequest { business_day, platform, ..Default::default() };
    read(bench, caller, request).await
}

async fn read(
    bench: &Bench,
    caller: PeerChannel,
    request: wire::GetStatementRequest,
) -> Result<(wire::StatementHead, Vec<u8>), Status> {
    let mut parts = bench.settlement(caller).get_statement(request).await?.into_inner();
    let (mut head, mut file) = (None, Vec::new());
    while let Some(message) = parts.message().await? {
        match message.part.expect("a part") {
            Part::Head(first) => assert!(head.replace(*first).is_none(), "one head"),
            Part::Csv(bytes) => file.extend_from_slice(&bytes),
        }
    }
    Ok((head.expect("the head comes first"), file))
}

fn of_funder(path: &str) -> wire::GetStatementRequest {
    let (business_day, funder) = (String::from("2022-07-22"), path.to_owned());
    wire::GetStatementRequest { business_day, funder, ..Default::default() }
}

fn of_chain(chain: &str) -> wire::GetStatementRequest {
    let (business_day, chain) = (String::from("2022-07-22"), chain.to_owned());
    wire::GetStatementRequest { business_day, chain, ..Default::default() }
}

pub async fn close(bench: &Bench) {
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
async fn a_funders_statement_is_for_ops_whose_subtree_holds_it() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    close(&bench).await;
    let scopes = ["settlement.read", "settlement.ops"];
    let platform = bench.platform("wepay", "gd");
    let refused = read(&bench, platform, of_funder("gd")).await.expect_err("it is no ops");
    assert_eq!(reason(&refused).0, "SCOPE_MISSING");
    let below = bench.caller("ops-gz", &scopes, "gd/guangzhou");
    let refused = read(&bench, below, of_funder("gd")).await.expect_err("it is above");
    assert_eq!(reason(&refused).0, "OUTSIDE_SUBTREE");
    let ops = || bench.caller("ops-gd", &scopes, "gd");
    let (head, file) = read(&bench, ops(), of_funder("gd")).await.expect("it is theirs");
    assert_eq!((head.funder.as_str(), head.platform.as_str()), ("gd", ""));
    assert_eq!((head.rows, head.due_fen, head.format), (1, 299, 2));
    assert_eq!(head.sha256.as_ref(), digest(&SHA256, &file).as_ref());
    let text = String::from_utf8(file).expect("is UTF-8");
    assert!(text.lines().nth(1).expect("a row").contains(&head.payout_id));
    let (head, file) = read(&bench, ops(), of_funder("gd/shenzhen")).await.expect("an empty one");
    assert_eq!((head.rows, file.iter().filter(|byte| **byte == b'\n').count()), (0, 1));
    let both = wire::GetStatementRequest { platform: String::from("wepay"), ..of_funder("gd") };
    let refused = read(&bench, ops(), both).await.expect_err("it is one or the other");
    assert_eq!(reason(&refused).0, "FIELD_INVALID");
}

#[tokio::test]
async fn a_chains_statement_is_for_ops_whose_subtree_holds_who_registers_its_shops() {
    let bench = Bench::open().await;
    let registered = shops::ops(&bench, "gd").put_shop(shops::put("p1", "shop-1", 0)).await;
    registered.expect("it is registered under tea-co");
    bench.buy(1).await;
    let scopes = ["settlement.read", "settlement.ops"];
    let ops = || bench.caller("ops-gd", &scopes, "gd");
    let refused = read(&bench, ops(), of_chain("gd:tea-co")).await.expect_err("it is open");
    assert_eq!(reason(&refused).0, "DAY_NOT_CLOSED");
    let chain = String::from("gd:tea-co");
    let request = wire::GetDailyTotalsRequest { chain, ..Default::default() };
    let totals = bench.settlement(ops()).get_daily_totals(request).await.expect("so far");
    let totals = totals.into_inner();
    assert_eq!((totals.closed, totals.totals[0].captured_fen), (false, 299));
    close(&bench).await;
    let platform = bench.platform("wepay", "gd");
    let refused = read(&bench, platform, of_chain("gd:tea-co")).await.expect_err("it is no ops");
    assert_eq!(reason(&refused).0, "SCOPE_MISSING");
    for below in ["gd/guangzhou", "hn"] {
        let caller = bench.caller("ops", &scopes, below);
        let refused = read(&bench, caller, of_chain("gd:tea-co")).await.expect_err("not theirs");
        assert_eq!(reason(&refused).0, "OUTSIDE_SUBTREE");
    }
    let (head, file) = read(&bench, ops(), of_chain("gd:tea-co")).await.expect("it is theirs");
    assert_eq!((&*head.chain, &*head.platform, &*head.funder), ("gd:tea-co", "", ""));
    assert_eq!((head.rows, head.due_fen, head.format), (1, 299, 3));
    assert_eq!(head.sha256.as_ref(), digest(&SHA256, &file).as_ref());
    let again = read(&bench, ops(), of_chain("gd:tea-co")).await.expect("it is theirs");
    assert_eq!(again, (head, file), "the same bytes each time");
    let (head, _) = read(&bench, ops(), of_chain("gd:none")).await.expect("an empty one");
    assert_eq!((head.rows, head.format), (0, 3));
    for bad in ["tea-co", "gd:", "GD:tea-co"] {
        let refused = read(&bench, ops(), of_chain(bad)).await.expect_err("is no chain");
        assert_eq!(reason(&refused).0, "FIELD_INVALID", "{bad}");
    }
    let both = wire::GetStatementRequest { funder: String::from("gd"), ..of_chain("gd:tea-co") };
    let refused = read(&bench, ops(), both).await.expect_err("it is one or the other");
    assert_eq!(reason(&refused).0, "FIELD_INVALID");
}

/// The lines that are signed, as the contract states them.
fn signed_text(head: &wire::StatementHead) -> String {
    let counterparty = match (head.funder.as_str(), head.chain.as_str()) {
        ("", "") => format!("PLATFORM:{}", head.platform),
        (funder, "") => format!("FUNDER:{funder}"),
        (_, chain) => format!("CHAIN:{chain}"),
    };
    let sha256: String = head.sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    let closed_at = head.closed_at.expect("a time");
    let closed_at_us = closed_at.seconds * 1_000_000 + i64::from(closed_at.nanos) / 1_000;
    format!(
        "zhisong-statement-1\nbusiness_day={}\ncounterparty={counterparty}\npayout_id={}\n\
         format={}\nrows={}\ncaptured_fen={}\nrefunded_fen={}\ndue_fen={}\nsha256={sha256}\n\
         closed_at_us={closed_at_us}\nkey_id={}\n",
        head.business_day,
        head.payout_id,
        head.format,
        head.rows,
        head.captured_fen,
        head.refunded_fen,
        head.due_fen,
        head.key_id
    )
}

#[tokio::test]
async fn a_partner_verifies_the_signature_of_a_head_with_the_published_keys() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    close(&bench).await;
    let own = bench.platform("wepay", "gd");
    let (head, _) = statement(&bench, own, "2022-07-22", "").await.expect("it is closed");
    let ops = bench.caller("ops-gd", &["settlement.read", "settlement.ops"], "gd");
    let (funder, _) = read(&bench, ops.clone(), of_funder("gd")).await.expect("it is closed");
    let (chain, _) = read(&bench, ops, of_chain("gd:tea-co")).await.expect("it is closed");
    let request = wire::GetSettlementKeysRequest {};
    let keys = bench.settlement_for_strangers().await.get_settlement_keys(request).await;
    let jwks = keys.expect("everybody may have them").into_inner().jwks;
    let key = DocumentKey::find(&jwks, &head.key_id).expect("it is published");
    for head in [&head, &funder, &chain] {
        assert!(key.verify(signed_text(head).as_bytes(), &head.signature));
    }
    let forged = wire::StatementHead { due_fen: 0, ..head.clone() };
    assert!(!key.verify(signed_text(&forged).as_bytes(), &forged.signature));
    assert_eq!(jwks.matches("\"kty\":\"OKP\"").count(), 2, "with the key that signed before");
}

#[tokio::test]
async fn the_trial_balance_is_for_whoever_sees_all_of_the_ledger() {
    let bench = Bench::open().await;
    bench.buy(1).await;
    close(&bench).await;
    bench.buy(2).await;
    let scopes = ["settlement.balance"];
    for (organization, expected) in [("gd", true), ("gd/guangzhou", false), ("hn", false)] {
        let caller = bench.caller("ops", &scopes, organization);
        let request = wire::GetTrialBalanceRequest {};
        match bench.settlement(caller).get_trial_balance(request).await {
            Err(refused) => {
                assert!(!expected, "{refused}");
                assert_eq!(reason(&refused).0, "OUTSIDE_SUBTREE");
            }
            Ok(parts) => {
                assert!(expected);
                assert_balanced(parts.into_inner()).await;
            }
        }
    }
}

async fn assert_balanced(mut parts: tonic::Streaming<wire::GetTrialBalanceResponse>) {
    use wire::get_trial_balance_response::Part;
    let mut next = async || parts.message().await.expect("it goes on").and_then(|one| one.part);
    let Some(Part::Totals(totals)) = next().await else { panic!("the totals come first") };
    assert_eq!((totals.debit_fen, totals.credit_fen, totals.balance_fen), (598, 598, 0));
    let Some(Part::Accounts(accounts)) = next().await else { panic!("then the accounts") };
    let shown = accounts.accounts.iter();
    let shown: Vec<_> = shown.map(|one| (one.name.as_str(), one.balance_fen)).collect();
    assert_eq!(shown, [("gd:cool-drinks", 598), ("wepay", -598)]);
    assert_eq!(next().await, None);
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
        let request = wire::GetDailyTotalsRequest::default();
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
