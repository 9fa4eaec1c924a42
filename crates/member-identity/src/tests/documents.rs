use std::ops::Range;

use jiff::civil::{Date, date};
use proptest::prelude::*;

use crate::{IdDocument, IdProblem, RegionCode, Sex, resident_id_from_parts};

const TODAY: Date = date(2022, 7, 22);

fn parse(text: &str) -> Result<IdDocument, IdProblem> {
    IdDocument::parse(text, TODAY)
}

/// A number with a right check digit and a region and date that may be wrong.
fn made_up(region: u32, birth: &str) -> String {
    let stand_in = resident_id_from_parts(region, date(1990, 1, 1), 1);
    let body: String = [&stand_in[..6], birth, "001"].concat();
    let is_right = |check: &char| parse(&format!("{body}{check}")) != Err(IdProblem::CheckDigit);
    let check = "0123456789X".chars().find(is_right).expect("one of 11 is right");
    format!("{body}{check}")
}

#[test]
fn published_samples_of_gb_11643_are_read() {
    let woman = parse("11010519491231002X").unwrap();
    assert_eq!(woman.canonical(), "RID:11010519491231002X");
    assert_eq!(woman.sex(), Some(Sex::Female));
    assert_eq!(woman.birth_date(), Some(date(1949, 12, 31)));

    let man = parse("440524188001010014").unwrap();
    assert_eq!(man.sex(), Some(Sex::Male));
    assert_eq!(man.birth_date(), Some(date(1880, 1, 1)));
}

#[test]
fn one_person_has_one_canonical_form_however_it_was_typed() {
    let spellings = [
        ("11010519491231002x", "RID:11010519491231002X"),
        (" 110105 19491231 002X\u{200B}", "RID:11010519491231002X"),
        ("１１０１０５１９４９１２３１００２Ｘ", "RID:11010519491231002X"),
        ("110105491231002", "RID:11010519491231002X"),
        ("H12345678", "HMP:H12345678"),
        ("h1234567801", "HMP:H12345678"),
        ("Ｍ 1234 5678", "HMP:M12345678"),
        ("12345678", "TWP:12345678"),
        ("1234567802", "TWP:12345678"),
        ("1234567802B", "TWP:12345678"),
        ("1234567802（b）", "TWP:12345678"),
    ];
    for (typed, canonical) in spellings {
        assert_eq!(parse(typed).map(|id| id.canonical()).as_deref(), Ok(canonical), "{typed}");
    }
}

#[test]
fn each_problem_is_told_from_the_others() {
    let rows = [
        ("", IdProblem::Length),
        ("1101051949123100", IdProblem::Length),
        ("11010519491231002XX", IdProblem::Length),
        ("13812345678", IdProblem::Length),
        ("H1234567", IdProblem::Length),
        ("H123456789", IdProblem::Length),
        ("1234567", IdProblem::Length),
        ("1101051949123100XX", IdProblem::Characters),
        ("11010519491231002A", IdProblem::Characters),
        ("１1010519491231002张", IdProblem::Characters),
        ("11010549123100X", IdProblem::Characters),
        ("H1234567X", IdProblem::Characters),
        ("1234567张", IdProblem::Characters),
        ("12345678A", IdProblem::Characters),
        ("1234567802(B", IdProblem::Characters),
        ("110105194912310021", IdProblem::CheckDigit),
        (&made_up(100_105, "19900101"), IdProblem::Province),
        (&made_up(840_000, "19900101"), IdProblem::Province),
        (&made_up(0, "19900101"), IdProblem::Province),
        (&made_up(440_106, "19900230"), IdProblem::Date),
        (&made_up(440_106, "19901301"), IdProblem::Date),
        (&made_up(440_106, "19900100"), IdProblem::Date),
        (&made_up(440_106, "18491231"), IdProblem::Date),
        (&made_up(440_106, "20220723"), IdProblem::FutureDate),
        ("440106900230001", IdProblem::Date),
    ];
    for (text, problem) in rows {
        assert_eq!(parse(text), Err(problem), "{text}");
    }
}

#[test]
fn born_today_is_not_in_the_future() {
    assert!(parse(&made_up(440_106, "20220722")).is_ok());
}

#[test]
fn an_abolished_or_unknown_county_is_not_judged() {
    assert!(parse(&made_up(440_199, "19900101")).is_ok());
}

