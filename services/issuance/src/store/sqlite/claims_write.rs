//! What a batch of claims leaves behind, one statement a table.

use serde_json::json;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::array;
use crate::domain::{ClaimEffects, Stock, StockKey, Voucher, WHOLE};
use crate::store::claims::{Limit, first_position};
use crate::store::rows::hex;

pub(super) async fn write(
    tx: &mut SqliteConnection,
    effects: &ClaimEffects,
    limit: &Limit,
    before: Stock,
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
    insert_feed(tx, &winners, &first.stock).await?;
    count(tx, &first.stock, before, effects.stock).await
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
