//! One batch of claims: load under the writer's lock, decide, write.

use std::collections::HashMap;
use std::sync::Arc;

use member_identity::PersonKey;
use serde_json::json;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::array;
use super::reads;
use crate::domain::{
    Campaign, ClaimCommand, ClaimEffects, ClaimKey, ClaimState, Stock, StockKey, Voucher, WHOLE,
    decide_claims,
};
use crate::store::claims::{Limit, answers, first_position, missing};
use crate::store::programmes::Programmes;
use crate::store::rows::{self, hex};
use crate::store::{ClaimAnswers, ClaimBatch};

/// Everything of one batch, within one transaction.
pub(super) async fn decide(
    tx: &mut SqliteConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<ClaimAnswers, StoreError> {
    let campaign = reads::campaign(tx, programmes, &batch.campaign_id).await?;
    let campaign = campaign.ok_or_else(|| missing(&batch.campaign_id))?;
    let programme = Arc::clone(&campaign.programme);
    let stock_key = campaign.stock_key(batch.at);
    let state = load(tx, campaign, batch).await?;
    let (before, limit) = (state.stock, Limit::of(&state.campaign, batch.at));
    let effects = decide_claims(state, &batch.judged_by, &batch.commands, batch.at);
    if !effects.winners.is_empty() {
        write(tx, &effects, &limit).await?;
        count(tx, &stock_key, before, effects.stock).await?;
    }
    Ok(answers(effects, &programme))
}

// --- load ---

async fn load(
    tx: &mut SqliteConnection,
    campaign: Campaign,
    batch: &ClaimBatch,
) -> Result<ClaimState, StoreError> {
    let key = campaign.stock_key(batch.at);
    let stock = reads::stock(tx, &key).await?;
    let limit = Limit::of(&campaign, batch.at);
    Ok(ClaimState {
        // The row is made with the first voucher; until then the stock is full.
        stock: stock.unwrap_or_else(|| campaign.full_stock()),
        replays: replays(tx, &key, &batch.commands).await?,
        taken: taken(tx, &limit, &batch.commands).await?,
        campaign,
    })
}

async fn replays(
    tx: &mut SqliteConnection,
    stock: &StockKey,
    commands: &[ClaimCommand],
) -> Result<HashMap<ClaimKey, Voucher>, StoreError> {
    let keys = commands.iter().filter_map(ClaimCommand::key).map(|key| {
        json!([hex(key.person.as_bytes()), key.partner.as_str(), key.request_id.as_str()])
    });
    let found = sqlx::query(
        "SELECT r.caller, r.request_id, v.*
         FROM json_each(?1) AS wanted
         CROSS JOIN claim_request AS r
           ON r.person_key = unhex(wanted.value ->> 0) AND r.slice = ?2 AND r.campaign_id = ?3
              AND r.caller = wanted.value ->> 1 AND r.request_id = wanted.value ->> 2
         CROSS JOIN voucher AS v ON v.slice = r.slice AND v.voucher_id = r.voucher_id",
    )
    .bind(array(keys))
    .bind(WHOLE)
    .bind(stock.campaign_id.as_str())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = rows::read_rows("claim_request", &found, "voucher_id", rows::replay)?;
    Ok(read.into_iter().collect())
}

async fn taken(
    tx: &mut SqliteConnection,
    limit: &Limit,
    commands: &[ClaimCommand],
) -> Result<HashMap<PersonKey, u32>, StoreError> {
    let persons = commands.iter().filter_map(|command| command.verdict.person());
    let found = sqlx::query(
        "SELECT person_key, count(*) AS taken FROM person_limit
         WHERE person_key IN (SELECT unhex(value) FROM json_each(?1))
           AND slice = ?2 AND limit_id = ?3 AND period = ?4
         GROUP BY person_key",
    )
    .bind(array(persons.map(|person| hex(person.as_bytes()).into())))
    .bind(WHOLE)
    .bind(&limit.limit_id)
    .bind(&limit.period)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = rows::read_rows("person_limit", &found, "person_key", rows::taken)?;
    Ok(read.into_iter().collect())
}

// --- write ---

async fn write(
    tx: &mut SqliteConnection,
    effects: &ClaimEffects,
    limit: &Limit,
) -> Result<(), StoreError> {
    let positions = first_position(effects)..;
    let winners = array(effects.winners.iter().zip(positions).map(|(winner, position)| {
        let voucher = &winner.voucher;
        json!([
            hex(voucher.voucher_id.as_bytes()),
            hex(voucher.person.as_bytes()),
            hex(voucher.member_id.as_bytes()),
            voucher.person.shard().0,
            voucher.serial,
            position,
            winner.n,
            winner.partner.as_str(),
            winner.request_id.as_str(),
        ])
    }));
    let first = &effects.winners[0].voucher;
    ensure_stock(tx, first, effects.stock).await?;
    insert_vouchers(tx, &winners, first).await?;
    insert_limits(tx, &winners, limit).await?;
    insert_requests(tx, &winners, &first.stock).await?;
    insert_feed(tx, &winners, &first.stock).await
}

/// The stock's row, made when the first voucher of its period is.
async fn ensure_stock(
    tx: &mut SqliteConnection,
    first: &Voucher,
    stock: Stock,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stock (campaign_id, period, slice, quota) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (campaign_id, period, slice) DO NOTHING",
    )
    .bind(first.stock.campaign_id.as_str())
    .bind(&first.stock.period)
    .bind(first.stock.slice)
    .bind(stock.quota)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// All vouchers of one batch have the stock, instant, validity and liability of the first.
async fn insert_vouchers(
    tx: &mut SqliteConnection,
    winners: &str,
    first: &Voucher,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO voucher (slice, voucher_id, shard, person_key, member_id, campaign_id, period,
           serial, valid_from, valid_until, liability_fen, issued_at, state, version)
         SELECT ?2, unhex(value ->> 0), value ->> 3, unhex(value ->> 1), unhex(value ->> 2), ?3, ?4,
           value ->> 4, ?5, ?6, ?7, ?8, 'ISSUED', ?9
         FROM json_each(?1)",
    )
    .bind(winners)
    .bind(first.stock.slice)
    .bind(first.stock.campaign_id.as_str())
    .bind(&first.stock.period)
    .bind(first.valid_from.as_micros())
    .bind(first.valid_until.as_micros())
    .bind(first.liability.0)
    .bind(first.issued_at.as_micros())
    .bind(first.version)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn insert_limits(
    tx: &mut SqliteConnection,
    winners: &str,
    limit: &Limit,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO person_limit (person_key, slice, limit_id, period, n, voucher_id)
         SELECT unhex(value ->> 1), ?2, ?3, ?4, value ->> 6, unhex(value ->> 0)
         FROM json_each(?1)",
    )
    .bind(winners)
    .bind(WHOLE)
    .bind(&limit.limit_id)
    .bind(&limit.period)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn insert_requests(
    tx: &mut SqliteConnection,
    winners: &str,
    stock: &StockKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO claim_request (person_key, slice, campaign_id, caller, request_id, shard,
           member_id, voucher_id)
         SELECT unhex(value ->> 1), ?2, ?3, value ->> 7, value ->> 8, value ->> 3,
           unhex(value ->> 2), unhex(value ->> 0)
         FROM json_each(?1)",
    )
    .bind(winners)
    .bind(stock.slice)
    .bind(stock.campaign_id.as_str())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn insert_feed(
    tx: &mut SqliteConnection,
    winners: &str,
    stock: &StockKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feed (campaign_id, period, slice, position, voucher_id, kind)
         SELECT ?2, ?3, ?4, value ->> 5, unhex(value ->> 0), 'ISSUED' FROM json_each(?1)",
    )
    .bind(winners)
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(stock.slice)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Moves the counters from what was read; anything else there is a conflict.
async fn count(
    tx: &mut SqliteConnection,
    key: &StockKey,
    before: Stock,
    after: Stock,
) -> Result<(), StoreError> {
    let updated = sqlx::query(
        "UPDATE stock SET issued = ?1, feed_head = ?2
         WHERE campaign_id = ?3 AND period = ?4 AND slice = ?5
           AND issued = ?6 AND feed_head = ?7 AND state = 'OPEN'",
    )
    .bind(after.issued)
    .bind(after.feed_head)
    .bind(key.campaign_id.as_str())
    .bind(&key.period)
    .bind(key.slice)
    .bind(before.issued)
    .bind(before.feed_head)
    .execute(tx)
    .await
    .map_err(classify)?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
