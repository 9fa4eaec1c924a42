use std::fmt;

use clock::Zone;
use member_identity::RegionCode;

use crate::hours::{HOURS_MAX, overlapping};
use crate::{Fen, Hours, is_slug};

/// What a voucher is worth and where. Never changes once a voucher was issued under it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    parts: TermsParts,
}

/// The parts of [`Terms`], before they are checked together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TermsParts {
    /// What a voucher is worth.
    pub kind: Kind,
    /// The goods it applies to, at most 64; empty means all goods.
    pub goods_categories: Vec<Category>,
    /// The regions whose shops take it, at most 64; empty means every shop.
    pub regions: Vec<RegionCode>,
    /// The hours in which a till may use it, at most 12 parts; empty means all day.
    pub hours: Vec<Hours>,
    /// Whether the right comes back after a full refund.
    pub refund_rule: RefundRule,
    /// The zone of days and hours.
    pub zone: Zone,
}

/// What a voucher is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Money off an order whose covered goods come to at least the threshold.
    AmountOff {
        /// What the covered goods must come to; at least the amount.
        threshold: Fen,
        /// What is taken off; 1 fen or more.
        amount: Fen,
    },
}

/// The key of a goods category, as `cold-drink`: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(String);

/// Why a goods category could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 64 of a-z, 0-9 and -")]
pub struct CategoryProblem;

/// Whether the right comes back after a full refund. The money always does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundRule {
    /// The voucher stays used.
    RightIsSpent,
    /// The person may use it once more, within the validity it had.
    RightReturns,
}

/// Why parts do not make terms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsProblem {
    /// The amount is zero or negative.
    #[error("the amount is below 1 fen")]
    AmountBelowOne,
    /// More would be taken off than the goods cost.
    #[error("the amount is above the threshold of {0} fen")]
    AmountAboveThreshold(Fen),
    /// The threshold is above 1,000,000 yuan.
    #[error("the threshold is above 100000000 fen")]
    ThresholdTooHigh,
    /// More than 64 goods categories.
    #[error("more than 64 goods categories")]
    TooManyCategories,
    /// A goods category is listed twice.
    #[error("{0} is listed twice")]
    CategoryRepeated(Category),
    /// More than 64 regions.
    #[error("more than 64 regions")]
    TooManyRegions,
    /// A region is listed twice.
    #[error("{0} is listed twice")]
    RegionRepeated(RegionCode),
    /// More than 12 parts of the day.
    #[error("more than 12 parts of the day")]
    TooManyHours,
    /// Two parts of the day overlap.
    #[error("{0} overlaps hours before it")]
    HoursOverlap(Hours),
}

/// The highest threshold, in fen: what one line of an order may cost at most. Keeps the liability
/// of a campaign (quota x amount) far inside 64 bits.
const THRESHOLD_MAX: Fen = Fen(100_000_000);
/// The most goods categories: they are compared one by one with each line of an order.
const CATEGORIES_MAX: usize = 64;
/// The most regions: all of them are named in a refusal, whose details must stay within 4 KiB.
const REGIONS_MAX: usize = 64;

impl Terms {
    /// Checks the parts together; names the first problem.
    pub fn new(parts: TermsParts) -> Result<Self, TermsProblem> {
        match parts.problems().into_iter().next() {
            Some(problem) => Err(problem),
            None => Ok(Self { parts }),
        }
    }

    /// What a voucher is worth.
    pub fn kind(&self) -> Kind {
        self.parts.kind
    }

    /// The goods it applies to; empty means all goods.
    pub fn goods_categories(&self) -> &[Category] {
        &self.parts.goods_categories
    }

    /// The regions whose shops take it; empty means every shop.
    pub fn regions(&self) -> &[RegionCode] {
        &self.parts.regions
    }

    /// The hours in which a till may use it; empty means all day.
    pub fn hours(&self) -> &[Hours] {
        &self.parts.hours
    }

    /// Whether the right comes back after a full refund.
    pub fn refund_rule(&self) -> RefundRule {
        self.parts.refund_rule
    }

    /// The zone of days and hours.
    pub fn zone(&self) -> &Zone {
        &self.parts.zone
    }

    /// The most that one voucher can ever cost whoever funds it.
    pub fn liability(&self) -> Fen {
        match self.parts.kind {
            Kind::AmountOff { amount, .. } => amount,
        }
    }
}

impl TermsParts {
    /// All that keeps the parts from being terms, in the order of their fields.
    pub(crate) fn problems(&self) -> Vec<TermsProblem> {
        let mut problems = self.kind.problems();
        let categories = &self.goods_categories;
        if categories.len() > CATEGORIES_MAX {
            problems.push(TermsProblem::TooManyCategories);
        }
        problems.extend(repeated(categories).cloned().map(TermsProblem::CategoryRepeated));
        if self.regions.len() > REGIONS_MAX {
            problems.push(TermsProblem::TooManyRegions);
        }
        problems.extend(repeated(&self.regions).copied().map(TermsProblem::RegionRepeated));
        if self.hours.len() > HOURS_MAX {
            problems.push(TermsProblem::TooManyHours);
        }
        problems.extend(overlapping(&self.hours).map(TermsProblem::HoursOverlap));
        problems
    }
}

impl Kind {
    /// The key of [`Kind::AmountOff`].
    pub(crate) const AMOUNT_OFF: &str = "AMOUNT_OFF";

    /// The name in programme files and tables, as `AMOUNT_OFF`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AmountOff { .. } => Self::AMOUNT_OFF,
        }
    }

    fn problems(self) -> Vec<TermsProblem> {
        let Self::AmountOff { threshold, amount } = self;
        let checks = [
            (amount < Fen(1), TermsProblem::AmountBelowOne),
            (amount > threshold, TermsProblem::AmountAboveThreshold(threshold)),
            (threshold > THRESHOLD_MAX, TermsProblem::ThresholdTooHigh),
        ];
        checks.into_iter().filter_map(|(broken, problem)| broken.then_some(problem)).collect()
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

impl RefundRule {
    const RIGHT_IS_SPENT: &str = "RIGHT_IS_SPENT";
    const RIGHT_RETURNS: &str = "RIGHT_RETURNS";

    /// Reads what [`Self::key`] writes.
    pub fn parse(key: &str) -> Option<Self> {
        match key {
            Self::RIGHT_IS_SPENT => Some(Self::RightIsSpent),
            Self::RIGHT_RETURNS => Some(Self::RightReturns),
            _ => None,
        }
    }

    /// The name in programme files and tables: `RIGHT_IS_SPENT` or `RIGHT_RETURNS`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::RightIsSpent => Self::RIGHT_IS_SPENT,
            Self::RightReturns => Self::RIGHT_RETURNS,
        }
    }
}

/// Whatever equals something before it.
fn repeated<T: PartialEq>(list: &[T]) -> impl Iterator<Item = &T> {
    list.iter().enumerate().filter(|(index, item)| list[..*index].contains(item)).map(|(_, i)| i)
}
