//! Laying out what a batch may touch.

use std::collections::BTreeSet;

use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey, VoucherId};
use serde_json::{Value, json};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;
use sqlx::sqlite::SqliteRow;

use super::{batch, days, rows};
use crate::domain::{
    Action, Command, Laid, RequestKey, Verb, VoidTarget, VoucherStage, Wanted, business_day,
};
use crate::store::WALLET_MAX;

/// Everything that `commands` may touch.
pub(super) async fn lay_out(
    tx: &mut SqliteConnection,
    commands: &[Command],
    now: Timestamp,
) -> Result<Laid, StoreError> {
    let mut laid = Laid::default();
    requests(tx, &mut laid, &request_keys(commands)).await?;
    marks(tx, &mut laid, commands).await?;
    live_orders(tx, &mut laid, commands).await?;
    wallets(tx, &mut laid, commands).await?;
    let ids = authorization_ids(&laid, commands);
    authorizations(tx, &mut laid, &ids).await?;
    vouchers_of_authorizations(tx, &mut laid).await?;
    campaigns(tx, &mut laid).await?;
    if commands.iter().any(books) {
        laid.day = Some(days::state(tx, business_day(now)).await?);
    }
    Ok(laid)
}

fn books(command: &Command) -> bool {
    matches!(command.action, Action::Capture(_) | Action::Refund(_))
}

/// The batch's own requests, and the Authorize requests that its voids name.
fn request_keys(commands: &[Command]) -> BTreeSet<RequestKey> {
    let own = commands
        .iter()
        .map(|command| (command.partner.clone(), command.verb(), command.request_id.clone()));
    let named = commands.iter().filter_map(|command| match &command.action {
        Action::Void(VoidTarget::Request(id)) => {
            Some((command.partner.clone(), Verb::Authorize, id.clone()))
        }
        Action::Void(VoidTarget::Authorization(_))
        | Action::Authorize(_)
        | Action::Capture(_)
        | Action::Refund(_) => None,
    });
    own.chain(named).collect()
}

/// Requests that were answered before.
pub(super) async fn requests(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    keys: &BTreeSet<RequestKey>,
) -> Result<(), StoreError> {
    let keys =
        keys.iter().map(|(partner, verb, id)| json!([partner.as_str(), verb.name(), id.as_str()]));
    let found = sqlx::query(
        "SELECT r.* FROM json_each(?1) AS k CROSS JOIN request AS r
         WHERE r.partner = k.value ->> 0 AND r.verb = k.value ->> 1
           AND r.request_id = k.value ->> 2",
    )
    .bind(batch::array(keys))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = rows::read_rows("request", &found, "request_id", |row| {
        let verb = Verb::from_name(row.text("verb")?).ok_or("an unknown verb")?;
        let key = (row.parsed("partner")?, verb, row.parsed("request_id")?);
        Ok((key, rows::remembered(row)?))
    })?;
    laid.requests = found.into_iter().collect();
    Ok(())
}

/// The void marks of all Authorize requests that the batch brings or names.
async fn marks(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    commands: &[Command],
) -> Result<(), StoreError> {
    let named = commands.iter().filter_map(|command| match &command.action {
        Action::Authorize(_) => Some((&command.partner, &command.request_id)),
        Action::Void(VoidTarget::Request(id)) => Some((&command.partner, id)),
        Action::Void(VoidTarget::Authorization(_)) | Action::Capture(_) | Action::Refund(_) => None,
    });
    let named: Vec<Value> =
        named.map(|(partner, id)| json!([partner.as_str(), id.as_str()])).collect();
    if named.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT m.partner, m.authorize_request_id FROM json_each(?1) AS k CROSS JOIN void_mark AS m
         WHERE m.partner = k.value ->> 0 AND m.authorize_request_id = k.value ->> 1",
    )
    .bind(batch::array(named))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = rows::read_rows("void_mark", &found, "authorize_request_id", |row| {
        Ok((row.parsed("partner")?, row.parsed("authorize_request_id")?))
    })?;
    laid.marks = found.into_iter().collect();
    Ok(())
}

async fn live_orders(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    commands: &[Command],
) -> Result<(), StoreError> {
    let orders = commands.iter().filter_map(|command| match &command.action {
        Action::Authorize(authorize) => {
            let number = &authorize.asked.order.number;
            Some(json!([command.partner.as_str(), number.as_str()]))
        }
        Action::Capture(_) | Action::Void(_) | Action::Refund(_) => None,
    });
    let orders: Vec<Value> = orders.collect();
    if orders.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT o.partner, o.order_number, o.authorization_id
         FROM json_each(?1) AS k CROSS JOIN partner_order AS o
         WHERE o.partner = k.value ->> 0 AND o.order_number = k.value ->> 1 AND o.live = 1",
    )
    .bind(batch::array(orders))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = rows::read_rows("partner_order", &found, "order_number", |row| {
        let key = (row.parsed("partner")?, row.parsed("order_number")?);
        Ok((key, row.id("authorization_id")?))
    })?;
    laid.live_orders = found.into_iter().collect();
    Ok(())
}

/// The wallets of the persons whose orders these are, and the vouchers that are named.
async fn wallets(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    commands: &[Command],
) -> Result<(), StoreError> {
    let mut persons = BTreeSet::new();
    let mut named = BTreeSet::new();
    for command in commands {
        if let Action::Authorize(authorize) = &command.action {
            persons.insert(authorize.person);
            if let Wanted::Named(ids) = &authorize.asked.wanted {
                named.extend(ids.iter().copied());
            }
        }
    }
    wallets_of(tx, laid, &persons).await?;
    vouchers(tx, laid, &named).await
}

