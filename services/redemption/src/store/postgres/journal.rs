//! The journal, which is only ever added to.

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use crate::domain::{Entry, Transaction};

/// Adds what was booked. Its days are open and stay so until this step ends.
pub(super) async fn append(
    tx: &mut PgConnection,
    booked: &[Transaction],
) -> Result<(), StoreError> {
    if booked.is_empty() {
        return Ok(());
    }
    let lines: Vec<_> = booked.iter().flat_map(lines).collect();
    sqlx::query(include_str!("append_journal.sql"))
        .bind(column(booked, |one| *one.transaction_id.as_bytes()))
        .bind(column(booked, |one| *one.authorization_id.as_bytes()))
        .bind(column(booked, |one| *one.voucher_id.as_bytes()))
        .bind(column(booked, |one| one.kind.name()))
        .bind(column(booked, |one| i64::from(one.part)))
        .bind(column(booked, |one| one.partner.as_str()))
        .bind(column(booked, |one| one.order_number.as_str()))
        .bind(column(booked, |one| one.campaign_id.as_str()))
        .bind(column(booked, |one| one.organization.as_str()))
        .bind(column(booked, |one| one.business_day.to_string()))
        .bind(column(booked, |one| one.created_at.as_micros()))
        .bind(column(booked, |one| one.late_of.map(|day| day.to_string())))
        .bind(column(booked, |one| one.shop_id.as_ref().map(|id| id.as_str())))
        .bind(column(booked, |one| one.chain.as_ref().map(|chain| chain.as_str())))
        .bind(column(&lines, |(one, ..)| *one.transaction_id.as_bytes()))
        .bind(column(&lines, |(_, position, _)| *position))
        .bind(column(&lines, |(.., entry)| entry.account.to_string()))
        .bind(column(&lines, |(.., entry)| entry.amount_fen))
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

fn lines(booked: &Transaction) -> impl Iterator<Item = (&Transaction, i64, &Entry)> {
    (0..).zip(&booked.entries).map(move |(position, entry)| (booked, position, entry))
}
