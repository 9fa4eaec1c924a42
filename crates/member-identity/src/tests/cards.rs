use proptest::prelude::*;

use crate::{CardId, CardNumber, CardNumberProblem, Shard};

#[test]
fn a_card_number_is_read_as_it_is_printed_and_shows_itself_nowhere() {
    // 9,000,000,000,000,000 is 17 modulo 97, and 98 - 17 is 81.
    let number = CardNumber::from_entropy(0);
    assert_eq!(number.reveal(), "9000000000000081");
    for text in
        ["9000000000000081", "9000 0000 0000 0081", "9000-0000-0000-0081", "９000000000000081"]
    {
        assert_eq!(text.parse(), Ok(number.clone()), "{text}");
    }
    assert!(!format!("{number:?}").contains("81"));
}

#[test]
fn what_is_not_a_card_number_says_what_is_wrong_with_it() {
    use CardNumberProblem::{Characters, CheckDigits, FirstDigit, Length};
    let cases = [
        ("", Length),
        ("900000000000008", Length),
        ("90000000000000810", Length),
        ("9000000000000o81", Characters),
        ("9000000000000082", CheckDigits),
        ("4000000000000002", FirstDigit),
        (&"9".repeat(5_000), Length),
    ];
    for (text, problem) in cases {
        assert_eq!(text.parse::<CardNumber>(), Err(problem), "{text}");
        assert!(problem.reason().starts_with("CARD_NUMBER_"));
    }
}

#[test]
fn a_card_id_is_a_text_of_its_own_kind() {
    let id = CardId::from_bytes([7; 16]);
    assert_eq!(id.to_string(), format!("crd_{}", "07".repeat(16)));
    assert_eq!((id.to_string().parse(), id.shard()), (Ok(id), Shard(7)));
    assert!("mem_07070707070707070707070707070707".parse::<CardId>().is_err());
}

proptest! {
    #[test]
    fn every_made_number_is_read_back(entropy: u64) {
        let number = CardNumber::from_entropy(entropy);
        prop_assert_eq!(number.reveal().parse(), Ok(number));
    }

    #[test]
    fn one_wrong_digit_and_one_swap_of_neighbours_are_always_found(
        entropy: u64, at in 0_usize..16, digit in b'0'..=b'9', swap in 0_usize..15,
    ) {
        let number = CardNumber::from_entropy(entropy);
        let right = number.reveal().as_bytes().to_vec();
        let mut wrong = right.clone();
        wrong[at] = digit;
        let mut swapped = right.clone();
        swapped.swap(swap, swap + 1);
        for other in [wrong, swapped].into_iter().filter(|other| *other != right) {
            let text = String::from_utf8(other).expect("digits");
            prop_assert!(text.parse::<CardNumber>().is_err(), "{}", text);
        }
    }

    #[test]
    fn reading_any_text_never_panics(text: String) {
        let _ = text.parse::<CardNumber>();
    }
}
