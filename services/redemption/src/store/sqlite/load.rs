//! Laying out what a batch may touch.

use std::collections::{BTreeMap, BTreeSet};

use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey, VoucherId};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{batch, days, shops};
use crate::domain::{Campaign, CampaignId, Command, Laid, OrderKey, RequestKey};
use crate::store::columns::read_rows;
use crate::store::wants::Wants;
use crate::store::{WALLET_MAX, campaigns, rows};

/// Everything that `commands` may touch.
pub(super) async fn lay_out(
    tx: &mut SqliteConnection,
    commands: &[Command],
    now: Timestamp,
) -> Result<Laid, StoreError> {
    let wants = Wants::of(commands, now);
    let mut laid = Laid::default();
    requests(tx, &mut laid, &wants.all_requests()).await?;
    live_orders(tx, &mut laid, &wants.orders).await?;
    wallets(tx, &mut laid, &wants.persons, now).await?;
    vouchers(tx, &mut laid, &wants.vouchers).await?;
    let ids = wants.all_authorizations(&laid);
    authorizations(tx, &mut laid, &ids).await?;
    vouchers_of_authorizations(tx, &mut laid).await?;
    campaigns(tx, &mut laid).await?;
    if !wants.places.places.is_empty() {
        laid.places = shops::registrations(tx, &wants.places).await?;
    }
    if let Some(day) = wants.day {
        laid.day = Some(days::state(tx, day).await?);
    }
    Ok(laid)
}

/// Requests that were answered before.
pub(super) async fn requests(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    keys: &BTreeSet<RequestKey>,
) -> Result<(), StoreError> {
    let keys = keys.iter().map(|(partner, verb, id)| (partner.as_str(), verb.name(), id.as_str()));
    let found = sqlx::query(
        "SELECT r.* FROM json_each(?1) AS k CROSS JOIN request AS r
         WHERE r.partner = k.value ->> 0 AND r.verb = k.value ->> 1
           AND r.request_id = k.value ->> 2",
    )
    .bind(batch::array(keys))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    laid.requests.extend(read_rows("request", &found, "request_id", rows::request)?);
    Ok(())
}

async fn live_orders(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    orders: &BTreeSet<OrderKey>,
) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let orders = orders.iter().map(|(partner, number)| (partner.as_str(), number.as_str()));
    let found = sqlx::query(
        "SELECT o.partner, o.order_number, o.authorization_id
         FROM json_each(?1) AS k CROSS JOIN partner_order AS o
         WHERE o.partner = k.value ->> 0 AND o.order_number = k.value ->> 1 AND o.live = 1",
    )
    .bind(batch::array(orders))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    laid.live_orders.extend(read_rows("partner_order", &found, "order_number", rows::order)?);
    Ok(())
}

/// What a checkout looks at of each person.
pub(super) async fn wallets(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    persons: &BTreeSet<PersonKey>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if persons.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM json_each(?1) AS k CROSS JOIN wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.shard = k.value ->> 0 AND w.voucher_id IN (
             SELECT own.voucher_id FROM wallet_voucher AS own
             WHERE own.shard = k.value ->> 0 AND own.person_key = unhex(k.value ->> 1)
               AND own.valid_until > ?2
             ORDER BY own.valid_until DESC, own.voucher_id DESC LIMIT ?3)"#,
    )
    .bind(batch::array(persons.iter().map(|person| batch::id_row(person.as_bytes()))))
    .bind(now.as_micros())
    .bind(WALLET_MAX)
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    take_vouchers(laid, &found)?;
    let found: BTreeSet<_> = laid.vouchers.values().map(|voucher| voucher.person).collect();
    last_of(tx, laid, persons.difference(&found)).await
}

/// The voucher that ended last of each of `persons`, who have none that is not over.
async fn last_of(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    persons: impl Iterator<Item = &PersonKey>,
) -> Result<(), StoreError> {
    let persons: Vec<_> = persons.map(|person| batch::id_row(person.as_bytes())).collect();
    if persons.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM json_each(?1) AS k CROSS JOIN wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.shard = k.value ->> 0 AND w.voucher_id = (
             SELECT own.voucher_id FROM wallet_voucher AS own
             WHERE own.shard = k.value ->> 0 AND own.person_key = unhex(k.value ->> 1)
             ORDER BY own.valid_until DESC, own.voucher_id DESC LIMIT 1)"#,
    )
    .bind(batch::array(persons))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    take_vouchers(laid, &found)
}

