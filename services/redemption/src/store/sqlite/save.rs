//! Writing what a batch changed.

use clock::Timestamp;
use serde::Serialize;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex, id_row};
use super::{closures, events, journal};
use crate::domain::{
    Authorization, Changes, Fingerprint, NewRefund, Remembered, RequestKey, WalletVoucher,
};
use crate::store::written::{OutcomeColumns, RefundColumns, StageColumns, joined, voucher_stage};

pub(super) async fn changes(
    tx: &mut SqliteConnection,
    changes: &Changes,
    now: Timestamp,
) -> Result<(), StoreError> {
    made(tx, &changes.made).await?;
    authorizations(tx, &changes.authorizations).await?;
    refunds(tx, &changes.refunds).await?;
    vouchers(tx, &changes.vouchers).await?;
    requests(tx, &changes.requests).await?;
    arrived(tx, &changes.arrived).await?;
    orders(tx, changes).await?;
    events::append(tx, &changes.events).await?;
    journal::append(tx, &changes.transactions, now).await
}

/// Runs one statement over a batch and gives the number of rows it changed; a batch of nothing is
/// not sent.
pub(super) async fn run<T: Serialize>(
    tx: &mut SqliteConnection,
    statement: &'static str,
    rows: impl IntoIterator<Item = T>,
) -> Result<u64, StoreError> {
    let rows: Vec<T> = rows.into_iter().collect();
    if rows.is_empty() {
        return Ok(0);
    }
    let done = sqlx::query(statement).bind(batch::array(rows)).execute(tx).await;
    Ok(done.map_err(classify)?.rows_affected())
}

/// Whether a statement changed as many rows as it should; `otherwise` says what it means that it
/// did not.
pub(super) fn require(
    changed: u64,
    expected: usize,
    otherwise: StoreError,
) -> Result<(), StoreError> {
    match changed == u64::from(batch::count(expected)) {
        true => Ok(()),
        false => Err(otherwise),
    }
}

async fn made(tx: &mut SqliteConnection, made: &[Authorization]) -> Result<(), StoreError> {
    let insert = r#"
        INSERT INTO "authorization" (shard, authorization_id, person_key, partner, order_number,
          authorize_request_id, order_amount_fen, discount_fen, created_at, expires_at,
          line_amounts, shop_id, state, captured_at, captured_on, refunded_at, refunded_on,
          closed_at, captured_amounts, chain, refunds)
        SELECT value ->> '$[0][0]', unhex(value ->> '$[0][1]'), unhex(value ->> '$[0][2]'),
          value ->> '$[0][3]', value ->> '$[0][4]', value ->> '$[0][5]', value ->> '$[0][6]',
          value ->> '$[0][7]', value ->> '$[0][8]', value ->> '$[0][9]', value ->> '$[0][10]',
          value ->> '$[0][11]', value ->> '$[1][0]', value ->> '$[1][1]', value ->> '$[1][2]',
          value ->> '$[1][3]', value ->> '$[1][4]', value ->> '$[1][5]', value ->> '$[1][6]',
          value ->> '$[1][7]', value ->> '$[1][8]'
        FROM json_each(?1)"#;
    run(tx, insert, made.iter().map(made_row)).await?;

    let insert = "
        INSERT INTO authorization_voucher (shard, authorization_id, position, voucher_id,
          campaign_id, organization, discount_fen, line_discounts)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, unhex(value ->> 3), value ->> 4,
          value ->> 5, value ->> 6, value ->> 7
        FROM json_each(?1)";
    run(tx, insert, made.iter().flat_map(part_rows)).await.map(drop)
}

fn made_row(made: &Authorization) -> impl Serialize {
    let id = made.authorization_id;
    let fixed = (
        id.shard().0,
        Hex(made.authorization_id.as_bytes()),
        Hex(made.person.as_bytes()),
        made.partner.as_str(),
        made.order_number.as_str(),
        made.request_id.as_str(),
        made.order_amount.0,
        made.discount().0,
        made.created_at.as_micros(),
        made.expires_at.as_micros(),
        joined(&made.line_amounts),
        made.shop_id.as_ref().map(|id| id.as_str()),
    );
    (fixed, stage_row(made))
}

fn stage_row(changed: &Authorization) -> impl Serialize + use<> {
    let stage = StageColumns::from(changed);
    (
        stage.state,
        stage.captured_at,
        stage.captured_on,
        stage.refunded_at,
        stage.refunded_on,
        stage.closed_at,
        stage.captured_amounts,
        stage.chain,
        stage.refunds,
    )
}

fn part_rows(made: &Authorization) -> impl Iterator<Item = impl Serialize> {
    made.vouchers.iter().enumerate().map(|(position, applied)| {
        let (shard, id) = id_row(made.authorization_id.as_bytes());
        let voucher_id = Hex(applied.voucher_id.as_bytes());
        let (campaign_id, paid_by) = (applied.campaign_id.as_str(), applied.organization.as_str());
        let lines = joined(&applied.line_discounts);
        (shard, id, position, voucher_id, campaign_id, paid_by, applied.discount.0, lines)
    })
}

/// The states of known authorizations. A final one does not change, whatever the domain decided.
async fn authorizations(
    tx: &mut SqliteConnection,
    changed: &[Authorization],
) -> Result<(), StoreError> {
    let update = r#"
        UPDATE "authorization" SET state = k.value ->> '$[1][0]',
          captured_at = k.value ->> '$[1][1]', captured_on = k.value ->> '$[1][2]',
          refunded_at = k.value ->> '$[1][3]', refunded_on = k.value ->> '$[1][4]',
          closed_at = k.value ->> '$[1][5]', captured_amounts = k.value ->> '$[1][6]',
          chain = k.value ->> '$[1][7]', refunds = k.value ->> '$[1][8]'
        FROM json_each(?1) AS k
        WHERE shard = k.value ->> '$[0][0]' AND authorization_id = unhex(k.value ->> '$[0][1]')
          AND state IN ('HELD', 'CAPTURED')"#;
    let row = |one: &Authorization| (id_row(one.authorization_id.as_bytes()), stage_row(one));
    let updated = run(tx, update, changed.iter().map(row)).await?;
    require(updated, changed.len(), StoreError::Conflict)
}

