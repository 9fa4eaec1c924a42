use std::fmt;

use jiff::civil::Date;

use crate::secret::REDACTED;
use crate::text::fold;
use crate::{HongKongMacaoNumber, NationalId, Sex, TaiwanNumber};

/// The longest form of any document: a resident ID.
const CHARS_MAX: usize = 18;

/// An identity document number of a natural person, checked and in normal form.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum IdDocument {
    /// A resident identity card, or a residence permit for Hong Kong, Macao and Taiwan residents:
    /// 18 digits of GB 11643.
    ResidentId(NationalId),
    /// A mainland travel permit for Hong Kong and Macao residents.
    HongKongMacaoPermit(HongKongMacaoNumber),
    /// A mainland travel permit for Taiwan residents.
    TaiwanPermit(TaiwanNumber),
}

/// Why a text is not an identity document number, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdProblem {
    /// As long as no known document number.
    #[error("the length is that of no known document number")]
    Length,
    /// A character where the document has a digit.
    #[error("a character is not allowed at its place in the number")]
    Characters,
    /// The last character does not follow from the others: some character is mistyped.
    #[error("the check digit does not match")]
    CheckDigit,
    /// The first two digits are of no province.
    #[error("the first two digits are of no province")]
    Province,
    /// The birth date is not in the calendar, or too long ago for a living person.
    #[error("the birth date does not exist")]
    Date,
    /// The birth date is after today.
    #[error("the birth date is in the future")]
    FutureDate,
}

impl IdDocument {
    /// Reads a number as people type it: with blanks, full-width characters, lower-case letters;
    /// in an 18- or 15-digit resident form, or as `H`/`M` and 8 or 10 digits, or as 8 or 10
    /// digits of a Taiwan permit. `today` decides what birth date is in the future.
    pub fn parse(text: &str, today: Date) -> Result<Self, IdProblem> {
        let folded = fold(text, CHARS_MAX + 1).to_ascii_uppercase();
        if folded.starts_with(['H', 'M']) {
            return HongKongMacaoNumber::read(&folded).map(Self::HongKongMacaoPermit);
        }
        match folded.chars().count() {
            18 => NationalId::read_18(&folded, today).map(Self::ResidentId),
            15 => NationalId::read_15(&folded, today).map(Self::ResidentId),
            _ => TaiwanNumber::read(&folded).map(Self::TaiwanPermit),
        }
    }

    /// The one stable text of this person's document, as `RID:11010519491231002X`: the input of
    /// the blind index. Personal; never stored or logged.
    pub fn canonical(&self) -> String {
        let kind = match self {
            Self::ResidentId(_) => "RID",
            Self::HongKongMacaoPermit(_) => "HMP",
            Self::TaiwanPermit(_) => "TWP",
        };
        format!("{kind}:{}", self.reveal())
    }

    /// The number itself in normal form. Personal; never stored or logged in the clear.
    pub fn reveal(&self) -> &str {
        match self {
            Self::ResidentId(id) => id.reveal(),
            Self::HongKongMacaoPermit(permit) => permit.reveal(),
            Self::TaiwanPermit(permit) => permit.reveal(),
        }
    }

    /// The sex that the number states; a travel permit states none.
    pub fn sex(&self) -> Option<Sex> {
        match self {
            Self::ResidentId(id) => Some(id.sex()),
            Self::HongKongMacaoPermit(_) | Self::TaiwanPermit(_) => None,
        }
    }

    /// The birth date that the number states; a travel permit states none.
    pub fn birth_date(&self) -> Option<Date> {
        match self {
            Self::ResidentId(id) => Some(id.birth_date()),
            Self::HongKongMacaoPermit(_) | Self::TaiwanPermit(_) => None,
        }
    }
}

impl fmt::Display for IdDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl IdProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Length => "ID_LENGTH",
            Self::Characters => "ID_CHARACTERS",
            Self::CheckDigit => "ID_CHECK_DIGIT",
            Self::Province => "ID_PROVINCE",
            Self::Date => "ID_DATE",
            Self::FutureDate => "ID_FUTURE_DATE",
        }
    }
}
