use std::fmt;

use unicode_normalization::UnicodeNormalization;

use crate::secret::{REDACTED, Secret};
use crate::text::is_invisible;

/// Longest name in characters, in normal form; the longest on Chinese cards are below 30.
const CHARS_MAX: usize = 64;
/// Longest text that is looked at, so that a hostile cell costs nothing.
const INPUT_BYTES_MAX: usize = 1_024;
/// The separator of transcribed names, as in 阿布都·热合曼.
const MIDDLE_DOT: char = '·';

/// A person's name in normal form: 1 to 64 characters that are letters (Han or other), `·`,
/// single inner spaces, `'` and `-`, with at least one letter.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PersonName(Secret<Box<str>>);

/// Why a text is not a name, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum NameProblem {
    /// More than 64 characters.
    #[error("a name has at most 64 characters")]
    TooLong,
    /// A digit, a symbol or anything else that no name has.
    #[error("a name has letters, spaces, middle dots, apostrophes and hyphens only")]
    Characters,
    /// No letter at all.
    #[error("a name has at least one letter")]
    Empty,
}

impl PersonName {
    /// Reads a name as people type it: full- and half-width forms, the many middle dots, dashes
    /// and apostrophes become one each, and blanks that carry nothing are dropped.
    pub fn parse(text: &str) -> Result<Self, NameProblem> {
        if text.len() > INPUT_BYTES_MAX {
            return Err(NameProblem::TooLong);
        }
        let visible = text.chars().filter(|c| !is_invisible(*c));
        let unified: String = visible.nfkc().map(unify).collect();
        let name = join_words(&unified);
        match name.as_str() {
            name if name.chars().count() > CHARS_MAX => Err(NameProblem::TooLong),
            name if !name.chars().all(is_allowed) => Err(NameProblem::Characters),
            name if !name.chars().any(char::is_alphabetic) => Err(NameProblem::Empty),
            name => Ok(Self(Secret(name.into()))),
        }
    }

    /// The name in normal form. Personal; never stored or logged in the clear.
    pub fn reveal(&self) -> &str {
        &self.0.0
    }
}

impl fmt::Display for PersonName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl NameProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::TooLong => "NAME_TOO_LONG",
            Self::Characters => "NAME_CHARACTERS",
            Self::Empty => "NAME_EMPTY",
        }
    }
}

/// One character for each group that people use interchangeably.
fn unify(c: char) -> char {
    match c {
        '.' | '\u{2022}' | '\u{2027}' | '\u{2219}' | '\u{22C5}' | '\u{30FB}' => MIDDLE_DOT,
        '\u{2018}' | '\u{2019}' | '\u{02BC}' | '`' => '\'',
        '\u{2010}'..='\u{2015}' | '\u{2212}' => '-',
        other => other,
    }
}

fn is_allowed(c: char) -> bool {
    c.is_alphabetic() || matches!(c, MIDDLE_DOT | ' ' | '\'' | '-')
}

/// Words with one space between them, or none where a space only pads: between two Han
/// characters (张 三) and beside a middle dot.
fn join_words(text: &str) -> String {
    let mut joined = String::with_capacity(text.len());
    for word in text.split_whitespace() {
        if let (Some(before), Some(after)) = (joined.chars().last(), word.chars().next())
            && !is_padding_between(before, after)
        {
            joined.push(' ');
        }
        joined.push_str(word);
    }
    joined
}

fn is_padding_between(before: char, after: char) -> bool {
    before == MIDDLE_DOT || after == MIDDLE_DOT || (is_han(before) && is_han(after))
}

/// Han characters of all Unicode blocks, with 々 and 〇.
fn is_han(c: char) -> bool {
    matches!(c,
        '\u{3005}' | '\u{3007}'
        | '\u{3400}'..='\u{4DBF}'
        | '\u{4E00}'..='\u{9FFF}'
        | '\u{F900}'..='\u{FAFF}'
        | '\u{20000}'..='\u{3FFFF}')
}
