//! Laying out what a batch may touch.

use std::collections::{BTreeMap, BTreeSet};

use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use super::locked::{self, Locked};
use super::{days, shops};
use crate::domain::{Campaign, CampaignId, Command, Laid, OrderKey, RequestKey};
use crate::store::columns::read_rows;
use crate::store::wants::Wants;
use crate::store::{PlacesAsked, campaigns, rows};

/// Rounds of locking: the first one, and a few for what was made while it waited.
const ROUNDS_MAX: u32 = 4;

/// Everything that `commands` may touch, locked so that it stays as it is.
pub(super) async fn lay_out(
    tx: &mut PgConnection,
    commands: &[Command],
    now: Timestamp,
) -> Result<Laid, StoreError> {
    let wants = Wants::of(commands, now);
    let mut laid = Laid::default();
    if let Some(today) = wants.day {
        laid.day = Some(days::keep_open(tx, today, now).await?);
    }
    let mut locked = locked::wanted(tx, &wants, now).await?;
    // What is read from here on was committed before the locks were had, or later.
    requests(tx, &mut laid, &wants.all_requests()).await?;
    live_orders(tx, &mut laid, &wants.orders).await?;
    lock_the_rest(tx, &mut laid, &mut locked, (&wants, now)).await?;
    locked.lay_out(&mut laid)?;
    last_of(tx, &mut laid, wants.persons.difference(&locked.persons)).await?;
    campaigns(tx, &mut laid).await?;
    places(tx, &mut laid, &wants.places).await?;
    Ok(laid)
}

/// What is registered of the places of orders, and what is stopped: whatever was answered before
/// this is read is met.
async fn places(
    tx: &mut PgConnection,
    laid: &mut Laid,
    asked: &PlacesAsked,
) -> Result<(), StoreError> {
    if !asked.places.is_empty() {
        laid.places = shops::registrations(tx, asked).await?;
    }
    Ok(())
}

/// Reads the authorizations, and locks the vouchers of those that may change and were not known
/// when the first locks were taken: those that the batch names, and those whose time has run out.
async fn lock_the_rest(
    tx: &mut PgConnection,
    laid: &mut Laid,
    locked: &mut Locked,
    (wants, now): (&Wants, Timestamp),
) -> Result<(), StoreError> {
    let named = wants.named_authorizations(laid);
    for _ in 0..ROUNDS_MAX {
        let mut ids = wants.all_authorizations(laid);
        ids.extend(&locked.holders);
        laid.authorizations.clear();
        authorizations(tx, laid, &ids).await?;
        let changing = laid.authorizations.values();
        let changing = changing
            .filter(|one| one.has_lapsed(now) || named.contains(&one.authorization_id))
            .flat_map(|one| &one.vouchers);
        let vouchers = changing.map(|applied| applied.voucher_id);
        let missing: BTreeSet<_> = vouchers.filter(|id| !locked.ids.contains(id)).collect();
        if missing.is_empty() {
            return Ok(());
        }
        let found = locked::by_id(tx, &missing).await?;
        locked.add(found, now)?;
        if let Some(id) = missing.difference(&locked.ids).next() {
            return Err(rows::in_no_wallet(*id));
        }
    }
    Err(StoreError::Conflict)
}

/// Requests that were answered before.
pub(super) async fn requests(
    tx: &mut PgConnection,
    laid: &mut Laid,
    keys: &BTreeSet<RequestKey>,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT r.partner, r.verb, r.request_id, r.fingerprint, r.outcome, r.reason, r.details,
           r.authorization_id, r.created_at
         FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[]) AS k (partner, verb, request_id)
         JOIN request AS r
           ON r.request_id = k.request_id AND r.partner = k.partner AND r.verb = k.verb",
    )
    .bind(column(keys, |(partner, ..)| partner.as_str()))
    .bind(column(keys, |(_, verb, _)| verb.name()))
    .bind(column(keys, |(.., id)| id.as_str()))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    laid.requests.extend(read_rows("request", &found, "request_id", rows::request)?);
    Ok(())
}

async fn live_orders(
    tx: &mut PgConnection,
    laid: &mut Laid,
    orders: &BTreeSet<OrderKey>,
) -> Result<(), StoreError> {
    if orders.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT o.partner, o.order_number, o.authorization_id
         FROM unnest($1::TEXT[], $2::TEXT[]) AS k (partner, order_number)
         JOIN partner_order AS o ON o.order_number = k.order_number AND o.partner = k.partner
         WHERE o.live = 1",
    )
    .bind(column(orders, |(partner, _)| partner.as_str()))
    .bind(column(orders, |(_, number)| number.as_str()))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    laid.live_orders.extend(read_rows("partner_order", &found, "order_number", rows::order)?);
    Ok(())
}

