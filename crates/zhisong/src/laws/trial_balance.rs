use super::LawProblem;
use super::snapshot::{Rule, Snapshot};
use super::verdict::{Finding, Verdict};

/// All accounts: closed days by their balances, open days by their entries.
const FIGURES: &str = "
    SELECT CAST(COALESCE(SUM(debit_fen), 0) AS BIGINT) AS trial_debit_fen,
      CAST(COALESCE(SUM(credit_fen), 0) AS BIGINT) AS trial_credit_fen
    FROM (
      SELECT debit_fen, credit_fen FROM account_day
      UNION ALL
      SELECT CASE WHEN e.amount_fen > 0 THEN e.amount_fen ELSE 0 END,
        CASE WHEN e.amount_fen < 0 THEN -e.amount_fen ELSE 0 END
      FROM business_day AS d
      JOIN journal AS j ON j.business_day = d.day
      JOIN entry AS e ON e.shard = j.shard AND e.transaction_id = j.transaction_id
      WHERE d.state = 'OPEN'
    ) AS sides";

const DAYS: Rule = Rule {
    what: "closed days whose debits are not their credits",
    sql: "
    SELECT business_day, CAST(SUM(debit_fen) AS BIGINT) AS debit_fen,
      CAST(SUM(credit_fen) AS BIGINT) AS credit_fen
    FROM account_day GROUP BY business_day HAVING SUM(debit_fen) <> SUM(credit_fen)",
};

/// The trial balance of law R4, as the service strikes it: debits and credits come to the same,
/// over all accounts and on each closed day.
pub(super) async fn add(
    redemption: &mut Snapshot,
    verdict: &mut Verdict,
) -> Result<(), LawProblem> {
    for (name, figure) in redemption.figures(FIGURES).await? {
        verdict.figure(name, figure);
    }
    verdict.find(redemption.offenders(&DAYS).await?);
    let figure = |name| verdict.figures.get(name).copied();
    let (debit, credit) = (figure("trial_debit_fen"), figure("trial_credit_fen"));
    let mut adrift = Finding::none_yet("trial balances that are not zero");
    if debit != credit {
        adrift.add(|| format!("debits {debit:?}, credits {credit:?}, in fen"));
    }
    verdict.find(adrift);
    Ok(())
}
