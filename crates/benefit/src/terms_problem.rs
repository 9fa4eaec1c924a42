use member_identity::RegionCode;

use crate::{Category, Fen, Hours};

/// Why parts do not make terms.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TermsProblem {
    /// The amount is zero or negative.
    #[error("the amount is below 1 fen")]
    AmountBelowOne,
    /// More would be taken off than the goods cost.
    #[error("the amount is above the threshold of {0} fen")]
    AmountAboveThreshold(Fen),
    /// The threshold is negative or above 1,000,000 yuan.
    #[error("the threshold is not 0 to 100000000 fen")]
    ThresholdTooHigh,
    /// A percentage is not one.
    #[error("the percentage is not 1 to 100")]
    PercentOutOfRange,
    /// A cap is not 1 fen to 1,000,000 yuan.
    #[error("the most that is taken off is not 1 to 100000000 fen")]
    CapOutOfRange,
    /// A value is not 1 fen to 1,000,000 yuan.
    #[error("the value is not 1 to 100000000 fen")]
    ValueOutOfRange,
    /// A service without a name.
    #[error("a service names itself by its goods categories")]
    ServiceWithoutName,
    /// A voucher that can be used never, or too often.
    #[error("the uses are not 1 to 10000")]
    UsesOutOfRange,
    /// A balance is used until it is gone.
    #[error("a balance is used until it is gone, and has no number of uses")]
    BalanceWithUses,
    /// A period allows nothing, or more than the whole.
    #[error("the uses of a period are not 1 to the uses in all")]
    PeriodUsesOutOfRange,
    /// A service takes no part in a stack.
    #[error("a service has no rules of stacking")]
    ServiceCombines,
    /// A rule of stacking without stacking.
    #[error("a rule of combining needs combines = true")]
    StackingWithoutCombining,
    /// A group that is not named as one.
    #[error("the group is not 1 to 64 of a-z, 0-9 and -")]
    GroupMalformed,
    /// A share of the order that is not one.
    #[error("the most that an order may have off is not 1 to 100 percent")]
    OrderCapOutOfRange,
    /// Grace that is none, too long, or for a voucher whose other uses it would prolong as well.
    #[error("the grace is not 1 to 366 days, or the voucher has more than one use")]
    GraceNotPossible,
    /// Too many returns.
    #[error("the right comes back more than 100 times")]
    ReturnsOutOfRange,
    /// More than 64 goods categories.
    #[error("more than 64 goods categories")]
    TooManyCategories,
    /// A goods category is listed twice.
    #[error("{0} is listed twice")]
    CategoryRepeated(Category),
    /// Goods are listed, and others excluded that were not in the list anyhow.
    #[error("goods are excluded from all goods only, and goods_categories lists some")]
    ExclusionFromList,
    /// More than 64 excluded goods categories.
    #[error("more than 64 excluded goods categories")]
    TooManyExclusions,
    /// An excluded goods category is listed twice.
    #[error("{0} is listed twice")]
    ExclusionRepeated(Category),
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
