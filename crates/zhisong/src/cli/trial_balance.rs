use clap::Args;
use contracts::redemption::v1::get_trial_balance_response::Part;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::{AccountBalance, GetTrialBalanceRequest, TrialBalanceTotals};
use serde_json::{Value, json};

use super::Problem;
use super::arguments::Target;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::tokens::Role;

const TOTALS: &[&str] = &["as_of", "debit_fen", "credit_fen", "balance_fen"];
const ACCOUNTS: &[&str] = &["account_class", "name", "debit_fen", "credit_fen", "balance_fen"];

/// Shows what every account of the ledger has come to. Ends with 1 when the whole is not zero.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong trial-balance --json")]
pub(crate) struct TrialBalance {
    #[command(flatten)]
    target: Target,
}

impl TrialBalance {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        self.target
            .run(async |connection| {
                let mut settlement = SettlementServiceClient::new(connection.channel(Role::Ops)?);
                let parts = settlement.get_trial_balance(GetTrialBalanceRequest {}).await?;
                let mut parts = parts.into_inner();
                let (mut totals, mut accounts) = (None, Vec::new());
                while let Some(part) = parts.message().await? {
                    match part.part {
                        Some(Part::Totals(found)) => totals = Some(found),
                        Some(Part::Accounts(more)) => accounts.extend(more.accounts),
                        None => {}
                    }
                }
                let totals = totals.ok_or_else(|| Failure::missing("totals"))?;
                Ok(answer(&totals, &accounts))
            })
            .await
    }
}

/// The whole is added up here as well: what the service says of it is not taken on trust.
fn answer(totals: &TrialBalanceTotals, accounts: &[AccountBalance]) -> Answer {
    let sum: i64 = accounts.iter().map(|account| account.debit_fen - account.credit_fen).sum();
    let answer = Answer::record(totals_value(totals), TOTALS);
    let answer = answer.and_list("accounts", accounts.iter().map(value).collect(), ACCOUNTS);
    match totals.balance_fen == 0 && sum == 0 {
        true => answer.note("the ledger balances"),
        false => answer.note("THE LEDGER DOES NOT BALANCE: see `zhisong laws`").not_good(),
    }
}

fn totals_value(totals: &TrialBalanceTotals) -> Value {
    json!({
        "as_of": instant(totals.as_of),
        "debit_fen": totals.debit_fen,
        "credit_fen": totals.credit_fen,
        "balance_fen": totals.balance_fen,
    })
}

fn value(account: &AccountBalance) -> Value {
    json!({
        "account_class": account.account_class,
        "name": account.name,
        "debit_fen": account.debit_fen,
        "credit_fen": account.credit_fen,
        "balance_fen": account.balance_fen,
    })
}
