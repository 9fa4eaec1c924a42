//! A day from campaign to statement, command by command.

use serde_json::json;

use crate::bench::{CAMPAIGN, DAY, Served, programme, until};

#[test]
fn a_voucher_is_claimed_used_and_settled() {
    let served = Served::start();
    let member = &served.open_campaign(3)[0];
    let claimed = served.claim(member, "claim-1");
    assert_eq!(claimed["serial"], 1);
    assert_eq!(claimed["valid_until"], "2022-07-23T00:00:00+08:00");
    assert_eq!(
        served.claim(member, "claim-1"),
        claimed,
        "the same request id gets the same answer"
    );
    let stock = served.json(&format!("campaign stock {CAMPAIGN} --day {DAY}"));
    assert_eq!((&stock["issued"], &stock["remaining"]), (&json!(1), &json!(49_999)));
    let vouchers = served.json(&format!("voucher list --member {member}"));
    assert_eq!(vouchers["vouchers"], json!([claimed]));

    let order =
        "--order order-1 --line cold-drink=3.50 --line hot-meal=12 --shop s1 --region 440103";
    let quoted = served.json(&format!("checkout quote --member {member} {order}"));
    assert_eq!((&quoted["order_amount_fen"], &quoted["discount_fen"]), (&json!(1550), &json!(299)));
    let held = served.json(&format!("checkout authorize --member {member} {order} --hold 10m"));
    assert_eq!((&held["state"], &held["payable_fen"]), (&json!("HELD"), &json!(1251)));
    assert_eq!(held["expires_at"], "2022-07-22T10:10:00+08:00");
    assert_eq!(held["vouchers"][0]["voucher_id"], claimed["voucher_id"]);
    let wallet = served.json(&format!("wallet --member {member}"));
    assert_eq!(wallet["vouchers"][0]["state"], "HELD");
    let authorization = held["authorization_id"].as_str().expect("an id");
    let captured = served.json(&format!("checkout capture --authorization {authorization}"));
    assert_eq!((&captured["state"], &captured["captured_on"]), (&json!("CAPTURED"), &json!(DAY)));
    let refunded = served.json("checkout refund --order order-1");
    assert_eq!(
        (&refunded["state"], &refunded["right_returned"]),
        (&json!("REFUNDED"), &json!(true))
    );
    assert_eq!(served.json("checkout get --order order-1")["state"], "REFUNDED");

    let totals = served.json("totals");
    assert_eq!((&totals["business_day"], &totals["closed"]), (&json!(DAY), &json!(false)));
    assert_eq!(totals["totals"][0]["captured_fen"], 299);
    assert_eq!(served.refused(&format!("statement {DAY}"))["reason"], "DAY_NOT_CLOSED");
    served.json("clock set 2022-07-23T00:01");
    let statement = served.json(&format!("statement {DAY} --close --out day.csv"));
    assert_eq!((&statement["rows"], &statement["due_fen"]), (&json!(2), &json!(0)));
    let csv = served.read("day.csv");
    assert_eq!(csv.lines().count(), 3, "{csv}");
    let named = served.json(&format!("statement {DAY} --counterparty platform:payment-platform"));
    assert_eq!(named["sha256"], statement["sha256"]);
}

#[test]
fn a_void_lets_go_of_a_hold_and_may_come_before_it() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    served.claim(member, "claim-1");
    let order = "--line cold-drink=3.00 --shop s1 --region 440103";
    let authorize = format!("checkout authorize --member {member} {order}");
    let early = served.json("checkout void --request lost-1");
    assert_eq!(early, json!({ "state": "VOIDED" }));
    let refused = served.refused(&format!("{authorize} --order o1 --request-id lost-1"));
    assert_eq!(refused["reason"], "VOIDED_BEFORE_AUTHORIZE");
    let held = served.json(&format!("{authorize} --order o1"));
    let authorization = held["authorization_id"].as_str().expect("an id");
    let voided = served.json(&format!("checkout void --authorization {authorization}"));
    assert_eq!(voided["state"], "VOIDED");
    let unused = served.json(&format!(
        "checkout quote --member {member} --order o2 --line cold-drink=2.99 --shop s1 --region 440103"
    ));
    assert_eq!(unused["discount_fen"], 0);
    assert_eq!(unused["unused"][0]["reason"], "BELOW_THRESHOLD");
}

#[test]
fn a_suspended_member_qualifies_for_nothing_until_reinstated() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    let claim = format!("claim --campaign {CAMPAIGN} --member {member}");
    let explain = format!("explain --policy outdoor-trades-guangdong --member {member}");
    let verify = format!("member verify --member-id {member} --purpose bus-fare");
    assert_eq!(served.json(&explain)["qualifies"], true);
    assert_eq!(served.json(&verify)["is_member"], false, "nothing is granted");
    let grant =
        "grant set --partner member-app --purpose bus-fare --organization gd --by member-id";
    assert_eq!(served.json(grant)["references"], json!(["member-id"]));
    assert_eq!(served.json(&verify)["is_member"], true);

    assert_eq!(served.json(&format!("member suspend {member}"))["state"], "SUSPENDED");
    let explained = served.json(&explain);
    assert_eq!((&explained["qualifies"], &explained["suspended"]), (&json!(false), &json!(true)));
    assert_eq!(explained["criteria"][0]["criterion_id"], "six-trades");
    assert_eq!(served.json(&verify)["is_member"], false);
    assert_eq!(served.refused(&claim)["reason"], "NOT_ELIGIBLE");

    assert_eq!(served.json(&format!("member reinstate {member}"))["state"], "ACTIVE");
    assert_eq!(served.json(&claim)["serial"], 1);
}

