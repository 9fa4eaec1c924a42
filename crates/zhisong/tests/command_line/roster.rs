//! Rosters: written, taken in, reported on, broken off and gone on with.

use serde_json::{Value, json};

use crate::bench::{Served, breaking_way};

fn counts(imported: &Value) -> [i64; 4] {
    ["added", "changed", "unchanged", "bad"].map(|name| imported[name].as_i64().expect("a number"))
}

#[test]
fn a_roster_in_chinese_and_gb18030_is_the_same_as_one_in_english_and_utf_8() {
    let served = Served::start();
    served.create_unions();
    let generated =
        served.run("roster generate --members 300 --headers zh --encoding gb18030 zh.csv");
    assert_eq!((generated.code, generated.stdout.as_str()), (Some(0), ""), "{generated:?}");
    served.run("roster generate --members 300 --headers en en.csv");
    assert!(String::from_utf8(std::fs::read(served.path("zh.csv")).expect("is there")).is_err());
    assert!(served.read("en.csv").starts_with("name,id_number,phone,trade,"));

    let imported = served.json("roster import zh.csv --organization gd");
    assert_eq!(imported["encoding"], "gb18030");
    assert_eq!(counts(&imported), [300, 0, 0, 0]);
    let imported = served.json("roster import en.csv --organization gd");
    assert_eq!(imported["encoding"], "UTF-8");
    assert_eq!(counts(&imported), [0, 0, 300, 0], "the same words came to the same members");

    let with_bom = ["\u{feff}", &served.read("en.csv")].concat();
    served.write("bom.csv", with_bom.replace('\n', "\r\n"));
    let imported = served.json("roster import bom.csv --organization gd --encoding utf-8");
    assert_eq!(counts(&imported), [0, 0, 300, 0]);
    let to_stdout = served.run("roster generate --members 300 --headers en -");
    assert_eq!(to_stdout.stdout, served.read("en.csv"), "the same seed makes the same rows");
}

#[test]
fn bad_rows_are_reported_with_line_and_reason_and_the_others_go_in() {
    let served = Served::start();
    served.create_unions();
    served.run("roster generate --members 6 --headers en good.csv");
    let good = served.read("good.csv");
    let good: Vec<&str> = good.lines().collect();
    let (header, good) = good.split_first().expect("a header");
    let wrong_digit = good[0].replacen("19700101", "19700102", 1);
    let rows: [&str; 11] = [
        header,
        good[0],
        "",
        &wrong_digit,
        &format!("\"{}", good[1]),
        good[1],
        "too,few",
        &good[2].replacen(',', ",\"440101\n\",", 1),
        good[2],
        &good[3].replace("gd/4404", "gd/nowhere"),
        good[4],
    ];
    served.write("roster.csv", rows.join("\n"));

    let ran = served.run("roster import roster.csv --organization gd --report bad.csv --json");
    assert_eq!(ran.code, Some(1), "not all rows are good: {ran:?}");
    let imported = ran.json();
    let problem = |line: i64, column: &str, reason: &str| json!({ "line": line, "column": column, "reason": reason });
    let expected = json!([
        problem(4, "id_number", "ID_CHECK_DIGIT"),
        problem(5, "row", "CSV_QUOTE"),
        problem(7, "row", "CSV_CELL_COUNT"),
        problem(8, "row", "CSV_CELL_COUNT"),
        problem(9, "row", "CSV_QUOTE"),
        problem(11, "organization", "ORGANIZATION_UNKNOWN"),
    ]);
    assert_eq!(imported["problems"], expected, "{imported}");
    assert_eq!(counts(&imported), [4, 0, 0, 6]);
    let report = served.read("bad.csv");
    assert_eq!(report.lines().next(), Some("line,column,reason"));
    assert_eq!(report.lines().nth(1), Some("4,id_number,ID_CHECK_DIGIT"));
    assert_eq!(report.lines().count(), 7);

    let again = served.run("roster import roster.csv --organization gd");
    assert_eq!(again.code, Some(1), "a bad row stays bad under its import's id");
    assert!(again.stdout.contains("create them with `zhisong organization create`"), "{again:?}");
    assert!(again.stdout.contains("6 rows were not taken in"), "{again:?}");

    served.json("organization create gd/nowhere --region 440000 --name 某工会");
    let other_id = "roster import roster.csv --organization gd --import-id again --json";
    assert_eq!(counts(&served.run(other_id).json()), [1, 0, 4, 5]);
}

