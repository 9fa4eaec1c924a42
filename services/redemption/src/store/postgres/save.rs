//! Writing what a batch changed. Every list comes sorted by its key, and rows are written in that
//! order, so that two steps that write the same keys wait for each other and do not deadlock.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::{column, count};
use super::{closures, journal};
use crate::domain::{
    AppliedVoucher, Authorization, Changes, Fingerprint, NewEvent, NewRefund, Remembered,
    RequestKey, WalletVoucher,
};
use crate::store::written::{OutcomeColumns, RefundColumns, StageColumns, joined, voucher_stage};

pub(super) async fn changes(tx: &mut PgConnection, changes: &Changes) -> Result<(), StoreError> {
    made(tx, &changes.made).await?;
    authorizations(tx, &changes.authorizations).await?;
    refunds(tx, &changes.refunds).await?;
    vouchers(tx, &changes.vouchers).await?;
    requests(tx, &changes.requests, &changes.events).await?;
    arrived(tx, &changes.arrived).await?;
    orders(tx, changes).await?;
    journal::append(tx, &changes.transactions).await
}

/// Whether a statement changed as many rows as it should; `otherwise` says what it means that it
/// did not.
pub(super) fn require(
    done: Result<sqlx::postgres::PgQueryResult, sqlx::Error>,
    expected: usize,
    otherwise: impl FnOnce(u64) -> StoreError,
) -> Result<(), StoreError> {
    let changed = done.map_err(classify)?.rows_affected();
    match changed == count(expected) {
        true => Ok(()),
        false => Err(otherwise(changed)),
    }
}

async fn made(tx: &mut PgConnection, made: &[Authorization]) -> Result<(), StoreError> {
    if made.is_empty() {
        return Ok(());
    }
    let stages: Vec<_> = made.iter().map(StageColumns::from).collect();
    let parts: Vec<_> = made.iter().flat_map(parts).collect();
    sqlx::query(include_str!("insert_authorizations.sql"))
        .bind(column(made, |one| *one.authorization_id.as_bytes()))
        .bind(column(made, |one| *one.person.as_bytes()))
        .bind(column(made, |one| one.partner.as_str()))
        .bind(column(made, |one| one.order_number.as_str()))
        .bind(column(made, |one| one.request_id.as_str()))
        .bind(column(made, |one| one.order_amount.0))
        .bind(column(made, |one| one.discount().0))
        .bind(column(made, |one| one.created_at.as_micros()))
        .bind(column(made, |one| one.expires_at.as_micros()))
        .bind(column(made, |one| joined(&one.line_amounts)))
        .bind(column(made, |one| one.shop_id.as_ref().map(|id| id.as_str())))
        .bind(column(&stages, |stage| stage.state))
        .bind(column(&stages, |stage| stage.captured_at))
        .bind(column(&stages, |stage| stage.captured_on.as_deref()))
        .bind(column(&stages, |stage| stage.refunded_at))
        .bind(column(&stages, |stage| stage.refunded_on.as_deref()))
        .bind(column(&stages, |stage| stage.closed_at))
        .bind(column(&stages, |stage| stage.captured_amounts.as_deref()))
        .bind(column(&stages, |stage| stage.chain.as_deref()))
        .bind(column(&stages, |stage| stage.refunds))
        .bind(column(&parts, |(one, ..)| *one.authorization_id.as_bytes()))
        .bind(column(&parts, |(_, position, _)| *position))
        .bind(column(&parts, |(.., applied)| *applied.voucher_id.as_bytes()))
        .bind(column(&parts, |(.., applied)| applied.campaign_id.as_str()))
        .bind(column(&parts, |(.., applied)| applied.organization.as_str()))
        .bind(column(&parts, |(.., applied)| applied.discount.0))
        .bind(column(&parts, |(.., applied)| joined(&applied.line_discounts)))
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

fn parts(made: &Authorization) -> impl Iterator<Item = (&Authorization, i64, &AppliedVoucher)> {
    (0..).zip(&made.vouchers).map(move |(position, applied)| (made, position, applied))
}

/// The states of known authorizations. A final one does not change, whatever the domain decided.
async fn authorizations(
    tx: &mut PgConnection,
    changed: &[Authorization],
) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let stages: Vec<_> = changed.iter().map(StageColumns::from).collect();
    let done = sqlx::query(
        r#"UPDATE "authorization" AS a SET state = k.state, captured_at = k.captured_at,
             captured_on = k.captured_on, refunded_at = k.refunded_at,
             refunded_on = k.refunded_on, closed_at = k.closed_at,
             captured_amounts = k.captured_amounts, chain = k.chain, refunds = k.refunds
           FROM unnest($1::BYTEA[], $2::TEXT[], $3::BIGINT[], $4::TEXT[], $5::BIGINT[],
             $6::TEXT[], $7::BIGINT[], $8::TEXT[], $9::TEXT[], $10::BIGINT[])
             AS k (authorization_id, state, captured_at, captured_on, refunded_at, refunded_on,
               closed_at, captured_amounts, chain, refunds)
           WHERE a.authorization_id = k.authorization_id
             AND a.shard = get_byte(k.authorization_id, 0) AND a.state IN ('HELD', 'CAPTURED')"#,
    )
    .bind(column(changed, |one| *one.authorization_id.as_bytes()))
    .bind(column(&stages, |stage| stage.state))
    .bind(column(&stages, |stage| stage.captured_at))
    .bind(column(&stages, |stage| stage.captured_on.as_deref()))
    .bind(column(&stages, |stage| stage.refunded_at))
    .bind(column(&stages, |stage| stage.refunded_on.as_deref()))
    .bind(column(&stages, |stage| stage.closed_at))
    .bind(column(&stages, |stage| stage.captured_amounts.as_deref()))
    .bind(column(&stages, |stage| stage.chain.as_deref()))
    .bind(column(&stages, |stage| stage.refunds))
    .execute(tx)
    .await;
    require(done, changed.len(), |_| StoreError::Conflict)
}

