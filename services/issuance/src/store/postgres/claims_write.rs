//! What a batch of claims leaves behind, one statement a table.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{ClaimEffects, Stock, StockKey, WHOLE, Winner};
use crate::store::claims::{Limit, first_position};

/// Limit rows are written first and by person: the only rows that batches of two stocks can both
/// want, at midnight, when a limit spans them.
pub(super) async fn write(
    tx: &mut PgConnection,
    effects: &ClaimEffects,
    limit: &Limit,
    before: Stock,
) -> Result<(), StoreError> {
    let rows = Rows::of(effects);
    let stock = &effects.winners[0].voucher.stock;
    insert_limits(tx, &rows, limit).await?;
    insert_requests(tx, &rows, stock).await?;
    insert_vouchers(tx, &rows, effects).await?;
    insert_feed(tx, &rows, stock).await?;
    count(tx, stock, before, effects.stock).await
}

/// The winners column by column, ordered by person.
struct Rows<'a> {
    winners: Vec<&'a Winner>,
    voucher_ids: Vec<[u8; 16]>,
    persons: Vec<[u8; 16]>,
    members: Vec<[u8; 16]>,
    shards: Vec<i16>,
    serials: Vec<i64>,
    positions: Vec<i64>,
}

impl<'a> Rows<'a> {
    fn of(effects: &'a ClaimEffects) -> Self {
        let first = first_position(effects);
        let mut placed: Vec<_> = (first..).zip(&effects.winners).collect();
        placed.sort_by_key(|(position, winner)| (winner.voucher.person, *position));
        let vouchers = || placed.iter().map(|(_, winner)| &winner.voucher);
        Self {
            voucher_ids: vouchers().map(|voucher| *voucher.voucher_id.as_bytes()).collect(),
            persons: vouchers().map(|voucher| *voucher.person.as_bytes()).collect(),
            members: vouchers().map(|voucher| *voucher.member_id.as_bytes()).collect(),
            shards: vouchers().map(|voucher| i16::from(voucher.person.shard().0)).collect(),
            serials: vouchers().map(|voucher| i64::from(voucher.serial)).collect(),
            positions: placed.iter().map(|(position, _)| *position).collect(),
            winners: placed.into_iter().map(|(_, winner)| winner).collect(),
        }
    }
}

async fn insert_limits(
    tx: &mut PgConnection,
    rows: &Rows<'_>,
    limit: &Limit,
) -> Result<(), StoreError> {
    let numbers: Vec<_> = rows.winners.iter().map(|winner| i64::from(winner.n)).collect();
    sqlx::query(
        "INSERT INTO person_limit (person_key, slice, limit_id, period, n, voucher_id)
         SELECT person_key, $4, $5, $6, n, voucher_id
         FROM unnest($1::bytea[], $2::bigint[], $3::bytea[]) AS won (person_key, n, voucher_id)",
    )
    .bind(&rows.persons)
    .bind(numbers)
    .bind(&rows.voucher_ids)
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
    rows: &Rows<'_>,
    stock: &StockKey,
) -> Result<(), StoreError> {
    let callers: Vec<_> = rows.winners.iter().map(|winner| winner.partner.as_str()).collect();
    let requests: Vec<_> = rows.winners.iter().map(|winner| winner.request_id.as_str()).collect();
    sqlx::query(
        "INSERT INTO claim_request (person_key, slice, campaign_id, caller, request_id, shard,
           member_id, voucher_id)
         SELECT person_key, $7, $8, caller, request_id, shard, member_id, voucher_id
         FROM unnest($1::bytea[], $2::text[], $3::text[], $4::smallint[], $5::bytea[], $6::bytea[])
           AS won (person_key, caller, request_id, shard, member_id, voucher_id)",
    )
    .bind(&rows.persons)
    .bind(callers)
    .bind(requests)
    .bind(&rows.shards)
    .bind(&rows.members)
    .bind(&rows.voucher_ids)
    .bind(i16::from(stock.slice))
    .bind(stock.campaign_id.as_str())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// All vouchers of one batch have the stock, instant, validity and liability of the first.
async fn insert_vouchers(
    tx: &mut PgConnection,
    rows: &Rows<'_>,
    effects: &ClaimEffects,
) -> Result<(), StoreError> {
    let first = &effects.winners[0].voucher;
    sqlx::query(
        "INSERT INTO voucher (slice, voucher_id, shard, person_key, member_id, campaign_id, period,
           serial, valid_from, valid_until, liability_fen, issued_at, state, version)
         SELECT $6, voucher_id, shard, person_key, member_id, $7, $8, serial, $9, $10, $11, $12,
           'ISSUED', $13
         FROM unnest($1::bytea[], $2::smallint[], $3::bytea[], $4::bytea[], $5::bigint[])
           AS won (voucher_id, shard, person_key, member_id, serial)",
    )
    .bind(&rows.voucher_ids)
    .bind(&rows.shards)
    .bind(&rows.persons)
    .bind(&rows.members)
    .bind(&rows.serials)
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

async fn insert_feed(
    tx: &mut PgConnection,
    rows: &Rows<'_>,
    stock: &StockKey,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feed (campaign_id, period, slice, position, voucher_id, kind)
         SELECT $3, $4, $5, position, voucher_id, 'ISSUED'
         FROM unnest($1::bigint[], $2::bytea[]) AS won (position, voucher_id)",
    )
    .bind(&rows.positions)
    .bind(&rows.voucher_ids)
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
