use std::fmt;

use clock::Zone;
use member_identity::RegionCode;

use crate::hours::{HOURS_MAX, overlapping};
use crate::{Fen, Hours, UseLimit, Uses, is_slug};

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
    /// How often it can be used.
    pub uses: Uses,
    /// The goods it applies to, at most 64; empty means all goods.
    pub goods_categories: Vec<Category>,
    /// The goods it never applies to, at most 64, whatever the list above says.
    pub excluded_categories: Vec<Category>,
    /// The regions whose shops take it, at most 64; empty means every shop.
    pub regions: Vec<RegionCode>,
    /// Which shops of these regions take it.
    pub shops: ShopScope,
    /// The hours in which a till may use it, at most 12 parts; empty means all day.
    pub hours: Vec<Hours>,
    /// How it goes together with other vouchers in one order.
    pub stacking: Stacking,
    /// Whether a till uses it only while its owner still qualifies under the campaign's policy.
    pub rechecks_membership: bool,
    /// Whether the right comes back after a refund.
    pub refund_rule: RefundRule,
    /// How often the right of one voucher comes back at most, 0 to 100; after that it stays used,
    /// so that buying and returning in turn does not go on for ever.
    pub returns_max: u32,
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
    /// A part of what the covered goods cost.
    PercentOff {
        /// What the covered goods must come to; zero means anything.
        threshold: Fen,
        /// The part that is taken off, 1 to 100 percent, rounded down to the fen.
        percent: u8,
        /// The most that is taken off at once; 1 fen or more.
        cap: Fen,
    },
    /// All that the covered goods cost, as a bus fare or a registration fee.
    Waiver {
        /// The most that is taken off at once; 1 fen or more.
        cap: Fen,
    },
    /// Money that is spent in parts, over several orders, until it is gone.
    Balance {
        /// What there is at first; 1 fen or more.
        value: Fen,
    },
    /// No money: something that is done for the member, as a check-up. Its goods categories name
    /// what; it is never used together with another voucher.
    Service,
}

/// Which shops take a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ShopScope {
    /// Every shop of the regions.
    Any,
    /// Only those that the campaign lists.
    Listed,
}

/// How a voucher goes together with others in one order. Two vouchers of the same campaign are
/// never used together, and never more than [`crate::VOUCHERS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Stacking {
    /// Whether it may be used together with others at all; both must allow it.
    pub combines: bool,
    /// Of the vouchers with the same group at most one is used in an order: a slug.
    pub group: Option<String>,
    /// When its turn comes: lower first. Of equal ones what expires first.
    pub sequence: u8,
    /// Only together with vouchers of the same funder.
    pub own_funder_only: bool,
    /// When its turn comes, the most that the order may have off with it, in percent of what the
    /// order costs, 1 to 100, rounded down to the fen.
    pub order_cap_percent: Option<u8>,
}

/// The key of a goods category, as `cold-drink`: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Category(String);

/// Why a goods category could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not 1 to 64 of a-z, 0-9 and -")]
pub struct CategoryProblem;

