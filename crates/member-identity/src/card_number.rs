use std::str::FromStr;

use crate::secret::Secret;
use crate::text::fold;

/// Digits of a card number.
const DIGITS: usize = 16;
/// Characters looked at: the digits with a blank or a hyphen between any two, and then some.
const CHARS_MAX: usize = 64;
/// What is at random in a number.
const RANDOM: u64 = 10_000_000_000_000;
/// The first digit is a 9 and no payment card's: ISO/IEC 7812 leaves that one to national bodies,
/// so that nobody takes the number for that of a bank card.
const FIRST: u64 = 9 * RANDOM;

/// Number of a membership card: a 9, thirteen digits at random, and two check digits by ISO/IEC 7064
/// MOD 97-10 (GB/T 17710), as in an IBAN. The number modulo 97 is 1, which finds every wrong digit
/// and every swap of two neighbours; Luhn's single digit takes 09 for 90.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct CardNumber(Secret<[u8; DIGITS]>);

/// Why a text is not a card number. Never shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum CardNumberProblem {
    /// Something other than digits, blanks and hyphens.
    #[error("a card number has digits only")]
    Characters,
    /// Not sixteen digits.
    #[error("a card number has 16 digits")]
    Length,
    /// Another first digit.
    #[error("a card number begins with 9")]
    FirstDigit,
    /// A digit is wrong, or two were swapped.
    #[error("the check digits do not fit: a digit is wrong")]
    CheckDigits,
}

impl CardNumberProblem {
    /// The stable key of this problem.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Characters => "CARD_NUMBER_CHARACTERS",
            Self::Length => "CARD_NUMBER_LENGTH",
            Self::FirstDigit => "CARD_NUMBER_FIRST_DIGIT",
            Self::CheckDigits => "CARD_NUMBER_CHECK_DIGITS",
        }
    }
}

impl CardNumber {
    /// A new number out of random bits, which all should differ from one call to the next.
    pub fn from_entropy(entropy: u64) -> Self {
        let body = FIRST + entropy % RANDOM;
        let whole = body * 100 + (98 - body * 100 % 97);
        let mut digits = [0; DIGITS];
        let text = whole.to_string();
        digits.copy_from_slice(text.as_bytes());
        Self(Secret(digits))
    }

    /// The sixteen digits.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.0.0).expect("only digits were let in")
    }
}

/// Reads sixteen digits of any width; blanks and hyphens between them are passed over.
impl FromStr for CardNumber {
    type Err = CardNumberProblem;

    fn from_str(text: &str) -> Result<Self, CardNumberProblem> {
        let folded = fold(text, CHARS_MAX + 1);
        if folded.chars().count() > CHARS_MAX {
            return Err(CardNumberProblem::Length);
        }
        let digits: Vec<char> = folded.chars().filter(|c| !matches!(c, ' ' | '-')).collect();
        if !digits.iter().all(char::is_ascii_digit) {
            return Err(CardNumberProblem::Characters);
        }
        let digits: Vec<u8> = digits.iter().map(|digit| *digit as u8).collect();
        let digits: [u8; DIGITS] = digits.try_into().map_err(|_| CardNumberProblem::Length)?;
        if digits[0] != b'9' {
            return Err(CardNumberProblem::FirstDigit);
        }
        let value = digits.iter().fold(0, |value, digit| value * 10 + u64::from(digit - b'0'));
        match value % 97 {
            1 => Ok(Self(Secret(digits))),
            _ => Err(CardNumberProblem::CheckDigits),
        }
    }
}