/// Vouchers by id.
pub(super) async fn vouchers(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    ids: &BTreeSet<VoucherId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM json_each(?1) AS k CROSS JOIN wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.shard = k.value ->> 0 AND w.voucher_id = unhex(k.value ->> 1)"#,
    )
    .bind(batch::array(ids.iter().map(|id| batch::id_row(id.as_bytes()))))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    take_vouchers(laid, &found)
}

pub(super) fn take_vouchers(laid: &mut Laid, found: &[SqliteRow]) -> Result<(), StoreError> {
    let found = read_rows("wallet_voucher", found, "voucher_id", rows::voucher)?;
    laid.vouchers.extend(found.into_iter().map(|voucher| (voucher.voucher_id, voucher)));
    Ok(())
}

/// Authorizations by id, with their vouchers' parts and the chains of their shops.
pub(super) async fn authorizations(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    ids: &BTreeSet<AuthorizationId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT a.*, v.voucher_id, v.campaign_id, v.organization, v.discount_fen AS part_fen,
             v.line_discounts, s.chain AS chain_now, s.organization AS registered_by
           FROM json_each(?1) AS k CROSS JOIN "authorization" AS a
           LEFT JOIN authorization_voucher AS v
             ON v.shard = a.shard AND v.authorization_id = a.authorization_id
           LEFT JOIN shop AS s ON s.platform = a.partner AND s.shop_id = a.shop_id
           WHERE a.shard = k.value ->> 0 AND a.authorization_id = unhex(k.value ->> 1)
           ORDER BY k.key, v.position"#,
    )
    .bind(batch::array(ids.iter().map(|id| batch::id_row(id.as_bytes()))))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let found = read_rows("authorization", &found, "authorization_id", rows::authorization)?;
    let refunded = rows::take_authorizations(laid, found);
    refunds(tx, laid, &refunded).await
}

/// The refunds of the authorizations that have some.
async fn refunds(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    refunded: &BTreeMap<AuthorizationId, usize>,
) -> Result<(), StoreError> {
    if refunded.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT r.* FROM json_each(?1) AS k CROSS JOIN refund AS r
         WHERE r.shard = k.value ->> 0 AND r.authorization_id = unhex(k.value ->> 1)
         ORDER BY k.key, r.part",
    )
    .bind(batch::array(refunded.keys().map(|id| batch::id_row(id.as_bytes()))))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = read_rows("refund", &found, "authorization_id", rows::refund)?;
    rows::take_refunds(laid, refunded, found)
}

/// The vouchers of the authorizations that are laid out; each must be in its wallet.
pub(super) async fn vouchers_of_authorizations(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
) -> Result<(), StoreError> {
    let missing = rows::vouchers_missing(laid);
    vouchers(tx, laid, &missing).await?;
    rows::require_vouchers(laid)
}

/// The campaigns of the vouchers that are laid out; a foreign key keeps each of them.
pub(super) async fn campaigns(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
) -> Result<(), StoreError> {
    let ids: BTreeSet<_> = laid.vouchers.values().map(|voucher| &voucher.campaign_id).collect();
    let found = campaigns_by_id(tx, &ids).await?;
    rows::take_campaigns(laid, found)
}

/// Those of some campaigns that are known.
pub(super) async fn campaigns_by_id(
    tx: &mut SqliteConnection,
    ids: &BTreeSet<&CampaignId>,
) -> Result<Vec<Campaign>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = sqlx::query(
        "SELECT c.* FROM json_each(?1) AS k CROSS JOIN campaign AS c WHERE c.campaign_id = k.value",
    )
    .bind(batch::array(ids.iter().map(|id| id.as_str())))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    read_rows("campaign", &found, "campaign_id", campaigns::campaign)
}
