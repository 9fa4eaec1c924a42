use std::fmt;

use crate::region_catalogue::{Entry, entries, entries_between, entry, named};
use crate::text::fold;

/// Longest name looked for, in characters; full names are below 40.
const NAME_CHARS_MAX: usize = 64;

/// A GB/T 2260 code of six digits that is in the embedded catalogue, as 440106 for 天河区.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionCode(u32);

/// How large a region is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RegionLevel {
    /// Province, autonomous region, municipality or special administrative region: `xx0000`.
    Province,
    /// Prefecture-level city, prefecture or league: `xxxx00`.
    City,
    /// District, county or county-level city.
    District,
}

/// Why a text is not a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum RegionProblem {
    /// Not six digits.
    #[error("a region code has six digits")]
    Form,
    /// Six digits that the catalogue does not have.
    #[error("no region has this code")]
    Unknown,
}

impl RegionCode {
    /// Reads six digits; blanks are dropped and full-width digits count as half-width.
    pub fn parse(text: &str) -> Result<Self, RegionProblem> {
        let folded = fold(text, 7);
        if folded.len() != 6 || !folded.bytes().all(|b| b.is_ascii_digit()) {
            return Err(RegionProblem::Form);
        }
        let code: u32 = folded.parse().map_err(|_| RegionProblem::Form)?;
        Self::try_from(code)
    }

    /// The one region of this name, written alone (`广州市`), behind its city (`广州市天河区`) or
    /// in full (`广东省广州市天河区`). None when no region or more than one goes by it.
    pub fn by_name(name: &str) -> Option<Self> {
        match named(&fold(name, NAME_CHARS_MAX)) {
            [(_, region)] => Some(*region),
            _ => None,
        }
    }

    /// Every region of the catalogue, by code.
    pub fn all() -> impl Iterator<Item = Self> {
        entries().iter().map(|entry| Self(entry.code))
    }

    /// The six digits as a number.
    pub const fn as_u32(self) -> u32 {
        self.0
    }

    /// The name without those of its parents, as `天河区`.
    pub fn name(self) -> &'static str {
        self.entry().name
    }

    /// The name behind those of its province and city, as `广东省广州市天河区`.
    pub fn full_name(self) -> String {
        let parents = [Some(self.province()), self.city()].into_iter().flatten();
        let parents = parents.filter(|parent| *parent != self).map(Self::name);
        parents.chain([self.name()]).collect()
    }

    /// The level that the catalogue gives it.
    pub fn level(self) -> RegionLevel {
        self.entry().level
    }

    /// The province it lies in, or is.
    pub fn province(self) -> Self {
        Self(self.0 / 10_000 * 10_000)
    }

    /// The city it lies in, or is. None for provinces, for districts of municipalities and for
    /// counties that a province governs itself.
    pub fn city(self) -> Option<Self> {
        let city = entry(self.0 / 100 * 100)?;
        (city.level == RegionLevel::City && !city.is_heading).then_some(Self(city.code))
    }

    /// The catalogue row right above: the city or its heading, else the province, else none.
    pub fn parent(self) -> Option<Self> {
        let above = match self.level() {
            RegionLevel::Province => return None,
            RegionLevel::City => None,
            RegionLevel::District => entry(self.0 / 100 * 100).map(|city| Self(city.code)),
        };
        above.or(Some(self.province()))
    }

    /// Whether `other` is this region or lies in it, by the digits: `440000` contains `440103`.
    pub fn contains(self, other: Self) -> bool {
        (self.0..=self.last()).contains(&other.0)
    }

    /// The regions right below, by code: those whose parent this is.
    pub fn children(self) -> impl Iterator<Item = Self> {
        entries_between(self.0, self.last())
            .iter()
            .map(|entry| Self(entry.code))
            .filter(move |region| region.parent() == Some(self))
    }

    /// The largest code that can lie in it.
    fn last(self) -> u32 {
        match self.level() {
            RegionLevel::Province => self.0 + 9_999,
            RegionLevel::City => self.0 + 99,
            RegionLevel::District => self.0,
        }
    }

    fn entry(self) -> &'static Entry {
        entry(self.0).expect("a region code is only made of a code in the catalogue")
    }
}

/// From six digits as a number.
impl TryFrom<u32> for RegionCode {
    type Error = RegionProblem;

    fn try_from(code: u32) -> Result<Self, RegionProblem> {
        entry(code).map(|entry| Self(entry.code)).ok_or(RegionProblem::Unknown)
    }
}

/// Six digits.
impl fmt::Display for RegionCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

impl RegionProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Form => "REGION_FORM",
            Self::Unknown => "REGION_UNKNOWN",
        }
    }
}
