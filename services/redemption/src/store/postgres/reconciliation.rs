//! Reconciliations: a file put away, our rows put beside it, what agrees taken out (see
//! `domain::Reconciliation`).

use clock::{BusinessDay, Timestamp};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use super::{differences, statements};
use crate::domain::{
    BadRow, Counterparty, FileBatch, ItemPart, Phase, Reconciliation, ReconciliationKey, Taken,
    items_if_named, our_parts, their_parts,
};
use crate::store::BAD_ROWS_MAX;
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::reconciliations::{PhaseColumns, STEP, bad_row, reconciliation};

pub(super) async fn begin(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    day: BusinessDay,
) -> Result<Reconciliation, StoreError> {
    let fresh = Reconciliation::new(key.clone(), day);
    sqlx::query(
        "INSERT INTO reconciliation (partner, reconciliation_id, business_day, phase, staged_line,
           chain, their_rows, their_captured_fen, their_refunded_fen, bad_rows, matched,
           differences)
         VALUES ($1, $2, $3, $4, 0, $5, 0, 0, 0, 0, 0, 0)
         ON CONFLICT (partner, reconciliation_id) DO NOTHING",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(day.to_string())
    .bind(PhaseColumns::from(&fresh.phase).phase)
    .bind(fresh.chain.to_vec())
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    load(tx, key).await?.ok_or(StoreError::Conflict)
}

pub(super) async fn load(
    connection: &mut PgConnection,
    key: &ReconciliationKey,
) -> Result<Option<Reconciliation>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM reconciliation WHERE partner = $1 AND reconciliation_id = $2")
            .bind(key.partner.as_str())
            .bind(key.id.as_str())
            .fetch_optional(connection)
            .await
            .map_err(classify)?;
    row.map(|row| read_row("reconciliation", &row, reconciliation)).transpose()
}

/// Locks the reconciliation's row: its steps come one after the other, on whichever replica.
async fn lock(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
) -> Result<Reconciliation, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM reconciliation WHERE partner = $1 AND reconciliation_id = $2 FOR UPDATE",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    let found = row.map(|row| read_row("reconciliation", &row, reconciliation)).transpose()?;
    found.ok_or(StoreError::Conflict)
}

pub(super) async fn stage(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    part: &FileBatch,
) -> Result<(Taken, Reconciliation), StoreError> {
    let found = lock(tx, key).await?;
    match found.take(part) {
        Taken::Next => {
            add(tx, key, &their_parts(&part.rows)).await?;
            add_bad(tx, key, found.kept_bad_rows(part, BAD_ROWS_MAX)).await?;
            let next = found.with(part);
            store(tx, &next).await?;
            Ok((Taken::Next, next))
        }
        taken @ (Taken::Before | Taken::OtherFile) => Ok((taken, found)),
    }
}

pub(super) async fn advance(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    at: Timestamp,
) -> Result<Reconciliation, StoreError> {
    let found = lock(tx, key).await?;
    let next = match &found.phase {
        Phase::Staging | Phase::Finished { .. } => return Ok(found),
        Phase::Counting(position) => {
            let after = position.map(|(at, id)| (key.partner.clone(), at, id));
            let platform = Counterparty::Platform(key.partner.clone());
            let rows = statements::rows(tx, (found.day, &platform), after, STEP).await?;
            let named = named(tx, key, &items_if_named(&rows)).await?;
            add(tx, key, &our_parts(&rows, &named.into_iter().collect())).await?;
            found.counted(&rows)
        }
        Phase::Sweeping(after) => {
            let after = after.as_deref().unwrap_or_default();
            let items = differences::items(tx, key, after, STEP).await?;
            let (next, agree) = found.swept(&items, at);
            remove(tx, key, &agree).await?;
            next
        }
    };
    store(tx, &next).await?;
    Ok(next)
}

