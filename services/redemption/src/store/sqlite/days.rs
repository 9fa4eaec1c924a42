//! Business days: what is open, closing a day, and the statements of closed days (law R5).

use clock::{BusinessDay, Timestamp};
use futures::TryStreamExt as _;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex};
use crate::domain::{DayState, Partner, StatementHead, StatementRow, gap};
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::days::{Closed, GAP_DAYS_MAX, Heads};
use crate::store::{StatementPosition, rows};

/// What is known of `today` and the days around it.
pub(super) async fn state(
    tx: &mut SqliteConnection,
    today: BusinessDay,
) -> Result<DayState, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT state FROM business_day WHERE day = ?1) AS state,
           (SELECT min(day) FROM business_day WHERE day > ?1 AND state = 'OPEN') AS next_open,
           (SELECT max(day) FROM business_day) AS last",
    )
    .bind(today.to_string())
    .fetch_one(tx)
    .await
    .map_err(classify)?;
    read_row("business_day", &row, rows::day_state)
}

/// Closes the first open day before `today`; when there is none, closes the days that nothing is
/// known of as empty ones and opens `today`.
pub(super) async fn close_first(
    tx: &mut SqliteConnection,
    today: BusinessDay,
    at: Timestamp,
) -> Result<Closed, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT min(day) FROM business_day WHERE day < ?1 AND state = 'OPEN') AS first_open,
           (SELECT max(day) FROM business_day WHERE day < ?1) AS last_before",
    )
    .bind(today.to_string())
    .fetch_one(&mut *tx)
    .await
    .map_err(classify)?;
    let read = |row: Columns<'_>| Ok((row.maybe_day("first_open")?, row.maybe_day("last_before")?));
    match read_row("business_day", &row, read)? {
        (Some(day), _) => {
            close(tx, day, at).await?;
            Ok(Closed::Days(vec![day]))
        }
        (None, last_before) => open_today(tx, last_before, today, at).await,
    }
}

async fn close(
    tx: &mut SqliteConnection,
    day: BusinessDay,
    at: Timestamp,
) -> Result<(), StoreError> {
    write_statements(tx, day, at).await?;
    let key = day.to_string();
    sqlx::query(
        "INSERT INTO account_day (business_day, account, debit_fen, credit_fen)
         SELECT j.business_day, e.account, sum(max(e.amount_fen, 0)), sum(max(-e.amount_fen, 0))
         FROM journal AS j JOIN entry AS e
           ON e.shard = j.shard AND e.transaction_id = j.transaction_id
         WHERE j.business_day = ?1 GROUP BY j.business_day, e.account",
    )
    .bind(&key)
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let closed = sqlx::query(
        "UPDATE business_day SET state = 'CLOSED', closed_at = ?2
         WHERE day = ?1 AND state = 'OPEN'",
    )
    .bind(&key)
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    match closed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// One statement a platform, from the rows of the day in the statement's order.
async fn write_statements(
    tx: &mut SqliteConnection,
    day: BusinessDay,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut heads = Heads::new(day, at);
    {
        let mut found = sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
             WHERE j.business_day = ?1 ORDER BY j.partner, j.created_at, j.transaction_id",
        )
        .bind(day.to_string())
        .fetch(&mut *tx);
        while let Some(row) = found.try_next().await.map_err(classify)? {
            let read = |row: Columns<'_>| Ok((row.parsed("partner")?, rows::statement_row(row)?));
            let (partner, row) = read_row("journal", &row, read)?;
            heads.add(partner, &row);
        }
    }
    insert_statements(tx, day, &heads.finish()).await
}

async fn insert_statements(
    tx: &mut SqliteConnection,
    day: BusinessDay,
    heads: &[(Partner, StatementHead)],
) -> Result<(), StoreError> {
    let rows = heads.iter().map(|(partner, head)| {
        (
            day.to_string(),
            partner.as_str(),
            head.rows,
            head.captured.0,
            head.refunded.0,
            Hex(head.sha256),
            head.closed_at.as_micros(),
        )
    });
    sqlx::query(
        "INSERT INTO statement (business_day, platform, rows, captured_fen, refunded_fen, sha256,
           closed_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4,
           unhex(value ->> 5), value ->> 6
         FROM json_each(?1)",
    )
    .bind(batch::array(rows))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn open_today(
    tx: &mut SqliteConnection,
    last_before: Option<BusinessDay>,
    today: BusinessDay,
    at: Timestamp,
) -> Result<Closed, StoreError> {
    let empty = gap(last_before, today, GAP_DAYS_MAX);
    let closed = empty.iter().map(|day| (day.to_string(), "CLOSED", Some(at.as_micros())));
    let rows = closed.chain([(today.to_string(), "OPEN", None)]);
    sqlx::query(
        "INSERT INTO business_day (day, state, opened_at, closed_at)
         SELECT value ->> 0, value ->> 1, ?2, value ->> 2 FROM json_each(?1) WHERE true
         ON CONFLICT (day) DO NOTHING",
    )
    .bind(batch::array(rows))
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(if empty.is_empty() { Closed::None } else { Closed::Days(empty) })
}

pub(super) async fn closed_at(
    connection: &mut SqliteConnection,
    day: BusinessDay,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT day, closed_at FROM business_day WHERE day = ?1")
        .bind(day.to_string())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    let read = |row: Columns<'_>| row.maybe_time("closed_at");
    let closed_at = row.map(|row| read_row("business_day", &row, read));
    Ok(closed_at.transpose()?.flatten())
}

pub(super) async fn statement(
    connection: &mut SqliteConnection,
    day: BusinessDay,
    platform: &Partner,
) -> Result<Option<StatementHead>, StoreError> {
    let row = sqlx::query("SELECT * FROM statement WHERE business_day = ?1 AND platform = ?2")
        .bind(day.to_string())
        .bind(platform.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| read_row("statement", &row, rows::statement_head)).transpose()
}

pub(super) async fn statement_rows(
    connection: &mut SqliteConnection,
    (day, platform): (BusinessDay, &Partner),
    after: Option<StatementPosition>,
    limit: u32,
) -> Result<Vec<StatementRow>, StoreError> {
    // The first page goes on after what no row is before, so that every page is one index range.
    let (after_at, after_id) = match after {
        Some((at, id)) => (at.as_micros(), id.as_bytes().to_vec()),
        None => (i64::MIN, Vec::new()),
    };
    let found = sqlx::query(
        "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
           ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
         WHERE j.business_day = ?1 AND j.partner = ?2
           AND (j.created_at, j.transaction_id) > (?3, ?4)
         ORDER BY j.created_at, j.transaction_id LIMIT ?5",
    )
    .bind(day.to_string())
    .bind(platform.as_str())
    .bind(after_at)
    .bind(after_id)
    .bind(limit)
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("journal", &found, "transaction_id", rows::statement_row)
}
