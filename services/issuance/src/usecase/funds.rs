//! Funds: creating and reading them.

use super::{Failure, Issuance};
use crate::domain::{Caller, Fund, FundCommand, FundId};
use crate::store::FundQuery;

impl Issuance {
    /// Creates a fund.
    pub async fn create_fund(&self, command: FundCommand) -> Result<Fund, Failure> {
        let around = &self.surroundings;
        around.store.create_fund(command, around.clock.now()).await?.map_err(Failure::Fund)
    }

    /// One fund that the caller sees.
    pub async fn get_fund(&self, caller: &Caller, fund_id: &FundId) -> Result<Fund, Failure> {
        let fund = self.surroundings.store.fund(fund_id).await?;
        let fund = fund.ok_or(Failure::NotFound("fund"))?;
        match caller.sees(&fund.organization) {
            true => Ok(fund),
            false => Err(Failure::OutsideSubtree),
        }
    }

    /// At most `limit` of the funds that the caller sees, ordered by id.
    pub async fn list_funds(
        &self,
        caller: &Caller,
        after: Option<FundId>,
        limit: u32,
    ) -> Result<Vec<Fund>, Failure> {
        let seen_from = caller.organization.clone();
        Ok(self.surroundings.store.funds(FundQuery { seen_from, after, limit }).await?)
    }
}
