//! Writing what a batch changed.

use clock::Timestamp;
use serde_json::{Value, json};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, hex};
use crate::domain::{
    Authorization, Booked, Changes, OrderKey, Refusal, Remembered, RequestKey, Stage, Transaction,
    VoucherStage, WalletVoucher,
};

pub(super) async fn changes(
    tx: &mut SqliteConnection,
    changes: &Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    authorizations(tx, &changes.authorizations).await?;
    vouchers(tx, &changes.vouchers).await?;
    orders(tx, changes).await?;
    requests(tx, &changes.requests).await?;
    marks(tx, changes, now).await?;
    journal(tx, &changes.transactions, now).await
}

/// Runs one statement over a batch; a batch of nothing is not sent.
async fn run(
    tx: &mut SqliteConnection,
    statement: &'static str,
    rows: Vec<Value>,
) -> Result<u64, StoreError> {
    if rows.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(statement).bind(batch::array(rows)).execute(tx).await;
    Ok(done.map_err(classify)?.rows_affected())
}

async fn authorizations(
    tx: &mut SqliteConnection,
    changed: &[Authorization],
) -> Result<(), StoreError> {
    let upsert = r#"
        INSERT INTO "authorization" (shard, authorization_id, person_key, partner, order_number,
          authorize_request_id, order_amount_fen, discount_fen, created_at, expires_at, state,
          captured_at, captured_on, refunded_at, refunded_on, right_returned, closed_at)
        SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), value ->> 3, value ->> 4,
          value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9, value ->> 10,
          value ->> 11, value ->> 12, value ->> 13, value ->> 14, value ->> 15, value ->> 16
        FROM json_each(?1) WHERE true
        ON CONFLICT (shard, authorization_id) DO UPDATE SET state = excluded.state,
          captured_at = excluded.captured_at, captured_on = excluded.captured_on,
          refunded_at = excluded.refunded_at, refunded_on = excluded.refunded_on,
          right_returned = excluded.right_returned, closed_at = excluded.closed_at"#;
    run(tx, upsert, changed.iter().map(authorization_row).collect()).await?;

    let insert = "
        INSERT INTO authorization_voucher (shard, authorization_id, position, voucher_id,
          campaign_id, discount_fen, line_discounts)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, unhex(value ->> 3), value ->> 4,
          value ->> 5, value ->> 6
        FROM json_each(?1) WHERE true
        ON CONFLICT (shard, authorization_id, position) DO NOTHING";
    // The parts never change. A batch may make an authorization and capture it as well, so they
    // are sent with every change.
    run(tx, insert, changed.iter().flat_map(part_rows).collect()).await.map(drop)
}

fn authorization_row(changed: &Authorization) -> Value {
    let id = changed.authorization_id;
    let (mut captured, mut refunded, mut right_returned, mut closed_at) = (None, None, None, None);
    let state = match changed.stage {
        Stage::Held => "HELD",
        Stage::Captured(booked) => {
            captured = Some(booked);
            "CAPTURED"
        }
        Stage::Voided { at } => {
            closed_at = Some(at);
            "VOIDED"
        }
        Stage::Expired { at } => {
            closed_at = Some(at);
            "EXPIRED"
        }
        Stage::Refunded { captured: first, refunded: then, right_returned: returned } => {
            (captured, refunded) = (Some(first), Some(then));
            right_returned = Some(i64::from(returned));
            "REFUNDED"
        }
    };
    let (captured_at, captured_on) = booked_columns(captured);
    let (refunded_at, refunded_on) = booked_columns(refunded);
    json!([
        id.shard().0,
        hex(id.as_bytes()),
        hex(changed.person.as_bytes()),
        changed.partner.as_str(),
        changed.order_number.as_str(),
        changed.request_id.as_str(),
        changed.order_amount.0,
        changed.discount().0,
        changed.created_at.as_micros(),
        changed.expires_at.as_micros(),
        state,
        captured_at,
        captured_on,
        refunded_at,
        refunded_on,
        right_returned,
        closed_at.map(Timestamp::as_micros),
    ])
}