#[test]
fn a_member_is_found_by_the_number_of_a_document_and_listed_page_by_page() {
    let served = Served::start();
    served.open_campaign(5);
    let number = "440101197001010012";
    let found = served.json(&format!("member get --id-number {number}"));
    assert_eq!(found["organization"], "gd/4401");
    let claimed = served.json(&format!("claim --campaign {CAMPAIGN} --id-number {number}"));
    assert_eq!(claimed["member_id"], found["member_id"]);

    let first = served.json("member list --page 3");
    assert_eq!(first["members"].as_array().map(Vec::len), Some(3));
    let token = first["next_page_token"].as_str().expect("a token");
    let second = served.json(&format!("member list --page 3 --page-token {token}"));
    assert_eq!(second["members"].as_array().map(Vec::len), Some(2));
    assert_eq!(second["next_page_token"], "");
    let below = served.json("member list --below gd/4401");
    assert_eq!(below["members"].as_array().map(Vec::len), Some(1));
    let listed = served.json("organization list --below gd/4401");
    assert_eq!(listed["organizations"][0]["name"], "广州市总工会");
}

#[test]
fn a_campaign_is_applied_paused_resumed_and_ended() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    let claim = format!("claim --campaign {CAMPAIGN} --member {member}");
    assert_eq!(served.json(&format!("campaign pause {CAMPAIGN}"))["state"], "PAUSED");
    let refused = served.refused(&claim);
    assert_eq!(refused["reason"], "CAMPAIGN_NOT_ACTIVE");
    assert_eq!(refused["metadata"]["state"], "PAUSED");
    assert_eq!(served.json(&format!("campaign resume {CAMPAIGN}"))["state"], "ACTIVE");
    // For a second memory may tell what was so before.
    let claim = format!("{claim} --request-id again");
    until("the campaign gives out again", || served.run(&claim).code == Some(0));
    assert_eq!(served.json(&claim)["serial"], 1);

    served.json("organization create gd/dongguan --region 441900 --name 东莞市总工会");
    let draft = served.json(&format!("campaign apply {}", programme("dongguan-breakfast-2022")));
    assert_eq!(draft["state"], "DRAFT");
    assert_eq!(draft["terms"]["hours"], json!(["06:00-10:00"]));
    let listed = served.json("campaign list");
    assert_eq!(listed["campaigns"].as_array().map(Vec::len), Some(2));
    let active = served.json("campaign activate dongguan-breakfast-2022");
    assert_eq!(active["state"], "ACTIVE");
    assert_eq!(served.json("campaign end dongguan-breakfast-2022")["state"], "ENDED");
    assert_eq!(served.json("campaign get dongguan-breakfast-2022")["state"], "ENDED");
    let refused = served.refused("campaign resume dongguan-breakfast-2022");
    assert_eq!(refused["reason"], "CAMPAIGN_STATE");
}

#[test]
fn every_problem_of_a_programme_file_is_listed_with_its_line_without_a_service() {
    let served = Served::start();
    let good = std::fs::read_to_string(programme(CAMPAIGN)).expect("is there");
    let bad = good
        .replace("quota = 50000", "quota = 0")
        .replace("member.region.startsWith(\"44\")", "member.town == \"44\"");
    let line_of =
        |text: &str| good.lines().position(|line| line.starts_with(text)).map(|at| at + 1);
    served.write("bad.toml", bad);
    let ran = served.run(&format!(
        "campaign validate bad.toml {} --json --server http://127.0.0.1:1",
        programme(CAMPAIGN)
    ));
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let found = ran.json();
    let problems = found["problems"].as_array().expect("a list");
    let keys: Vec<_> = problems.iter().map(|problem| (&problem["line"], &problem["key"])).collect();
    let quota = json!(line_of("quota"));
    let expression = json!(line_of("expression = 'member.region"));
    let expected =
        [(&quota, &json!("stock.quota")), (&expression, &json!("policy.criteria[1].expression"))];
    assert_eq!(keys, expected, "{found}");
    assert_eq!(problems[1]["problem"], "names member.town, which no member has");
    assert_eq!(found["files"][1]["problems"], 0);

    let applied = served.run("campaign apply bad.toml");
    assert_eq!(applied.code, Some(1));
    assert!(applied.stdout.contains("names member.town"), "{applied:?}");
    let good = served.run(&format!("campaign validate {}", programme(CAMPAIGN)));
    assert_eq!(good.code, Some(0), "{good:?}");
}
