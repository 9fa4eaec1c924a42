//! Reconciliations: a file put away, our rows put beside it, what agrees taken out (see
//! `domain::Reconciliation`).

use clock::{BusinessDay, Timestamp};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex};
use super::{differences, statements};
use crate::domain::{
    BadRow, Counterparty, FileBatch, ItemPart, Phase, Reconciliation, ReconciliationKey, Taken,
    items_if_named, our_parts, their_parts,
};
use crate::store::BAD_ROWS_MAX;
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::reconciliations::{PhaseColumns, STEP, bad_row, reconciliation};

pub(super) async fn begin(
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    day: BusinessDay,
) -> Result<Reconciliation, StoreError> {
    let fresh = Reconciliation::new(key.clone(), day);
    sqlx::query(
        "INSERT INTO reconciliation (partner, reconciliation_id, business_day, phase, staged_line,
           chain, their_rows, their_captured_fen, their_refunded_fen, bad_rows, matched,
           differences)
         VALUES (?1, ?2, ?3, ?4, 0, ?5, 0, 0, 0, 0, 0, 0)
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
    connection: &mut SqliteConnection,
    key: &ReconciliationKey,
) -> Result<Option<Reconciliation>, StoreError> {
    let row =
        sqlx::query("SELECT * FROM reconciliation WHERE partner = ?1 AND reconciliation_id = ?2")
            .bind(key.partner.as_str())
            .bind(key.id.as_str())
            .fetch_optional(connection)
            .await
            .map_err(classify)?;
    row.map(|row| read_row("reconciliation", &row, reconciliation)).transpose()
}

pub(super) async fn stage(
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    part: &FileBatch,
) -> Result<(Taken, Reconciliation), StoreError> {
    let found = load(tx, key).await?.ok_or(StoreError::Conflict)?;
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
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    at: Timestamp,
) -> Result<Reconciliation, StoreError> {
    let found = load(tx, key).await?.ok_or(StoreError::Conflict)?;
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

async fn store(tx: &mut SqliteConnection, next: &Reconciliation) -> Result<(), StoreError> {
    let phase = PhaseColumns::from(&next.phase);
    sqlx::query(
        "UPDATE reconciliation SET phase = ?3, staged_line = ?4, chain = ?5, counted_at = ?6,
           counted_id = ?7, swept_key = ?8, their_rows = ?9, their_captured_fen = ?10,
           their_refunded_fen = ?11, bad_rows = ?12, matched = ?13, differences = ?14,
           finished_at = ?15
         WHERE partner = ?1 AND reconciliation_id = ?2",
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
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    parts: &[ItemPart],
) -> Result<(), StoreError> {
    let rows = parts.iter().map(|part| {
        (
            &part.item,
            part.kind.name(),
            part.order_number.as_str(),
            part.transaction_id.map(|id| Hex(*id.as_bytes())),
            part.line,
            part.ours.rows,
            part.ours.amount.0,
            part.theirs.rows,
            part.theirs.amount.0,
        )
    });
    sqlx::query(
        "INSERT INTO reconciliation_item (partner, reconciliation_id, item_key, kind, order_number,
           transaction_id, line, our_rows, our_fen, their_rows, their_fen, state, resolutions)
         SELECT ?1, ?2, value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4,
           value ->> 5, value ->> 6, value ->> 7, value ->> 8, 'OPEN', 0
         FROM json_each(?3) WHERE true
         ON CONFLICT (partner, reconciliation_id, item_key) DO UPDATE SET
           line = coalesce(reconciliation_item.line, excluded.line),
           our_rows = reconciliation_item.our_rows + excluded.our_rows,
           our_fen = reconciliation_item.our_fen + excluded.our_fen,
           their_rows = reconciliation_item.their_rows + excluded.their_rows,
           their_fen = reconciliation_item.their_fen + excluded.their_fen",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(batch::array(rows))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Those of the items that the file names.
async fn named(
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    items: &[String],
) -> Result<Vec<String>, StoreError> {
    let found = sqlx::query(
        "SELECT item_key FROM reconciliation_item WHERE partner = ?1 AND reconciliation_id = ?2
           AND item_key IN (SELECT value FROM json_each(?3))",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(batch::array(items))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = |row: Columns<'_>| row.text("item_key").map(str::to_owned);
    read_rows("reconciliation_item", &found, "item_key", read)
}

async fn remove(
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    items: &[&str],
) -> Result<(), StoreError> {
    sqlx::query(
        "DELETE FROM reconciliation_item WHERE partner = ?1 AND reconciliation_id = ?2
           AND item_key IN (SELECT value FROM json_each(?3))",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(batch::array(items))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn add_bad(
    tx: &mut SqliteConnection,
    key: &ReconciliationKey,
    rows: &[BadRow],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO reconciliation_bad_row (partner, reconciliation_id, line, reason)
         SELECT ?1, ?2, value ->> 0, value ->> 1 FROM json_each(?3)",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .bind(batch::array(rows.iter().map(|bad| (bad.line, &bad.reason))))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

pub(super) async fn bad_rows(
    connection: &mut SqliteConnection,
    key: &ReconciliationKey,
) -> Result<Vec<BadRow>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM reconciliation_bad_row WHERE partner = ?1 AND reconciliation_id = ?2
         ORDER BY line",
    )
    .bind(key.partner.as_str())
    .bind(key.id.as_str())
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("reconciliation_bad_row", &found, "reason", bad_row)
}
