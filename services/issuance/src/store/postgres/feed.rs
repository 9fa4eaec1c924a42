//! What followers of the feed read. Every statement sees what was committed when it began.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{CampaignId, Epoch, FeedHeads, StockKey, VoucherEntries};
use crate::store::CampaignAt;
use crate::store::feed::consecutive;
use crate::store::programmes::Programmes;
use crate::store::rows::{self, Columns as _};

pub(super) async fn epoch(connection: &mut PgConnection) -> Result<Epoch, StoreError> {
    let row =
        sqlx::query("SELECT key, decode(value, 'hex') AS epoch FROM meta WHERE key = 'epoch'")
            .fetch_one(connection)
            .await
            .map_err(classify)?;
    rows::read_row("meta", &row, "key", |row| {
        let bytes = row.bytes("epoch")?.try_into();
        bytes.map(Epoch).map_err(|_| String::from("epoch is not 16 bytes"))
    })
}

/// The stocks are read first: what they hold was issued under campaign changes up to a head that
/// is read after them.
pub(super) async fn heads(connection: &mut PgConnection) -> Result<FeedHeads, StoreError> {
    let found = sqlx::query(
        "SELECT campaign_id, period, slice, feed_head FROM stock WHERE feed_head > 0
         ORDER BY campaign_id, period, slice",
    )
    .fetch_all(&mut *connection)
    .await
    .map_err(classify)?;
    let stocks = rows::read_rows("stock", &found, "campaign_id", |row| {
        Ok((rows::stock_key(row)?, row.integer("feed_head")?))
    })?;
    let campaign_position =
        sqlx::query_scalar("SELECT coalesce(max(position), 0) FROM campaign_feed")
            .fetch_one(connection)
            .await
            .map_err(classify)?;
    Ok(FeedHeads { campaign_position, stocks })
}

pub(super) async fn campaigns(
    connection: &mut PgConnection,
    programmes: &Programmes,
    (after, limit): (i64, u32),
) -> Result<Vec<CampaignAt>, StoreError> {
    let found = sqlx::query(
        "SELECT f.position, f.state, f.created_at, c.campaign_id, c.programme, c.digest
         FROM campaign_feed AS f JOIN campaign AS c ON c.campaign_id = f.campaign_id
         WHERE f.position > $1 ORDER BY f.position LIMIT $2",
    )
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    found.iter().map(|row| programmes.campaign_at(row)).collect()
}

pub(super) async fn latest_changes(
    connection: &mut PgConnection,
    programmes: &Programmes,
    campaign_ids: &[CampaignId],
) -> Result<Vec<CampaignAt>, StoreError> {
    let wanted: Vec<_> = campaign_ids.iter().map(CampaignId::as_str).collect();
    let found = sqlx::query(
        "SELECT f.position, f.state, f.created_at, c.campaign_id, c.programme, c.digest
         FROM campaign_feed AS f JOIN campaign AS c ON c.campaign_id = f.campaign_id
         WHERE f.position IN (
           SELECT max(position) FROM campaign_feed
           WHERE campaign_id = ANY($1) GROUP BY campaign_id)
         ORDER BY f.position",
    )
    .bind(wanted)
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    found.iter().map(|row| programmes.campaign_at(row)).collect()
}

pub(super) async fn vouchers(
    connection: &mut PgConnection,
    stock: &StockKey,
    (after, limit): (i64, u32),
) -> Result<VoucherEntries, StoreError> {
    let found = sqlx::query(
        "SELECT f.position, v.*
         FROM feed AS f
         CROSS JOIN LATERAL (
           SELECT * FROM voucher AS v
           WHERE v.slice = f.slice AND v.voucher_id = f.voucher_id LIMIT 1) AS v
         WHERE f.campaign_id = $1 AND f.period = $2 AND f.slice = $3 AND f.position > $4
         ORDER BY f.position LIMIT $5",
    )
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(i16::from(stock.slice))
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    let entries = rows::read_rows("feed", &found, "voucher_id", |row| {
        Ok((row.integer("position")?, rows::voucher(row)?))
    })?;
    consecutive(stock, after, entries)
}
