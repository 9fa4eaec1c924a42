//! After the close: statements of every kind, a partner's file, its differences, and the ledger.

use serde_json::{Value, json};

use crate::bench::{CAMPAIGN, DAY, Served};

/// A day on which two members bought in a shop of a chain, and the first brought it back; it is
/// over and closed.
pub fn closed_day() -> Served {
    let served = Served::start();
    let members = served.open_campaign(2);
    served.write("shops.csv", "shop_id,title_zh,region,chain\ns1,西关一店,440103,corner\n");
    served.json("shops import shops.csv --organization gd");
    for (n, member) in members.iter().enumerate() {
        served.claim(member, &format!("claim-{n}"));
        let order = format!("--order order-{n} --line cold-drink=3.50 --shop s1 --region 440103");
        served.json(&format!("checkout authorize --member {member} {order}"));
        served.json(&format!("checkout capture --order order-{n}"));
    }
    served.json("checkout refund --order order-0");
    served.json("clock set 2022-07-23T00:01");
    served.json(&format!("statement {DAY} --close --out statement.csv"));
    served
}

#[test]
fn a_funders_statement_is_read_over_all_platforms_and_its_signature_is_checked() {
    let served = closed_day();
    let platform = served.json(&format!("statement {DAY}"));
    let funder = served.json(&format!("statement {DAY} --counterparty funder:gd --out gd.csv"));
    assert_eq!(platform["counterparty"], "platform:payment-platform");
    assert_eq!(funder["counterparty"], "funder:gd");
    assert_eq!((&funder["rows"], &funder["due_fen"]), (&json!(3), &json!(299)));
    assert_eq!(funder["key_id"], platform["key_id"]);
    assert_ne!(funder["payout_id"], platform["payout_id"]);
    let csv = served.read("gd.csv");
    let payout_id = funder["payout_id"].as_str().expect("an id");
    assert!(csv.lines().skip(1).all(|line| line.contains(payout_id)), "{csv}");
    assert!(csv.lines().skip(1).all(|line| line.contains(",payment-platform,")), "{csv}");
    let again = served.json(&format!("statement {DAY} --counterparty funder:gd"));
    assert_eq!(again, funder);
    let wrong = served.run(&format!("statement {DAY} --counterparty gd"));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[test]
fn a_chains_statement_names_its_shops_and_its_signature_is_checked() {
    let served = closed_day();
    let ask = format!("statement {DAY} --counterparty chain:gd:corner");
    let chain = served.json(&format!("{ask} --out corner.csv"));
    assert_eq!(chain["counterparty"], "chain:gd:corner");
    assert_eq!((&chain["rows"], &chain["due_fen"]), (&json!(3), &json!(299)));
    let csv = served.read("corner.csv");
    assert!(csv.lines().skip(1).all(|line| line.contains(",payment-platform,s1,")), "{csv}");
    assert_eq!(served.json(&ask), chain, "the same bytes each time");
    let none = served.json(&format!("statement {DAY} --counterparty chain:gd:other"));
    assert_eq!(none["rows"], 0);
    let wrong = served.run(&format!("statement {DAY} --counterparty chain:corner"));
    assert_eq!(wrong.code, Some(2), "{wrong:?}");
}

#[cfg(not(feature = "parquet"))]
#[test]
fn parquet_that_was_not_built_in_says_how_to_get_it() {
    let served = Served::start();
    let ran = served.run(&format!("statement {DAY} --format parquet --out day.parquet"));
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains("--features parquet"), "{ran:?}");
}

