use std::fmt;

use crate::WordProblem;
use crate::text::fold;
use crate::word::{Word, find};

/// A title that a union or a government has conferred.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Honour {
    /// Model worker of the whole country.
    NationalModelWorker,
    /// Model worker of a province or a ministry.
    ProvincialModelWorker,
    /// Model worker of a city.
    CityModelWorker,
    /// Model worker of a county or a district.
    CountyModelWorker,
    /// May First labour medal of any level.
    MayFirstMedal,
    /// Advanced worker.
    AdvancedWorker,
}

/// A set of honours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Honours(u16);

/// The honours of a set, in the order of [`Honour::ALL`].
#[derive(Clone, Debug)]
pub struct HonoursIter {
    set: Honours,
    rest: std::array::IntoIter<Honour, 6>,
}

/// Longest list looked at, in characters: every key and then some.
const LIST_CHARS_MAX: usize = 1_024;

/// In the order of the variants, so that a variant finds its row by position.
const WORDS: [Word<Honour>; 6] = [
    Word {
        value: Honour::NationalModelWorker,
        key: "NATIONAL_MODEL_WORKER",
        label: "全国劳动模范",
        synonyms: &["全国劳模", "国家级劳模", "国家级劳动模范"],
    },
    Word {
        value: Honour::ProvincialModelWorker,
        key: "PROVINCIAL_MODEL_WORKER",
        label: "省级劳动模范",
        synonyms: &["省级劳模", "省劳模", "省劳动模范", "省部级劳模", "省部级劳动模范"],
    },
    Word {
        value: Honour::CityModelWorker,
        key: "CITY_MODEL_WORKER",
        label: "市级劳动模范",
        synonyms: &["市级劳模", "市劳模", "市劳动模范"],
    },
    Word {
        value: Honour::CountyModelWorker,
        key: "COUNTY_MODEL_WORKER",
        label: "县级劳动模范",
        synonyms: &["县级劳模", "县劳模", "区级劳模", "区县级劳模", "县劳动模范", "区级劳动模范"],
    },
    Word {
        value: Honour::MayFirstMedal,
        key: "MAY_FIRST_MEDAL",
        label: "五一劳动奖章",
        synonyms: &["全国五一劳动奖章", "五一奖章", "省五一劳动奖章", "市五一劳动奖章"],
    },
    Word {
        value: Honour::AdvancedWorker,
        key: "ADVANCED_WORKER",
        label: "先进工作者",
        synonyms: &["先进生产者", "先进个人", "先进生产(工作)者"],
    },
];

impl Honour {
    /// Every value, in a stable order.
    pub const ALL: [Self; 6] = [
        Self::NationalModelWorker,
        Self::ProvincialModelWorker,
        Self::CityModelWorker,
        Self::CountyModelWorker,
        Self::MayFirstMedal,
        Self::AdvancedWorker,
    ];

    /// Reads the key in any case, the Chinese label, or what rosters also call it.
    pub fn parse(text: &str) -> Result<Self, WordProblem> {
        find(&WORDS, text).ok_or(WordProblem::Honour)
    }

    /// The stable key, as `NATIONAL_MODEL_WORKER`.
    pub const fn as_str(self) -> &'static str {
        WORDS[self as usize].key
    }

    /// The Chinese label, as `全国劳动模范`.
    pub const fn label_zh(self) -> &'static str {
        WORDS[self as usize].label
    }
}

impl Honours {
    /// The set without members.
    pub const NONE: Self = Self(0);

    /// Reads keys or labels joined by `;`, as [`Display`](fmt::Display) writes them; blanks and
    /// empty places are passed over, the full-width `；` and `、` separate as well.
    pub fn parse(text: &str) -> Result<Self, WordProblem> {
        let folded = fold(text, LIST_CHARS_MAX + 1);
        // A list cut short would silently lose honours.
        if folded.chars().count() > LIST_CHARS_MAX {
            return Err(WordProblem::Honour);
        }
        let words = folded.split([';', '、']).filter(|word| !word.is_empty());
        words.map(Honour::parse).collect()
    }

    /// The set with these bits, bit n being the n-th of [`Honour::ALL`]; none if another is set.
    pub const fn from_bits(bits: u16) -> Option<Self> {
        if bits >> Honour::ALL.len() == 0 { Some(Self(bits)) } else { None }
    }

    /// The bits, as a table may store them.
    pub const fn bits(self) -> u16 {
        self.0
    }

    /// The set with `honour` in it.
    #[must_use]
    pub const fn with(self, honour: Honour) -> Self {
        Self(self.0 | bit(honour))
    }

    /// The set without `honour` in it.
    #[must_use]
    pub const fn without(self, honour: Honour) -> Self {
        Self(self.0 & !bit(honour))
    }

    /// Whether `honour` is in the set.
    pub const fn contains(self, honour: Honour) -> bool {
        self.0 & bit(honour) != 0
    }

    /// Whether nothing is in the set.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The honours of the set, in the order of [`Honour::ALL`].
    pub fn iter(self) -> HonoursIter {
        HonoursIter { set: self, rest: Honour::ALL.into_iter() }
    }
}

const fn bit(honour: Honour) -> u16 {
    1 << honour as u16
}

impl Iterator for HonoursIter {
    type Item = Honour;

    fn next(&mut self) -> Option<Honour> {
        let set = self.set;
        self.rest.find(|honour| set.contains(*honour))
    }
}

impl IntoIterator for Honours {
    type Item = Honour;
    type IntoIter = HonoursIter;

    fn into_iter(self) -> HonoursIter {
        self.iter()
    }
}

impl FromIterator<Honour> for Honours {
    fn from_iter<I: IntoIterator<Item = Honour>>(honours: I) -> Self {
        honours.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Keys joined by `;`; empty for none.
impl fmt::Display for Honours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, honour) in self.iter().enumerate() {
            if position > 0 {
                f.write_str(";")?;
            }
            f.write_str(honour.as_str())?;
        }
        Ok(())
    }
}

#[cfg(test)]
#[test]
fn every_word_leads_back_to_its_honour() {
    crate::tests::words::check_words(&WORDS, &Honour::ALL, Honour::parse);
}
