use crate::IdProblem;
use crate::secret::Secret;

/// Digits of a permit that name the person. Older permits have two more, which count reissues and
/// would make two people of one.
const PERSON_DIGITS: usize = 8;
/// Digits of a permit of the older form.
const OLDER_DIGITS: usize = 10;

/// Number of a mainland travel permit for Hong Kong and Macao residents: `H` or `M`, 8 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HongKongMacaoNumber(Secret<Box<str>>);

/// Number of a mainland travel permit for Taiwan residents: 8 digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct TaiwanNumber(Secret<Box<str>>);

impl HongKongMacaoNumber {
    /// Reads upper-case text that begins with `H` or `M`.
    pub(crate) fn read(folded: &str) -> Result<Self, IdProblem> {
        let (letter, digits) = folded.split_at(1);
        let person = person_digits(digits)?;
        Ok(Self(Secret(format!("{letter}{person}").into())))
    }

    /// The letter and 8 digits. Personal.
    pub fn reveal(&self) -> &str {
        &self.0.0
    }
}

impl TaiwanNumber {
    /// Reads 8 digits, or the older 10 that may end in the issuer's letter, as `(B)` or `B`.
    pub(crate) fn read(folded: &str) -> Result<Self, IdProblem> {
        let digits = folded.trim_end_matches(|c: char| c.is_ascii_uppercase() || "()".contains(c));
        let issuer = &folded.as_bytes()[digits.len()..];
        let person = person_digits(digits)?;
        match issuer {
            [] => Ok(Self(Secret(person.into()))),
            [b'A'..=b'Z'] | [b'(', b'A'..=b'Z', b')'] if digits.len() == OLDER_DIGITS => {
                Ok(Self(Secret(person.into())))
            }
            _ => Err(IdProblem::Characters),
        }
    }

    /// The 8 digits. Personal.
    pub fn reveal(&self) -> &str {
        &self.0.0
    }
}

/// The digits that name the person, of either form.
fn person_digits(digits: &str) -> Result<&str, IdProblem> {
    match digits.chars().count() {
        PERSON_DIGITS | OLDER_DIGITS if digits.bytes().all(|b| b.is_ascii_digit()) => {
            Ok(&digits[..PERSON_DIGITS])
        }
        PERSON_DIGITS | OLDER_DIGITS => Err(IdProblem::Characters),
        _ => Err(IdProblem::Length),
    }
}
