use super::parse;
use super::tests::{GOOD, problems_after};
use crate::{
    Fen, Kind, RefundRule, ShopScope, Stacking, Terms, UseLimit, UsePeriod, Uses, VOUCHERS_MAX,
};

/// The lines of the kind in the good file: 16 to 18.
const KIND: &str = "kind = \"AMOUNT_OFF\"\nthreshold_fen = 1\namount_fen = 1\n";
const RULE: &str = "refund_rule = \"RIGHT_IS_SPENT\"\n";
/// What is wrong with `Tea` as a goods category in line 19.
const TEA: &str = "19 terms.goods_categories[0]: is not 1 to 64 of a-z, 0-9 and -";

/// The terms of the good file after replacing a text by another.
fn terms_with(from: &str, to: &str) -> Terms {
    assert_eq!(GOOD.matches(from).count(), 1, "{from} stands once in the good file");
    parse(&GOOD.replacen(from, to, 1)).expect("a good file").terms
}

/// The problems of the good file with more keys in its terms, which begin in line 19.
fn problems_with(keys: &str) -> Vec<String> {
    problems_after(&[(RULE, &format!("{keys}\n{RULE}"))])
}

#[test]
fn each_kind_has_its_own_figures() {
    let rows = [
        (
            "kind = \"AMOUNT_OFF\"\nthreshold_fen = 300\namount_fen = 299\n",
            Kind::AmountOff { threshold: Fen(300), amount: Fen(299) },
        ),
        (
            "kind = \"PERCENT_OFF\"\nthreshold_fen = 0\npercent = 20\ncap_fen = 5000\n",
            Kind::PercentOff { threshold: Fen::ZERO, percent: 20, cap: Fen(5_000) },
        ),
        ("kind = \"WAIVER\"\ncap_fen = 200\n", Kind::Waiver { cap: Fen(200) }),
        ("kind = \"BALANCE\"\nvalue_fen = 10000\n", Kind::Balance { value: Fen(10_000) }),
        ("kind = \"SERVICE\"\ngoods_categories = [\"check-up\"]\n", Kind::Service),
    ];
    for (figures, kind) in rows {
        assert_eq!(terms_with(KIND, figures).kind(), kind);
    }
}

#[test]
fn figures_that_are_wrong_or_of_another_kind_are_refused_in_their_line() {
    let rows: [(&str, &[&str]); 12] = [
        (
            "kind = \"PERCENT_OFF\"\n",
            &[
                "15 terms.threshold_fen: is missing",
                "15 terms.cap_fen: is missing",
                "15 terms.percent: is missing",
            ],
        ),
        (
            "kind = \"PERCENT_OFF\"\nthreshold_fen = 100000001\npercent = 0\ncap_fen = 0\n",
            &[
                "17 terms.threshold_fen: is not 0 to 100000000",
                "18 terms.percent: is not 1 to 100",
                "19 terms.cap_fen: is not 1 to 100000000",
            ],
        ),
        (
            "kind = \"AMOUNT_OFF\"\nthreshold_fen = -1\namount_fen = 0\n",
            &[
                "17 terms.threshold_fen: is not 0 to 100000000",
                "18 terms.amount_fen: is not 1 to 100000000",
            ],
        ),
        (
            "kind = \"PERCENT_OFF\"\nthreshold_fen = 0\npercent = 12.5\ncap_fen = 1\n",
            &["18 terms.percent: must be a whole number, not of type float"],
        ),
        ("kind = \"WAIVER\"\n", &["15 terms.cap_fen: is missing"]),
        ("kind = \"WAIVER\"\ncap_fen = 100000001\n", &["17 terms.cap_fen: is not 1 to 100000000"]),
        (
            "kind = \"WAIVER\"\ncap_fen = 1\npercent = 5\n",
            &["18 terms.percent: is not a known key"],
        ),
        ("kind = \"BALANCE\"\n", &["15 terms.value_fen: is missing"]),
        ("kind = \"BALANCE\"\nvalue_fen = 0\n", &["17 terms.value_fen: is not 1 to 100000000"]),
        ("kind = \"BALANCE\"\nvalue_fen = -5\n", &["17 terms.value_fen: is not 1 to 100000000"]),
        (
            "kind = \"SERVICE\"\n",
            &["15 terms.goods_categories: a service names itself by its goods categories"],
        ),
        (
            "kind = \"FREE\"\ncap_fen = 1\npercent = 5\n",
            &["16 terms.kind: is not one of \"AMOUNT_OFF\", \"PERCENT_OFF\", \"WAIVER\", \
               \"BALANCE\", \"SERVICE\""],
        ),
    ];
    for (figures, expected) in rows {
        assert_eq!(problems_after(&[(KIND, figures)]), expected, "{figures}");
    }
}