/// New refunds; each has its number once.
async fn refunds(tx: &mut PgConnection, made: &[NewRefund]) -> Result<(), StoreError> {
    if made.is_empty() {
        return Ok(());
    }
    let columns: Vec<_> = made.iter().map(RefundColumns::from).collect();
    sqlx::query(
        "INSERT INTO refund (shard, authorization_id, part, request_id, returned_amounts,
           returned_vouchers, refunded_at, refunded_on)
         SELECT get_byte(k.authorization_id, 0), k.*
         FROM unnest($1::BYTEA[], $2::BIGINT[], $3::TEXT[], $4::TEXT[], $5::TEXT[], $6::BIGINT[],
           $7::TEXT[])
           AS k (authorization_id, part, request_id, returned_amounts, returned_vouchers,
             refunded_at, refunded_on)",
    )
    .bind(column(made, |new| *new.authorization_id.as_bytes()))
    .bind(column(made, |new| i64::from(new.part)))
    .bind(column(made, |new| new.refund.request_id.as_str()))
    .bind(column(&columns, |one| one.returned_amounts.as_str()))
    .bind(column(&columns, |one| one.returned_vouchers.as_str()))
    .bind(column(&columns, |one| one.refunded_at))
    .bind(column(&columns, |one| one.refunded_on.as_str()))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn vouchers(tx: &mut PgConnection, changed: &[WalletVoucher]) -> Result<(), StoreError> {
    if changed.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE wallet_voucher AS w SET state = k.state, held_by = k.held_by,
           uses_left = k.uses_left, balance_left = k.balance_left, spent_fen = k.spent_fen,
           returns = k.returns,
           use_period = k.use_period, period_uses = k.period_uses, valid_until = k.valid_until
         FROM unnest($1::BYTEA[], $2::TEXT[], $3::BYTEA[], $4::BIGINT[], $5::BIGINT[],
           $6::BIGINT[], $7::TEXT[], $8::BIGINT[], $9::BIGINT[], $10::BIGINT[])
           AS k (voucher_id, state, held_by, uses_left, balance_left, returns, use_period,
             period_uses, valid_until, spent_fen)
         WHERE w.voucher_id = k.voucher_id AND w.shard = get_byte(k.voucher_id, 0)",
    )
    .bind(column(changed, |own| *own.voucher_id.as_bytes()))
    .bind(column(changed, |own| voucher_stage(own).0))
    .bind(column(changed, |own| voucher_stage(own).1))
    .bind(column(changed, |own| i64::from(own.uses_left)))
    .bind(column(changed, |own| own.balance_left.map(|left| left.0)))
    .bind(column(changed, |own| i64::from(own.returns)))
    .bind(column(changed, |own| own.counted.as_ref().map(|count| count.period.as_str())))
    .bind(column(changed, |own| own.counted.as_ref().map(|count| i64::from(count.uses))))
    .bind(column(changed, |own| own.valid_until.as_micros()))
    .bind(column(changed, |own| own.spent.0))
    .execute(&mut *tx)
    .await;
    require(done, changed.len(), |updated| StoreError::Corrupt {
        table: "wallet_voucher",
        id: String::new(),
        detail: format!("{updated} of {} vouchers were found", changed.len()),
    })?;
    let due = changed
        .iter()
        .filter_map(|own| own.closing_due.map(|due| (own.voucher_id, Some(due), own.is_closed)));
    closures::set_due(tx, &due.collect::<Vec<_>>()).await
}

