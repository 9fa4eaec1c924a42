use clock::BusinessDay;
use rpc::Caller;

use super::get_statement::require_whose;
use super::{Failure, Settlement, partner};
use crate::domain::{Counterparty, DailyTotal, business_day};

/// The scope of those who see all platforms.
pub(super) const OPS: &str = "settlement.ops";

/// The totals of a day.
#[derive(Clone, Debug)]
pub struct DailyTotals {
    /// The day.
    pub day: BusinessDay,
    /// Whether it is closed and the totals are final.
    pub closed: bool,
    /// By platform, then campaign.
    pub totals: Vec<DailyTotal>,
}

impl Settlement {
    /// The totals of a day, today's by default, of one counterparty whose statement the caller may
    /// read. Of none that is named: the caller's own, or for ops those of all platforms. Ops see
    /// those for the campaigns of their subtree.
    pub async fn get_daily_totals(
        &self,
        caller: &Caller,
        day: Option<BusinessDay>,
        whose: Option<Counterparty>,
    ) -> Result<DailyTotals, Failure> {
        let is_ops = caller.has_scope(OPS);
        let whose = match whose {
            Some(whose) => {
                require_whose(caller, &whose)?;
                Some(whose)
            }
            None if is_ops => None,
            None => Some(Counterparty::Platform(partner(caller))),
        };
        let day = day.unwrap_or_else(|| business_day(self.clock.now()));
        // Read before the totals: a day that is closed by then has no other totals after it.
        let closed = self.store.closed_day(day).await?.is_some();
        let mut totals = self.store.daily_totals(day, whose.as_ref()).await?;
        totals.retain(|total| !is_ops || caller.sees(&total.organization));
        Ok(DailyTotals { day, closed, totals })
    }
}
