//! Reads that answer callers; they see what is committed.

use std::collections::BTreeSet;

use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, PersonKey, VoucherId};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::batch::column;
use super::load;
use crate::domain::{Authorization, Counterparty, DailyTotal, Laid, Partner, RequestKey};
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::{AuthorizationKey, Recalled, WALLET_MAX, WalletRead, rows};

pub(super) async fn recall(
    connection: &mut PgConnection,
    key: &RequestKey,
) -> Result<Option<Recalled>, StoreError> {
    let mut laid = Laid::default();
    load::requests(connection, &mut laid, &BTreeSet::from([key.clone()])).await?;
    let Some(remembered) = laid.requests.remove(key) else { return Ok(None) };
    let authorization = match remembered.outcome {
        Ok(Some(id)) => by_id(connection, id).await?,
        Ok(None) | Err(_) => None,
    };
    Ok(Some(Recalled { remembered, authorization }))
}

pub(super) async fn wallet(
    connection: &mut PgConnection,
    person: PersonKey,
    named: &[VoucherId],
    now: Timestamp,
) -> Result<WalletRead, StoreError> {
    let mut laid = Laid::default();
    not_over(connection, &mut laid, person, now).await?;
    if laid.vouchers.is_empty() {
        load::last_of(connection, &mut laid, std::iter::once(&person)).await?;
    }
    if !named.is_empty() {
        let found = sqlx::query(
            r#"SELECT w.*, a.expires_at FROM wallet_voucher AS w
               LEFT JOIN "authorization" AS a
                 ON a.authorization_id = w.held_by AND a.shard = w.shard
               WHERE w.voucher_id = ANY ($1::BYTEA[]) AND w.person_key = $2"#,
        )
        .bind(column(named, |id| *id.as_bytes()))
        .bind(*person.as_bytes())
        .fetch_all(&mut *connection)
        .await
        .map_err(classify)?;
        take_vouchers(&mut laid, &found)?;
    }
    load::campaigns(connection, &mut laid).await?;
    Ok(WalletRead { vouchers: laid.vouchers.into_values().collect(), campaigns: laid.campaigns })
}

pub(super) async fn wallet_page(
    connection: &mut PgConnection,
    person: PersonKey,
    before: Option<VoucherId>,
    limit: u32,
) -> Result<WalletRead, StoreError> {
    let mut laid = Laid::default();
    newest(connection, &mut laid, person, before, limit).await?;
    load::campaigns(connection, &mut laid).await?;
    let newest_first = laid.vouchers.into_values().rev();
    Ok(WalletRead { vouchers: newest_first.collect(), campaigns: laid.campaigns })
}

/// What a checkout looks at of a person, as `lock_vouchers.sql` chooses it.
async fn not_over(
    connection: &mut PgConnection,
    laid: &mut Laid,
    person: PersonKey,
    now: Timestamp,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.authorization_id = w.held_by AND a.shard = w.shard
           WHERE w.person_key = $1 AND w.valid_until > $2
           ORDER BY w.valid_until DESC, w.voucher_id DESC LIMIT $3"#,
    )
    .bind(*person.as_bytes())
    .bind(now.as_micros())
    .bind(i64::from(WALLET_MAX))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    take_vouchers(laid, &found)
}

/// The newest vouchers of a person that are older than `before`.
async fn newest(
    connection: &mut PgConnection,
    laid: &mut Laid,
    person: PersonKey,
    before: Option<VoucherId>,
    limit: u32,
) -> Result<(), StoreError> {
    // The first page goes on before what no id is after.
    let before = before.map_or_else(|| vec![u8::MAX; 17], |id| id.as_bytes().to_vec());
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.authorization_id = w.held_by AND a.shard = w.shard
           WHERE w.person_key = $1 AND w.voucher_id < $2
           ORDER BY w.voucher_id DESC LIMIT $3"#,
    )
    .bind(*person.as_bytes())
    .bind(before)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    take_vouchers(laid, &found)
}

fn take_vouchers(laid: &mut Laid, found: &[PgRow]) -> Result<(), StoreError> {
    let found = read_rows("wallet_voucher", found, "voucher_id", rows::voucher)?;
    laid.vouchers.extend(found.into_iter().map(|voucher| (voucher.voucher_id, voucher)));
    Ok(())
}

pub(super) async fn authorization(
    connection: &mut PgConnection,
    partner: &Partner,
    key: &AuthorizationKey,
) -> Result<Option<Authorization>, StoreError> {
    let id = match key {
        AuthorizationKey::Id(id) => Some(*id),
        AuthorizationKey::Order(number) => {
            let found = sqlx::query(
                "SELECT authorization_id FROM partner_order
                 WHERE order_number = $1 AND partner = $2",
            )
            .bind(number.as_str())
            .bind(partner.as_str())
            .fetch_optional(&mut *connection)
            .await
            .map_err(classify)?;
            let read = |row: Columns<'_>| row.id("authorization_id");
            found.map(|row| read_row("partner_order", &row, read)).transpose()?
        }
    };
    let Some(id) = id else { return Ok(None) };
    Ok(by_id(connection, id).await?.filter(|found| found.partner == *partner))
}

async fn by_id(
    connection: &mut PgConnection,
    id: AuthorizationId,
) -> Result<Option<Authorization>, StoreError> {
    let mut laid = Laid::default();
    load::authorizations(connection, &mut laid, &BTreeSet::from([id])).await?;
    Ok(laid.authorizations.remove(&id))
}

pub(super) async fn daily_totals(
    connection: &mut PgConnection,
    day: BusinessDay,
    whose: Option<&Counterparty>,
) -> Result<Vec<DailyTotal>, StoreError> {
    let found = sqlx::query(
        "SELECT j.partner, j.campaign_id, j.organization,
           count(*) FILTER (WHERE j.kind = 'CAPTURE') AS captures,
           coalesce(sum(abs(e.amount_fen)) FILTER (WHERE j.kind = 'CAPTURE'), 0)::BIGINT
             AS captured_fen,
           count(*) FILTER (WHERE j.kind = 'REFUND') AS refunds,
           coalesce(sum(abs(e.amount_fen)) FILTER (WHERE j.kind = 'REFUND'), 0)::BIGINT
             AS refunded_fen
         FROM journal AS j JOIN entry AS e
           ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
         WHERE j.business_day = $1 AND ($2::TEXT IS NULL OR $3 = CASE $2
           WHEN 'PLATFORM' THEN j.partner WHEN 'FUNDER' THEN j.organization ELSE j.chain END)
         GROUP BY j.partner, j.campaign_id, j.organization
         ORDER BY j.partner, j.campaign_id, j.organization",
    )
    .bind(day.to_string())
    .bind(whose.map(Counterparty::kind))
    .bind(whose.map(Counterparty::name))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("journal", &found, "campaign_id", rows::daily_total)
}
