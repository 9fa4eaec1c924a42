//! Vouchers for the members of a list, and for everyone whom a policy selects.

use serde_json::{Value, json};

use crate::bench::{CAMPAIGN, Served, breaking_way};

const POLICY: &str = "outdoor-trades-guangdong";

fn counts(issued: &Value) -> [i64; 3] {
    ["issued", "issued_before", "refused"].map(|name| issued[name].as_i64().expect("a number"))
}

#[test]
fn rows_that_get_nothing_are_reported_with_line_and_reason_and_the_others_get_theirs() {
    let served = Served::start();
    let members = served.open_campaign(5);
    let nobody = "mem_00000000000000000000000000000000";
    served.claim(&members[4], "claim-1");
    let rows = [
        "\u{feff}name,member_id,note",
        &format!("a,{},", members[0]),
        "",
        &format!("b,{nobody}"),
        "c,\"110105194912310021 is no member\"",
        &format!("\"d,{}", members[1]),
        &format!("e, {} ,again", members[0]),
        &format!("f,{},g,h,i", members[2]),
        "g",
        &format!("h,{}", members[4]),
    ];
    served.write("list.csv", rows.join("\n"));
    let issue = format!("issue --campaign {CAMPAIGN} --members list.csv --report refused.csv");
    let ran = served.run(&format!("{issue} --json"));
    assert_eq!(ran.code, Some(1), "not every row got one: {ran:?}");
    let issued = ran.json();
    assert_eq!(counts(&issued), [2, 1, 5], "{issued}");
    let refused = issued["refused_rows"].as_array().expect("a list").iter();
    let told: Vec<_> = refused.map(|row| (&row["line"], &row["reason"])).collect();
    let [four, five, six, nine, ten] = [4, 5, 6, 9, 10].map(|line| json!(line));
    let [unknown, invalid, limit] =
        ["MEMBER_UNKNOWN", "FIELD_INVALID", "PERSON_LIMIT_REACHED"].map(|reason| json!(reason));
    let expected =
        [(&four, &unknown), (&five, &invalid), (&six, &invalid), (&nine, &invalid), (&ten, &limit)];
    assert_eq!(told, expected);
    assert_eq!(issued["reasons"][0], json!({ "reason": "FIELD_INVALID", "rows": 3 }));
    let report = served.read("refused.csv");
    assert_eq!(report.lines().next(), Some("line,member_id,reason,text"));
    let first = format!("4,{nobody},MEMBER_UNKNOWN,\"no live membership is known");
    assert!(report.lines().nth(1).is_some_and(|line| line.starts_with(&first)), "{report}");
    assert!(report.contains("\n6,,FIELD_INVALID,not a member id\n"), "{report}");
    assert_eq!(report.lines().count(), 6);

    let again = served.run(&format!("{issue} --lang zh"));
    assert_eq!(again.code, Some(1), "{again:?}");
    assert!(again.stdout.contains("5 rows got nothing; all others have theirs"), "{again:?}");
    assert!(served.read("refused.csv").contains("不是会员编号"));
}

#[test]
fn everyone_of_a_file_or_of_a_policy_gets_one_and_no_second_one_until_the_next_day() {
    let served = Served::start();
    served.open_campaign(1_500);
    let listed = served.json("member list --below gd/4401 --out guangzhou.csv");
    let guangzhou = listed["members"].as_i64().expect("a number");
    assert_eq!(served.read("guangzhou.csv").lines().count() as i64, guangzhou + 1);
    let list = format!("issue --campaign {CAMPAIGN} --members guangzhou.csv");
    let issued = served.json(&list);
    assert_eq!(counts(&issued), [guangzhou, 0, 0]);
    let again = served.json(&list);
    assert_eq!(counts(&again), [0, guangzhou, 0]);
    assert_eq!(again["request_id"], issued["request_id"], "a list is named by its period");

    let everyone = format!("issue --campaign {CAMPAIGN} --policy {POLICY}");
    let others = served.json(&format!("{everyone}@1"));
    assert_eq!(counts(&others), [1_500 - guangzhou, guangzhou, 0], "one a person, by any list");
    let second = served.run(&format!("{everyone} --request-id second --json"));
    assert_eq!((second.code, counts(&second.json())), (Some(1), [0, 0, 1_500]));
    assert_eq!(second.json()["reasons"][0]["reason"], "PERSON_LIMIT_REACHED");
    assert_eq!(second.json()["refused_rows"][0]["line"], Value::Null);
    served.json("clock set 2022-07-23T10:00");
    assert_eq!(counts(&served.json(&everyone)), [1_500, 0, 0], "another day is another list");
    let stock = served.json(&format!("campaign stock {CAMPAIGN} --day 2022-07-22"));
    assert_eq!(stock["issued"], 1_500);
}

#[test]
fn a_list_that_breaks_says_how_to_go_on_and_the_same_command_does() {
    let served = Served::start();
    served.open_campaign(6_000);
    served.json("member list --out all.csv");
    let way = breaking_way(&served.server, 150_000);
    let issue = format!("issue --campaign {CAMPAIGN} --members all.csv");
    let broken = served.run(&format!("{issue} --server {way} --json"));
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let error = &broken.json()["error"];
    assert_eq!(error["reason"], "CONNECTION_LOST", "{error}");
    let text = error["text"].as_str().expect("a text");
    assert!(text.contains("repeat the command to go on (request id list-"), "{text}");
    let issued = served.json(&issue);
    let [now, before, refused] = counts(&issued);
    assert_eq!((now + before, refused), (6_000, 0));
}

#[test]
fn what_cannot_be_given_at_all_is_said_before_anything_is_sent() {
    let served = Served::start();
    served.open_campaign(1);
    let list = format!("issue --campaign {CAMPAIGN}");
    served.write("wrong.csv", "name\n");
    let ran = served.run(&format!("{list} --members wrong.csv"));
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("no column is named member_id or 会员编号"), "{ran:?}");
    let ran = served.run(&format!("{list} --members missing.csv"));
    assert!(ran.stderr.contains("missing.csv: No such file"), "{ran:?}");
    let both = served.run(&format!("{list} --members wrong.csv --policy {POLICY}"));
    assert_eq!((both.code, served.run(&list).code), (Some(2), Some(2)), "one of the two");
    assert_eq!(served.refused(&format!("{list} --policy nobody"))["reason"], "NOT_FOUND");
    assert_eq!(served.refused(&format!("{list} --policy {POLICY}@2"))["reason"], "NOT_FOUND");
    let other = served.refused("issue --campaign other --policy nobody");
    assert_eq!(other["reason"], "NOT_FOUND");
}
