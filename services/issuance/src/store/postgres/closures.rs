//! Taking in closures. The row of the source is locked first and stands for all of it: of the
//! replicas that follow one at a time takes in a message. Then the funds are locked by id; nobody
//! who has a fund waits for the source.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clock::Timestamp;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::{PostgresStore, funds};
use crate::domain::{
    Closure, ClosureBatch, ClosureCursor, ClosureEffects, ClosureProblem, ClosureState,
    FundPostingKind, WHOLE, decide_closures,
};
use crate::store::closures::{ClosureStore, closed_voucher, cursor};
use crate::store::rows;

#[async_trait]
impl ClosureStore for PostgresStore {
    async fn closure_cursor(&self) -> Result<ClosureCursor, StoreError> {
        let found = sqlx::query("SELECT id, epoch, position, heard_at FROM closure_source");
        let found = found.fetch_one(&mut *self.reader().await?).await.map_err(classify)?;
        rows::read_row("closure_source", &found, "id", cursor)
    }

    async fn apply_closures(
        &self,
        batch: ClosureBatch,
        at: Timestamp,
    ) -> Result<Result<(), ClosureProblem>, StoreError> {
        let step = async move |tx: &mut _| apply(tx, &batch, at).await;
        self.database.write("apply_closures", step).await
    }
}

async fn apply(
    tx: &mut PgConnection,
    batch: &ClosureBatch,
    at: Timestamp,
) -> Result<Result<(), ClosureProblem>, StoreError> {
    let state = load(tx, &batch.closures).await?;
    let effects = match decide_closures(&state, batch) {
        Ok(effects) => effects,
        Err(problem) => return Ok(Err(problem)),
    };
    for fund in &effects.funds {
        let before = &state.funds[&fund.fund_id];
        funds::post(tx, (before, fund), (FundPostingKind::Close, at)).await?;
    }
    keep(tx, &effects).await?;
    sqlx::query("UPDATE closure_source SET epoch = $1, position = $2, heard_at = $3")
        .bind(batch.epoch.0)
        .bind(effects.position)
        .bind(at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(Ok(()))
}

async fn load(tx: &mut PgConnection, closures: &[Closure]) -> Result<ClosureState, StoreError> {
    let lock = "SELECT id, epoch, position, heard_at FROM closure_source FOR UPDATE";
    let found = sqlx::query(lock).fetch_one(&mut *tx).await.map_err(classify)?;
    let cursor = rows::read_row("closure_source", &found, "id", cursor)?;
    let ids: BTreeSet<_> = closures.iter().map(|one| one.voucher_id).collect();
    let found = sqlx::query(
        "SELECT v.voucher_id, v.liability_fen, c.fund_id, k.version, k.spent_fen, k.unspent_fen
         FROM unnest($1::bytea[]) AS wanted (voucher_id)
         CROSS JOIN LATERAL (
           SELECT * FROM voucher AS v
           WHERE v.slice = $2 AND v.voucher_id = wanted.voucher_id LIMIT 1) AS v
         JOIN campaign AS c ON c.campaign_id = v.campaign_id
         LEFT JOIN closure AS k ON k.slice = v.slice AND k.voucher_id = v.voucher_id",
    )
    .bind(ids.iter().map(|id| id.as_bytes().as_slice()).collect::<Vec<_>>())
    .bind(i16::from(WHOLE))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let vouchers = rows::read_rows("voucher", &found, "voucher_id", closed_voucher)?;
    let fund_ids: BTreeSet<_> =
        vouchers.iter().filter_map(|(_, voucher)| voucher.fund_id.clone()).collect();
    let mut funds = BTreeMap::new();
    for fund_id in fund_ids {
        let fund = funds::locked(tx, &fund_id).await?;
        funds.insert(fund_id, fund);
    }
    Ok(ClosureState { cursor, vouchers: vouchers.into_iter().collect(), funds })
}

async fn keep(tx: &mut PgConnection, effects: &ClosureEffects) -> Result<(), StoreError> {
    let kept = &effects.closures;
    if kept.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "INSERT INTO closure (slice, voucher_id, version, spent_fen, unspent_fen, position)
         SELECT $1, k.* FROM unnest($2::bytea[], $3::bigint[], $4::bigint[], $5::bigint[],
           $6::bigint[]) AS k (voucher_id, version, spent_fen, unspent_fen, position)
         ON CONFLICT (slice, voucher_id) DO UPDATE SET version = excluded.version,
           spent_fen = excluded.spent_fen, unspent_fen = excluded.unspent_fen,
           position = excluded.position",
    )
    .bind(i16::from(WHOLE))
    .bind(kept.iter().map(|(_, one)| one.voucher_id.as_bytes().as_slice()).collect::<Vec<_>>())
    .bind(kept.iter().map(|(_, one)| i64::from(one.version)).collect::<Vec<_>>())
    .bind(kept.iter().map(|(_, one)| one.spent.0).collect::<Vec<_>>())
    .bind(kept.iter().map(|(_, one)| one.unspent.0).collect::<Vec<_>>())
    .bind(kept.iter().map(|(position, _)| *position).collect::<Vec<_>>())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
