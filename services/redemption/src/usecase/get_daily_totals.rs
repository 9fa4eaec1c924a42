use clock::BusinessDay;
use rpc::Caller;

use super::{Failure, Settlement, partner};
use crate::domain::{DailyTotal, business_day};

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
    /// The totals of a day, today's by default: the caller's own, or for ops those of all
    /// platforms for the campaigns of their subtree.
    pub async fn get_daily_totals(
        &self,
        caller: &Caller,
        day: Option<BusinessDay>,
    ) -> Result<DailyTotals, Failure> {
        let day = day.unwrap_or_else(|| business_day(self.clock.now()));
        // Read before the totals: a day that is closed by then has no other totals after it.
        let closed = self.store.closed_day(day).await?.is_some();
        let totals = match caller.has_scope(OPS) {
            true => {
                let mut totals = self.store.daily_totals(day, None).await?;
                totals.retain(|total| caller.sees(&total.organization));
                totals
            }
            false => self.store.daily_totals(day, Some(&partner(caller))).await?,
        };
        Ok(DailyTotals { day, closed, totals })
    }
}
