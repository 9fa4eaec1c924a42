//! Reads that answer callers; they see what is committed.

use std::collections::BTreeSet;

use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, PersonKey, VoucherId};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::load;
use crate::domain::{Authorization, Counterparty, DailyTotal, Laid, Partner, RequestKey};
use crate::store::columns::{Columns, read_rows};
use crate::store::{AuthorizationKey, Recalled, WalletRead, rows};

pub(super) async fn recall(
    connection: &mut SqliteConnection,
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
    connection: &mut SqliteConnection,
    person: PersonKey,
    named: &[VoucherId],
    now: Timestamp,
) -> Result<WalletRead, StoreError> {
    let mut laid = Laid::default();
    load::wallets(connection, &mut laid, &BTreeSet::from([person]), now).await?;
    load::vouchers(connection, &mut laid, &named.iter().copied().collect()).await?;
    laid.vouchers.retain(|_, voucher| voucher.person == person);
    load::campaigns(connection, &mut laid).await?;
    Ok(WalletRead { vouchers: laid.vouchers.into_values().collect(), campaigns: laid.campaigns })
}

pub(super) async fn wallet_page(
    connection: &mut SqliteConnection,
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

/// The newest vouchers of a person that are older than `before`.
async fn newest(
    connection: &mut SqliteConnection,
    laid: &mut Laid,
    person: PersonKey,
    before: Option<VoucherId>,
    limit: u32,
) -> Result<(), StoreError> {
    // The first page goes on before what no id is after.
    let before = before.map_or_else(|| vec![u8::MAX; 17], |id| id.as_bytes().to_vec());
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM wallet_voucher AS w INDEXED BY wallet_voucher_of_person
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.shard = ?1 AND w.person_key = ?2 AND w.voucher_id < ?3
           ORDER BY w.voucher_id DESC LIMIT ?4"#,
    )
    .bind(person.shard().0)
    .bind(person.as_bytes().to_vec())
    .bind(before)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    load::take_vouchers(laid, &found)
}

pub(super) async fn authorization(
    connection: &mut SqliteConnection,
    partner: &Partner,
    key: &AuthorizationKey,
) -> Result<Option<Authorization>, StoreError> {
    let id = match key {
        AuthorizationKey::Id(id) => Some(*id),
        AuthorizationKey::Order(number) => {
            let found = sqlx::query(
                "SELECT partner, authorization_id FROM partner_order
                 WHERE partner = ?1 AND order_number = ?2",
            )
            .bind(partner.as_str())
            .bind(number.as_str())
            .fetch_all(&mut *connection)
            .await
            .map_err(classify)?;
            let read = |row: Columns<'_>| row.id("authorization_id");
            read_rows("partner_order", &found, "partner", read)?.pop()
        }
    };
    let Some(id) = id else { return Ok(None) };
    Ok(by_id(connection, id).await?.filter(|found| found.partner == *partner))
}

async fn by_id(
    connection: &mut SqliteConnection,
    id: AuthorizationId,
) -> Result<Option<Authorization>, StoreError> {
    let mut laid = Laid::default();
    load::authorizations(connection, &mut laid, &BTreeSet::from([id])).await?;
    Ok(laid.authorizations.remove(&id))
}

pub(super) async fn daily_totals(
    connection: &mut SqliteConnection,
    day: BusinessDay,
    whose: Option<&Counterparty>,
) -> Result<Vec<DailyTotal>, StoreError> {
    let found = sqlx::query(
        "SELECT j.partner, j.campaign_id, j.organization,
           sum(j.kind = 'CAPTURE') AS captures,
           sum(iif(j.kind = 'CAPTURE', abs(e.amount_fen), 0)) AS captured_fen,
           sum(j.kind = 'REFUND') AS refunds,
           sum(iif(j.kind = 'REFUND', abs(e.amount_fen), 0)) AS refunded_fen
         FROM journal AS j JOIN entry AS e
           ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
         WHERE j.business_day = ?1 AND (?2 IS NULL OR ?3 = CASE ?2
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
