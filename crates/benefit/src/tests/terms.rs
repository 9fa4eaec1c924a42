use super::*;

fn categories(count: usize) -> Vec<Category> {
    (0..count).map(|index| category(&index.to_string())).collect()
}

fn assert_refused(cases: impl IntoIterator<Item = (TermsParts, TermsProblem)>) {
    for (parts, problem) in cases {
        assert_eq!(Terms::new(parts), Err(problem));
    }
}

#[test]
fn figures_that_make_no_kind_are_refused() {
    let cases = [
        (amount_off(300, 0), TermsProblem::AmountBelowOne),
        (amount_off(300, 301), TermsProblem::AmountAboveThreshold(Fen(300))),
        (amount_off(100_000_001, 1), TermsProblem::ThresholdTooHigh),
        (percent_off(-1, 10, 1), TermsProblem::ThresholdTooHigh),
        (percent_off(100_000_001, 10, 1), TermsProblem::ThresholdTooHigh),
        (percent_off(0, 0, 1), TermsProblem::PercentOutOfRange),
        (percent_off(0, 101, 1), TermsProblem::PercentOutOfRange),
        (percent_off(0, 10, 0), TermsProblem::CapOutOfRange),
        (percent_off(0, 10, 100_000_001), TermsProblem::CapOutOfRange),
        (waiver(0), TermsProblem::CapOutOfRange),
        (waiver(100_000_001), TermsProblem::CapOutOfRange),
        (balance(0), TermsProblem::ValueOutOfRange),
        (balance(100_000_001), TermsProblem::ValueOutOfRange),
    ];
    assert_refused(cases.map(|(kind, problem)| (everywhere(kind), problem)));
    let nameless = everywhere(Kind::Service);
    assert_refused([(nameless, TermsProblem::ServiceWithoutName)]);
}

#[test]
fn uses_are_1_to_10_000_and_those_of_a_period_no_more_than_all() {
    let day = |count| Some((count, UsePeriod::Day));
    let cases = [
        (uses(0, None), TermsProblem::UsesOutOfRange),
        (uses(10_001, None), TermsProblem::UsesOutOfRange),
        (uses(10, day(0)), TermsProblem::PeriodUsesOutOfRange),
        (uses(10, day(11)), TermsProblem::PeriodUsesOutOfRange),
    ];
    assert_refused(cases.map(|(uses, problem)| (TermsParts { uses, ..cool_drinks() }, problem)));
    assert!(Terms::new(TermsParts { uses: uses(10_000, day(10_000)), ..cool_drinks() }).is_ok());

    let cases = [uses(2, None), uses(1, day(1))];
    let balance = |uses| TermsParts { uses, ..everywhere(balance(500)) };
    assert_refused(cases.map(|uses| (balance(uses), TermsProblem::BalanceWithUses)));
}

#[test]
fn lists_that_are_too_long_or_repeat_themselves_are_refused() {
    let (a, many) = (category("a"), categories(65));
    let overlapping = vec![hours("06:00-10:00"), hours("09:59-11:00")];
    let thirteen = (0..13).map(|h| Hours::new(h * 60, h * 60 + 60).expect("hours")).collect();
    let regions: Vec<RegionCode> = RegionCode::all().take(65).collect();
    let twice = vec![region("440000"), region("440100"), region("440000")];
    let goods = |goods_categories| TermsParts { goods_categories, ..cool_drinks() };
    let all = || everywhere(waiver(1));
    let excluded = |excluded_categories| TermsParts { excluded_categories, ..all() };
    let regional = |regions| TermsParts { regions, ..cool_drinks() };
    let timed = |hours| TermsParts { hours, ..cool_drinks() };
    assert_refused([
        (goods(many.clone()), TermsProblem::TooManyCategories),
        (goods(vec![a.clone(), a.clone()]), TermsProblem::CategoryRepeated(a.clone())),
        (excluded(many), TermsProblem::TooManyExclusions),
        (excluded(vec![a.clone(), a.clone()]), TermsProblem::ExclusionRepeated(a)),
        (regional(regions), TermsProblem::TooManyRegions),
        (regional(twice), TermsProblem::RegionRepeated(region("440000"))),
        (timed(thirteen), TermsProblem::TooManyHours),
        (timed(overlapping), TermsProblem::HoursOverlap(hours("09:59-11:00"))),
    ]);
    assert!(Terms::new(goods(categories(64))).is_ok());
    assert!(Terms::new(excluded(categories(64))).is_ok());
}

#[test]
fn goods_are_excluded_from_all_goods_only() {
    let excluded_categories = vec![category("tobacco")];
    let parts = TermsParts { excluded_categories, ..cool_drinks() };
    assert_refused([(parts, TermsProblem::ExclusionFromList)]);
}