/// Whether the right comes back once all that a voucher took off an order is refunded. The money
/// always does. What a refund gives back to a balance comes back at once, part by part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RefundRule {
    /// The voucher stays used.
    RightIsSpent,
    /// The person may use it once more, within the validity it had.
    RightReturns,
    /// The person may use it once more, for that many business days if its validity ends sooner.
    /// The day of the refund is the first; 1 to 366.
    RightReturnsWithGrace(u16),
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
    /// The threshold is negative or above 1,000,000 yuan.
    #[error("the threshold is not 0 to 100000000 fen")]
    ThresholdTooHigh,
    /// A percentage is not one.
    #[error("the percentage is not 1 to 100")]
    PercentOutOfRange,
    /// A cap or a value is not 1 fen to 1,000,000 yuan.
    #[error("the most that is taken off is not 1 to 100000000 fen")]
    CapOutOfRange,
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
    #[error("a service does not combine with other vouchers")]
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
/// The most uses of a voucher: thirty years of a bus, once a day.
const USES_MAX: u32 = 10_000;
/// The longest grace: a year.
const GRACE_DAYS_MAX: u16 = 366;
/// The most returns of a right.
const RETURNS_MAX: u32 = 100;
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

    /// How often a voucher can be used.
    pub fn uses(&self) -> Uses {
        self.parts.uses
    }

    /// The goods it applies to; empty means all goods.
    pub fn goods_categories(&self) -> &[Category] {
        &self.parts.goods_categories
    }

    /// The goods it never applies to.
    pub fn excluded_categories(&self) -> &[Category] {
        &self.parts.excluded_categories
    }

    /// The regions whose shops take it; empty means every shop.
    pub fn regions(&self) -> &[RegionCode] {
        &self.parts.regions
    }

    /// Which shops of these regions take it.
    pub fn shops(&self) -> ShopScope {
        self.parts.shops
    }

    /// The hours in which a till may use it; empty means all day.
    pub fn hours(&self) -> &[Hours] {
        &self.parts.hours
    }

    /// How it goes together with other vouchers in one order.
    pub fn stacking(&self) -> &Stacking {
        &self.parts.stacking
    }

    /// Whether a till uses it only while its owner still qualifies.
    pub fn rechecks_membership(&self) -> bool {
        self.parts.rechecks_membership
    }

    /// Whether the right comes back after a refund.
    pub fn refund_rule(&self) -> RefundRule {
        self.parts.refund_rule
    }

    /// How often the right of one voucher comes back at most.
    pub fn returns_max(&self) -> u32 {
        self.parts.returns_max
    }

    /// The zone of days and hours.
    pub fn zone(&self) -> &Zone {
        &self.parts.zone
    }

    /// The most that one voucher can ever cost whoever funds it.
    pub fn liability(&self) -> Fen {
        let once = match self.parts.kind {
            Kind::AmountOff { amount, .. } => amount,
            Kind::PercentOff { cap, .. } | Kind::Waiver { cap } => cap,
            Kind::Balance { value } => return value,
            Kind::Service => return Fen::ZERO,
        };
        Fen(once.0 * i64::from(self.parts.uses.total))
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
        let excluded = &self.excluded_categories;
        if excluded.len() > CATEGORIES_MAX {
            problems.push(TermsProblem::TooManyCategories);
        }
        problems.extend(repeated(excluded).cloned().map(TermsProblem::CategoryRepeated));
        if self.regions.len() > REGIONS_MAX {
            problems.push(TermsProblem::TooManyRegions);
        }
        problems.extend(repeated(&self.regions).copied().map(TermsProblem::RegionRepeated));
        if self.hours.len() > HOURS_MAX {
            problems.push(TermsProblem::TooManyHours);
        }
        problems.extend(overlapping(&self.hours).map(TermsProblem::HoursOverlap));
        problems.extend(self.use_problems());
        problems.extend(self.stacking_problems());
        problems
    }

    fn use_problems(&self) -> Vec<TermsProblem> {
        let Uses { total, limit } = self.uses;
        let is_balance = matches!(self.kind, Kind::Balance { .. });
        let is_service = matches!(self.kind, Kind::Service);
        let period_is_out = |UseLimit { count, .. }| !(1..=total).contains(&count);
        let grace_is_out = match self.refund_rule {
            RefundRule::RightReturnsWithGrace(days) => {
                !(1..=GRACE_DAYS_MAX).contains(&days) || total > 1
            }
            RefundRule::RightIsSpent | RefundRule::RightReturns => false,
        };
        let checks = [
            (!(1..=USES_MAX).contains(&total), TermsProblem::UsesOutOfRange),
            (is_balance && (total > 1 || limit.is_some()), TermsProblem::BalanceWithUses),
            (limit.is_some_and(period_is_out), TermsProblem::PeriodUsesOutOfRange),
            (is_service && self.goods_categories.is_empty(), TermsProblem::ServiceWithoutName),
            (grace_is_out, TermsProblem::GraceNotPossible),
            (self.returns_max > RETURNS_MAX, TermsProblem::ReturnsOutOfRange),
        ];
        checks.into_iter().filter_map(|(broken, problem)| broken.then_some(problem)).collect()
    }

    fn stacking_problems(&self) -> Vec<TermsProblem> {
        let Stacking { combines, group, sequence, own_funder_only, order_cap_percent } =
            &self.stacking;
        let has_rule = group.is_some() || *sequence > 0 || *own_funder_only;
        let cap_is_out = |percent: &u8| !(1..=100).contains(percent);
        let checks = [
            (*combines && matches!(self.kind, Kind::Service), TermsProblem::ServiceCombines),
            (!combines && has_rule, TermsProblem::StackingWithoutCombining),
            (group.as_deref().is_some_and(|key| !is_slug(key)), TermsProblem::GroupMalformed),
            (order_cap_percent.as_ref().is_some_and(cap_is_out), TermsProblem::OrderCapOutOfRange),
        ];
        checks.into_iter().filter_map(|(broken, problem)| broken.then_some(problem)).collect()
    }
}

