//! Taking in the voucher feed.

use serde::Serialize;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex};
use crate::domain::{
    Campaign, FeedBatch, FeedCursors, FeedProblem, Found, IssuedVoucher, StockBatch, StockKey,
    advance,
};
use crate::store::campaigns::CampaignColumns;
use crate::store::columns::read_rows;
use crate::store::rows;

/// How far the feed was taken in.
pub(super) async fn cursors(connection: &mut SqliteConnection) -> Result<FeedCursors, StoreError> {
    let (epoch, campaign_position) = source(connection).await?;
    let found = sqlx::query("SELECT * FROM feed_cursor ORDER BY campaign_id, period, slice")
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let stocks = read_rows("feed_cursor", &found, "campaign_id", rows::cursor)?;
    Ok(FeedCursors { epoch, campaign_position, stocks })
}

async fn source(connection: &mut SqliteConnection) -> Result<(Option<[u8; 16]>, i64), StoreError> {
    let found = sqlx::query("SELECT epoch, campaign_position FROM feed_source")
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let found = read_rows("feed_source", &found, "epoch", rows::feed_source)?;
    let source = found.into_iter().next();
    Ok(source.map_or((None, 0), |(epoch, position)| (Some(epoch), position)))
}

/// Takes in what of a message is new.
pub(super) async fn apply(
    tx: &mut SqliteConnection,
    message: &FeedBatch,
) -> Result<Result<(), FeedProblem>, StoreError> {
    let (epoch, campaign_position) = source(tx).await?;
    let stock_position = match &message.vouchers {
        Some(vouchers) => position(tx, &vouchers.stock).await?,
        None => 0,
    };
    let advanced = match advance(epoch, campaign_position, stock_position, message) {
        Ok(advanced) => advanced,
        Err(problem) => return Ok(Err(problem)),
    };
    campaigns(tx, advanced.campaigns).await?;
    if let Some(StockBatch { stock, .. }) = &message.vouchers
        && !advanced.vouchers.is_empty()
    {
        wallets(tx, advanced.vouchers).await?;
        move_cursor(tx, stock, advanced.stock_position).await?;
    }
    sqlx::query(
        "INSERT INTO feed_source (id, epoch, campaign_position) VALUES (1, ?1, ?2)
         ON CONFLICT (id) DO UPDATE SET campaign_position = excluded.campaign_position",
    )
    .bind(message.epoch.to_vec())
    .bind(advanced.campaign_position)
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(Ok(()))
}

/// Takes in what was asked for outside the feed.
pub(super) async fn apply_found(
    tx: &mut SqliteConnection,
    found: &Found,
) -> Result<(), StoreError> {
    campaigns(tx, &found.campaigns).await?;
    wallets(tx, &found.vouchers).await
}

async fn position(tx: &mut SqliteConnection, stock: &StockKey) -> Result<i64, StoreError> {
    let position = sqlx::query_scalar(
        "SELECT position FROM feed_cursor WHERE campaign_id = ?1 AND period = ?2 AND slice = ?3",
    )
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(stock.slice)
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    Ok(position.unwrap_or(0))
}

async fn move_cursor(
    tx: &mut SqliteConnection,
    stock: &StockKey,
    position: i64,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO feed_cursor (campaign_id, period, slice, position) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT (campaign_id, period, slice) DO UPDATE SET position = excluded.position",
    )
    .bind(stock.campaign_id.as_str())
    .bind(&stock.period)
    .bind(stock.slice)
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
async fn wallets(tx: &mut SqliteConnection, vouchers: &[IssuedVoucher]) -> Result<(), StoreError> {
    let rows = vouchers.iter().map(|voucher| {
        (
            voucher.person.shard().0,
            Hex(voucher.voucher_id.as_bytes()),
            Hex(voucher.person.as_bytes()),
            voucher.campaign_id.as_str(),
            voucher.valid_from.as_micros(),
            voucher.valid_until.as_micros(),
            voucher.version,
        )
    });
    sqlx::query(
        "INSERT INTO wallet_voucher (shard, voucher_id, person_key, campaign_id, state, uses_left,
           balance_left, valid_from, valid_until, closing_due, version)
         SELECT k.value ->> 0, unhex(k.value ->> 1), unhex(k.value ->> 2), k.value ->> 3,
           'AVAILABLE', coalesce(c.uses_total, 1), iif(c.kind = 'BALANCE', c.amount_fen, NULL),
           k.value ->> 4, k.value ->> 5, k.value ->> 5, k.value ->> 6
         FROM json_each(?1) AS k LEFT JOIN campaign AS c ON c.campaign_id = k.value ->> 3
         WHERE true
         ON CONFLICT (shard, voucher_id) DO UPDATE SET valid_from = excluded.valid_from,
           valid_until = iif(wallet_voucher.returns = 0, excluded.valid_until,
             max(wallet_voucher.valid_until, excluded.valid_until)),
           closing_due = excluded.closing_due, closed = 0, version = excluded.version
         WHERE excluded.version > wallet_voucher.version",
    )
    .bind(batch::array(rows))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn campaigns(tx: &mut SqliteConnection, changes: &[Campaign]) -> Result<(), StoreError> {
    if changes.is_empty() {
        return Ok(());
    }
    // Ascending, so that the last change of a campaign is the one that stays.
    let mut ascending: Vec<_> = changes.iter().collect();
    ascending.sort_by_key(|change| change.position);
    sqlx::query(include_str!("upsert_campaigns.sql"))
        .bind(batch::array(ascending.into_iter().map(campaign_row)))
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

/// A row in groups, because a tuple has an end.
fn campaign_row(campaign: &Campaign) -> impl Serialize {
    let columns = CampaignColumns::from(campaign);
    let worth = (
        campaign.campaign_id.as_str(),
        campaign.organization.as_str(),
        campaign.policy_id.as_str(),
        columns.state,
        columns.kind,
        columns.threshold_fen,
        columns.amount_fen,
        columns.percent,
        columns.uses_total,
        columns.uses_per_period,
    );
    let scope = (
        columns.use_period,
        columns.goods_categories,
        columns.excluded_categories,
        columns.regions,
        columns.shops,
        columns.hours,
        columns.combines,
        columns.stack_group,
        columns.sequence,
        columns.own_funder_only,
    );
    let rest = (
        columns.order_cap_percent,
        columns.rechecks_membership,
        columns.refund_rule,
        columns.grace_days,
        columns.returns_max,
        campaign.terms.zone().name(),
        &campaign.title_zh,
        &campaign.title_en,
        campaign.position,
    );
    (worth, scope, rest)
}
