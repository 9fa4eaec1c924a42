use std::fmt;

use crate::is_slug;

/// Which shops take a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShopScope {
    /// Every shop of the regions.
    Any,
    /// Only those that the campaign lists.
    Listed,
}

/// The key of a goods category, as `cold-drink`: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(String);

/// Why a goods category could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 64 of a-z, 0-9 and -")]
pub struct CategoryProblem;

impl ShopScope {
    /// Reads what [`Self::key`] writes.
    pub fn parse(key: &str) -> Option<Self> {
        [Self::Any, Self::Listed].into_iter().find(|scope| scope.key() == key)
    }

    /// The name in programme files and tables: `ANY` or `LISTED`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Any => "ANY",
            Self::Listed => "LISTED",
        }
    }
}

impl Category {
    /// Reads a key as `cold-drink`.
    pub fn parse(text: &str) -> Result<Self, CategoryProblem> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(CategoryProblem) }
    }

    /// The key.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The key.
impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