#[test]
fn a_file_that_agrees_ends_with_0_and_one_that_does_not_with_1() {
    let served = closed_day();
    let agreed = served.json(&format!("reconcile {DAY} statement.csv"));
    assert_eq!((&agreed["matched"], &agreed["differences"]), (&json!(3), &json!([])));
    assert_eq!(served.json(&format!("reconcile {DAY} statement.csv")), agreed, "and again");

    let file = "order_number,kind,amount_fen\norder-0,CAPTURE,299\norder-1,CAPTURE,300\n\
                order-7,CAPTURE,299\norder-8,CAPTURE,lots\n";
    served.write("own.csv", file);
    let ran = served.run(&format!(
        "reconcile {DAY} own.csv --request-id own-1 --report differences.csv --json"
    ));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = ran.json();
    assert_eq!(
        (&found["our_captured_fen"], &found["their_captured_fen"]),
        (&json!(598), &json!(898))
    );
    let kinds = |found: &Value| -> Vec<(String, String)> {
        let text = |one: &Value, field: &str| one[field].as_str().expect("text").to_owned();
        let each = found["differences"].as_array().expect("a list").iter();
        each.map(|one| (text(one, "difference_id"), text(one, "kind"))).collect()
    };
    let expected = [
        ("CAPTURE:order:order-1", "AMOUNT_DIFFERS"),
        ("CAPTURE:order:order-7", "MISSING_HERE"),
        ("REFUND:order:order-0", "MISSING_THERE"),
    ];
    assert_eq!(kinds(&found), expected.map(|(id, kind)| (id.to_owned(), kind.to_owned())));
    assert_eq!(found["bad_rows"], json!([{ "line": 5, "reason": "AMOUNT" }]));
    assert_eq!(served.read("differences.csv").lines().count(), 4);

    served.write("own.csv", file.replace("300", "301"));
    let refused = served.refused(&format!("reconcile {DAY} own.csv --request-id own-1"));
    assert_eq!(
        (&refused["reason"], &refused["metadata"]["field"]),
        (&json!("REQUEST_ID_REUSED"), &json!("csv"))
    );
    served.write("own.csv", "number,amount\n");
    let refused = served.refused(&format!("reconcile {DAY} own.csv"));
    assert_eq!(refused["reason"], "FIELD_INVALID");
    let refused = served.refused("reconcile 2022-07-23 statement.csv");
    assert_eq!(refused["reason"], "DAY_NOT_CLOSED");
}

#[test]
fn a_difference_is_disputed_noted_and_accepted_and_all_of_it_is_kept() {
    let served = closed_day();
    served.write("own.csv", "order_number,kind,amount_fen\norder-0,CAPTURE,299\n");
    let ran = served.run(&format!("reconcile {DAY} own.csv --request-id own-1"));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("MISSING_THERE"), "{ran:?}");
    let on = "own-1 CAPTURE:order:order-1";
    let disputed = served.json(&format!("difference dispute {on} --text why --request-id r1"));
    assert_eq!((&disputed["position"], &disputed["action"]), (&json!(1), &json!("DISPUTE")));
    let again = served.json(&format!("difference dispute {on} --text why --request-id r1"));
    assert_eq!(again, disputed, "the same request id gets the same answer");
    let by_ops = "--platform payment-platform";
    served.json(&format!("difference accept {on} {by_ops} --text settled"));
    let refused = served.refused(&format!("difference dispute {on}"));
    assert_eq!(refused["reason"], "DIFFERENCE_ACCEPTED");
    assert_eq!(refused["metadata"]["resolved_by"], "ops");
    let zh = served.run(&format!("difference dispute {on} --lang zh"));
    assert!(zh.stderr.contains("该差异已确认"), "{zh:?}");
    served.json(&format!("difference note {on} --text later"));
    let page = served.json(&format!("difference list own-1 {by_ops} --page 1"));
    let first = &page["differences"][0];
    assert_eq!(
        (&first["difference_id"], &first["state"]),
        (&json!("CAPTURE:order:order-1"), &json!("ACCEPTED"))
    );
    assert_eq!(first["history"].as_array().map(Vec::len), Some(3));
    let token = page["next_page_token"].as_str().expect("a token");
    let page =
        served.json(&format!("difference list own-1 {by_ops} --page 1 --page-token {token}"));
    assert_eq!(page["differences"][0]["difference_id"], "REFUND:order:order-0");
    assert_eq!(served.refused("difference list own-2")["metadata"]["kind"], "reconciliation");
}

#[test]
fn the_trial_balance_shows_every_account_and_comes_to_zero() {
    let served = closed_day();
    let balance = served.json("trial-balance");
    assert_eq!((&balance["debit_fen"], &balance["credit_fen"]), (&json!(897), &json!(897)));
    assert_eq!(balance["balance_fen"], 0);
    let accounts = balance["accounts"].as_array().expect("a list");
    let names: Vec<_> = accounts.iter().map(|one| (&one["account_class"], &one["name"])).collect();
    let fund = json!(format!("gd:{CAMPAIGN}"));
    let (class, platform) = (json!("fund"), json!("payment-platform"));
    assert_eq!(names, [(&class, &fund), (&json!("platform"), &platform)]);
    assert!(served.run("trial-balance").stdout.contains("the ledger balances"));
}
