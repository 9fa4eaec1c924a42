//! Shops: taken in, listed, checked, stopped and resumed.

use serde_json::{Value, json};

use crate::bench::{CAMPAIGN, Served};

fn counts(imported: &Value) -> [i64; 5] {
    let names = ["added", "changed", "unchanged", "listed", "bad"];
    names.map(|name| imported[name].as_i64().expect("a number"))
}

fn reasons(check: &Value) -> Vec<&str> {
    let told = check["obstacles"].as_array().expect("a list").iter();
    told.map(|told| told["reason"].as_str().expect("a reason")).collect()
}

#[test]
fn shops_are_taken_in_listed_and_reported_row_by_row() {
    let served = Served::start();
    served.open_campaign(1);
    let file = "\u{feff}门店编号,所在地区,店名,连锁\n\
                s1,广州市天河区,天河一店,tea-co\n\
                s2,火星,火星店,\n\
                s3,440103,\"西关,二店\",tea-co\n\
                too,few\n";
    served.write("shops.csv", file);
    let import = format!("shops import shops.csv --organization gd --campaign {CAMPAIGN}");
    let ran = served.run(&format!("{import} --report bad.csv --json"));
    assert_eq!(ran.code, Some(1), "not all rows are good: {ran:?}");
    assert_eq!(counts(&ran.json()), [2, 0, 0, 2, 2]);
    let report = served.read("bad.csv");
    assert_eq!(report, "line,column,reason\n3,region,REGION_UNKNOWN\n5,row,CSV_CELL_COUNT\n");
    let again = served.run(&format!("{import} --json"));
    assert_eq!(counts(&again.json()), [2, 0, 0, 2, 2], "the same import: {again:?}");
    assert_eq!(again.json()["resumed_after_line"], 4);
    let anew = served.run(&format!("{import} --import-id another --json"));
    assert_eq!(counts(&anew.json()), [0, 0, 2, 0, 2], "and as another one: {anew:?}");

    let listed = served.json(&format!("shops list --region 440100 --campaign {CAMPAIGN}"));
    let listed = listed["shops"].as_array().expect("a list").clone();
    let titles: Vec<_> = listed.iter().map(|shop| &shop["title_zh"]).collect();
    assert_eq!(titles, [&json!("天河一店"), &json!("西关,二店")]);
    assert_eq!((&listed[0]["state"], &listed[0]["version"]), (&json!("OPEN"), &json!(1)));
    assert_eq!(served.json("shops list --chain coffee-co")["shops"], json!([]));
}

#[test]
fn a_stop_reaches_the_till_with_its_text_until_it_is_resumed() {
    let served = Served::start();
    let member = &served.open_campaign(1)[0];
    served.write("shops.csv", "shop_id,title_zh,region\ns1,天河一店,440106\n");
    served.json("shops import shops.csv --organization gd");
    let check = format!("shops check --shop s1 --region 440106 --campaign {CAMPAIGN}");
    let free = served.json(&check);
    assert_eq!((&free["taken"], reasons(&free).len()), (&json!(true), 0));
    let without = served.json(&format!("shops check --shop s1 --region 440106 --member {member}"));
    assert_eq!((&without["taken"], &without["campaigns"]), (&json!(false), &json!([])));
    let elsewhere =
        served.json(&format!("shops check --shop s1 --region 440103 --campaign {CAMPAIGN}"));
    assert_eq!(reasons(&elsewhere), ["SHOP_REGION_DIFFERS"]);

    let stopped =
        served.json("shops stop --organization gd --region 440100 --zh 系统维护 --en Maintenance");
    assert_eq!((&stopped["state"], &stopped["version"]), (&json!("STOPPED"), &json!(1)));
    let told = served.json(&format!("{check} --lang zh"));
    assert_eq!((&told["taken"], reasons(&told)), (&json!(false), vec!["REDEEMING_STOPPED"]));
    assert_eq!(told["obstacles"][0]["text"], "系统维护");
    assert_eq!(served.json("shops stops")["stops"][0]["scope"], "440100");
    let resumed = served.json("shops resume --organization gd --region 440100");
    assert_eq!((&resumed["state"], &resumed["version"]), (&json!("RESUMED"), &json!(2)));
    assert_eq!(served.json(&check)["taken"], true);
    assert_eq!(served.json("shops stops")["stops"], json!([]));
    let refused = served.refused(&format!(
        "shops stop --organization gd/4401 --campaign {CAMPAIGN} --zh 停 --en x"
    ));
    assert_eq!(refused["reason"], "OUTSIDE_SUBTREE", "the campaign is the province's");
}
