//! Differences, and what is said of them.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{Difference, ReconciliationKey, Resolution, Resolve, ResolveProblem, Resolved};
use crate::store::HISTORY_MAX;
use crate::store::columns::{read_row, read_rows};
use crate::store::reconciliations::{item, resolved, state_columns, with_history};

pub(super) async fn page(
    connection: &mut PgConnection,
    key: &ReconciliationKey,
    after: &str,
    limit: u32,
) -> Result<Vec<Difference>, StoreError> {
    let items = items(connection, key, after, limit).await?;
    let Some(last) = items.last() else { return Ok(items) };
    let said = sqlx::query(
        "SELECT r.* FROM reconciliation_item AS i JOIN reconciliation_resolution AS r
           ON r.partner = i.partner AND r.reconciliation_id = i.reconciliation_id
             AND r.item_key = i.item_key
         WHERE i.partner = $1 AND i.reconciliation_id = $2 AND i.item_key > $3
           AND i.item_key <= $4 AND r.position > i.resolutions - $5
         ORDER BY r.item_key, r.position",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(after)
    .bind(&last.id)
    .bind(HISTORY_MAX)
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    let said = read_rows("reconciliation_resolution", &said, "item_key", resolved)?;
    Ok(with_history(items, said))
}

/// At most `limit` items of a reconciliation, by key, without what was said of them.
pub(super) async fn items(
    connection: &mut PgConnection,
    key: &ReconciliationKey,
    after: &str,
    limit: u32,
) -> Result<Vec<Difference>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM reconciliation_item
         WHERE partner = $1 AND reconciliation_id = $2 AND item_key > $3
         ORDER BY item_key LIMIT $4",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("reconciliation_item", &found, "item_key", item)
}

pub(super) async fn resolve(
    tx: &mut PgConnection,
    command: &Resolve,
) -> Result<Result<Resolution, ResolveProblem>, StoreError> {
    if let Some(seen) = seen(tx, command).await? {
        return Ok(seen.again(command));
    }
    let Some(difference) = one(tx, command).await? else {
        return Ok(Err(ResolveProblem::Unknown));
    };
    let mut resolved = match difference.resolve(command) {
        Ok(resolved) => resolved,
        Err(problem) => return Ok(Err(problem)),
    };
    let said = resolved.history.pop().expect("resolving adds a word");
    add(tx, command, &said).await?;
    update(tx, command, &resolved).await?;
    Ok(Ok(said))
}

/// The same request as it was done before.
async fn seen(tx: &mut PgConnection, command: &Resolve) -> Result<Option<Resolved>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM reconciliation_resolution WHERE request_id = $1 AND resolved_by = $2",
    )
    .bind(command.request_id.as_str())
    .bind(command.by.as_str())
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    row.map(|row| read_row("reconciliation_resolution", &row, resolved)).transpose()
}

/// The difference that a word is on, if its reconciliation is finished.
async fn one(tx: &mut PgConnection, command: &Resolve) -> Result<Option<Difference>, StoreError> {
    let row = sqlx::query(
        "SELECT i.* FROM reconciliation AS r JOIN reconciliation_item AS i
           ON i.partner = r.partner AND i.reconciliation_id = r.reconciliation_id
         WHERE r.partner = $1 AND r.reconciliation_id = $2 AND r.phase = 'FINISHED'
           AND i.item_key = $3
         FOR UPDATE OF i",
    )
    .bind(command.key.partner.as_str())
    .bind(command.key.id.as_str())
    .bind(&command.difference_id)
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    row.map(|row| read_row("reconciliation_item", &row, item)).transpose()
}

async fn add(
    tx: &mut PgConnection,
    command: &Resolve,
    said: &Resolution,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reconciliation_resolution (partner, reconciliation_id, item_key, position,
           action, text, resolved_by, request_id, resolved_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    )
    .bind(command.key.partner.as_str())
    .bind(command.key.id.as_str())
    .bind(&command.difference_id)
    .bind(said.position)
    .bind(said.action.name())
    .bind(&said.text)
    .bind(said.by.as_str())
    .bind(command.request_id.as_str())
    .bind(said.at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn update(
    tx: &mut PgConnection,
    command: &Resolve,
    resolved: &Difference,
) -> Result<(), StoreError> {
    let (state, accepted_by) = state_columns(&resolved.state);
    sqlx::query(
        "UPDATE reconciliation_item SET state = $4, accepted_by = $5, resolutions = $6
         WHERE partner = $1 AND reconciliation_id = $2 AND item_key = $3",
    )
    .bind(command.key.partner.as_str())
    .bind(command.key.id.as_str())
    .bind(&command.difference_id)
    .bind(state)
    .bind(accepted_by)
    .bind(resolved.resolutions)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
