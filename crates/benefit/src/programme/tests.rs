use proptest::prelude::*;

use super::*;

/// A small good file; line numbers of the tests below count from its `schema`, line 1.
pub(super) const GOOD: &str = r#"schema = 1
campaign = "tea-2022"
organization = "gd/guangzhou"
title = { zh = "茶", en = "Tea" }
[schedule]
zone = "Asia/Shanghai"
starts_on = "2022-07-22"
ends_on = "2022-07-22"
[stock]
period = "campaign"
quota = 1
[limit]
period = "day"
per_person = 100
[terms]
kind = "AMOUNT_OFF"
threshold_fen = 1
amount_fen = 1
refund_rule = "RIGHT_IS_SPENT"
valid_for = { days = 7 }
[policy]
id = "tea"
[[policy.criteria]]
id = "adult"
expression = "member.age >= 18"
text = { zh = "仅限成年人", en = "For adults" }
"#;

/// The problems of a file as `line path: message`.
fn problems(source: &str) -> Vec<String> {
    let problems = parse(source).expect_err("a bad file");
    problems.iter().map(|p| format!("{} {}: {}", p.line, p.path, p.message)).collect()
}

/// The problems of the good file after replacing each text by another.
pub(super) fn problems_after(changes: &[(&str, &str)]) -> Vec<String> {
    let change = |source: String, (from, to): &(&str, &str)| {
        assert_eq!(source.matches(from).count(), 1, "{from} stands once in the good file");
        source.replacen(from, to, 1)
    };
    problems(&changes.iter().fold(GOOD.to_owned(), change))
}

#[test]
fn optional_keys_default_to_everything() {
    let programme = parse(GOOD).expect("a good file");
    assert!(programme.terms.goods_categories().is_empty());
    assert!(programme.terms.regions().is_empty());
    assert_eq!(programme.validity, Validity::Days(7));
}

#[test]
fn all_problems_of_a_file_are_listed_by_line() {
    let found = problems_after(&[
        ("campaign = \"tea-2022\"", "campaign = \"Tea 2022\""),
        ("en = \"Tea\"", "en = \" \""),
        ("ends_on = \"2022-07-22\"", "ends_on = \"2022-07-21\""),
        ("period = \"campaign\"", "period = \"week\""),
        ("quota = 1", "qouta = 1"),
        ("per_person = 100", "per_person = 101"),
        ("amount_fen = 1", "amount_fen = 2"),
        ("valid_for = { days = 7 }", "valid_for = { days = 0 }"),
        ("expression = \"member.age >= 18\"\n", ""),
    ]);
    assert_eq!(
        found,
        [
            "2 campaign: is not 1 to 64 of a-z, 0-9 and -",
            "4 title.en: is not 1 to 100 characters",
            "8 schedule.ends_on: is before starts_on, 2022-07-22",
            "9 stock.quota: is missing",
            "10 stock.period: is not one of \"day\", \"campaign\"",
            "11 stock.qouta: is not a known key; did you mean quota?",
            "14 limit.per_person: is not 1 to 100",
            "18 terms.amount_fen: the amount is above the threshold of 1 fen",
            "20 terms.valid_for.days: is not 1 to 366",
            "23 policy.criteria[0].expression: is missing",
        ]
    );
}

#[test]
fn a_good_file_with_one_wrong_value_has_one_problem() {
    let rows = [
        ("schema = 1", "schema = 2", "1 schema: is not 1"),
        ("schema = 1", "schema = \"1\"", "1 schema: must be a whole number, not of type string"),
        (
            "organization = \"gd/guangzhou\"",
            "organization = \"\"",
            "3 organization: is not the path of an organization, as gd/guangzhou",
        ),
        ("{ zh = \"茶\", en = \"Tea\" }", "{ zh = \"茶\" }", "4 title.en: is missing"),
        ("\"Asia/Shanghai\"", "\"Asia/Canton\"", "6 schedule.zone: is not an IANA time zone name"),
        (
            "starts_on = \"2022-07-22\"",
            "starts_on = 2022-07-22",
            "7 schedule.starts_on: must be a string in quotes, not of type datetime",
        ),
        ("quota = 1", "quota = 0", "11 stock.quota: is not 1 to 1000000000"),
        ("quota = 1", "quota = 99999999999999999999", "11 stock.quota: is not 1 to 1000000000"),
        (
            "\"AMOUNT_OFF\"",
            "\"FREE\"",
            "16 terms.kind: is not one of \"AMOUNT_OFF\", \"PERCENT_OFF\", \"WAIVER\", \
             \"BALANCE\", \"SERVICE\"",
        ),
        (
            "threshold_fen = 1",
            "threshold_fen = 100000001",
            "17 terms.threshold_fen: is not 0 to 100000000",
        ),
        (
            "\"RIGHT_IS_SPENT\"",
            "\"spent\"",
            "19 terms.refund_rule: is not one of \"RIGHT_RETURNS\", \"RIGHT_RETURNS_WITH_GRACE\", \
             \"RIGHT_IS_SPENT\"",
        ),
        (
            "{ days = 7 }",
            "\"7 days\"",
            "20 terms.valid_for: is not one of \"business-day\", \"campaign-end\", { days = 7 }",
        ),
        ("[policy]", "[police]\n[policy]", "21 police: is not a known key; did you mean policy?"),
        ("[policy]", "[colours]\n[policy]", "21 colours: is not a known key"),
        (
            "organization = \"gd/guangzhou\"",
            "organization = \"gd/guangzhou\"\nfund = \"New Year\"",
            "4 fund: is not 1 to 64 of a-z, 0-9 and -",
        ),
        (
            "id = \"adult\"",
            "id = \"adult\"\nname = 1",
            "25 policy.criteria[0].name: is not a known key",
        ),
    ];
    for (from, to, problem) in rows {
        assert_eq!(problems_after(&[(from, to)]), [problem]);
    }
}

