//! Closing vouchers that are over.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::VoucherId;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use super::locked::{self, Locked};
use super::{PostgresStore, load};
use crate::domain::{Closure, ClosureEntries, ClosureHead, Laid};
use crate::store::closures::{
    ClosureStore, closure, closure_at, consecutive, head, walked, walked_voucher,
};
use crate::store::columns::{read_row, read_rows};

#[async_trait]
impl ClosureStore for PostgresStore {
    async fn close_vouchers(&self, now: Timestamp, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| close(tx, now, max).await;
        self.database.write("close_vouchers", step).await
    }

    async fn walk_closed_days(&self, now: Timestamp, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| walk(tx, now, max).await;
        self.database.write("walk_closed_days", step).await
    }

    async fn closure_head(&self) -> Result<ClosureHead, StoreError> {
        let found = sqlx::query("SELECT epoch, position FROM closure_head");
        let found = found.fetch_one(&mut *self.reader().await?).await.map_err(classify)?;
        read_row("closure_head", &found, head)
    }

    async fn closures_after(&self, after: i64, limit: u32) -> Result<ClosureEntries, StoreError> {
        let found =
            sqlx::query("SELECT * FROM closure WHERE position > $1 ORDER BY position LIMIT $2")
                .bind(after)
                .bind(i64::from(limit))
                .fetch_all(&mut *self.reader().await?)
                .await
                .map_err(classify)?;
        consecutive(after, read_rows("closure", &found, "voucher_id", closure_at)?)
    }
}

/// Vouchers are locked first, those that are free, and the head last: no step that has the head
/// waits for a voucher.
async fn close(tx: &mut PgConnection, now: Timestamp, max: u32) -> Result<u32, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM wallet_voucher WHERE closing_due <= $1
         ORDER BY closing_due LIMIT $2 FOR UPDATE SKIP LOCKED",
    )
    .bind(now.as_micros())
    .bind(i64::from(max))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    if found.is_empty() {
        return Ok(0);
    }
    let (mut locked, mut laid) = (Locked::default(), Laid::default());
    locked.add(found, now)?;
    load::authorizations(tx, &mut laid, &locked.holders).await?;
    locked.lay_out(&mut laid)?;
    load::campaigns(tx, &mut laid).await?;
    let told = told(tx, &laid).await?;
    let looked = laid.look(&told, now);
    let closures: Vec<_> = looked.iter().filter_map(|(_, one)| one.closure.as_ref()).collect();
    append(tx, &closures, now).await?;
    let due: Vec<_> = looked.iter().map(|(id, one)| (*id, one.due, one.due.is_none())).collect();
    set_due(tx, &due).await?;
    Ok(u32::try_from(due.len()).expect("it is at most `max`"))
}

/// The row of the walk is locked first: nobody who has a voucher waits for it.
async fn walk(tx: &mut PgConnection, now: Timestamp, max: u32) -> Result<u32, StoreError> {
    let found = sqlx::query("SELECT * FROM closure_walk FOR UPDATE").fetch_one(&mut *tx).await;
    let after = read_row("closure_walk", &found.map_err(classify)?, walked)?;
    let found = sqlx::query(
        "SELECT business_day, partner, created_at, transaction_id, voucher_id FROM journal
         WHERE (business_day, partner, created_at, transaction_id) > ($1, $2, $3, $4)
           AND business_day < (SELECT min(day) FROM business_day WHERE state = 'OPEN')
         ORDER BY business_day, partner, created_at, transaction_id LIMIT $5",
    )
    .bind(after.business_day)
    .bind(after.partner)
    .bind(after.created_at)
    .bind(after.transaction_id)
    .bind(i64::from(max))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let rows = read_rows("journal", &found, "transaction_id", walked_voucher)?;
    let Some((last, _)) = rows.last() else { return Ok(0) };
    let ids: BTreeSet<_> = rows.iter().map(|(_, id)| *id).collect();
    locked::by_id(tx, &ids).await?;
    sqlx::query(
        "UPDATE wallet_voucher AS w SET closing_due = least(w.closing_due, $2)
         FROM unnest($1::BYTEA[]) AS k (voucher_id)
         WHERE w.voucher_id = k.voucher_id AND w.shard = get_byte(k.voucher_id, 0)
           AND w.closing_due IS NOT NULL",
    )
    .bind(column(&ids, |id| *id.as_bytes()))
    .bind(now.as_micros())
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    sqlx::query(
        "UPDATE closure_walk
         SET business_day = $1, partner = $2, created_at = $3, transaction_id = $4",
    )
    .bind(&last.business_day)
    .bind(&last.partner)
    .bind(last.created_at)
    .bind(&last.transaction_id)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(u32::try_from(rows.len()).expect("it is at most `max`"))
}

