use clock::Zone;
use member_identity::RegionCode;

use crate::hours::{HOURS_MAX, overlapping};
use crate::{
    Category, Fen, Hours, Kind, RefundRule, ShopScope, Stacking, TermsProblem, UseLimit, Uses,
};

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
    /// The goods it never applies to although it applies to all goods, at most 64; empty when the
    /// list above is not.
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

/// The highest threshold, in fen: what one line of an order may cost at most. Keeps the liability
/// of a voucher (uses x amount) far inside 64 bits.
pub(crate) const THRESHOLD_MAX: Fen = Fen(100_000_000);
/// The most uses of a voucher: over 27 years, once a day.
pub(crate) const USES_MAX: u32 = 10_000;
/// The longest grace, in business days: a year.
pub(crate) const GRACE_DAYS_MAX: u16 = 366;
/// The most returns of a right.
pub(crate) const RETURNS_MAX: u32 = 100;
/// The most goods categories of one list: each of them is looked up in every order.
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
        problems.extend(broken(self.use_checks()));
        problems.extend(self.scope_problems());
        problems.extend(broken(self.stacking.checks()));
        let is_stacked = self.stacking.combines || self.stacking.order_cap_percent.is_some();
        let stacked_service = self.kind == Kind::Service && is_stacked;
        problems.extend(broken([(stacked_service, TermsProblem::ServiceCombines)]));
        problems.extend(broken(self.refund_checks()));
        problems
    }

    fn use_checks(&self) -> [(bool, TermsProblem); 3] {
        let Uses { total, limit } = self.uses;
        let is_balance = matches!(self.kind, Kind::Balance { .. });
        let period_is_out = |UseLimit { count, .. }| !(1..=total).contains(&count);
        [
            (!(1..=USES_MAX).contains(&total), TermsProblem::UsesOutOfRange),
            (is_balance && (total > 1 || limit.is_some()), TermsProblem::BalanceWithUses),
            (limit.is_some_and(period_is_out), TermsProblem::PeriodUsesOutOfRange),
        ]
    }

    fn scope_problems(&self) -> Vec<TermsProblem> {
        let (goods, excluded) = (&self.goods_categories, &self.excluded_categories);
        let is_nameless = self.kind == Kind::Service && goods.is_empty();
        let mut problems = broken([
            (is_nameless, TermsProblem::ServiceWithoutName),
            (goods.len() > CATEGORIES_MAX, TermsProblem::TooManyCategories),
        ]);
        problems.extend(repeated(goods).cloned().map(TermsProblem::CategoryRepeated));
        problems.extend(broken([
            (!goods.is_empty() && !excluded.is_empty(), TermsProblem::ExclusionFromList),
            (excluded.len() > CATEGORIES_MAX, TermsProblem::TooManyExclusions),
        ]));
        problems.extend(repeated(excluded).cloned().map(TermsProblem::ExclusionRepeated));
        problems.extend(broken([(self.regions.len() > REGIONS_MAX, TermsProblem::TooManyRegions)]));
        problems.extend(repeated(&self.regions).copied().map(TermsProblem::RegionRepeated));
        problems.extend(broken([(self.hours.len() > HOURS_MAX, TermsProblem::TooManyHours)]));
        problems.extend(overlapping(&self.hours).map(TermsProblem::HoursOverlap));
        problems
    }

    fn refund_checks(&self) -> [(bool, TermsProblem); 2] {
        let grace_is_out = match self.refund_rule {
            RefundRule::RightReturnsWithGrace(days) => {
                !(1..=GRACE_DAYS_MAX).contains(&days) || self.uses.total > 1
            }
            RefundRule::RightIsSpent | RefundRule::RightReturns => false,
        };
        [
            (grace_is_out, TermsProblem::GraceNotPossible),
            (self.returns_max > RETURNS_MAX, TermsProblem::ReturnsOutOfRange),
        ]
    }
}

/// The problems of the checks that are broken.
pub(crate) fn broken<const N: usize>(checks: [(bool, TermsProblem); N]) -> Vec<TermsProblem> {
    checks.into_iter().filter_map(|(broken, problem)| broken.then_some(problem)).collect()
}

/// Whatever equals something before it.
fn repeated<T: PartialEq>(list: &[T]) -> impl Iterator<Item = &T> {
    list.iter().enumerate().filter(|(index, item)| list[..*index].contains(item)).map(|(_, i)| i)
}
