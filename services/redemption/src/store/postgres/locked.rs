//! The vouchers that a step has locked, and with them the authorizations that hold them.

use std::collections::BTreeSet;

use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey, VoucherId};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;
use sqlx::postgres::PgRow;

use super::batch::column;
use crate::domain::Laid;
use crate::store::columns::{Columns, read_rows};
use crate::store::wants::Wants;
use crate::store::{WALLET_MAX, rows};

/// Locked vouchers, as they were when they were locked.
#[derive(Default)]
pub(super) struct Locked {
    rows: Vec<PgRow>,
    /// The vouchers.
    pub ids: BTreeSet<VoucherId>,
    /// The authorizations that hold one of them.
    pub holders: BTreeSet<AuthorizationId>,
    /// The persons who have one that is not over.
    pub persons: BTreeSet<PersonKey>,
}

impl Locked {
    /// Adds what a statement has locked.
    pub fn add(&mut self, found: Vec<PgRow>, now: Timestamp) -> Result<(), StoreError> {
        let read = |row: Columns<'_>| {
            let over = row.time("valid_until")? <= now;
            let (id, person) = (row.id("voucher_id")?, row.id::<PersonKey>("person_key")?);
            Ok((id, row.maybe_id::<AuthorizationId>("held_by")?, (!over).then_some(person)))
        };
        for (id, holder, person) in read_rows("wallet_voucher", &found, "voucher_id", read)? {
            self.ids.insert(id);
            self.holders.extend(holder);
            self.persons.extend(person);
        }
        self.rows.extend(found);
        Ok(())
    }

    /// Lays the vouchers out; the authorizations that hold them must be laid out already.
    pub fn lay_out(&self, laid: &mut Laid) -> Result<(), StoreError> {
        let read = |row: Columns<'_>| {
            let holder = row.maybe_id::<AuthorizationId>("held_by")?;
            let holder = holder.and_then(|id| laid.authorizations.get(&id));
            rows::voucher_held_until(row, holder.map(|holder| holder.expires_at))
        };
        let found = read_rows("wallet_voucher", &self.rows, "voucher_id", read)?;
        laid.vouchers.extend(found.into_iter().map(|voucher| (voucher.voucher_id, voucher)));
        Ok(())
    }
}

/// Locks what a batch wants, in one order.
pub(super) async fn wanted(
    tx: &mut PgConnection,
    wants: &Wants,
    now: Timestamp,
) -> Result<Locked, StoreError> {
    let requests = &wants.named_requests;
    let found = sqlx::query(include_str!("lock_vouchers.sql"))
        .bind(column(&wants.persons, |person| *person.as_bytes()))
        .bind(now.as_micros())
        .bind(i64::from(WALLET_MAX))
        .bind(column(&wants.vouchers, |id| *id.as_bytes()))
        .bind(column(&wants.authorizations, |id| *id.as_bytes()))
        .bind(column(requests, |(partner, ..)| partner.as_str()))
        .bind(column(requests, |(_, verb, _)| verb.name()))
        .bind(column(requests, |(.., id)| id.as_str()))
        .fetch_all(tx)
        .await
        .map_err(classify)?;
    let mut locked = Locked::default();
    locked.add(found, now)?;
    Ok(locked)
}

/// Locks vouchers by id.
pub(super) async fn by_id(
    tx: &mut PgConnection,
    ids: &BTreeSet<VoucherId>,
) -> Result<Vec<PgRow>, StoreError> {
    sqlx::query(
        "SELECT w.* FROM unnest($1::BYTEA[]) AS k (voucher_id)
         JOIN wallet_voucher AS w
           ON w.voucher_id = k.voucher_id AND w.shard = get_byte(k.voucher_id, 0)
         ORDER BY w.voucher_id FOR UPDATE OF w",
    )
    .bind(column(ids, |id| *id.as_bytes()))
    .fetch_all(tx)
    .await
    .map_err(classify)
}

/// Locks the vouchers of authorizations, but for those that another step is at.
pub(super) async fn free_of(
    tx: &mut PgConnection,
    authorizations: &BTreeSet<AuthorizationId>,
) -> Result<Vec<PgRow>, StoreError> {
    sqlx::query(
        "SELECT w.* FROM unnest($1::BYTEA[]) AS k (authorization_id)
         JOIN authorization_voucher AS v
           ON v.authorization_id = k.authorization_id AND v.shard = get_byte(k.authorization_id, 0)
         JOIN wallet_voucher AS w
           ON w.voucher_id = v.voucher_id AND w.shard = get_byte(v.voucher_id, 0)
         ORDER BY w.voucher_id FOR UPDATE OF w SKIP LOCKED",
    )
    .bind(column(authorizations, |id| *id.as_bytes()))
    .fetch_all(tx)
    .await
    .map_err(classify)
}