impl Kind {
    /// The name in programme files and tables, as `AMOUNT_OFF`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AmountOff { .. } => "AMOUNT_OFF",
            Self::PercentOff { .. } => "PERCENT_OFF",
            Self::Waiver { .. } => "WAIVER",
            Self::Balance { .. } => "BALANCE",
            Self::Service => "SERVICE",
        }
    }

    /// What a voucher has to be spent at first; none for a kind that is not spent in parts.
    pub const fn initial_balance(self) -> Option<Fen> {
        match self {
            Self::Balance { value } => Some(value),
            _ => None,
        }
    }

    fn problems(self) -> Vec<TermsProblem> {
        let is_money = |fen: Fen| (Fen(1)..=THRESHOLD_MAX).contains(&fen);
        let is_threshold = |fen: Fen| (Fen::ZERO..=THRESHOLD_MAX).contains(&fen);
        let checks = match self {
            Self::AmountOff { threshold, amount } => vec![
                (amount < Fen(1), TermsProblem::AmountBelowOne),
                (amount > threshold, TermsProblem::AmountAboveThreshold(threshold)),
                (!is_threshold(threshold), TermsProblem::ThresholdTooHigh),
            ],
            Self::PercentOff { threshold, percent, cap } => vec![
                (!is_threshold(threshold), TermsProblem::ThresholdTooHigh),
                (!(1..=100).contains(&percent), TermsProblem::PercentOutOfRange),
                (!is_money(cap), TermsProblem::CapOutOfRange),
            ],
            Self::Waiver { cap } => vec![(!is_money(cap), TermsProblem::CapOutOfRange)],
            Self::Balance { value } => vec![(!is_money(value), TermsProblem::CapOutOfRange)],
            Self::Service => Vec::new(),
        };
        checks.into_iter().filter_map(|(broken, problem)| broken.then_some(problem)).collect()
    }
}

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

impl RefundRule {
    /// The name in programme files and tables: `RIGHT_IS_SPENT`, `RIGHT_RETURNS` or
    /// `RIGHT_RETURNS_WITH_GRACE`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::RightIsSpent => "RIGHT_IS_SPENT",
            Self::RightReturns => "RIGHT_RETURNS",
            Self::RightReturnsWithGrace(_) => "RIGHT_RETURNS_WITH_GRACE",
        }
    }

    /// The days of grace; zero without.
    pub const fn grace_days(self) -> u16 {
        match self {
            Self::RightReturnsWithGrace(days) => days,
            Self::RightIsSpent | Self::RightReturns => 0,
        }
    }

    /// Reads what [`Self::key`] and [`Self::grace_days`] write.
    pub fn parse(key: &str, grace_days: u16) -> Option<Self> {
        let rules =
            [Self::RightIsSpent, Self::RightReturns, Self::RightReturnsWithGrace(grace_days)];
        rules.into_iter().find(|rule| rule.key() == key && rule.grace_days() == grace_days)
    }
}

/// Whatever equals something before it.
fn repeated<T: PartialEq>(list: &[T]) -> impl Iterator<Item = &T> {
    list.iter().enumerate().filter(|(index, item)| list[..*index].contains(item)).map(|(_, i)| i)
}