async fn store(tx: &mut PgConnection, next: &Reconciliation) -> Result<(), StoreError> {
    let phase = PhaseColumns::from(&next.phase);
    sqlx::query(
        "UPDATE reconciliation SET phase = $3, staged_line = $4, chain = $5, counted_at = $6,
           counted_id = $7, swept_key = $8, their_rows = $9, their_captured_fen = $10,
           their_refunded_fen = $11, bad_rows = $12, matched = $13, differences = $14,
           finished_at = $15
         WHERE partner = $1 AND reconciliation_id = $2",
    )
    .bind(next.key.partner.as_str())
    .bind(next.key.id.as_str())
    .bind(phase.phase)
    .bind(next.staged_line)
    .bind(next.chain.to_vec())
    .bind(phase.counted_at)
    .bind(phase.counted_id.map(|id| id.to_vec()))
    .bind(phase.swept_key)
    .bind(next.theirs.rows)
    .bind(next.theirs.captured.0)
    .bind(next.theirs.refunded.0)
    .bind(next.bad_rows)
    .bind(next.matched)
    .bind(next.differences)
    .bind(phase.finished_at)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Adds to the items of a reconciliation what some rows of one side say.
async fn add(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    parts: &[ItemPart],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reconciliation_item (partner, reconciliation_id, item_key, kind, order_number,
           transaction_id, line, our_rows, our_fen, their_rows, their_fen, state, resolutions)
         SELECT $1, $2, k.*, 'OPEN', 0
         FROM unnest($3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BYTEA[], $7::BIGINT[], $8::BIGINT[],
           $9::BIGINT[], $10::BIGINT[], $11::BIGINT[]) AS k
         ON CONFLICT (partner, reconciliation_id, item_key) DO UPDATE SET
           line = coalesce(reconciliation_item.line, excluded.line),
           our_rows = reconciliation_item.our_rows + excluded.our_rows,
           our_fen = reconciliation_item.our_fen + excluded.our_fen,
           their_rows = reconciliation_item.their_rows + excluded.their_rows,
           their_fen = reconciliation_item.their_fen + excluded.their_fen",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(column(parts, |part| part.item.as_str()))
    .bind(column(parts, |part| part.kind.name()))
    .bind(column(parts, |part| part.order_number.as_str()))
    .bind(column(parts, |part| part.transaction_id.map(|id| *id.as_bytes())))
    .bind(column(parts, |part| part.line))
    .bind(column(parts, |part| part.ours.rows))
    .bind(column(parts, |part| part.ours.amount.0))
    .bind(column(parts, |part| part.theirs.rows))
    .bind(column(parts, |part| part.theirs.amount.0))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Those of the items that the file names; each is looked up by its key, whatever the planner
/// believes of a table that has just grown: it would else go through all of the reconciliation.
async fn named(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    items: &[String],
) -> Result<Vec<String>, StoreError> {
    let found = sqlx::query(
        "SELECT i.item_key FROM unnest($3::TEXT[]) AS k (item_key) CROSS JOIN LATERAL (
           SELECT own.item_key FROM reconciliation_item AS own
           WHERE own.partner = $1 AND own.reconciliation_id = $2 AND own.item_key = k.item_key
           LIMIT 1) AS i",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(items)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = |row: Columns<'_>| row.text("item_key").map(str::to_owned);
    read_rows("reconciliation_item", &found, "item_key", read)
}

/// Removes items, which come in the order of their keys: only what is between the first and the
/// last of them is gone through.
async fn remove(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    items: &[&str],
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM reconciliation_item WHERE partner = $1 AND reconciliation_id = $2
           AND item_key BETWEEN $4 AND $5 AND item_key = ANY($3)",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(items)
    .bind(items.first())
    .bind(items.last())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn add_bad(
    tx: &mut PgConnection,
    key: &ReconciliationKey,
    rows: &[BadRow],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reconciliation_bad_row (partner, reconciliation_id, line, reason)
         SELECT $1, $2, k.* FROM unnest($3::BIGINT[], $4::TEXT[]) AS k",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(column(rows, |bad| bad.line))
    .bind(column(rows, |bad| bad.reason.as_str()))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn bad_rows(
    connection: &mut PgConnection,
    key: &ReconciliationKey,
) -> Result<Vec<BadRow>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM reconciliation_bad_row WHERE partner = $1 AND reconciliation_id = $2
         ORDER BY line",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("reconciliation_bad_row", &found, "reason", bad_row)
}