#[test]
fn rules_of_combining_that_cannot_be_followed_are_refused() {
    let alone = Stacking::default;
    let group = |key: &str| Some(key.to_owned());
    let cases = [
        (Stacking { group: group("a"), ..alone() }, TermsProblem::StackingWithoutCombining),
        (Stacking { sequence: 1, ..alone() }, TermsProblem::StackingWithoutCombining),
        (Stacking { own_funder_only: true, ..alone() }, TermsProblem::StackingWithoutCombining),
        (Stacking { group: group("A"), ..combining() }, TermsProblem::GroupMalformed),
        (Stacking { order_cap_percent: Some(0), ..combining() }, TermsProblem::OrderCapOutOfRange),
        (Stacking { order_cap_percent: Some(101), ..alone() }, TermsProblem::OrderCapOutOfRange),
    ];
    let stacked = |(stacking, problem)| (TermsParts { stacking, ..cool_drinks() }, problem);
    assert_refused(cases.map(stacked));

    let capped = Stacking { order_cap_percent: Some(50), ..alone() };
    assert!(Terms::new(TermsParts { stacking: capped, ..cool_drinks() }).is_ok());
    let capped = Stacking { order_cap_percent: Some(50), ..alone() };
    assert_refused(
        [combining(), capped]
            .map(|stacking| (TermsParts { stacking, ..check_up() }, TermsProblem::ServiceCombines)),
    );
}

#[test]
fn a_right_comes_back_at_most_100_times_and_with_at_most_366_days_of_grace() {
    let refund_rule = RefundRule::RightReturnsWithGrace;
    let grace = |days| TermsParts { refund_rule: refund_rule(days), ..cool_drinks() };
    assert_refused([
        (grace(0), TermsProblem::GraceNotPossible),
        (grace(367), TermsProblem::GraceNotPossible),
        (TermsParts { uses: uses(2, None), ..grace(7) }, TermsProblem::GraceNotPossible),
        (TermsParts { returns_max: 101, ..cool_drinks() }, TermsProblem::ReturnsOutOfRange),
    ]);
    assert!(Terms::new(TermsParts { returns_max: 100, ..grace(366) }).is_ok());
}

#[test]
fn of_several_problems_the_first_by_the_order_of_the_fields_is_named() {
    let parts = TermsParts {
        uses: uses(0, None),
        stacking: Stacking { sequence: 1, ..Stacking::default() },
        returns_max: 101,
        ..everywhere(amount_off(300, 0))
    };
    assert_refused([(parts.clone(), TermsProblem::AmountBelowOne)]);
    let parts = TermsParts { kind: amount_off(300, 299), ..parts };
    assert_refused([(parts.clone(), TermsProblem::UsesOutOfRange)]);
    let parts = TermsParts { uses: Uses::ONCE, ..parts };
    assert_refused([(parts, TermsProblem::StackingWithoutCombining)]);
}

#[test]
fn the_liability_is_the_most_that_all_uses_can_cost() {
    let often = |kind| TermsParts { uses: uses(30, None), ..everywhere(kind) };
    let cases = [
        (everywhere(amount_off(300, 299)), 299),
        (often(amount_off(300, 299)), 8_970),
        (often(percent_off(0, 20, 5_000)), 150_000),
        (often(waiver(200)), 6_000),
        (everywhere(balance(10_000)), 10_000),
        (TermsParts { uses: uses(12, None), ..check_up() }, 0),
    ];
    for (parts, fen) in cases {
        assert_eq!(terms(parts.clone()).liability(), Fen(fen), "{parts:?}");
    }
    let most = Uses { total: 10_000, limit: None };
    let highest = TermsParts { uses: most, ..everywhere(waiver(100_000_000)) };
    assert_eq!(terms(highest).liability(), Fen(1_000_000_000_000));
}

#[test]
fn a_period_of_uses_begins_at_midnight_in_the_zone_of_the_terms() {
    let (zone, instant) = (Zone::shanghai(), |day: &str, minute| {
        BusinessDay::parse(day).expect("a day").at_minute(minute, &Zone::shanghai())
    });
    let last = 24 * 60 - 1;
    let rows = [
        (UsePeriod::Day, instant("2022-07-22", last), "2022-07-22"),
        (UsePeriod::Day, instant("2022-07-23", 0), "2022-07-23"),
        (UsePeriod::Month, instant("2022-07-31", last), "2022-07"),
        (UsePeriod::Month, instant("2022-08-01", 0), "2022-08"),
        (UsePeriod::Year, instant("2022-12-31", last), "2022"),
        (UsePeriod::Year, instant("2023-01-01", 0), "2023"),
    ];
    for (period, at, key) in rows {
        assert_eq!(period.of(at, &zone), key, "{period:?}");
    }
    let utc = Zone::parse("UTC").expect("a zone");
    let new_year = instant("2023-01-01", 0);
    assert_eq!(UsePeriod::Year.of(new_year, &utc), "2022", "16:00 the day before in UTC");
}