#[test]
fn lists_name_the_element_and_its_line() {
    let lists = "claim_hours = [\"10:00-24:00\", \"23:00-24:00\"]\n[stock]";
    let terms = "goods_categories = [\n  \"tea\",\n  \"TEA\",\n  7,\n]\n\
                 regions = [\"440000\", \"999999\"]\nhours = [\"22:00-02:00\"]\nkind = ";
    assert_eq!(
        problems_after(&[("[stock]", lists), ("kind = ", terms)]),
        [
            "9 schedule.claim_hours: 23:00-24:00 overlaps hours before it",
            "19 terms.goods_categories[1]: is not 1 to 64 of a-z, 0-9 and -",
            "20 terms.goods_categories[2]: must be a string in quotes, not of type integer",
            "22 terms.regions[1]: is not the GB/T 2260 code of a region",
            "23 terms.hours[0]: is not hours that end after they begin; \
             hours over midnight are written as two parts",
        ]
    );
}

#[test]
fn criteria_are_1_to_32_with_different_ids() {
    let criterion = |id: usize| {
        let text = "text = { zh = \"甲\", en = \"A\" }";
        format!("[[policy.criteria]]\nid = \"c{id}\"\nexpression = \"true\"\n{text}\n")
    };
    let none = GOOD.split("[[").next().expect("the file up to the criteria");
    assert_eq!(problems(none), ["21 policy.criteria: is missing"]);
    assert_eq!(
        problems(&format!("{none}criteria = []\n")),
        ["23 policy.criteria: are not 1 to 32"]
    );
    let many = |count: usize| (0..count).map(criterion).collect::<String>();
    assert!(parse(&format!("{none}{}", many(32))).is_ok());
    let problem = "23 policy.criteria: are not 1 to 32";
    assert_eq!(problems(&format!("{none}{}", many(33))), [problem]);
    let twice = format!("{none}{}{}", many(2), criterion(0));
    assert_eq!(problems(&twice), ["32 policy.criteria[2].id: is the id of a criterion before it"]);
}

#[test]
fn what_a_judge_has_against_an_expression_is_one_more_problem_of_its_line() {
    let judge = |expression: &str| match expression {
        "member.age >= 18" => Err(String::from("is not fair")),
        other => panic!("{other} is not in the file"),
    };
    let bad = GOOD.replacen("quota = 1", "quota = 0", 1);
    let problems = parse_judged(&bad, &judge).expect_err("a bad file");
    let lines: Vec<_> = problems.iter().map(|problem| (problem.line, &*problem.path)).collect();
    assert_eq!(lines, [(11, "stock.quota"), (25, "policy.criteria[0].expression")]);
    assert_eq!(problems[1].message, "is not fair");
}

#[test]
fn an_empty_file_lacks_every_section() {
    let paths: Vec<String> =
        parse("").expect_err("an empty file").into_iter().map(|p| p.path).collect();
    let keys = ["schema", "campaign", "organization", "title"];
    let sections = ["schedule", "stock", "limit", "terms", "policy"];
    assert_eq!(paths, [&keys[..], &sections[..]].concat());
}

#[test]
fn a_syntax_error_is_one_problem_with_its_line() {
    let found = parse(&GOOD.replace("quota = 1", "quota = ")).expect_err("not TOML");
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].line, &*found[0].path), (11, ""));
    assert!(found[0].message.starts_with("is not TOML: "), "{}", found[0]);
    let twice = parse(&GOOD.replace("[limit]", "[stock]")).expect_err("a table twice");
    assert_eq!((twice.len(), twice[0].line), (1, 12));
}

#[test]
fn a_file_of_more_than_64_kib_is_not_read() {
    let padded = |length: usize| format!("{GOOD}#{}", "x".repeat(length - GOOD.len() - 1));
    assert!(parse(&padded(SOURCE_BYTES_MAX)).is_ok());
    let found = parse(&padded(SOURCE_BYTES_MAX + 1)).expect_err("too large");
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].to_string(), "line 1: the file: is larger than 65536 bytes");
}

proptest! {
    #[test]
    fn any_damage_is_answered_with_lines_that_exist(
        start in 0..GOOD.len(), length in 0_usize..20, insert in "[ -~\n]{0,8}",
    ) {
        let boundary = |index: usize| (index.min(GOOD.len())..).find(|i| GOOD.is_char_boundary(*i));
        let (start, end) = (boundary(start), boundary(start + length));
        let (start, end) = (start.expect("a boundary"), end.expect("a boundary"));
        let damaged = format!("{}{insert}{}", &GOOD[..start], &GOOD[end..]);
        if let Err(problems) = parse(&damaged) {
            let last = damaged.matches('\n').count() + 1;
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.is_sorted_by_key(|problem| problem.line));
            prop_assert!(problems.iter().all(|problem| (1..=last).contains(&problem.line)));
        }
    }
}
