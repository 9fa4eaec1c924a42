use std::time::Duration;

use clock::Timestamp;
use member_identity::{CardId, Honours};
use proptest::prelude::*;

use super::{CardCode, CodeBody, Level, base45};

fn code() -> CardCode {
    let body = CodeBody {
        key_hint: *b"kPrK_q",
        card_id: CardId::from_bytes([0xab; 16]),
        issued_at: 1_658_455_200,
        life: 60,
        nonce: [1, 2, 3, 4, 5, 6, 7, 8],
        level: Level::City,
    };
    CardCode { body, signature: [0xcd; 64] }
}

#[test]
fn base45_is_that_of_rfc_9285() {
    let shown = [
        ("AB", "BB8"),
        ("Hello!!", "%69 VD92EX0"),
        ("base-45", "UJCLQE7W581"),
        ("ietf!", "QED8WEX0"),
    ];
    for (plain, text) in shown {
        assert_eq!(base45::encode(plain.as_bytes()), text);
        assert_eq!(base45::decode(text).as_deref(), Some(plain.as_bytes()));
    }
    for wrong in ["A", "AAAA", "GGW", ":::", "::", "ab8", "人人"] {
        assert_eq!(base45::decode(wrong), None, "{wrong}");
    }
}

#[test]
fn a_code_fits_in_a_small_qr_code_and_is_read_back() {
    let text = code().text();
    assert_eq!(text.len(), 157);
    assert_eq!(CardCode::parse(&text), Ok(code()));
}

#[test]
fn a_code_is_current_from_when_it_was_made_until_it_ends() {
    let made = Timestamp::from_micros(1_658_455_200_000_000);
    let at = |seconds| code().body.is_current(made.plus(Duration::from_secs(seconds)));
    assert_eq!([at(0), at(59), at(60), at(10_000)], [true, true, false, false]);
    let before = |seconds| code().body.is_current(made.minus(Duration::from_secs(seconds)));
    assert_eq!([before(5), before(6)], [true, false]);
}

#[test]
fn the_highest_level_is_stated() {
    let level = |text| Level::of(Honours::parse(text).expect("honours"));
    assert_eq!(level(""), Level::None);
    assert_eq!(level("MAY_FIRST_MEDAL"), Level::None);
    assert_eq!(level("COUNTY_MODEL_WORKER;PROVINCIAL_MODEL_WORKER"), Level::Provincial);
}

proptest! {
    #[test]
    fn any_bytes_survive_base45(bytes: Vec<u8>) {
        prop_assert_eq!(base45::decode(&base45::encode(&bytes)), Some(bytes));
    }

    #[test]
    fn reading_any_text_never_panics_and_what_is_read_is_written_the_same(
        text in prop_oneof![any::<String>(), "ZS1:[0-9A-Z $%*+./:-]{150,156}"],
    ) {
        if let Ok(code) = CardCode::parse(&text) {
            prop_assert_eq!(code.text(), text);
        }
    }

    #[test]
    fn any_altered_character_gives_another_code_or_none(at in 4_usize..157, letter in 0_usize..45) {
        let text = code().text();
        let letter = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:".as_bytes()[letter];
        let mut altered = text.clone().into_bytes();
        altered[at] = letter;
        let altered = String::from_utf8(altered).expect("ASCII");
        prop_assume!(altered != text);
        prop_assert_ne!(CardCode::parse(&altered).ok(), Some(code()));
    }
}
