use crate::{TermsProblem, is_slug};

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

impl Stacking {
    /// What is wrong with it alone.
    pub(crate) fn checks(&self) -> [(bool, TermsProblem); 3] {
        let Self { combines, group, sequence, own_funder_only, order_cap_percent } = self;
        let has_rule = group.is_some() || *sequence > 0 || *own_funder_only;
        let cap_is_out = |percent: &u8| !(1..=100).contains(percent);
        [
            (!combines && has_rule, TermsProblem::StackingWithoutCombining),
            (group.as_deref().is_some_and(|key| !is_slug(key)), TermsProblem::GroupMalformed),
            (order_cap_percent.as_ref().is_some_and(cap_is_out), TermsProblem::OrderCapOutOfRange),
        ]
    }
}
