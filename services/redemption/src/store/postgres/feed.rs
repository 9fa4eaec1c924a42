//! Taking in the voucher feed.

use std::collections::BTreeMap;

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use crate::domain::{
    Campaign, FeedBatch, FeedCursors, FeedProblem, Found, IssuedVoucher, StockBatch, StockKey,
    advance,
};
use crate::store::campaigns::CampaignColumns;
use crate::store::columns::{read_row, read_rows};
use crate::store::rows;

/// How far the feed was taken in.
pub(super) async fn cursors(connection: &mut PgConnection) -> Result<FeedCursors, StoreError> {
    let found = sqlx::query("SELECT epoch, campaign_position FROM feed_source")
        .fetch_optional(&mut *connection)
        .await
        .map_err(classify)?;
    let source = found.map(|row| read_row("feed_source", &row, rows::feed_source)).transpose()?;
    let found = sqlx::query("SELECT * FROM feed_cursor ORDER BY campaign_id, period, slice")
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let stocks = read_rows("feed_cursor", &found, "campaign_id", rows::cursor)?;
    let (epoch, campaign_position) = source.unzip();
    Ok(FeedCursors { epoch, campaign_position: campaign_position.unwrap_or(0), stocks })
}

/// Takes in what of a message is new.
///
/// The row of the source is locked first and stands for all cursors: of the replicas that follow
/// the feed one at a time takes in a message, and the next finds the cursors behind it. Then rows
/// are written in the order of their keys: campaigns, vouchers, the cursor.
pub(super) async fn apply(
    tx: &mut PgConnection,
    message: &FeedBatch,
) -> Result<Result<(), FeedProblem>, StoreError> {
    let (epoch, campaign_position) = lock_source(tx).await?.unzip();
    let campaign_position = campaign_position.unwrap_or(0);
    let stock_position = match &message.vouchers {
        Some(vouchers) => position(tx, &vouchers.stock).await?,
        None => 0,
    };
    let advanced = match advance(epoch, campaign_position, stock_position, message) {
        Ok(advanced) => advanced,
        Err(problem) => return Ok(Err(problem)),
    };
    campaigns(tx, advanced.campaigns).await?;
    wallets(tx, advanced.vouchers).await?;
    if let Some(StockBatch { stock, .. }) = &message.vouchers
        && !advanced.vouchers.is_empty()
    {
        move_cursor(tx, stock, advanced.stock_position).await?;
    }
    if epoch.is_none() || advanced.campaign_position > campaign_position {
        move_source(tx, message.epoch, advanced.campaign_position).await?;
    }
    Ok(Ok(()))
}

/// Takes in what was asked for outside the feed.
pub(super) async fn apply_found(tx: &mut PgConnection, found: &Found) -> Result<(), StoreError> {
    campaigns(tx, &found.campaigns).await?;
    wallets(tx, &found.vouchers).await
}

/// The feed's epoch and the cursor of the campaigns, locked.
async fn lock_source(tx: &mut PgConnection) -> Result<Option<([u8; 16], i64)>, StoreError> {
    let lock = "SELECT epoch, campaign_position FROM feed_source FOR UPDATE";
    let mut found = sqlx::query(lock).fetch_optional(&mut *tx).await.map_err(classify)?;
    if found.is_none() {
        // There is no row yet that could be locked: nobody else may write the first one.
        let alone = sqlx::query("LOCK TABLE feed_source IN SHARE ROW EXCLUSIVE MODE");
        alone.execute(&mut *tx).await.map_err(classify)?;
        found = sqlx::query(lock).fetch_optional(tx).await.map_err(classify)?;
    }
    found.map(|row| read_row("feed_source", &row, rows::feed_source)).transpose()
}

async fn move_source(
    tx: &mut PgConnection,
    epoch: [u8; 16],
    position: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feed_source (id, epoch, campaign_position) VALUES (1, $1, $2)
         ON CONFLICT (id) DO UPDATE SET campaign_position = excluded.campaign_position",
    )
    .bind(epoch)
    .bind(position)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn position(tx: &mut PgConnection, stock: &StockKey) -> Result<i64, StoreError> {
    let position = sqlx::query_scalar(
        "SELECT position FROM feed_cursor WHERE campaign_id = $1 AND period = $2 AND slice = $3",
    )
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(i64::from(stock.slice))
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    Ok(position.unwrap_or(0))
}

async fn move_cursor(
    tx: &mut PgConnection,
    stock: &StockKey,
    position: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feed_cursor (campaign_id, period, slice, position) VALUES ($1, $2, $3, $4)
         ON CONFLICT (campaign_id, period, slice) DO UPDATE SET position = excluded.position",
    )
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(i64::from(stock.slice))
    .bind(position)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Vouchers are new or already there; of one that is there only a later version changes anything,
