use std::fmt;

use crate::secret::{REDACTED, Secret};
use crate::text::fold;

/// Longest text in characters without blanks: room for `0086`, 11 digits and some dashes.
const CHARS_MAX: usize = 32;
/// Digits of a mainland mobile number.
const DIGITS: usize = 11;

/// A mainland mobile number in the form `+8613812345678`.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct MobileNumber(Secret<Box<str>>);

/// Why a text is not a mainland mobile number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneProblem {
    /// Something other than digits, blanks, dashes and a leading plus.
    #[error("a telephone number has digits, spaces, dashes and a leading plus only")]
    Characters,
    /// A country code other than 86.
    #[error("the country code is not 86")]
    Country,
    /// Not 11 digits behind the country code.
    #[error("a mobile number has 11 digits")]
    Length,
    /// Not 13 to 19 at the front, so a fixed line or nothing.
    #[error("a mobile number begins with 13 to 19")]
    Prefix,
}

impl MobileNumber {
    /// Reads 11 digits beginning with 13 to 19; `+86`, `0086` or `86` may come first, blanks and
    /// dashes anywhere, full-width characters count as half-width.
    pub fn parse(text: &str) -> Result<Self, PhoneProblem> {
        let folded = fold(text, CHARS_MAX + 1);
        // What was cut off must not go unread, whatever the dashes before it.
        if folded.chars().count() > CHARS_MAX {
            return Err(PhoneProblem::Length);
        }
        let dialled: String = folded.chars().filter(|c| !is_dash(*c)).collect();
        let digits = national(&dialled)?;
        match digits.as_bytes() {
            number if number.len() != DIGITS => Err(PhoneProblem::Length),
            [b'1', b'3'..=b'9', ..] => Ok(Self(Secret(format!("+86{digits}").into()))),
            _ => Err(PhoneProblem::Prefix),
        }
    }

    /// The number in international form. Personal; never stored or logged in the clear.
    pub fn reveal(&self) -> &str {
        &self.0.0
    }
}

impl fmt::Display for MobileNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl PhoneProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Characters => "PHONE_CHARACTERS",
            Self::Country => "PHONE_COUNTRY",
            Self::Length => "PHONE_LENGTH",
            Self::Prefix => "PHONE_PREFIX",
        }
    }
}

fn is_dash(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}')
}

/// The digits behind the country code, if any is written.
fn national(dialled: &str) -> Result<&str, PhoneProblem> {
    let plus = dialled.strip_prefix('+');
    let digits = plus.unwrap_or(dialled);
    if !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(PhoneProblem::Characters);
    }
    let international = plus.or_else(|| digits.strip_prefix("00"));
    match international {
        Some(number) => number.strip_prefix("86").ok_or(PhoneProblem::Country),
        // Spreadsheets drop the plus; a bare 86 is a country code only when 11 digits follow.
        None if digits.len() == DIGITS + 2 => Ok(digits.strip_prefix("86").unwrap_or(digits)),
        None => Ok(digits),
    }
}
