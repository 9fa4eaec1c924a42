use clock::Timestamp;
use rpc::{Caller, ErrorReason, Problem};

use super::{Failure, Settlement};
use crate::domain::{AccountBalance, BalanceTotals};

/// Every account of the ledger, at one instant.
#[derive(Clone, Debug)]
pub struct TrialBalance {
    /// When it was read.
    pub as_of: Timestamp,
    /// What the accounts come to.
    pub totals: BalanceTotals,
    /// By class, then name.
    pub accounts: Vec<AccountBalance>,
}

impl Settlement {
    /// The trial balance, for whoever sees every organization in it: a part of a ledger proves
    /// nothing.
    pub async fn get_trial_balance(&self, caller: &Caller) -> Result<TrialBalance, Failure> {
        let as_of = self.clock.now();
        let accounts = self.store.trial_balance().await?;
        let sees = |account: &AccountBalance| {
            account.organization().is_none_or(|organization| caller.sees(organization))
        };
        if !accounts.iter().all(sees) {
            return Err(Problem::new(ErrorReason::OutsideSubtree).into());
        }
        Ok(TrialBalance { as_of, totals: BalanceTotals::of(&accounts), accounts })
    }
}