/// Authorizations by id, with their vouchers' parts and the chains of their shops.
pub(super) async fn authorizations(
    tx: &mut PgConnection,
    laid: &mut Laid,
    ids: &BTreeSet<AuthorizationId>,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT a.authorization_id, a.person_key, a.partner, a.order_number,
             a.authorize_request_id, a.state, a.order_amount_fen, a.created_at, a.expires_at,
             a.captured_at, a.captured_on, a.refunded_at, a.refunded_on, a.closed_at,
             a.line_amounts, a.captured_amounts, a.refunds, a.shop_id, a.chain, v.voucher_id,
             v.campaign_id, v.organization, v.discount_fen AS part_fen, v.line_discounts,
             s.chain AS chain_now, s.organization AS registered_by
           FROM unnest($1::BYTEA[]) AS k (authorization_id)
           JOIN "authorization" AS a
             ON a.authorization_id = k.authorization_id
               AND a.shard = get_byte(k.authorization_id, 0)
           LEFT JOIN authorization_voucher AS v
             ON v.authorization_id = a.authorization_id AND v.shard = a.shard
           LEFT JOIN LATERAL (
             SELECT * FROM shop WHERE shop.platform = a.partner AND shop.shop_id = a.shop_id
             LIMIT 1) AS s ON true
           ORDER BY a.authorization_id, v.position"#,
    )
    .bind(column(ids, |id| *id.as_bytes()))
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let found = read_rows("authorization", &found, "authorization_id", rows::authorization)?;
    let refunded = rows::take_authorizations(laid, found);
    refunds(tx, laid, &refunded).await
}

/// The refunds of the authorizations that have some.
async fn refunds(
    tx: &mut PgConnection,
    laid: &mut Laid,
    refunded: &BTreeMap<AuthorizationId, usize>,
) -> Result<(), StoreError> {
    if refunded.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT r.* FROM unnest($1::BYTEA[]) AS k (authorization_id)
         JOIN refund AS r
           ON r.authorization_id = k.authorization_id AND r.shard = get_byte(k.authorization_id, 0)
         ORDER BY r.authorization_id, r.part",
    )
    .bind(column(refunded.keys(), |id| *id.as_bytes()))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = read_rows("refund", &found, "authorization_id", rows::refund)?;
    rows::take_refunds(laid, refunded, found)
}

/// The voucher that ended last of each of `persons`, who have none that is not over: it says why
/// there is nothing to hold, and is not changed, so that it needs no lock.
pub(super) async fn last_of(
    tx: &mut PgConnection,
    laid: &mut Laid,
    persons: impl Iterator<Item = &PersonKey>,
) -> Result<(), StoreError> {
    let persons: Vec<_> = persons.map(|person| *person.as_bytes()).collect();
    if persons.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at
           FROM unnest($1::BYTEA[]) AS k (person_key) CROSS JOIN LATERAL (
             SELECT own.* FROM wallet_voucher AS own WHERE own.person_key = k.person_key
             ORDER BY own.valid_until DESC, own.voucher_id DESC LIMIT 1) AS w
           LEFT JOIN "authorization" AS a
             ON a.authorization_id = w.held_by AND a.shard = w.shard"#,
    )
    .bind(persons)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    for voucher in read_rows("wallet_voucher", &found, "voucher_id", rows::voucher)? {
        laid.vouchers.entry(voucher.voucher_id).or_insert(voucher);
    }
    Ok(())
}

/// The campaigns of the vouchers that are laid out; a foreign key keeps each of them.
pub(super) async fn campaigns(tx: &mut PgConnection, laid: &mut Laid) -> Result<(), StoreError> {
    let ids: BTreeSet<_> = laid.vouchers.values().map(|voucher| &voucher.campaign_id).collect();
    let found = campaigns_by_id(tx, &ids).await?;
    rows::take_campaigns(laid, found)
}

/// Those of some campaigns that are known.
pub(super) async fn campaigns_by_id(
    tx: &mut PgConnection,
    ids: &BTreeSet<&CampaignId>,
) -> Result<Vec<Campaign>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = sqlx::query("SELECT * FROM campaign WHERE campaign_id = ANY ($1::TEXT[])")
        .bind(column(ids, |id| id.as_str()))
        .fetch_all(tx)
        .await
        .map_err(classify)?;
    read_rows("campaign", &found, "campaign_id", campaigns::campaign)
}