#[test]
fn a_file_that_says_no_more_is_used_once_anywhere_alone() {
    let terms = parse(GOOD).expect("a good file").terms;
    assert_eq!(terms.uses(), Uses::ONCE);
    assert!(terms.excluded_categories().is_empty());
    assert_eq!(terms.shops(), ShopScope::Any);
    assert_eq!(terms.stacking(), &Stacking::default());
    assert!(!terms.stacking().combines);
    assert!(!terms.rechecks_membership());
    assert_eq!(terms.refund_rule(), RefundRule::RightIsSpent);
    assert_eq!(terms.returns_max(), 0, "a right that is spent never comes back");
    let returning = terms_with(RULE, "refund_rule = \"RIGHT_RETURNS\"\n");
    assert_eq!(returning.returns_max(), 3);
}

#[test]
fn every_other_key_of_the_terms_is_read() {
    let keys = "uses = { total = 366, per_period = 4, period = \"day\" }\n\
                excluded_categories = [\"tobacco\"]\nshops = \"LISTED\"\n\
                recheck_membership = true\nreturns_max = 100\n\
                refund_rule = \"RIGHT_RETURNS\"\n";
    let terms = terms_with(RULE, keys);
    let limit = Some(UseLimit { count: 4, period: UsePeriod::Day });
    assert_eq!(terms.uses(), Uses { total: 366, limit });
    assert_eq!(terms.excluded_categories()[0].to_string(), "tobacco");
    assert_eq!(terms.shops(), ShopScope::Listed);
    assert!(terms.rechecks_membership());
    assert_eq!(terms.returns_max(), 100);

    let often = terms_with(RULE, &format!("uses = {{ total = 10 }}\n{RULE}"));
    assert_eq!(often.uses(), Uses { total: 10, limit: None });
    let grace = "refund_rule = \"RIGHT_RETURNS_WITH_GRACE\"\ngrace_days = 7\n";
    assert_eq!(terms_with(RULE, grace).refund_rule(), RefundRule::RightReturnsWithGrace(7));
}

#[test]
fn stacking_is_a_table_of_its_own() {
    let table = "[terms.stacking]\ncombines = true\ngroup = \"drinks\"\nsequence = 255\n\
                 own_funder_only = true\norder_cap_percent = 50\n[policy]";
    let expected = Stacking {
        combines: true,
        group: Some("drinks".to_owned()),
        sequence: 255,
        own_funder_only: true,
        order_cap_percent: Some(50),
    };
    assert_eq!(terms_with("[policy]", table).stacking(), &expected);
    let plain = terms_with(RULE, &format!("stacking = {{ combines = true }}\n{RULE}"));
    assert_eq!(plain.stacking(), &Stacking { combines: true, ..Stacking::default() });
    assert_eq!(VOUCHERS_MAX, 3, "as README.md of the programmes says");
}

#[test]
fn wrong_keys_of_the_terms_are_refused_in_their_line() {
    let rows: [(&str, &[&str]); 18] = [
        ("uses = 3", &["19 terms.uses: must be a table, not of type integer"]),
        ("uses = { per_period = 1, period = \"day\" }", &["19 terms.uses.total: is missing"]),
        ("uses = { total = 0 }", &["19 terms.uses.total: is not 1 to 10000"]),
        ("uses = { total = 10001 }", &["19 terms.uses.total: is not 1 to 10000"]),
        (
            "uses = { total = 9, per_period = 1 }",
            &["19 terms.uses.period: is missing: the number and its period come together"],
        ),
        (
            "uses = { total = 9, period = \"day\" }",
            &["19 terms.uses.per_period: is missing: the number and its period come together"],
        ),
        (
            "uses = { total = 9, per_period = 1, period = \"week\" }",
            &["19 terms.uses.period: is not one of \"day\", \"month\", \"year\""],
        ),
        (
            "uses = { total = 9, per_period = 10, period = \"day\" }",
            &["19 terms.uses: the uses of a period are not 1 to the uses in all"],
        ),
        (
            "excluded_categories = [\"a\", \"a\"]",
            &["19 terms.excluded_categories: a is listed twice"],
        ),
        ("shops = \"listed\"", &["19 terms.shops: is not one of \"ANY\", \"LISTED\""]),
        (
            "recheck_membership = \"yes\"",
            &["19 terms.recheck_membership: must be true or false, not of type string"],
        ),
        (
            "goods_categories = [\"tea\"]\nexcluded_categories = [\"ice\"]",
            &["20 terms.excluded_categories: goods are excluded from all goods only, and \
               goods_categories lists some"],
        ),
        ("goods_categories = [\"Tea\"]\nexcluded_categories = [\"ice\"]", &[TEA]),
        ("stacking = { sequence = 1 }", &["19 terms.stacking.combines: is missing"]),
        (
            "stacking = { combines = false, sequence = 1 }",
            &["19 terms.stacking: a rule of combining needs combines = true"],
        ),
        (
            "stacking = { combines = true, group = 7, sequence = 256, cap = 5 }",
            &[
                "19 terms.stacking.group: must be a string in quotes, not of type integer",
                "19 terms.stacking.sequence: is not 0 to 255",
                "19 terms.stacking.cap: is not a known key",
            ],
        ),
        (
            "stacking = { combines = true, group = \"Tea\" }",
            &["19 terms.stacking: the group is not 1 to 64 of a-z, 0-9 and -"],
        ),
        (
            "stacking = { combines = true, order_cap_percent = 101 }",
            &["19 terms.stacking.order_cap_percent: is not 1 to 100"],
        ),
    ];
    for (keys, expected) in rows {
        assert_eq!(problems_with(keys), expected, "{keys}");
    }
}

