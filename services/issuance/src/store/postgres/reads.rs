//! What is read of campaigns, stocks and vouchers.

use member_identity::VoucherId;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::{Campaign, CampaignId, Stock, StockKey, WHOLE};
use crate::store::programmes::Programmes;
use crate::store::{CampaignQuery, Issued, VoucherQuery, rows};

pub(super) async fn campaign(
    connection: &mut PgConnection,
    programmes: &Programmes,
    campaign_id: &CampaignId,
) -> Result<Option<Campaign>, StoreError> {
    let row = sqlx::query("SELECT * FROM campaign WHERE campaign_id = $1")
        .bind(campaign_id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| programmes.campaign(&row)).transpose()
}

/// An organization is seen when it is the given one, or below it, or above it.
pub(super) async fn campaigns(
    connection: &mut PgConnection,
    programmes: &Programmes,
    query: &CampaignQuery,
) -> Result<Vec<Campaign>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM campaign
         WHERE campaign_id > $1
           AND ($2::text IS NULL OR organization = $2
                OR starts_with(organization, $2 || '/')
                OR starts_with($2, organization || '/'))
         ORDER BY campaign_id LIMIT $3",
    )
    .bind(query.after.as_ref().map_or("", CampaignId::as_str))
    .bind(query.seen_from.as_ref().map(|organization| organization.as_str()))
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    found.iter().map(|row| programmes.campaign(row)).collect()
}

pub(super) async fn stock(
    connection: &mut PgConnection,
    key: &StockKey,
) -> Result<Option<Stock>, StoreError> {
    let row = sqlx::query(
        "SELECT campaign_id, quota, issued, returned, feed_head FROM stock
         WHERE campaign_id = $1 AND period = $2 AND slice = $3",
    )
    .bind(key.campaign_id.as_str())
    .bind(&key.period)
    .bind(i16::from(key.slice))
    .fetch_optional(connection)
    .await
    .map_err(classify)?;
    row.map(|row| rows::read_row("stock", &row, "campaign_id", rows::stock)).transpose()
}

pub(super) async fn voucher(
    connection: &mut PgConnection,
    programmes: &Programmes,
    voucher_id: VoucherId,
) -> Result<Option<Issued>, StoreError> {
    let row = sqlx::query(
        "SELECT v.*, c.programme, c.digest
         FROM voucher AS v JOIN campaign AS c ON c.campaign_id = v.campaign_id
         WHERE v.slice = $1 AND v.voucher_id = $2",
    )
    .bind(i16::from(WHOLE))
    .bind(voucher_id.as_bytes().as_slice())
    .fetch_optional(connection)
    .await
    .map_err(classify)?;
    row.map(|row| programmes.issued(&row)).transpose()
}

/// Ids of one person's vouchers sort by age.
pub(super) async fn vouchers(
    connection: &mut PgConnection,
    programmes: &Programmes,
    query: &VoucherQuery,
) -> Result<Vec<Issued>, StoreError> {
    let found = sqlx::query(
        "SELECT v.*, c.programme, c.digest
         FROM voucher AS v JOIN campaign AS c ON c.campaign_id = v.campaign_id
         WHERE v.person_key = $1 AND ($2::bytea IS NULL OR v.voucher_id < $2)
           AND ($3::bigint IS NULL OR v.valid_until > $3)
         ORDER BY v.voucher_id DESC LIMIT $4",
    )
    .bind(query.person.as_bytes().as_slice())
    .bind(query.before.as_ref().map(|id| id.as_bytes().as_slice()))
    .bind(query.unexpired_at.map(|at| at.as_micros()))
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    found.iter().map(|row| programmes.issued(row)).collect()
}
