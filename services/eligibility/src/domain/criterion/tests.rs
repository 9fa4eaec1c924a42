use std::sync::LazyLock;

use member_identity::{Employment, Honour, Honours, OrganizationPath, RegionCode, Sex, Trade};
use proptest::prelude::*;

use super::*;

static EXPRESS: LazyLock<OrganizationPath> =
    LazyLock::new(|| "gd/guangzhou/express".parse().expect("a path"));

fn courier() -> Facts<'static> {
    Facts {
        trade: Trade::Courier,
        employment: Employment::NewForm,
        region: RegionCode::try_from(440_106).expect("the catalogue has Tianhe"),
        organization: &EXPRESS,
        honours: Honours::NONE.with(Honour::CityModelWorker),
        sex: Some(Sex::Female),
        age: Some(34),
    }
}

fn holds(expression: &str, facts: &Facts<'_>) -> bool {
    let condition = read(expression).unwrap_or_else(|why| panic!("{expression}: {why}"));
    Judge::new(&[condition]).each(facts).next().expect("one condition, one answer")
}

#[test]
fn a_criterion_holds_by_what_it_says_of_the_member() {
    let table = [
        ("member.trade == 'COURIER'", true),
        ("member.trade in ['FOOD_DELIVERY', 'COURIER']", true),
        ("!(member.trade in ['FOOD_DELIVERY', 'COURIER'])", false),
        ("member.region.startsWith('4401')", true),
        ("member.region.startsWith('4403') || member.region.endsWith('06')", true),
        ("member.organization == 'gd' || member.organization.startsWith('gd/')", true),
        ("member.employment == 'NEW_FORM' && member.age >= 18", true),
        ("member.known_age && member.age < 30", false),
        ("member.known_sex ? member.sex == 'FEMALE' : false", true),
        ("'CITY_MODEL_WORKER' in member.honours", true),
        ("'NATIONAL_MODEL_WORKER' in member.honours", false),
        ("size(member.honours) == 0", false),
        ("member.honours.size() + 1 == 2", true),
        ("member.age % 2 == 0 && member.age - 4 == 30 && -member.age < 0", true),
        ("string(member.age) == '34'", true),
        ("member.region.contains('0106')", true),
        ("true", true),
    ];
    for (expression, expected) in table {
        assert_eq!(holds(expression, &courier()), expected, "{expression}");
    }
}

#[test]
fn an_unknown_age_is_minus_one_and_an_unknown_sex_is_empty() {
    let permit = Facts { sex: None, age: None, ..courier() };
    for expression in ["member.age == -1", "member.sex == ''", "!member.known_age"] {
        assert!(holds(expression, &permit), "{expression}");
    }
}

#[test]
fn who_looks_the_same_to_a_condition_is_judged_once_and_others_anew() {
    let condition = read("member.known_age && member.age >= 18").expect("can be published");
    let conditions = [condition];
    let of_age = |age: Option<u16>| Facts { age, ..courier() };
    for round in 1..=2 {
        let judge = Judge::new(&conditions);
        for age in (10..60).map(Some).chain([None]) {
            for trade in [Trade::Courier, Trade::Truck] {
                let facts = Facts { trade, ..of_age(age) };
                let holds = judge.each(&facts).next().expect("an answer");
                assert_eq!(holds, age.is_some_and(|age| age >= 18), "round {round}: {age:?}");
            }
        }
        drop(judge);
        assert_eq!(conditions[0].answers.count(), 51, "ages, whatever the trade");
    }
}

#[test]
fn remembered_answers_are_bounded_and_stay_right() {
    let conditions = [read("member.age % 2 == 0").expect("can be published")];
    for start in [0, 3_000, 6_000] {
        let judge = Judge::new(&conditions);
        for age in start..start + 3_000 {
            let facts = Facts { age: Some(age), ..courier() };
            assert_eq!(judge.each(&facts).next(), Some(age % 2 == 0));
        }
        drop(judge);
        assert!(conditions[0].answers.count() <= 4_096);
    }
}

#[test]
fn a_condition_sees_every_field_that_it_names() {
    let other = Facts {
        trade: Trade::Truck,
        employment: Employment::Retired,
        region: RegionCode::try_from(440_300).expect("the catalogue has Shenzhen"),
        organization: &SAMPLE_ORGANIZATIONS[0],
        honours: Honours::NONE,
        sex: None,
        age: None,
    };
    for (expression, fields) in [
        ("member.trade == 'COURIER'", Facts { trade: courier().trade, ..other }),
        ("member.employment == 'NEW_FORM'", Facts { employment: courier().employment, ..other }),
        ("member.region == '440106'", Facts { region: courier().region, ..other }),
        ("member.organization.endsWith('express')", Facts { organization: &EXPRESS, ..other }),
        ("size(member.honours) == 1", Facts { honours: courier().honours, ..other }),
        ("member.sex == 'FEMALE'", Facts { sex: courier().sex, ..other }),
        ("member.known_sex", Facts { sex: courier().sex, ..other }),
        ("member.age == 34", Facts { age: courier().age, ..other }),
        ("member.known_age", Facts { age: courier().age, ..other }),
    ] {
        assert!(holds(expression, &fields), "{expression}");
        assert!(!holds(expression, &other), "{expression}");
    }
}

