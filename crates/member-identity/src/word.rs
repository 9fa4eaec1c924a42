use crate::text::fold;

/// Longest key or label looked for, in characters.
const CHARS_MAX: usize = 64;

/// A text that is in no closed vocabulary of this crate; the variant says which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum WordProblem {
    /// Not a [`crate::Trade`].
    #[error("not a known trade")]
    Trade,
    /// Not an [`crate::Employment`].
    #[error("not a known form of employment")]
    Employment,
    /// Not an [`crate::Honour`].
    #[error("not a known honour")]
    Honour,
    /// Not a [`crate::Sex`].
    #[error("not a known sex")]
    Sex,
}

impl WordProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Trade => "TRADE_UNKNOWN",
            Self::Employment => "EMPLOYMENT_UNKNOWN",
            Self::Honour => "HONOUR_UNKNOWN",
            Self::Sex => "SEX_UNKNOWN",
        }
    }
}

/// One value of a closed vocabulary and what it is called.
pub(crate) struct Word<T: 'static> {
    /// The value.
    pub(crate) value: T,
    /// The stable upper-snake key.
    pub(crate) key: &'static str,
    /// The Chinese label shown to people.
    pub(crate) label: &'static str,
    /// What rosters also call it; upper case where it has letters.
    pub(crate) synonyms: &'static [&'static str],
}

/// The value that goes by a key in any case, a label or a synonym.
pub(crate) fn find<T: Copy>(words: &[Word<T>], text: &str) -> Option<T> {
    let wanted = fold(text, CHARS_MAX).to_ascii_uppercase();
    let goes_by = |word: &&Word<T>| {
        word.key == wanted || word.label == wanted || word.synonyms.contains(&wanted.as_str())
    };
    words.iter().find(goes_by).map(|word| word.value)
}
