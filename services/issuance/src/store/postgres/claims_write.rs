//! What a batch of claims leaves behind, one statement a table.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{ClaimEffects, Stock, StockKey, Voucher, WHOLE, Winner};
use crate::store::claims::{Limit, first_position};

/// Limit rows are written first: the only rows that batches of two stocks can both want, at
/// midnight, when a limit spans them. Whoever writes rows of persons does so in their order.
pub(super) async fn write(
    tx: &mut PgConnection,
    effects: &ClaimEffects,
    limit: &Limit,
    before: Stock,
) -> Result<(), StoreError> {
    let mut by_person: Vec<_> = effects.winners.iter().collect();
    by_person.sort_by_key(|winner| (winner.voucher.person, winner.n));
    let stock = &effects.winners[0].voucher.stock;
    insert_limits(tx, &by_person, limit).await?;
    insert_requests(tx, &by_person, stock).await?;
    insert_vouchers(tx, &effects.winners).await?;
    insert_feed(tx, effects).await?;
    count(tx, stock, before, effects.stock).await
}

/// One column of the winners' vouchers.
fn column<'a, T>(
    winners: impl IntoIterator<Item = &'a Winner>,
    read: impl Fn(&Voucher) -> T,
) -> Vec<T> {
    winners.into_iter().map(|winner| read(&winner.voucher)).collect()
}

fn voucher_ids<'a>(winners: impl IntoIterator<Item = &'a Winner>) -> Vec<[u8; 16]> {
    column(winners, |voucher| *voucher.voucher_id.as_bytes())
}

fn persons<'a>(winners: impl IntoIterator<Item = &'a Winner>) -> Vec<[u8; 16]> {
    column(winners, |voucher| *voucher.person.as_bytes())
}

fn members<'a>(winners: impl IntoIterator<Item = &'a Winner>) -> Vec<[u8; 16]> {
    column(winners, |voucher| *voucher.member_id.as_bytes())
}

fn shards<'a>(winners: impl IntoIterator<Item = &'a Winner>) -> Vec<i16> {
    column(winners, |voucher| i16::from(voucher.person.shard().0))
}

async fn insert_limits(
    tx: &mut PgConnection,
    winners: &[&Winner],
    limit: &Limit,
) -> Result<(), StoreError> {
    let numbers: Vec<_> = winners.iter().map(|winner| i64::from(winner.n)).collect();
    sqlx::query(
        "INSERT INTO person_limit (person_key, slice, limit_id, period, n, voucher_id)
         SELECT person_key, $4, $5, $6, n, voucher_id
         FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS won (person_key, n, voucher_id)",
    )
    .bind(persons(winners.iter().copied()))
    .bind(numbers)
    .bind(voucher_ids(winners.iter().copied()))
    .bind(i16::from(WHOLE))
    .bind(&limit.limit_id)
    .bind(&limit.period)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn insert_requests(
    tx: &mut PgConnection,
    winners: &[&Winner],
    stock: &StockKey,
) -> Result<(), StoreError> {
    let callers: Vec<_> = winners.iter().map(|winner| winner.partner.as_str()).collect();
    let requests: Vec<_> = winners.iter().map(|winner| winner.request_id.as_str()).collect();
    sqlx::query(
        "INSERT INTO claim_request (person_key, slice, campaign_id, caller, request_id, shard,
           member_id, voucher_id)
         SELECT person_key, $7, $8, caller, request_id, shard, member_id, voucher_id
         FROM unnest($1::bytea[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::bytea[])
           AS won (person_key, caller, request_id, shard, member_id, voucher_id)",
    )
    .bind(persons(winners.iter().copied()))
    .bind(callers)
    .bind(requests)
    .bind(shards(winners.iter().copied()))
    .bind(members(winners.iter().copied()))
    .bind(voucher_ids(winners.iter().copied()))
    .bind(i16::from(stock.slice))
    .bind(stock.campaign_id.as_str())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// All vouchers of one batch have the stock, instant, validity and liability of the first.
async fn insert_vouchers(tx: &mut PgConnection, winners: &[Winner]) -> Result<(), StoreError> {
    let first = &winners[0].voucher;
    sqlx::query(
        "INSERT INTO voucher (slice, voucher_id, shard, person_key, member_id, campaign_id, period,
           serial, valid_from, valid_until, liability_fen, issued_at, state, version)
         SELECT $6, voucher_id, shard, person_key, member_id, $7, $8, serial, $9, $10, $11, $12,
           'ISSUED', $13
         FROM unnest($1::bytea[], $2::smallint[], $3::bytea[], $4::bytea[], $5::bigint[])
           AS won (voucher_id, shard, person_key, member_id, serial)",
    )
    .bind(voucher_ids(winners))
    .bind(shards(winners))
    .bind(persons(winners))
    .bind(members(winners))
    .bind(column(winners, |voucher| i64::from(voucher.serial)))
    .bind(i16::from(first.stock.slice))
    .bind(first.stock.campaign_id.as_str())
    .bind(&first.stock.period)
    .bind(first.valid_from.as_micros())
    .bind(first.valid_until.as_micros())
    .bind(first.liability.0)
    .bind(first.issued_at.as_micros())
    .bind(i64::from(first.version))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// In the order of the positions, so that the key grows at its end.
async fn insert_feed(tx: &mut PgConnection, effects: &ClaimEffects) -> Result<(), StoreError> {
    let stock = &effects.winners[0].voucher.stock;
    let positions: Vec<_> = (first_position(effects)..=effects.stock.feed_head).collect();
    sqlx::query(
        "INSERT INTO feed (campaign_id, period, slice, position, voucher_id, kind)
         SELECT $3, $4, $5, position, voucher_id, 'ISSUED'
         FROM unnest($1::bigint[], $2::bytea[]) AS won (position, voucher_id)",
    )
    .bind(positions)
    .bind(voucher_ids(&effects.winners))
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(i16::from(stock.slice))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Moves the counters from what was read under the lock; anything else there is a conflict.
async fn count(
    tx: &mut PgConnection,
    key: &StockKey,
    before: Stock,
    after: Stock,
) -> Result<(), StoreError> {
    let updated = sqlx::query(
        "UPDATE stock SET issued = $1, feed_head = $2
         WHERE campaign_id = $3 AND period = $4 AND slice = $5
           AND issued = $6 AND feed_head = $7 AND state = 'OPEN'",
    )
    .bind(i64::from(after.issued))
    .bind(after.feed_head)
    .bind(key.campaign_id.as_str())
    .bind(&key.period)
    .bind(i16::from(key.slice))
    .bind(i64::from(before.issued))
    .bind(before.feed_head)
    .execute(tx)
    .await
    .map_err(classify)?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