/// The newest vouchers of each person.
pub(super) async fn wallets_of(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    persons: &BTreeSet<PersonKey>,
) -> Result<(), StoreError> {
    if persons.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        r#"SELECT w.*, a.expires_at FROM json_each(?1) AS k CROSS JOIN wallet_voucher AS w
           LEFT JOIN "authorization" AS a ON a.shard = w.shard AND a.authorization_id = w.held_by
           WHERE w.shard = k.value ->> 0 AND w.voucher_id IN (
             SELECT newest.voucher_id FROM wallet_voucher AS newest
             WHERE newest.shard = k.value ->> 0 AND newest.person_key = unhex(k.value ->> 1)
             ORDER BY newest.voucher_id DESC LIMIT ?2)"#,
    )
    .bind(batch::array(persons.iter().map(|person| batch::id_row(person.as_bytes()))))
    .bind(WALLET_MAX)
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
    let found = rows::read_rows("wallet_voucher", found, "voucher_id", rows::voucher)?;
    laid.vouchers.extend(found.into_iter().map(|voucher| (voucher.voucher_id, voucher)));
    Ok(())
}

/// The authorizations that the batch names, that its requests made, that its orders have, and
/// that hold one of its vouchers.
fn authorization_ids(laid: &Laid, commands: &[Command]) -> Vec<AuthorizationId> {
    let named = commands.iter().filter_map(|command| match &command.action {
        Action::Capture(id) | Action::Refund(id) | Action::Void(VoidTarget::Authorization(id)) => {
            Some(*id)
        }
        Action::Authorize(_) | Action::Void(VoidTarget::Request(_)) => None,
    });
    let made = laid.requests.values().filter_map(|seen| seen.outcome.as_ref().ok().copied()?);
    let live = laid.live_orders.values().copied();
    let holding = laid.vouchers.values().filter_map(|voucher| match voucher.stage {
        VoucherStage::Held { by, .. } => Some(by),
        VoucherStage::Available | VoucherStage::Used => None,
    });
    let ids: BTreeSet<_> = named.chain(made).chain(live).chain(holding).collect();
    ids.into_iter().collect()
}

/// Authorizations by id, with their vouchers' parts.
pub(super) async fn authorizations(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
    ids: &[AuthorizationId],
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    let keys = batch::array(ids.iter().map(|id| batch::id_row(id.as_bytes())));
    let found = sqlx::query(
        r#"SELECT a.* FROM json_each(?1) AS k CROSS JOIN "authorization" AS a
           WHERE a.shard = k.value ->> 0 AND a.authorization_id = unhex(k.value ->> 1)"#,
    )
    .bind(&keys)
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    let found = rows::read_rows("authorization", &found, "authorization_id", rows::authorization)?;
    laid.authorizations.extend(found.into_iter().map(|one| (one.authorization_id, one)));

    let parts = sqlx::query(
        "SELECT v.* FROM json_each(?1) AS k CROSS JOIN authorization_voucher AS v
         WHERE v.shard = k.value ->> 0 AND v.authorization_id = unhex(k.value ->> 1)
         ORDER BY v.shard, v.authorization_id, v.position",
    )
    .bind(&keys)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let parts = rows::read_rows("authorization_voucher", &parts, "authorization_id", |row| {
        Ok((row.id::<AuthorizationId>("authorization_id")?, rows::applied(row)?))
    })?;
    for (id, applied) in parts {
        if let Some(authorization) = laid.authorizations.get_mut(&id) {
            authorization.vouchers.push(applied);
        }
    }
    Ok(())
}

/// The vouchers of the authorizations that are laid out; each must be in its wallet.
pub(super) async fn vouchers_of_authorizations(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
) -> Result<(), StoreError> {
    let parts = laid.authorizations.values().flat_map(|authorization| &authorization.vouchers);
    let ids: BTreeSet<_> = parts.map(|applied| applied.voucher_id).collect();
    let missing = ids.iter().filter(|id| !laid.vouchers.contains_key(*id)).copied().collect();
    vouchers(tx, laid, &missing).await?;
    match missing.iter().find(|id| !laid.vouchers.contains_key(*id)) {
        None => Ok(()),
        Some(id) => Err(StoreError::Corrupt {
            table: "authorization_voucher",
            id: id.to_string(),
            detail: String::from("the voucher is in no wallet"),
        }),
    }
}

/// The campaigns of the vouchers that are laid out; a foreign key keeps each of them.
pub(super) async fn campaigns(
    tx: &mut SqliteConnection,
    laid: &mut Laid,
) -> Result<(), StoreError> {
    let ids: BTreeSet<_> = laid.vouchers.values().map(|voucher| &voucher.campaign_id).collect();
    if ids.is_empty() {
        return Ok(());
    }
    let found = sqlx::query(
        "SELECT c.* FROM json_each(?1) AS k CROSS JOIN campaign AS c WHERE c.campaign_id = k.value",
    )
    .bind(batch::array(ids.iter().map(|id| Value::from(id.as_str()))))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = rows::read_rows("campaign", &found, "campaign_id", rows::campaign)?;
    laid.campaigns.extend(found.into_iter().map(|one| (one.campaign_id.clone(), one)));
    match laid.vouchers.values().find(|own| !laid.campaigns.contains_key(&own.campaign_id)) {
        None => Ok(()),
        Some(voucher) => Err(StoreError::Corrupt {
            table: "wallet_voucher",
            id: voucher.voucher_id.to_string(),
            detail: String::from("its campaign is not known"),
        }),
    }
}
