use jiff::civil::Date;

use crate::secret::Secret;
use crate::{IdProblem, RegionCode, RegionLevel, Sex};

/// GB 11643: weight of each of the first 17 digits.
const WEIGHTS: [u32; 17] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
/// GB 11643: check character by weighted sum modulo 11.
const CHECK_CHARACTERS: &[u8; 11] = b"10X98765432";
/// First two digits of a Taiwan resident's residence permit. Unlike 81 and 82, the ones of Hong
/// Kong and Macao, it is no GB/T 2260 province: Taiwan is 71 there.
const TAIWAN_RESIDENCE: u32 = 83;
/// No living person was born earlier; the oldest published sample number is of 1880.
const BIRTH_YEAR_MIN: i16 = 1850;

/// An 18-digit GB 11643 number whose check digit, province and birth date are right. The county
/// is not judged: counties are renamed and abolished, numbers are for life.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct NationalId {
    number: Secret<[u8; 18]>,
    birth: Secret<Date>,
}

impl NationalId {
    /// Reads the present form: 17 digits and a digit or `X`.
    pub(crate) fn read_18(folded: &str, today: Date) -> Result<Self, IdProblem> {
        let number: [u8; 18] = folded.as_bytes().try_into().map_err(|_| IdProblem::Characters)?;
        let (body, check) = number.split_at(17);
        if !body.iter().all(u8::is_ascii_digit) || !matches!(check[0], b'0'..=b'9' | b'X') {
            return Err(IdProblem::Characters);
        }
        if check[0] != check_character(body) {
            return Err(IdProblem::CheckDigit);
        }
        let birth = judge(body, today)?;
        Ok(Self { number: Secret(number), birth: Secret(birth) })
    }

    /// Reads the form of before 1999: no century, which is the 20th, and no check digit.
    pub(crate) fn read_15(folded: &str, today: Date) -> Result<Self, IdProblem> {
        if folded.len() != 15 || !folded.bytes().all(|b| b.is_ascii_digit()) {
            return Err(IdProblem::Characters);
        }
        let (region, rest) = folded.split_at(6);
        Self::read_18(&with_check(format!("{region}19{rest}")), today)
    }

    /// The 18 characters in normal form. Personal.
    pub fn reveal(&self) -> &str {
        std::str::from_utf8(&self.number.0).expect("only digits and X were let in")
    }

    /// The birth date, digits 7 to 14.
    pub fn birth_date(&self) -> Date {
        self.birth.0
    }

    /// The sex: digit 17 is odd for men.
    pub fn sex(&self) -> Sex {
        if self.number.0[16] % 2 == 1 { Sex::Male } else { Sex::Female }
    }
}

/// A well-formed number of nobody in particular, for made-up rosters: `region` is six digits,
/// `sequence` is 0..=999 and odd for men, the birth year 0..=9999. More digits are cut off.
/// Whether [`crate::IdDocument::parse`] takes it still depends on the province and the date.
pub fn resident_id_from_parts(region: u32, birth: Date, sequence: u16) -> String {
    let (region, sequence) = (region % 1_000_000, sequence % 1_000);
    let year = birth.year().rem_euclid(10_000);
    let (month, day) = (birth.month(), birth.day());
    with_check(format!("{region:06}{year:04}{month:02}{day:02}{sequence:03}"))
}

/// Province and birth date of 17 digits.
fn judge(body: &[u8], today: Date) -> Result<Date, IdProblem> {
    let province = decimal(&body[..2]);
    if !is_province(province) {
        return Err(IdProblem::Province);
    }
    let year = i16::try_from(decimal(&body[6..10])).map_err(|_| IdProblem::Date)?;
    let month = i8::try_from(decimal(&body[10..12])).map_err(|_| IdProblem::Date)?;
    let day = i8::try_from(decimal(&body[12..14])).map_err(|_| IdProblem::Date)?;
    let birth = Date::new(year, month, day).map_err(|_| IdProblem::Date)?;
    match birth {
        _ if year < BIRTH_YEAR_MIN => Err(IdProblem::Date),
        _ if birth > today => Err(IdProblem::FutureDate),
        _ => Ok(birth),
    }
}

fn is_province(first_two: u32) -> bool {
    let of_catalogue = RegionCode::try_from(first_two * 10_000);
    first_two == TAIWAN_RESIDENCE
        || of_catalogue.is_ok_and(|region| region.level() == RegionLevel::Province)
}

fn with_check(mut body: String) -> String {
    let check = check_character(body.as_bytes());
    body.push(char::from(check));
    body
}

/// The check character of 17 ASCII digits.
fn check_character(body: &[u8]) -> u8 {
    let sum: u32 = WEIGHTS.iter().zip(body).map(|(w, d)| w * u32::from(d - b'0')).sum();
    CHECK_CHARACTERS[(sum % 11) as usize]
}

/// The value of a few ASCII digits.
fn decimal(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |value, digit| value * 10 + u32::from(digit - b'0'))
}
