//! Closing vouchers that are over.

use std::collections::{BTreeSet, HashMap};

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::VoucherId;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex, id_row};
use super::{SqliteStore, load, save};
use crate::domain::{Closure, ClosureEntries, ClosureHead, Laid};
use crate::store::closures::{
    ClosureStore, closure, closure_at, consecutive, head, walked, walked_voucher,
};
use crate::store::columns::{read_row, read_rows};

#[async_trait]
impl ClosureStore for SqliteStore {
    async fn close_vouchers(&self, now: Timestamp, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| close(tx, now, max).await;
        self.database.write("close_vouchers", step).await
    }

    async fn walk_closed_days(&self, now: Timestamp, max: u32) -> Result<u32, StoreError> {
        let step = async move |tx: &mut _| walk(tx, now, max).await;
        self.database.write("walk_closed_days", step).await
    }

    async fn closure_head(&self) -> Result<ClosureHead, StoreError> {
        let mut connection = self.reader().await?;
        read_head(&mut connection).await
    }

    async fn closures_after(&self, after: i64, limit: u32) -> Result<ClosureEntries, StoreError> {
        let mut connection = self.reader().await?;
        let found =
            sqlx::query("SELECT * FROM closure WHERE position > ?1 ORDER BY position LIMIT ?2")
                .bind(after)
                .bind(limit)
                .fetch_all(&mut *connection)
                .await
                .map_err(classify)?;
        consecutive(after, read_rows("closure", &found, "voucher_id", closure_at)?)
    }
}

async fn close(tx: &mut SqliteConnection, now: Timestamp, max: u32) -> Result<u32, StoreError> {
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM wallet_voucher AS w INDEXED BY wallet_voucher_due
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.closing_due <= ?1 ORDER BY w.closing_due LIMIT ?2"#,
    )
    .bind(now.as_micros())
    .bind(max)
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let mut laid = Laid::default();
    load::take_vouchers(&mut laid, &found)?;
    load::campaigns(tx, &mut laid).await?;
    let told = told(tx, laid.vouchers.keys()).await?;
    let looked = laid.look(&told, now);
    append(tx, looked.iter().filter_map(|(_, looked)| looked.closure.as_ref()), now).await?;
    let due: Vec<_> = looked.iter().map(|(id, one)| (*id, one.due, one.due.is_none())).collect();
    set_due(tx, &due).await?;
    Ok(batch::count(due.len()))
}

async fn walk(tx: &mut SqliteConnection, now: Timestamp, max: u32) -> Result<u32, StoreError> {
    let found = sqlx::query("SELECT * FROM closure_walk").fetch_one(&mut *tx).await;
    let after = read_row("closure_walk", &found.map_err(classify)?, walked)?;
    let found = sqlx::query(
        "SELECT business_day, partner, created_at, transaction_id, voucher_id FROM journal
         WHERE (business_day, partner, created_at, transaction_id) > (?1, ?2, ?3, ?4)
           AND business_day < (SELECT min(day) FROM business_day WHERE state = 'OPEN')
         ORDER BY business_day, partner, created_at, transaction_id LIMIT ?5",
    )
    .bind(after.business_day)
    .bind(after.partner)
    .bind(after.created_at)
    .bind(after.transaction_id)
    .bind(max)
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let rows = read_rows("journal", &found, "transaction_id", walked_voucher)?;
    let Some((last, _)) = rows.last() else { return Ok(0) };
    let update = "
        UPDATE wallet_voucher SET closing_due = min(closing_due, k.value ->> 2)
        FROM json_each(?1) AS k
        WHERE shard = k.value ->> 0 AND voucher_id = unhex(k.value ->> 1)
          AND closing_due IS NOT NULL";
    let ids: BTreeSet<_> = rows.iter().map(|(_, id)| *id).collect();
    let due = ids.iter().map(|id| {
        let (shard, id) = id_row(id.as_bytes());
        (shard, id, now.as_micros())
    });
    save::run(tx, update, due).await?;
    sqlx::query(
        "UPDATE closure_walk
         SET business_day = ?1, partner = ?2, created_at = ?3, transaction_id = ?4",
    )
    .bind(&last.business_day)
    .bind(&last.partner)
    .bind(last.created_at)
    .bind(&last.transaction_id)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(batch::count(rows.len()))
}

/// What issuance was told last of each voucher.
async fn told(
    tx: &mut SqliteConnection,
    ids: impl Iterator<Item = &VoucherId>,
) -> Result<HashMap<VoucherId, Closure>, StoreError> {
    let found = sqlx::query(
        "SELECT c.* FROM json_each(?1) AS k CROSS JOIN closure AS c
         WHERE c.shard = k.value ->> 0 AND c.voucher_id = unhex(k.value ->> 1)
         ORDER BY c.version",
    )
    .bind(batch::array(ids.map(|id| id_row(id.as_bytes()))))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = read_rows("closure", &found, "voucher_id", closure)?;
    // The last of each stays.
    Ok(found.into_iter().map(|closure| (closure.voucher_id, closure)).collect())
}

async fn read_head(connection: &mut SqliteConnection) -> Result<ClosureHead, StoreError> {
    let found = sqlx::query("SELECT epoch, position FROM closure_head").fetch_one(connection).await;
    read_row("closure_head", &found.map_err(classify)?, head)
}

/// Adds closures at the next positions.
async fn append(
    tx: &mut SqliteConnection,
    closures: impl Iterator<Item = &Closure>,
    now: Timestamp,
) -> Result<(), StoreError> {
    let before = read_head(tx).await?.position;
    let rows: Vec<_> = closures.zip(before + 1..).map(|row| closure_row(row, now)).collect();
    let count = i64::from(batch::count(rows.len()));
    let insert = "
        INSERT INTO closure (position, shard, voucher_id, campaign_id, version, spent_fen,
          unspent_fen, closed_at)
        SELECT value ->> 0, value ->> 1, unhex(value ->> 2), value ->> 3, value ->> 4, value ->> 5,
          value ->> 6, value ->> 7
        FROM json_each(?1)";
    save::run(tx, insert, rows).await?;
    sqlx::query("UPDATE closure_head SET position = ?1")
        .bind(before + count)
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

fn closure_row(
    (closure, position): (&Closure, i64),
    now: Timestamp,
) -> (i64, u8, Hex<[u8; 16]>, String, u32, i64, i64, i64) {
    let (shard, id) = id_row(closure.voucher_id.as_bytes());
    let campaign_id = closure.campaign_id.to_string();
    let (spent, unspent) = (closure.spent.0, closure.unspent.0);
    (position, shard, id, campaign_id, closure.version, spent, unspent, now.as_micros())
}

/// Writes down when vouchers have to be looked at, and whether they are closed.
pub(super) async fn set_due(
    tx: &mut SqliteConnection,
    due: &[(VoucherId, Option<Timestamp>, bool)],
) -> Result<(), StoreError> {
    let update = "
        UPDATE wallet_voucher SET closing_due = k.value ->> 2, closed = k.value ->> 3
        FROM json_each(?1) AS k
        WHERE shard = k.value ->> 0 AND voucher_id = unhex(k.value ->> 1)";
    let rows = due.iter().map(|(id, due, closed)| {
        let (shard, id) = id_row(id.as_bytes());
        (shard, id, due.map(|due| due.as_micros()), u8::from(*closed))
    });
    save::run(tx, update, rows).await.map(drop)
}
