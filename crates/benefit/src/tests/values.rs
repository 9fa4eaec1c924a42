use super::*;

#[test]
fn money_is_exact_or_absent() {
    assert_eq!(Fen(i64::MAX).checked_add(Fen(1)), None);
    assert_eq!(Fen(300).checked_add(Fen(-299)), Some(Fen(1)));
    assert_eq!([Fen(1), Fen(-3), Fen(5)].into_iter().sum::<Fen>(), Fen(3));
    assert_eq!(Fen(-299).to_string(), "-299");
}

#[test]
fn money_in_yuan_has_two_decimals() {
    let cases = [(0, "0.00"), (1, "0.01"), (299, "2.99"), (-5, "-0.05"), (123_456, "1234.56")];
    for (fen, text) in cases {
        assert_eq!(Fen(fen).yuan_text(), text);
    }
    assert_eq!(Fen(i64::MIN).yuan_text(), "-92233720368547758.08");
}

#[test]
fn hours_read_back_as_written_and_end_before_they_close() {
    for text in ["00:00-24:00", "06:00-10:00", "10:00-24:00", "23:59-24:00"] {
        assert_eq!(hours(text).to_string(), text);
    }
    assert!(hours("06:00-10:00").contains(360));
    assert!(hours("06:00-10:00").contains(599));
    assert!(!hours("06:00-10:00").contains(600));
}

#[test]
fn only_hours_within_one_day_are_hours() {
    let malformed = ["", "06:00", "6:00-10:00", "06:00-24:01", "24:00-24:00", "06:60-07:00"];
    for text in malformed.into_iter().chain(["06:00–10:00", "06:00-10:00 ", "+6:00-10:00"]) {
        assert_eq!(Hours::parse(text), Err(HoursProblem::Malformed), "{text}");
    }
    for text in ["10:00-06:00", "10:00-10:00", "22:00-02:00"] {
        assert_eq!(Hours::parse(text), Err(HoursProblem::Empty), "{text}");
    }
}

#[test]
fn no_hours_mean_all_day() {
    assert!(is_open(&[], at(3, 0), &Zone::shanghai()));
    assert_eq!(next_opening(&[], at(3, 0), &Zone::shanghai()), at(3, 0));
}

#[test]
fn hours_open_next_later_today_or_else_tomorrow() {
    let (parts, zone) = ([hours("11:00-12:00"), hours("06:00-10:00")], Zone::shanghai());
    let next = |instant| next_opening(&parts, instant, &zone);
    assert_eq!(next(at(5, 59)), at(6, 0));
    assert_eq!(next(at(6, 0)), at(6, 0));
    assert_eq!(next(at(10, 0)), at(11, 0));
    let tomorrow = BusinessDay::parse("2022-07-23").expect("a day");
    assert_eq!(next(at(12, 0)), tomorrow.at_minute(360, &zone));
}

#[test]
fn a_category_is_a_slug() {
    for text in ["cold-drink", "a", "7", &"a".repeat(64)] {
        assert_eq!(category(text).to_string(), text);
    }
    for text in ["", "Cold", "cold_drink", "饮料", "a b", &"a".repeat(65)] {
        assert_eq!(Category::parse(text), Err(CategoryProblem), "{text}");
    }
}

#[test]
fn keys_read_back_as_written() {
    for rule in [RefundRule::RightIsSpent, RefundRule::RightReturns] {
        assert_eq!(RefundRule::parse(rule.key(), 0), Some(rule));
        assert_eq!(RefundRule::parse(rule.key(), 7), None, "grace belongs to another rule");
    }
    let grace = RefundRule::RightReturnsWithGrace(7);
    assert_eq!(RefundRule::parse(grace.key(), 7), Some(grace));
    assert_eq!(RefundRule::parse(grace.key(), 0), None, "no grace");
    for period in [StockPeriod::Day, StockPeriod::Campaign] {
        assert_eq!(StockPeriod::parse(period.name()), Some(period));
    }
    for period in [LimitPeriod::Day, LimitPeriod::Campaign] {
        assert_eq!(LimitPeriod::parse(period.name()), Some(period));
    }
    for period in [UsePeriod::Day, UsePeriod::Month, UsePeriod::Year] {
        assert_eq!(UsePeriod::parse(period.key()), Some(period));
    }
    for scope in [ShopScope::Any, ShopScope::Listed] {
        assert_eq!(ShopScope::parse(scope.key()), Some(scope));
    }
    assert_eq!(StockPeriod::parse("week"), None);
}

#[test]
fn a_basket_has_1_to_100_lines_of_0_to_1_000_000_yuan() {
    let make = |lines| Basket::new(lines, region("440106"));
    assert_eq!(make(Vec::new()), Err(BasketProblem::LineCount));
    assert_eq!(make(vec![line("a", 1); 101]), Err(BasketProblem::LineCount));
    for fen in [-1, 100_000_001] {
        let lines = vec![line("a", 0), line("a", fen)];
        assert_eq!(make(lines), Err(BasketProblem::LineAmount { index: 1 }));
    }
    let full = make(vec![line("a", 100_000_000); 100]).expect("the largest basket");
    assert_eq!(full.total(), Fen(10_000_000_000));
}

#[test]
fn a_voucher_is_valid_from_its_issue_until_a_day_ends() {
    let (zone, issued_at) = (Zone::shanghai(), at(10, 0));
    let day = |text| BusinessDay::parse(text).expect("a day");
    let ends_on = day("2022-09-30");
    let cases = [
        (Validity::BusinessDay, "2022-07-22"),
        (Validity::Days(1), "2022-07-22"),
        (Validity::Days(7), "2022-07-28"),
        (Validity::Days(366), "2023-07-22"),
        (Validity::CampaignEnd, "2022-09-30"),
    ];
    for (validity, last) in cases {
        let window = validity.window(issued_at, &zone, ends_on);
        assert_eq!(window, (issued_at, day(last).end(&zone)), "{validity:?}");
    }
}
