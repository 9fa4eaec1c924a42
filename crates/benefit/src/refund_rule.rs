/// Whether the right comes back once all that a voucher took off an order is refunded. What a
/// refund gives back to a balance comes back at once, part by part, and each time counts as a
/// return. Where the right does not come back, or not again, what was taken off goes back to the
/// funder, that of a balance too.
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

    /// Reads what [`Self::key`] and [`Self::grace_days`] write; grace of no days is none.
    pub fn parse(key: &str, grace_days: u16) -> Option<Self> {
        let with_grace = (grace_days > 0).then_some(Self::RightReturnsWithGrace(grace_days));
        let rules = [Some(Self::RightIsSpent), Some(Self::RightReturns), with_grace];
        let is_it = |rule: &Self| rule.key() == key && rule.grace_days() == grace_days;
        rules.into_iter().flatten().find(is_it)
    }
}