/// What was answered, and the steps that authorizations took, with an answer or by themselves.
async fn requests(
    tx: &mut PgConnection,
    answered: &[(RequestKey, Remembered)],
    taken: &[NewEvent],
) -> Result<(), StoreError> {
    if answered.is_empty() && taken.is_empty() {
        return Ok(());
    }
    let outcomes: Vec<_> = answered.iter().map(|(_, seen)| OutcomeColumns::from(seen)).collect();
    sqlx::query(include_str!("insert_requests.sql"))
        .bind(column(answered, |((partner, ..), _)| partner.as_str()))
        .bind(column(answered, |((_, verb, _), _)| verb.name()))
        .bind(column(answered, |((.., id), _)| id.as_str()))
        .bind(column(answered, |(_, seen)| seen.fingerprint.as_bytes()))
        .bind(column(&outcomes, |one| one.outcome))
        .bind(column(&outcomes, |one| one.reason))
        .bind(column(&outcomes, |one| one.details.as_deref()))
        .bind(column(&outcomes, |one| i32::from(one.shard)))
        .bind(column(&outcomes, |one| one.authorization_id))
        .bind(column(answered, |(_, seen)| seen.created_at.as_micros()))
        .bind(column(taken, |event| *event.authorization_id.as_bytes()))
        .bind(column(taken, |event| i64::from(event.step)))
        .bind(column(taken, |event| event.partner.as_str()))
        .bind(column(taken, |event| event.kind.name()))
        .bind(column(taken, |event| event.at.as_micros()))
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

/// What requests said that were answered before they arrived; each arrives once.
async fn arrived(
    tx: &mut PgConnection,
    arrived: &[(RequestKey, Fingerprint)],
) -> Result<(), StoreError> {
    if arrived.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "UPDATE request AS r SET fingerprint = k.fingerprint
         FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::BYTEA[])
           AS k (partner, verb, request_id, fingerprint)
         WHERE r.request_id = k.request_id AND r.partner = k.partner AND r.verb = k.verb
           AND octet_length(r.fingerprint) = 0",
    )
    .bind(column(arrived, |((partner, ..), _)| partner.as_str()))
    .bind(column(arrived, |((_, verb, _), _)| verb.name()))
    .bind(column(arrived, |((.., id), _)| id.as_str()))
    .bind(column(arrived, |(_, fingerprint)| fingerprint.as_bytes()))
    .execute(tx)
    .await;
    require(done, arrived.len(), |_| StoreError::Conflict)
}

async fn orders(tx: &mut PgConnection, changes: &Changes) -> Result<(), StoreError> {
    let orders = &changes.orders;
    if orders.is_empty() {
        return Ok(());
    }
    // A live authorization is only ever replaced by itself: whatever the domain decided, a second
    // one for the same order does not get past this statement.
    let done = sqlx::query(
        r#"INSERT INTO partner_order (partner, order_number, shard, authorization_id, live)
           SELECT k.partner, k.order_number, get_byte(k.authorization_id, 0), k.authorization_id,
             k.live
           FROM unnest($1::TEXT[], $2::TEXT[], $3::BYTEA[], $4::INTEGER[])
             AS k (partner, order_number, authorization_id, live)
           ON CONFLICT (partner, order_number) DO UPDATE SET shard = excluded.shard,
             authorization_id = excluded.authorization_id, live = excluded.live
           WHERE partner_order.live = 0
             OR partner_order.authorization_id = excluded.authorization_id
             OR EXISTS (SELECT 1 FROM "authorization" AS a
                        WHERE a.authorization_id = partner_order.authorization_id
                          AND a.shard = partner_order.shard
                          AND a.state NOT IN ('HELD', 'CAPTURED'))"#,
    )
    .bind(column(orders, |((partner, _), ..)| partner.as_str()))
    .bind(column(orders, |((_, number), ..)| number.as_str()))
    .bind(column(orders, |(_, id, _)| *id.as_bytes()))
    .bind(column(orders, |(.., live)| i32::from(*live)))
    .execute(tx)
    .await;
    require(done, orders.len(), |_| StoreError::Conflict)
}
