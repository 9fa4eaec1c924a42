//! The trial balance (law R4).

use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use crate::domain::AccountBalance;
use crate::store::columns::read_rows;
use crate::store::rows;

/// One statement, so that all of it is of one instant: closed days by their accounts, open days by
/// their entries. The joins are crossed so that SQLite begins at the few days that are open, and
/// does not go through the entries of all time.
pub(super) async fn trial(
    connection: &mut SqliteConnection,
) -> Result<Vec<AccountBalance>, StoreError> {
    let found = sqlx::query(
        "SELECT account, CAST(sum(debit_fen) AS BIGINT) AS debit_fen,
           CAST(sum(credit_fen) AS BIGINT) AS credit_fen
         FROM (
           SELECT account, debit_fen, credit_fen FROM account_day
           UNION ALL
           SELECT e.account, max(e.amount_fen, 0), max(-e.amount_fen, 0)
           FROM business_day AS d
           CROSS JOIN journal AS j ON j.business_day = d.day
           CROSS JOIN entry AS e ON e.shard = j.shard AND e.transaction_id = j.transaction_id
           WHERE d.state = 'OPEN'
         ) AS sides
         GROUP BY account ORDER BY account",
    )
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("entry", &found, "account", rows::account_balance)
}
