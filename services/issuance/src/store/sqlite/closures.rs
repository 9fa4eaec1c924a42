//! Taking in closures.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use clock::Timestamp;
use serde_json::json;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::array;
use super::{SqliteStore, funds};
use crate::domain::{
    Closure, ClosureBatch, ClosureCursor, ClosureEffects, ClosureProblem, ClosureState,
    FundPostingKind, WHOLE, decide_closures,
};
use crate::store::claims::missing_fund;
use crate::store::closures::{ClosureStore, closed_voucher, cursor};
use crate::store::rows::{self, hex};

#[async_trait]
impl ClosureStore for SqliteStore {
    async fn closure_cursor(&self) -> Result<ClosureCursor, StoreError> {
        read_cursor(&mut *self.reader().await?).await
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

async fn read_cursor(connection: &mut SqliteConnection) -> Result<ClosureCursor, StoreError> {
    let found = sqlx::query("SELECT id, epoch, position, heard_at FROM closure_source");
    let found = found.fetch_one(connection).await.map_err(classify)?;
    rows::read_row("closure_source", &found, "id", cursor)
}

async fn apply(
    tx: &mut SqliteConnection,
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
    sqlx::query("UPDATE closure_source SET epoch = ?1, position = ?2, heard_at = ?3")
        .bind(batch.epoch.0.to_vec())
        .bind(effects.position)
        .bind(at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(Ok(()))
}

async fn load(tx: &mut SqliteConnection, closures: &[Closure]) -> Result<ClosureState, StoreError> {
    let cursor = read_cursor(tx).await?;
    let ids: BTreeSet<_> = closures.iter().map(|one| one.voucher_id).collect();
    let found = sqlx::query(
        "SELECT v.voucher_id, v.liability_fen, c.fund_id, k.version, k.spent_fen, k.unspent_fen
         FROM json_each(?1) AS wanted
         CROSS JOIN voucher AS v ON v.slice = ?2 AND v.voucher_id = unhex(wanted.value)
         CROSS JOIN campaign AS c ON c.campaign_id = v.campaign_id
         LEFT JOIN closure AS k ON k.slice = v.slice AND k.voucher_id = v.voucher_id",
    )
    .bind(array(ids.iter().map(|id| hex(id.as_bytes()).into())))
    .bind(WHOLE)
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let vouchers = rows::read_rows("voucher", &found, "voucher_id", closed_voucher)?;
    let fund_ids: BTreeSet<_> =
        vouchers.iter().filter_map(|(_, voucher)| voucher.fund_id.clone()).collect();
    let mut funds = BTreeMap::new();
    for fund_id in fund_ids {
        let fund = funds::fund(tx, &fund_id).await?.ok_or_else(|| missing_fund(&fund_id))?;
        funds.insert(fund_id, fund);
    }
    Ok(ClosureState { cursor, vouchers: vouchers.into_iter().collect(), funds })
}

async fn keep(tx: &mut SqliteConnection, effects: &ClosureEffects) -> Result<(), StoreError> {
    let kept = effects.closures.iter().map(|(position, one)| {
        let (spent, unspent) = (one.spent.0, one.unspent.0);
        json!([hex(one.voucher_id.as_bytes()), one.version, spent, unspent, position])
    });
    sqlx::query(
        "INSERT INTO closure (slice, voucher_id, version, spent_fen, unspent_fen, position)
         SELECT ?2, unhex(k.value ->> 0), k.value ->> 1, k.value ->> 2, k.value ->> 3,
           k.value ->> 4
         FROM json_each(?1) AS k WHERE true
         ON CONFLICT (slice, voucher_id) DO UPDATE SET version = excluded.version,
           spent_fen = excluded.spent_fen, unspent_fen = excluded.unspent_fen,
           position = excluded.position",
    )
    .bind(array(kept))
    .bind(WHOLE)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