/// What issuance was told last of each voucher.
async fn told(
    tx: &mut PgConnection,
    laid: &Laid,
) -> Result<HashMap<VoucherId, Closure>, StoreError> {
    let found = sqlx::query(
        "SELECT c.* FROM unnest($1::BYTEA[]) AS k (voucher_id) CROSS JOIN LATERAL (
           SELECT * FROM closure AS own
           WHERE own.voucher_id = k.voucher_id AND own.shard = get_byte(k.voucher_id, 0)
           ORDER BY own.version DESC LIMIT 1) AS c",
    )
    .bind(column(laid.vouchers.keys(), |id| *id.as_bytes()))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = read_rows("closure", &found, "voucher_id", closure)?;
    Ok(found.into_iter().map(|closure| (closure.voucher_id, closure)).collect())
}

/// Adds closures at the next positions, which are this step's alone until it ends.
async fn append(
    tx: &mut PgConnection,
    closures: &[&Closure],
    now: Timestamp,
) -> Result<(), StoreError> {
    if closures.is_empty() {
        return Ok(());
    }
    let lock = "SELECT epoch, position FROM closure_head FOR UPDATE";
    let found = sqlx::query(lock).fetch_one(&mut *tx).await.map_err(classify)?;
    let before = read_row("closure_head", &found, head)?.position;
    let positions = (before + 1..).take(closures.len()).collect::<Vec<_>>();
    sqlx::query(
        "WITH added AS (
           INSERT INTO closure (position, shard, voucher_id, campaign_id, version, spent_fen,
             unspent_fen, closed_at)
           SELECT k.position, get_byte(k.voucher_id, 0), k.voucher_id, k.campaign_id, k.version,
             k.spent_fen, k.unspent_fen, $7
           FROM unnest($1::BIGINT[], $2::BYTEA[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[],
             $6::BIGINT[])
             AS k (position, voucher_id, campaign_id, version, spent_fen, unspent_fen))
         UPDATE closure_head SET position = $8",
    )
    .bind(&positions)
    .bind(column(closures, |one| *one.voucher_id.as_bytes()))
    .bind(column(closures, |one| one.campaign_id.as_str()))
    .bind(column(closures, |one| i64::from(one.version)))
    .bind(column(closures, |one| one.spent.0))
    .bind(column(closures, |one| one.unspent.0))
    .bind(now.as_micros())
    .bind(positions.last())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Writes down when vouchers have to be looked at, and whether they are closed; they are locked.
pub(super) async fn set_due(
    tx: &mut PgConnection,
    due: &[(VoucherId, Option<Timestamp>, bool)],
) -> Result<(), StoreError> {
    if due.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "UPDATE wallet_voucher AS w SET closing_due = k.due, closed = k.closed
         FROM unnest($1::BYTEA[], $2::BIGINT[], $3::BIGINT[]) AS k (voucher_id, due, closed)
         WHERE w.voucher_id = k.voucher_id AND w.shard = get_byte(k.voucher_id, 0)",
    )
    .bind(column(due, |(id, ..)| *id.as_bytes()))
    .bind(column(due, |(_, due, _)| due.map(|due| due.as_micros())))
    .bind(column(due, |(.., closed)| i64::from(*closed)))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
