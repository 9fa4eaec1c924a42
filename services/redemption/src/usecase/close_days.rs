use clock::BusinessDay;

use super::{Failure, Settlement};
use crate::domain::business_day;

impl Settlement {
    /// Closes every day before today that is still open; gives the days, ascending.
    pub async fn close_days(&self) -> Result<Vec<BusinessDay>, Failure> {
        let now = self.clock.now();
        Ok(self.store.close_days(business_day(now), now).await?)
    }
}
