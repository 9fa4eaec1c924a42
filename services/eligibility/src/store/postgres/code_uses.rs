use sql::StoreError;
use sql::postgres::{Database, classify};
use sqlx::PgConnection;

use super::rows;
use crate::store::{CodeSeen, CodeUse};

const ENTER: &str = "
    INSERT INTO code_use (shard, card_id, nonce, caller, terminal, expires_at)
    VALUES ($1, $2, $3, $4, $5, $6)
    ON CONFLICT (shard, card_id, nonce) DO NOTHING";

const BY: &str = "
    SELECT caller, terminal FROM code_use WHERE shard = $1 AND card_id = $2 AND nonce = $3";

/// A few at a time: as many go as come.
const SWEEP: &str = "
    DELETE FROM code_use
     WHERE (shard, card_id, nonce) IN (
           SELECT shard, card_id, nonce FROM code_use
            WHERE expires_at < $1 ORDER BY expires_at LIMIT 4 FOR UPDATE SKIP LOCKED)";

/// Enters the use of a code, and sweeps codes that have ended.
pub(super) async fn enter(database: &Database, used: CodeUse) -> Result<CodeSeen, StoreError> {
    let step = async move |tx: &mut PgConnection| {
        let (shard, id) = (i32::from(used.card_id.shard().0), *used.card_id.as_bytes());
        let swept = sqlx::query(SWEEP).bind(used.at.as_micros()).execute(&mut *tx).await;
        swept.map_err(classify)?;
        let entered = sqlx::query(ENTER)
            .bind(shard)
            .bind(id.as_slice())
            .bind(used.nonce.as_slice())
            .bind(used.caller.clone())
            .bind(used.terminal.clone())
            .bind(used.expires_at.as_micros())
            .execute(&mut *tx)
            .await
            .map_err(classify)?;
        if entered.rows_affected() == 1 {
            return Ok(CodeSeen::First);
        }
        let query = sqlx::query(BY).bind(shard).bind(id.as_slice()).bind(used.nonce.as_slice());
        let row = query.fetch_optional(tx).await.map_err(classify)?;
        row.as_ref().map_or(Err(StoreError::Conflict), |row| rows::code_seen(row, &used))
    };
    database.write("use_code", step).await
}