fn booked_columns(booked: Option<Booked>) -> (Option<i64>, Option<String>) {
    (booked.map(|booked| booked.at.as_micros()), booked.map(|booked| booked.on.to_string()))
}

fn part_rows(changed: &Authorization) -> Vec<Value> {
    let id = changed.authorization_id;
    let row = |(position, applied): (usize, &crate::domain::AppliedVoucher)| {
        let lines = applied.line_discounts.iter().map(ToString::to_string);
        json!([
            id.shard().0,
            hex(id.as_bytes()),
            position,
            hex(applied.voucher_id.as_bytes()),
            applied.campaign_id.as_str(),
            applied.discount.0,
            lines.collect::<Vec<_>>().join(","),
        ])
    };
    changed.vouchers.iter().enumerate().map(row).collect()
}

async fn vouchers(tx: &mut SqliteConnection, changed: &[WalletVoucher]) -> Result<(), StoreError> {
    let update = "
        UPDATE wallet_voucher SET state = k.value ->> 2, held_by = unhex(k.value ->> 3),
          uses_left = k.value ->> 4
        FROM json_each(?1) AS k
        WHERE shard = k.value ->> 0 AND voucher_id = unhex(k.value ->> 1)";
    let row = |voucher: &WalletVoucher| {
        let (state, held_by) = match voucher.stage {
            VoucherStage::Available => ("AVAILABLE", None),
            VoucherStage::Held { by, .. } => ("HELD", Some(hex(by.as_bytes()))),
            VoucherStage::Used => ("USED", None),
        };
        let id = voucher.voucher_id;
        json!([id.shard().0, hex(id.as_bytes()), state, held_by, voucher.uses_left])
    };
    let updated = run(tx, update, changed.iter().map(row).collect()).await?;
    match updated == u64::from(batch::count(changed.len())) {
        true => Ok(()),
        false => Err(StoreError::Corrupt {
            table: "wallet_voucher",
            id: String::new(),
            detail: format!("{updated} of {} vouchers were found", changed.len()),
        }),
    }
}

async fn orders(tx: &mut SqliteConnection, changes: &Changes) -> Result<(), StoreError> {
    // A live authorization is only ever replaced by itself: whatever the domain decided, a second
    // one for the same order does not get past this statement.
    let upsert = "
        INSERT INTO partner_order (partner, order_number, shard, authorization_id, live)
        SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4
        FROM json_each(?1) WHERE true
        ON CONFLICT (partner, order_number) DO UPDATE SET shard = excluded.shard,
          authorization_id = excluded.authorization_id, live = excluded.live
        WHERE partner_order.live = 0 OR partner_order.authorization_id = excluded.authorization_id
          OR EXISTS (SELECT 1 FROM \"authorization\" AS a WHERE a.shard = partner_order.shard
                     AND a.authorization_id = partner_order.authorization_id
                     AND a.state NOT IN ('HELD', 'CAPTURED'))";
    let row = |((partner, number), id, live): &(OrderKey, _, bool)| {
        let id: &member_identity::AuthorizationId = id;
        let live = i64::from(*live);
        json!([partner.as_str(), number.as_str(), id.shard().0, hex(id.as_bytes()), live])
    };
    let rows: Vec<Value> = changes.orders.iter().map(row).collect();
    let expected = u64::from(batch::count(rows.len()));
    match run(tx, upsert, rows).await? == expected {
        true => Ok(()),
        false => Err(StoreError::Conflict),
    }
}

async fn requests(
    tx: &mut SqliteConnection,
    answered: &[(RequestKey, Remembered)],
) -> Result<(), StoreError> {
    let insert = "
        INSERT INTO request (partner, verb, request_id, fingerprint, outcome, reason, details,
          shard, authorization_id, created_at)
        SELECT value ->> 0, value ->> 1, value ->> 2, unhex(value ->> 3), value ->> 4, value ->> 5,
          value ->> 6, value ->> 7, unhex(value ->> 8), value ->> 9
        FROM json_each(?1)";
    run(tx, insert, answered.iter().map(request_row).collect()).await.map(drop)
}