#[test]
fn a_character_that_cannot_be_read_costs_its_row_only() {
    let served = Served::start();
    served.create_unions();
    served.run("roster generate --members 3 --headers en roster.csv");
    let mut bytes = served.read("roster.csv").into_bytes();
    let second_row = bytes.iter().position(|byte| *byte == b'\n').expect("a header") + 1;
    bytes[second_row] = 0xff;
    served.write("roster.csv", bytes);
    let ran = served.run("roster import roster.csv --organization gd --json");
    let imported = ran.json();
    assert_eq!(counts(&imported), [2, 0, 0, 1]);
    let expected = json!([{ "line": 2, "column": "name", "reason": "NOT_IN_ENCODING" }]);
    assert_eq!(imported["problems"], expected);
    let again = served.run("roster import roster.csv --organization gd --json").json();
    assert_eq!((counts(&again), &again["problems"]), ([2, 0, 0, 1], &expected), "{again}");
}

#[test]
fn an_import_goes_on_where_it_stopped_and_a_whole_one_changes_nothing() {
    let mut served = Served::start();
    served.create_unions();
    served.run("roster generate --members 2500 --headers zh whole.csv");
    let whole = served.read("whole.csv");
    let half: Vec<&str> = whole.lines().take(1_001).collect();
    served.write("half.csv", half.join("\n"));
    let imported = served.json("roster import half.csv --organization gd --import-id july");
    assert_eq!(counts(&imported), [1_000, 0, 0, 0]);

    served.kill();
    let import = "roster import whole.csv --organization gd --import-id july";
    let ran = served.run(import);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains(&served.server) && ran.stderr.contains("`zhisong up`"), "{ran:?}");

    served.restart();
    let ran = served.run(&format!("{import} --json"));
    assert!(ran.stderr.contains("up to line 1001: going on behind it"), "{ran:?}");
    let imported = ran.json();
    assert_eq!(imported["resumed_after_line"], 1_001);
    assert_eq!(imported["committed_line"], 2_501);
    assert_eq!(counts(&imported), [2_500, 0, 0, 0], "counts are of the whole import");

    let again = served.json(import);
    assert_eq!(again["resumed_after_line"], 2_501);
    assert_eq!(counts(&again), [2_500, 0, 0, 0]);
    let other_id = served.json("roster import whole.csv --organization gd");
    assert_eq!(counts(&other_id), [0, 0, 2_500, 0]);
    let same_id = served.json("roster import whole.csv --organization gd");
    assert_eq!(same_id["import_id"], other_id["import_id"], "the file's digest names the import");
    assert_eq!(same_id["resumed_after_line"], 2_501);
}

#[test]
fn a_connection_that_breaks_says_how_to_go_on_and_the_same_command_does() {
    let served = Served::start();
    served.create_unions();
    served.run("roster generate --members 8000 --headers zh roster.csv");
    let length = std::fs::metadata(served.path("roster.csv")).expect("is there").len();
    let way = breaking_way(&served.server, length / 2);
    let import = "roster import roster.csv --organization gd";
    let broken = served.run(&format!("{import} --server {way} --json"));
    assert_eq!(broken.code, Some(1), "{broken:?}");
    let error = &broken.json()["error"];
    assert_eq!(error["reason"], "CONNECTION_LOST", "{error}");
    let text = error["text"].as_str().expect("a text");
    assert!(text.contains("repeat the command to go on behind it (import id roster-"), "{text}");

    let imported = served.json(import);
    assert_eq!(counts(&imported), [8_000, 0, 0, 0]);
    let id = imported["import_id"].as_str().expect("an id");
    let other = format!("roster import roster.csv --organization gd/4401 --import-id {id}");
    assert_eq!(served.refused(&other)["reason"], "IMPORT_ID_REUSED", "and the command ends");
}

#[test]
fn what_cannot_be_imported_at_all_is_said_before_anything_is_sent() {
    let served = Served::start();
    served.run("roster generate --members 2 roster.csv");
    let refused = |words: &str| {
        let ran = served.run(&format!("roster import {words}"));
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        ran.stderr
    };
    let text = refused("roster.csv --organization gd");
    assert!(text.contains("the organization gd does not exist: create it first"), "{text}");
    served.create_unions();
    served.write("wrong.csv", "姓名,证件号码,备注\n");
    let text = refused("wrong.csv --organization gd");
    assert!(text.contains("line 1, the header: column 3 (\"备注\") is not known"), "{text}");
    assert!(text.contains("trade is missing (one of: 工种"), "{text}");
    served.write("book.csv", b"PK\x03\x04");
    assert!(refused("book.csv --organization gd").contains("is a workbook: save it as CSV"));
    served.write("empty.csv", "\n\n");
    assert!(refused("empty.csv --organization gd").contains("needs a header line"));
    assert!(refused("missing.csv --organization gd").contains("missing.csv: No such file"));
    assert!(refused(". --organization gd").contains("is not an ordinary file"));
}
