//! The journal, which is only ever added to.

use std::collections::BTreeSet;

use clock::Timestamp;
use serde::Serialize;
use sql::StoreError;
use sqlx::SqliteConnection;

use super::batch::Hex;
use super::save::run;
use crate::domain::Transaction;

/// Adds what was booked, and opens its days when they are new.
pub(super) async fn append(
    tx: &mut SqliteConnection,
    booked: &[Transaction],
    now: Timestamp,
) -> Result<(), StoreError> {
    let open = "
        INSERT INTO business_day (day, state, opened_at)
        SELECT value ->> 0, 'OPEN', value ->> 1 FROM json_each(?1) WHERE true
        ON CONFLICT (day) DO NOTHING";
    let days: BTreeSet<_> = booked.iter().map(|one| one.business_day).collect();
    run(tx, open, days.iter().map(|day| (day.to_string(), now.as_micros()))).await?;

    let insert = "
        INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, part,
          partner, order_number, campaign_id, organization, business_day, created_at, late_of,
          shop_id, chain)
        SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), unhex(value ->> 3),
          value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
          value ->> 10, value ->> 11, value ->> '$[12][0]', value ->> '$[12][1]',
          value ->> '$[12][2]'
        FROM json_each(?1)";
    run(tx, insert, booked.iter().map(transaction_row)).await?;

    let insert = "
        INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4
        FROM json_each(?1)";
    run(tx, insert, booked.iter().flat_map(entry_rows)).await.map(drop)
}

fn transaction_row(booked: &Transaction) -> impl Serialize {
    (
        booked.transaction_id.shard().0,
        Hex(booked.transaction_id.as_bytes()),
        Hex(booked.authorization_id.as_bytes()),
        Hex(booked.voucher_id.as_bytes()),
        booked.kind.name(),
        booked.part,
        booked.partner.as_str(),
        booked.order_number.as_str(),
        booked.campaign_id.as_str(),
        booked.organization.as_str(),
        booked.business_day.to_string(),
        booked.created_at.as_micros(),
        (
            booked.late_of.map(|day| day.to_string()),
            booked.shop_id.as_ref().map(|id| id.as_str()),
            booked.chain.as_ref().map(|chain| chain.as_str()),
        ),
    )
}

fn entry_rows(booked: &Transaction) -> impl Iterator<Item = impl Serialize> {
    let id = &booked.transaction_id;
    booked.entries.iter().enumerate().map(|(position, entry)| {
        let account = entry.account.to_string();
        (id.shard().0, Hex(id.as_bytes()), position, account, entry.amount_fen)
    })
}
