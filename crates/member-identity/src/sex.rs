use crate::WordProblem;
use crate::word::{Word, find};

/// The sex that a document states.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sex {
    /// Male; 1 in GB/T 2261.1.
    Male,
    /// Female; 2 in GB/T 2261.1.
    Female,
}

/// In the order of the variants, so that a variant finds its row by position.
const WORDS: [Word<Sex>; 2] = [
    Word { value: Sex::Male, key: "MALE", label: "男", synonyms: &["男性", "1"] },
    Word { value: Sex::Female, key: "FEMALE", label: "女", synonyms: &["女性", "2"] },
];

impl Sex {
    /// Every value, in a stable order.
    pub const ALL: [Self; 2] = [Self::Male, Self::Female];

    /// Reads the key in any case, the Chinese label, or what rosters also call it.
    pub fn parse(text: &str) -> Result<Self, WordProblem> {
        find(&WORDS, text).ok_or(WordProblem::Sex)
    }

    /// The stable key, as `MALE`.
    pub const fn as_str(self) -> &'static str {
        WORDS[self as usize].key
    }

    /// The Chinese label, as `男`.
    pub const fn label_zh(self) -> &'static str {
        WORDS[self as usize].label
    }
}

#[cfg(test)]
#[test]
fn every_word_leads_back_to_its_sex() {
    crate::tests::words::check_words(&WORDS, &Sex::ALL, Sex::parse);
}
