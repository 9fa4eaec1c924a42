use std::collections::HashSet;
use std::fmt::Debug;
use std::hash::Hash;

use proptest::prelude::*;

use crate::word::Word;
use crate::{Employment, Honour, Honours, Sex, Trade, WordProblem};

/// Every row stands where its variant looks for it, and every text leads back to its value.
pub(crate) fn check_words<T: Copy + Debug + Eq + Hash>(
    words: &[Word<T>],
    all: &[T],
    parse: fn(&str) -> Result<T, WordProblem>,
) {
    assert_eq!(words.iter().map(|word| word.value).collect::<Vec<_>>(), all);
    let mut texts = HashSet::new();
    for word in words {
        for text in [word.key, word.label].iter().chain(word.synonyms) {
            assert!(texts.insert(*text), "{text} is said twice");
            assert_eq!(parse(text), Ok(word.value), "{text}");
        }
        assert_eq!(parse(&word.key.to_lowercase()), Ok(word.value));
    }
}

#[test]
fn keys_and_labels_are_stable() {
    assert_eq!(Trade::FoodDelivery.as_str(), "FOOD_DELIVERY");
    assert_eq!(Trade::FoodDelivery.label_zh(), "外卖送餐员");
    assert_eq!(Employment::NewForm.as_str(), "NEW_FORM");
    assert_eq!(Honour::NationalModelWorker.as_str(), "NATIONAL_MODEL_WORKER");
    assert_eq!(Sex::Female.as_str(), "FEMALE");
}

#[test]
fn a_word_is_read_as_rosters_write_it() {
    assert_eq!(Trade::parse(" food_delivery "), Ok(Trade::FoodDelivery));
    assert_eq!(Trade::parse("外卖骑手"), Ok(Trade::FoodDelivery));
    assert_eq!(Trade::parse("出租车司机"), Ok(Trade::RideHailing));
    assert_eq!(Employment::parse("劳务 派遣"), Ok(Employment::Dispatched));
    assert_eq!(Honour::parse("全国劳模"), Ok(Honour::NationalModelWorker));
    assert_eq!(Sex::parse("女"), Ok(Sex::Female));
}

#[test]
fn an_unknown_word_is_refused_with_its_vocabulary() {
    let rows = [
        (Trade::parse("飞行员").unwrap_err(), "TRADE_UNKNOWN"),
        (Employment::parse("").unwrap_err(), "EMPLOYMENT_UNKNOWN"),
        (Honours::parse("全国劳模;冠军").unwrap_err(), "HONOUR_UNKNOWN"),
        (Sex::parse("?").unwrap_err(), "SEX_UNKNOWN"),
    ];
    for (problem, reason) in rows {
        assert_eq!(problem.reason(), reason);
    }
}

#[test]
fn a_set_of_honours_is_read_from_keys_and_labels() {
    let both = Honours::NONE.with(Honour::MayFirstMedal).with(Honour::CityModelWorker);
    assert_eq!(Honours::parse("市劳模；may_first_medal; "), Ok(both));
    assert_eq!(both.to_string(), "CITY_MODEL_WORKER;MAY_FIRST_MEDAL");
    assert_eq!(Honours::parse(""), Ok(Honours::NONE));
    assert!(Honours::NONE.is_empty() && !both.is_empty());
    assert!(both.contains(Honour::MayFirstMedal));
    assert!(!both.without(Honour::MayFirstMedal).contains(Honour::MayFirstMedal));
}

#[test]
fn a_list_of_honours_too_long_to_read_is_refused_and_not_cut_short() {
    let list = format!("{}CITY_MODEL_WORKER", ";".repeat(2_000));
    assert_eq!(Honours::parse(&list), Err(WordProblem::Honour));
}

#[test]
fn bits_without_an_honour_are_refused() {
    assert_eq!(Honours::from_bits(0b11_1111).map(Honours::bits), Some(0b11_1111));
    assert_eq!(Honours::from_bits(0b100_0000), None);
}

proptest! {
    #[test]
    fn a_set_of_honours_survives_text_bits_and_iteration(bits in 0_u16..64) {
        let set = Honours::from_bits(bits).unwrap();
        prop_assert_eq!(Honours::parse(&set.to_string()), Ok(set));
        prop_assert_eq!(set.iter().collect::<Honours>(), set);
        prop_assert_eq!(Honours::from_bits(set.bits()), Some(set));
    }
}
