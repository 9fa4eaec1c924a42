use proptest::prelude::*;

use crate::{MobileNumber, NameProblem, PersonName, PhoneProblem};

fn name(text: &str) -> Result<String, NameProblem> {
    PersonName::parse(text).map(|name| name.reveal().to_owned())
}

fn phone(text: &str) -> Result<String, PhoneProblem> {
    MobileNumber::parse(text).map(|number| number.reveal().to_owned())
}

#[test]
fn one_mobile_number_has_one_form() {
    let spellings = [
        "13812345678",
        "+86 138 1234 5678",
        "+86-138-1234-5678",
        "0086 13812345678",
        "8613812345678",
        "１３８１２３４５６７８",
        "\u{202D}138–1234–5678\u{202C}",
    ];
    for typed in spellings {
        assert_eq!(phone(typed).as_deref(), Ok("+8613812345678"), "{typed}");
    }
}

#[test]
fn each_problem_of_a_mobile_number_is_told() {
    let rows = [
        ("1381234567a", PhoneProblem::Characters),
        ("138+12345678", PhoneProblem::Characters),
        ("138/12345678", PhoneProblem::Characters),
        ("+852 61234567", PhoneProblem::Country),
        ("00852 61234567", PhoneProblem::Country),
        ("", PhoneProblem::Length),
        ("1381234567", PhoneProblem::Length),
        ("138123456789", PhoneProblem::Length),
        ("9913812345678", PhoneProblem::Length),
        ("+86", PhoneProblem::Length),
        ("02012345678", PhoneProblem::Prefix),
        ("12812345678", PhoneProblem::Prefix),
    ];
    for (text, problem) in rows {
        assert_eq!(phone(text), Err(problem), "{text}");
    }
}

#[test]
fn nothing_behind_a_long_row_of_dashes_goes_unread() {
    assert_eq!(phone(&format!("13812345678{}9", "-".repeat(40))), Err(PhoneProblem::Length));
}

#[test]
fn one_name_has_one_form() {
    let rows = [
        ("张三", "张三"),
        (" 张　三 ", "张三"),
        ("张\u{200B}三", "张三"),
        ("阿布都·热合曼", "阿布都·热合曼"),
        ("阿布都•热合曼", "阿布都·热合曼"),
        ("阿布都‧热合曼", "阿布都·热合曼"),
        ("阿布都・热合曼", "阿布都·热合曼"),
        ("阿布都･热合曼", "阿布都·热合曼"),
        ("阿布都.热合曼", "阿布都·热合曼"),
        ("阿布都．热合曼", "阿布都·热合曼"),
        ("阿布都 · 热合曼", "阿布都·热合曼"),
        ("Ｊｏｈｎ   Ｓｍｉｔｈ", "John Smith"),
        ("Jean–Luc O’Neil", "Jean-Luc O'Neil"),
        ("Jose\u{301}", "José"),
        ("欧阳 John", "欧阳 John"),
        ("\u{F900}", "豈"),
        ("葛\u{E0100}", "葛"),
        ("〇", "〇"),
    ];
    for (typed, normal) in rows {
        assert_eq!(name(typed).as_deref(), Ok(normal), "{typed}");
    }
}

#[test]
fn each_problem_of_a_name_is_told() {
    let rows = [
        ("".to_owned(), NameProblem::Empty),
        (" \u{3000} ".to_owned(), NameProblem::Empty),
        ("·".to_owned(), NameProblem::Empty),
        ("张3".to_owned(), NameProblem::Characters),
        ("张三(大)".to_owned(), NameProblem::Characters),
        ("张三,".to_owned(), NameProblem::Characters),
        ("张".repeat(65), NameProblem::TooLong),
        ("张".repeat(100_000), NameProblem::TooLong),
    ];
    for (text, problem) in rows {
        assert_eq!(name(&text), Err(problem));
    }
    assert!(name(&"张".repeat(64)).is_ok());
}

#[test]
fn no_printed_form_shows_a_name_or_a_number() {
    let name = PersonName::parse("张三").unwrap();
    assert_eq!(format!("{name:?} {name}"), "PersonName(REDACTED) REDACTED");
    let number = MobileNumber::parse("13812345678").unwrap();
    assert_eq!(format!("{number:?} {number}"), "MobileNumber(REDACTED) REDACTED");
}

#[test]
fn reasons_are_stable() {
    assert_eq!(PhoneProblem::Characters.reason(), "PHONE_CHARACTERS");
    assert_eq!(PhoneProblem::Country.reason(), "PHONE_COUNTRY");
    assert_eq!(PhoneProblem::Length.reason(), "PHONE_LENGTH");
    assert_eq!(PhoneProblem::Prefix.reason(), "PHONE_PREFIX");
    assert_eq!(NameProblem::TooLong.reason(), "NAME_TOO_LONG");
    assert_eq!(NameProblem::Characters.reason(), "NAME_CHARACTERS");
    assert_eq!(NameProblem::Empty.reason(), "NAME_EMPTY");
}

proptest! {
    #[test]
    fn a_name_in_normal_form_stays_as_it_is(text in "[\\p{L}\\p{M} 　.·•・'’–-]{1,20}") {
        if let Ok(once) = name(&text) {
            prop_assert_eq!(name(&once), Ok(once));
        }
    }

    #[test]
    fn spaces_between_han_characters_carry_nothing(text in "[一-龥]{1,8}") {
        let spaced: String = text.chars().flat_map(|c| [c, ' ']).collect();
        prop_assert_eq!(name(&spaced), Ok(text));
    }

    #[test]
    fn any_text_is_a_name_within_bounds_or_refused(text in any::<String>()) {
        if let Ok(name) = name(&text) {
            prop_assert!((1..=64).contains(&name.chars().count()));
        }
    }

    #[test]
    fn dashes_and_country_codes_do_not_change_a_number(
        digits in "1[3-9][0-9]{9}",
        code in prop::sample::select(vec!["", "+86", "0086", "86", "+86 "]),
        place in 0_usize..11,
    ) {
        let (front, back) = digits.split_at(place);
        prop_assert_eq!(phone(&format!("{code}{front}-{back}")), Ok(format!("+86{digits}")));
    }

    #[test]
    fn a_number_in_normal_form_stays_as_it_is(text in "[+0-9 -]{0,20}") {
        if let Ok(once) = phone(&text) {
            prop_assert_eq!(phone(&once), Ok(once));
        }
    }
}