#[test]
fn returns_are_counted_by_the_rules_that_give_the_right_back() {
    let returns = "refund_rule = \"RIGHT_RETURNS\"\n";
    let grace = "refund_rule = \"RIGHT_RETURNS_WITH_GRACE\"\ngrace_days = 7\n";
    let rows = [
        (format!("{returns}returns_max = -1\n"), "20 terms.returns_max: is not 0 to 100"),
        (format!("{grace}returns_max = 101\n"), "21 terms.returns_max: is not 0 to 100"),
        (format!("{RULE}returns_max = 0\n"), "20 terms.returns_max: is not a known key"),
        (
            "refund_rule = \"RETURNS\"\nreturns_max = 5\n".to_owned(),
            "19 terms.refund_rule: is not one of \"RIGHT_RETURNS\", \
             \"RIGHT_RETURNS_WITH_GRACE\", \"RIGHT_IS_SPENT\"",
        ),
    ];
    for (rule, problem) in rows {
        assert_eq!(problems_after(&[(RULE, &rule)]), [problem], "{rule}");
    }
}

#[test]
fn grace_belongs_to_the_one_rule_that_gives_it() {
    let grace = "refund_rule = \"RIGHT_RETURNS_WITH_GRACE\"\n";
    let rows = [
        (grace.to_owned(), "15 terms.grace_days: is missing"),
        (format!("{grace}grace_days = 367\n"), "20 terms.grace_days: is not 1 to 366"),
        (format!("{RULE}grace_days = 7\n"), "20 terms.grace_days: is not a known key"),
        (
            format!("{grace}grace_days = 7\nuses = {{ total = 2 }}\n"),
            "20 terms.grace_days: the grace is not 1 to 366 days, or the voucher has more than one \
             use",
        ),
        (
            "refund_rule = \"RETURNS\"\ngrace_days = 7\n".to_owned(),
            "19 terms.refund_rule: is not one of \"RIGHT_RETURNS\", \
             \"RIGHT_RETURNS_WITH_GRACE\", \"RIGHT_IS_SPENT\"",
        ),
    ];
    for (rule, problem) in rows {
        assert_eq!(problems_after(&[(RULE, &rule)]), [problem], "{rule}");
    }
}

#[test]
fn a_service_and_a_balance_do_not_take_what_only_others_can_have() {
    let service = "kind = \"SERVICE\"\ngoods_categories = [\"seat\"]\n\
                   stacking = { combines = true }\n";
    let stacked = "18 terms.stacking: a service has no rules of stacking";
    assert_eq!(problems_after(&[(KIND, service)]), [stacked]);
    let capped = service.replace("combines = true", "combines = false, order_cap_percent = 50");
    assert_eq!(problems_after(&[(KIND, &capped)]), [stacked]);
    let unreadable = "kind = \"SERVICE\"\ngoods_categories = [\"Tea\"]\n";
    let unread = TEA.replace("19 ", "17 ");
    assert_eq!(problems_after(&[(KIND, unreadable)]), [unread], "and not that it has no name");
    let balance = "kind = \"BALANCE\"\nvalue_fen = 1\nuses = { total = 2 }\n";
    assert_eq!(
        problems_after(&[(KIND, balance)]),
        ["18 terms.uses: a balance is used until it is gone, and has no number of uses"]
    );
}

#[test]
fn what_all_vouchers_of_a_stock_could_cost_can_be_counted() {
    let changes = |uses| {
        let most = "kind = \"WAIVER\"\ncap_fen = 100000000\n";
        [("quota = 1", "quota = 1000000000".to_owned()), (KIND, format!("{most}{uses}"))]
    };
    let once = changes("").iter().fold(GOOD.to_owned(), |s, (from, to)| s.replacen(from, to, 1));
    assert!(parse(&once).is_ok(), "10^8 fen times 10^9");
    let [quota, kind] = changes("uses = { total = 2 }\n");
    assert_eq!(
        problems_after(&[(quota.0, &quota.1), (kind.0, &kind.1)]),
        ["9 stock: all its vouchers together could cost more than 10^17 fen"]
    );
}