#[test]
fn residence_permits_of_hong_kong_macao_and_taiwan_count_as_resident_ids() {
    for region in [810_000, 820_000, 830_000] {
        let permit = parse(&resident_id_from_parts(region, date(1980, 5, 6), 12)).unwrap();
        assert!(matches!(permit, IdDocument::ResidentId(_)));
        assert_eq!(permit.birth_date(), Some(date(1980, 5, 6)));
    }
}

#[test]
fn travel_permits_state_neither_sex_nor_birth_date() {
    for permit in ["H12345678", "12345678"] {
        let permit = parse(permit).unwrap();
        assert_eq!((permit.sex(), permit.birth_date()), (None, None));
    }
}

#[test]
fn no_printed_form_shows_a_number_or_a_birth_date() {
    for number in ["11010519491231002X", "H12345678", "12345678"] {
        let id = parse(number).unwrap();
        for printed in [format!("{id:?}"), format!("{id:#?}"), format!("{id}")] {
            assert!(printed.contains("REDACTED"), "{printed}");
            assert!(!printed.chars().any(|c| c.is_ascii_digit()), "{printed}");
        }
        assert_eq!(id.reveal(), number);
    }
}

#[test]
fn reasons_are_stable() {
    let reasons = [
        (IdProblem::Length, "ID_LENGTH"),
        (IdProblem::Characters, "ID_CHARACTERS"),
        (IdProblem::CheckDigit, "ID_CHECK_DIGIT"),
        (IdProblem::Province, "ID_PROVINCE"),
        (IdProblem::Date, "ID_DATE"),
        (IdProblem::FutureDate, "ID_FUTURE_DATE"),
    ];
    for (problem, reason) in reasons {
        assert_eq!(problem.reason(), reason);
    }
}

prop_compose! {
    /// A well-formed number, its birth date and its sequence; the person is born before `TODAY`.
    fn resident(years: Range<i16>)(
        region in prop::sample::select(RegionCode::all().collect::<Vec<_>>()),
        year in years,
        days in 0_i64..365,
        sequence in 0_u16..1_000,
    ) -> (String, Date, u16) {
        let new_year = date(year, 1, 1);
        let birth = new_year.checked_add(jiff::Span::new().days(days)).unwrap();
        (resident_id_from_parts(region.as_u32(), birth, sequence), birth, sequence)
    }
}

proptest! {
    #[test]
    fn a_made_up_number_is_read_with_its_date_and_sex((number, birth, sequence) in resident(1850..2022)) {
        let id = parse(&number).unwrap();
        prop_assert_eq!(id.reveal(), number.as_str());
        prop_assert_eq!(id.birth_date(), Some(birth));
        let sex = if sequence % 2 == 1 { Sex::Male } else { Sex::Female };
        prop_assert_eq!(id.sex(), Some(sex));
    }

    #[test]
    fn the_old_form_is_the_same_person((number, _, _) in resident(1900..2000)) {
        let old = [&number[..6], &number[8..17]].concat();
        prop_assert_eq!(parse(&old), parse(&number));
    }

    #[test]
    fn one_changed_digit_is_refused(
        (number, _, _) in resident(1850..2022),
        place in 0_usize..18,
        other in prop::sample::select(b"0123456789X".to_vec()),
    ) {
        let mut typed = number.clone().into_bytes();
        prop_assume!(typed[place] != other);
        typed[place] = other;
        let refused = parse(std::str::from_utf8(&typed).unwrap());
        prop_assert!(matches!(refused, Err(IdProblem::CheckDigit | IdProblem::Characters)));
    }

    #[test]
    fn two_neighbouring_digits_changing_places_are_refused(
        (number, _, _) in resident(1850..2022),
        place in 0_usize..16,
    ) {
        let mut typed = number.clone().into_bytes();
        prop_assume!(typed[place] != typed[place + 1]);
        typed.swap(place, place + 1);
        let refused = parse(std::str::from_utf8(&typed).unwrap());
        prop_assert_eq!(refused, Err(IdProblem::CheckDigit));
    }

    #[test]
    fn any_text_is_read_or_refused_and_its_normal_form_is_a_fixed_point(text in any::<String>()) {
        if let Ok(id) = parse(&text) {
            prop_assert_eq!(parse(id.reveal()), Ok(id));
        }
    }

    #[test]
    fn text_of_the_documents_alphabet_is_read_or_refused(text in "[HMX0-9()张 ]{0,20}") {
        if let Ok(id) = parse(&text) {
            prop_assert_eq!(parse(id.reveal()), Ok(id));
        }
    }
}