/// New refunds; each has its number once.
async fn refunds(tx: &mut SqliteConnection, made: &[NewRefund]) -> Result<(), StoreError> {
    let insert = "
        INSERT INTO refund (shard, authorization_id, part, request_id, returned_amounts,
          returned_vouchers, refunded_at, refunded_on)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5,
          value ->> 6, value ->> 7
        FROM json_each(?1)";
    let row = |new: &NewRefund| {
        let (shard, id) = id_row(new.authorization_id.as_bytes());
        let columns = RefundColumns::from(new);
        let (amounts, rights) = (columns.returned_amounts, columns.returned_vouchers);
        let request_id = new.refund.request_id.to_string();
        let (at, on) = (columns.refunded_at, columns.refunded_on);
        (shard, id, new.part, request_id, amounts, rights, at, on)
    };
    run(tx, insert, made.iter().map(row)).await.map(drop)
}

async fn vouchers(tx: &mut SqliteConnection, changed: &[WalletVoucher]) -> Result<(), StoreError> {
    let update = "
        UPDATE wallet_voucher SET state = k.value ->> 2, held_by = unhex(k.value ->> 3),
          uses_left = k.value ->> 4, balance_left = k.value ->> '$[5][0]',
          returns = k.value ->> '$[5][1]', use_period = k.value ->> '$[5][2]',
          period_uses = k.value ->> '$[5][3]', spent_fen = k.value ->> '$[5][4]'
        FROM json_each(?1) AS k
        WHERE shard = k.value ->> 0 AND voucher_id = unhex(k.value ->> 1)";
    let updated = run(tx, update, changed.iter().map(voucher_row)).await?;
    let detail = format!("{updated} of {} vouchers were found", changed.len());
    let corrupt = StoreError::Corrupt { table: "wallet_voucher", id: String::new(), detail };
    require(updated, changed.len(), corrupt)?;
    validities(tx, changed).await?;
    let due = changed
        .iter()
        .filter_map(|own| own.closing_due.map(|due| (own.voucher_id, Some(due), own.is_closed)));
    closures::set_due(tx, &due.collect::<Vec<_>>()).await
}

/// Until when vouchers can be used whose right came back, which alone can change it: it is in the
/// index of the wallets, whose entries are better left alone.
async fn validities(
    tx: &mut SqliteConnection,
    changed: &[WalletVoucher],
) -> Result<(), StoreError> {
    let update = "
        UPDATE wallet_voucher SET valid_until = k.value ->> 2 FROM json_each(?1) AS k
        WHERE shard = k.value ->> 0 AND voucher_id = unhex(k.value ->> 1)";
    let returned = changed.iter().filter(|own| own.returns > 0).map(|own| {
        let (shard, id) = id_row(own.voucher_id.as_bytes());
        (shard, id, own.valid_until.as_micros())
    });
    run(tx, update, returned).await.map(drop)
}

fn voucher_row(voucher: &WalletVoucher) -> impl Serialize {
    let (state, held_by) = voucher_stage(voucher);
    let (shard, id) = id_row(voucher.voucher_id.as_bytes());
    let counted = voucher.counted.as_ref();
    let period = counted.map(|count| count.period.as_str());
    let balance_left = voucher.balance_left.map(|left| left.0);
    let uses = counted.map(|count| count.uses);
    let figures = (balance_left, voucher.returns, period, uses, voucher.spent.0);
    let held_by = held_by.map(Hex);
    (shard, id, state, held_by, voucher.uses_left, figures)
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
    run(tx, insert, answered.iter().map(request_row)).await.map(drop)
}

fn request_row(((partner, verb, id), seen): &(RequestKey, Remembered)) -> impl Serialize {
    let outcome = OutcomeColumns::from(seen);
    (
        partner.as_str(),
        verb.name(),
        id.as_str(),
        Hex(seen.fingerprint.as_bytes()),
        outcome.outcome,
        outcome.reason,
        outcome.details,
        outcome.shard,
        outcome.authorization_id.map(Hex),
        seen.created_at.as_micros(),
    )
}

/// What requests said that were answered before they arrived; each arrives once.
async fn arrived(
    tx: &mut SqliteConnection,
    arrived: &[(RequestKey, Fingerprint)],
) -> Result<(), StoreError> {
    let update = "
        UPDATE request SET fingerprint = unhex(k.value ->> 3) FROM json_each(?1) AS k
        WHERE partner = k.value ->> 0 AND verb = k.value ->> 1 AND request_id = k.value ->> 2
          AND length(fingerprint) = 0";
    let rows = arrived.iter().map(|((partner, verb, id), fingerprint)| {
        (partner.as_str(), verb.name(), id.as_str(), Hex(fingerprint.as_bytes()))
    });
    let updated = run(tx, update, rows).await?;
    require(updated, arrived.len(), StoreError::Conflict)
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
    let rows = changes.orders.iter().map(|((partner, number), id, live)| {
        let (shard, id) = id_row(id.as_bytes());
        (partner.as_str(), number.as_str(), shard, id, i64::from(*live))
    });
    let replaced = run(tx, upsert, rows).await?;
    require(replaced, changes.orders.len(), StoreError::Conflict)
}