fn request_row(((partner, verb, id), seen): &(RequestKey, Remembered)) -> Value {
    let (outcome, refusal, made) = match &seen.outcome {
        Ok(made) => ("OK", None, *made),
        Err(refusal) => ("REFUSED", Some(refusal), None),
    };
    json!([
        partner.as_str(),
        verb.name(),
        id.as_str(),
        hex(seen.fingerprint.as_bytes()),
        outcome,
        refusal.map(|refusal| refusal.reason.name()),
        refusal.map(details),
        made.map_or(0, |id| id.shard().0),
        made.map(|id| hex(id.as_bytes())),
        seen.created_at.as_micros(),
    ])
}

fn details(refusal: &Refusal) -> String {
    let pairs = refusal.details.iter().map(|(detail, value)| json!([detail.name(), value]));
    batch::array(pairs)
}

async fn marks(
    tx: &mut SqliteConnection,
    changes: &Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    let insert = "
        INSERT INTO void_mark (partner, authorize_request_id, created_at)
        SELECT value ->> 0, value ->> 1, value ->> 2 FROM json_each(?1)";
    let row = |(partner, id): &(crate::domain::Partner, crate::domain::RequestId)| {
        json!([partner.as_str(), id.as_str(), now.as_micros()])
    };
    run(tx, insert, changes.marks.iter().map(row).collect()).await.map(drop)
}

async fn journal(
    tx: &mut SqliteConnection,
    booked: &[Transaction],
    now: Timestamp,
) -> Result<(), StoreError> {
    let open = "
        INSERT INTO business_day (day, state, opened_at)
        SELECT value ->> 0, 'OPEN', value ->> 1 FROM json_each(?1) WHERE true
        ON CONFLICT (day) DO NOTHING";
    let days: std::collections::BTreeSet<_> = booked.iter().map(|one| one.business_day).collect();
    let days = days.iter().map(|day| json!([day.to_string(), now.as_micros()]));
    run(tx, open, days.collect()).await?;

    let insert = "
        INSERT INTO journal (shard, transaction_id, authorization_id, voucher_id, kind, partner,
          order_number, campaign_id, organization, business_day, created_at, late_of)
        SELECT value ->> 0, unhex(value ->> 1), unhex(value ->> 2), unhex(value ->> 3),
          value ->> 4, value ->> 5, value ->> 6, value ->> 7, value ->> 8, value ->> 9,
          value ->> 10, value ->> 11
        FROM json_each(?1)";
    run(tx, insert, booked.iter().map(transaction_row).collect()).await?;

    let insert = "
        INSERT INTO entry (shard, transaction_id, position, account, amount_fen)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4
        FROM json_each(?1)";
    run(tx, insert, booked.iter().flat_map(entry_rows).collect()).await.map(drop)
}

fn transaction_row(booked: &Transaction) -> Value {
    let id = booked.transaction_id;
    json!([
        id.shard().0,
        hex(id.as_bytes()),
        hex(booked.authorization_id.as_bytes()),
        hex(booked.voucher_id.as_bytes()),
        booked.kind.name(),
        booked.partner.as_str(),
        booked.order_number.as_str(),
        booked.campaign_id.as_str(),
        booked.organization.as_str(),
        booked.business_day.to_string(),
        booked.created_at.as_micros(),
        booked.late_of.map(|day| day.to_string()),
    ])
}

fn entry_rows(booked: &Transaction) -> Vec<Value> {
    let id = booked.transaction_id;
    let row = |(position, entry): (usize, &crate::domain::Entry)| {
        let account = entry.account.to_string();
        json!([id.shard().0, hex(id.as_bytes()), position, account, entry.amount_fen])
    };
    booked.entries.iter().enumerate().map(row).collect()
}
