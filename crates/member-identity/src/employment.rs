use crate::WordProblem;
use crate::word::{Word, find};

/// The form in which a member is employed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Employment {
    /// Works through a platform.
    NewForm,
    /// Has an employment contract with the employer.
    Regular,
    /// Is self-employed or works by the job.
    Flexible,
    /// Is employed by an agency and works elsewhere.
    Dispatched,
    /// Is retired and kept the membership.
    Retired,
    /// Any other form.
    Other,
}

/// In the order of the variants, so that a variant finds its row by position.
const WORDS: [Word<Employment>; 6] = [
    Word {
        value: Employment::NewForm,
        key: "NEW_FORM",
        label: "新就业形态",
        synonyms: &["新就业形态劳动者", "新业态", "平台就业"],
    },
    Word {
        value: Employment::Regular,
        key: "REGULAR",
        label: "正式职工",
        synonyms: &["在职职工", "在职", "合同制", "劳动合同制"],
    },
    Word {
        value: Employment::Flexible,
        key: "FLEXIBLE",
        label: "灵活就业",
        synonyms: &["灵活就业人员", "个体工商户", "自由职业"],
    },
    Word {
        value: Employment::Dispatched,
        key: "DISPATCHED",
        label: "劳务派遣",
        synonyms: &["派遣", "劳务派遣工", "派遣工"],
    },
    Word {
        value: Employment::Retired,
        key: "RETIRED",
        label: "退休",
        synonyms: &["离退休", "退休职工", "退休人员", "离休"],
    },
    Word { value: Employment::Other, key: "OTHER", label: "其他", synonyms: &["其它"] },
];

impl Employment {
    /// Every value, in a stable order.
    pub const ALL: [Self; 6] = [
        Self::NewForm,
        Self::Regular,
        Self::Flexible,
        Self::Dispatched,
        Self::Retired,
        Self::Other,
    ];

    /// Reads the key in any case, the Chinese label, or what rosters also call it.
    pub fn parse(text: &str) -> Result<Self, WordProblem> {
        find(&WORDS, text).ok_or(WordProblem::Employment)
    }

    /// The stable key, as `NEW_FORM`.
    pub const fn as_str(self) -> &'static str {
        WORDS[self as usize].key
    }

    /// The Chinese label, as `新就业形态`.
    pub const fn label_zh(self) -> &'static str {
        WORDS[self as usize].label
    }
}

#[cfg(test)]
#[test]
fn every_word_leads_back_to_its_employment() {
    crate::tests::words::check_words(&WORDS, &Employment::ALL, Employment::parse);
}
