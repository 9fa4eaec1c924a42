use benefit::Fen;
use member_identity::OrganizationPath;

use super::Account;

/// What an account came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountBalance {
    /// The account.
    pub account: Account,
    /// All its debits.
    pub debit: Fen,
    /// All its credits.
    pub credit: Fen,
}

/// What all accounts come to. They balance, or the ledger is broken (law R4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BalanceTotals {
    /// All debits.
    pub debit: Fen,
    /// All credits.
    pub credit: Fen,
}

impl AccountBalance {
    /// The organization whose money it is; `None` for the account of a platform.
    pub fn organization(&self) -> Option<&OrganizationPath> {
        match &self.account {
            Account::Fund(organization, _) => Some(organization),
            Account::Platform(_) => None,
        }
    }
}

impl BalanceTotals {
    /// The totals of these accounts.
    pub fn of(accounts: &[AccountBalance]) -> Self {
        let sum =
            |side: fn(&AccountBalance) -> Fen| Fen(accounts.iter().map(|one| side(one).0).sum());
        Self { debit: sum(|one| one.debit), credit: sum(|one| one.credit) }
    }
}