/// and never what its owner has done with it: where a right came back, the validity that it was
/// given then is kept when it ends later. A new one has what its campaign's terms give; one
/// whose campaign is not there is refused by the foreign key.
async fn wallets(tx: &mut PgConnection, vouchers: &[IssuedVoucher]) -> Result<(), StoreError> {
    let mut latest = BTreeMap::new();
    for voucher in vouchers {
        let kept = latest.entry(voucher.voucher_id).or_insert(voucher);
        if voucher.version > kept.version {
            *kept = voucher;
        }
    }
    if latest.is_empty() {
        return Ok(());
    }
    let latest: Vec<&IssuedVoucher> = latest.into_values().collect();
    sqlx::query(
        "INSERT INTO wallet_voucher (shard, voucher_id, person_key, campaign_id, state, uses_left,
           balance_left, valid_from, valid_until, closing_due, version)
         SELECT get_byte(k.person_key, 0), k.voucher_id, k.person_key, k.campaign_id, 'AVAILABLE',
           coalesce(c.uses_total, 1), CASE c.kind WHEN 'BALANCE' THEN c.amount_fen END,
           k.valid_from, k.valid_until, k.valid_until, k.version
         FROM unnest($1::BYTEA[], $2::BYTEA[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[],
           $6::BIGINT[])
           AS k (voucher_id, person_key, campaign_id, valid_from, valid_until, version)
         LEFT JOIN campaign AS c ON c.campaign_id = k.campaign_id
         ORDER BY k.voucher_id
         ON CONFLICT (voucher_id, shard) DO UPDATE SET valid_from = excluded.valid_from,
           valid_until = CASE wallet_voucher.returns WHEN 0 THEN excluded.valid_until
             ELSE greatest(wallet_voucher.valid_until, excluded.valid_until) END,
           closing_due = excluded.closing_due, closed = 0, version = excluded.version
         WHERE excluded.version > wallet_voucher.version",
    )
    .bind(column(&latest, |one| *one.voucher_id.as_bytes()))
    .bind(column(&latest, |one| *one.person.as_bytes()))
    .bind(column(&latest, |one| one.campaign_id.as_str()))
    .bind(column(&latest, |one| one.valid_from.as_micros()))
    .bind(column(&latest, |one| one.valid_until.as_micros()))
    .bind(column(&latest, |one| i64::from(one.version)))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn campaigns(tx: &mut PgConnection, changes: &[Campaign]) -> Result<(), StoreError> {
    // The last change of a campaign is the one that stays.
    let mut latest: BTreeMap<&str, &Campaign> = BTreeMap::new();
    for change in changes {
        let kept = latest.entry(change.campaign_id.as_str()).or_insert(change);
        if change.position > kept.position {
            *kept = change;
        }
    }
    if latest.is_empty() {
        return Ok(());
    }
    let latest: Vec<&Campaign> = latest.into_values().collect();
    let columns: Vec<_> = latest.iter().map(|change| CampaignColumns::from(*change)).collect();
    sqlx::query(include_str!("upsert_campaigns.sql"))
        .bind(column(&latest, |one| one.campaign_id.as_str()))
        .bind(column(&latest, |one| one.organization.as_str()))
        .bind(column(&latest, |one| one.policy_id.as_str()))
        .bind(column(&columns, |one| one.state))
        .bind(column(&columns, |one| one.kind))
        .bind(column(&columns, |one| one.threshold_fen))
        .bind(column(&columns, |one| one.amount_fen))
        .bind(column(&columns, |one| one.percent))
        .bind(column(&columns, |one| one.uses_total))
        .bind(column(&columns, |one| one.uses_per_period))
        .bind(column(&columns, |one| one.use_period))
        .bind(column(&columns, |one| one.goods_categories.as_str()))
        .bind(column(&columns, |one| one.excluded_categories.as_str()))
        .bind(column(&columns, |one| one.regions.as_str()))
        .bind(column(&columns, |one| one.shops))
        .bind(column(&columns, |one| one.hours.as_str()))
        .bind(column(&columns, |one| one.combines))
        .bind(column(&columns, |one| one.stack_group.as_str()))
        .bind(column(&columns, |one| one.sequence))
        .bind(column(&columns, |one| one.own_funder_only))
        .bind(column(&columns, |one| one.order_cap_percent))
        .bind(column(&columns, |one| one.rechecks_membership))
        .bind(column(&columns, |one| one.refund_rule))
        .bind(column(&columns, |one| one.grace_days))
        .bind(column(&columns, |one| one.returns_max))
        .bind(column(&latest, |one| one.terms.zone().name()))
        .bind(column(&latest, |one| one.title_zh.as_str()))
        .bind(column(&latest, |one| one.title_en.as_str()))
        .bind(column(&latest, |one| one.position))
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}