#[test]
fn what_cannot_be_published_is_said_with_its_reason() {
    use ExpressionProblem::*;
    let table = [
        ("", Length),
        ("   ", Length),
        ("member.name == 'x'", UnknownField(String::from("name"))),
        ("member.age > 17 && voucher.kind == 'x'", UnknownVariable(String::from("voucher"))),
        ("now > 3", UnknownVariable(String::from("now"))),
        ("member.trade.matches('C.*')", UnknownFunction(String::from("matches"))),
        ("sleep(3)", UnknownFunction(String::from("sleep"))),
        ("member.age == 'x'", UnknownFunction(String::from("=="))),
        ("member.age > 'x'", UnknownFunction(String::from(">"))),
        ("member.trade && true", UnknownFunction(String::from("&&"))),
        ("member.trade.x == 'y'", NotAllowed("a field of something that is not member")),
        ("member == member", NotAllowed("member without a field")),
        ("{'a': 1} == {'a': 1}", NotAllowed("a map")),
        ("member.age", NotACondition),
        ("'yes'", NotACondition),
        ("[true]", NotACondition),
        ("member.honours[0] == 'CITY_MODEL_WORKER'", NoAnswer),
        ("1 / (member.age + 1) == 0", NoAnswer),
        ("[member.trade][0]", NoAnswer),
    ];
    for (expression, expected) in table {
        assert_eq!(read(expression).expect_err(expression), expected, "{expression}");
    }
    for expression in ["member.age >", "a b", "((", "'open", "member.`x`", "member.?age == 3"] {
        let problem = read(expression).expect_err(expression);
        assert!(matches!(problem, Syntax(_)), "{expression}: {problem:?}");
    }
}

#[test]
fn every_macro_is_refused() {
    for expression in [
        "member.honours.all(h, h != '')",
        "member.honours.exists(h, h == 'X')",
        "member.honours.exists_one(h, h == 'X')",
        "size(member.honours.map(h, h)) > 0",
        "size(member.honours.filter(h, true)) > 0",
        "has(member.age)",
    ] {
        let problem = read(expression).expect_err(expression);
        let refused = matches!(
            problem,
            ExpressionProblem::NotAllowed(_) | ExpressionProblem::UnknownVariable(_)
        );
        assert!(refused, "{expression}: {problem:?}");
    }
}

/// Reads on a stack of the size that publishing gives.
fn read_on_big_stack(expression: String) -> Result<Condition, ExpressionProblem> {
    let thread = std::thread::Builder::new().stack_size(READING_STACK_BYTES);
    let thread = thread.spawn(move || read(&expression)).expect("a thread");
    thread.join().expect("reading never panics and never overflows")
}

#[test]
fn an_expression_that_is_too_long_deep_or_wide_is_refused_and_ends() {
    let long = format!("member.trade == '{}'", "x".repeat(EXPRESSION_CHARS_MAX));
    assert_eq!(read(&long).expect_err("too long"), ExpressionProblem::Length);
    let negated = |depth: usize| format!("{}true", "!(".repeat(depth)) + &")".repeat(depth);
    assert!(read_on_big_stack(negated(20)).is_ok());
    for depth in [40, 90, 200, 600] {
        assert!(read_on_big_stack(negated(depth)).is_err(), "{depth}");
    }
    let list = |length: usize| format!("member.age in [{}0]", "1,".repeat(length));
    assert!(read_on_big_stack(list(400)).is_ok());
    assert_eq!(read_on_big_stack(list(600)).expect_err("wide"), ExpressionProblem::TooLarge);
    for opening in ["(", "[", "-", "!", "{", "member.age?", "true&&(", "f("] {
        let text = opening.repeat(EXPRESSION_CHARS_MAX / opening.len());
        assert!(read_on_big_stack(text).is_err(), "{opening}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..Default::default() })]

    #[test]
    fn whatever_can_be_published_always_gives_an_answer_for_those_who_are_alike(
        parts in prop::collection::vec(prop::sample::select(vec![
            "member", ".age", ".trade", " == ", " > ", "18", "'COURIER'", "(", ")", " && ", "!",
            "true", " in ", "[", "]", ",", ".honours", " ? ", " : ", "-", "size(",
        ]), 1..12),
    ) {
        let text = parts.concat();
        if let Ok(condition) = read(&text) {
            prop_assert!(condition.answers_samples());
        }
    }
}
