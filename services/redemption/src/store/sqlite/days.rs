//! Business days: what is open, and closing a day (law R5).

use clock::{BusinessDay, Timestamp};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::{batch, statements};
use crate::domain::{ClosedDay, DayState, StatementFormat, gap};
use crate::store::columns::{Columns, read_row};
use crate::store::days::{Closed, GAP_DAYS_MAX, Making};
use crate::store::rows;

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

/// Closes the first open day before `today`; when there is none, makes the funders' statements of
/// a day that was closed without them; when there is no such day either, closes the days that
/// nothing is known of as empty ones and opens `today`.
pub(super) async fn close_first(
    tx: &mut SqliteConnection,
    today: BusinessDay,
    at: Timestamp,
) -> Result<Closed, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT min(day) FROM business_day WHERE day < ?1 AND state = 'OPEN') AS first_open,
           (SELECT min(day) FROM business_day WHERE state = 'CLOSED' AND funders = 0) AS lacking,
           (SELECT max(day) FROM business_day WHERE day < ?1) AS last_before",
    )
    .bind(today.to_string())
    .fetch_one(&mut *tx)
    .await
    .map_err(classify)?;
    let read = |row: Columns<'_>| {
        let last_before = row.maybe_day("last_before")?;
        Ok((row.maybe_day("first_open")?, row.maybe_day("lacking")?, last_before))
    };
    match read_row("business_day", &row, read)? {
        (Some(day), _, _) => {
            close(tx, day, at).await?;
            Ok(Closed::Days(vec![day]))
        }
        (None, Some(day), _) => add_funders(tx, day).await,
        (None, None, last_before) => open_today(tx, last_before, today, at).await,
    }
}

async fn close(
    tx: &mut SqliteConnection,
    day: BusinessDay,
    at: Timestamp,
) -> Result<(), StoreError> {
    statements::write(tx, (day, at), Making::All).await?;
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
        "UPDATE business_day SET state = 'CLOSED', closed_at = ?2, funders = 1, format = ?3
         WHERE day = ?1 AND state = 'OPEN'",
    )
    .bind(&key)
    .bind(at.as_micros())
    .bind(StatementFormat::CURRENT.number())
    .execute(tx)
    .await
    .map_err(classify)?;
    match closed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// A day that was closed before funders had statements gets them, as of when it was closed.
async fn add_funders(tx: &mut SqliteConnection, day: BusinessDay) -> Result<Closed, StoreError> {
    let closed = closed(tx, day).await?.ok_or(StoreError::Conflict)?;
    statements::write(tx, (day, closed.at), Making::Funders).await?;
    let update = "UPDATE business_day SET funders = 1 WHERE day = ?1";
    let done = sqlx::query(update).bind(day.to_string()).execute(tx).await;
    done.map_err(classify).map(|_| Closed::Funders)
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
        "INSERT INTO business_day (day, state, opened_at, closed_at, funders, format)
         SELECT value ->> 0, value ->> 1, ?2, value ->> 2, (value ->> 1) = 'CLOSED',
           iif((value ->> 1) = 'CLOSED', ?3, NULL)
         FROM json_each(?1) WHERE true
         ON CONFLICT (day) DO NOTHING",
    )
    .bind(batch::array(rows))
    .bind(at.as_micros())
    .bind(StatementFormat::CURRENT.number())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(if empty.is_empty() { Closed::None } else { Closed::Days(empty) })
}

pub(super) async fn closed(
    connection: &mut SqliteConnection,
    day: BusinessDay,
) -> Result<Option<ClosedDay>, StoreError> {
    let row = sqlx::query("SELECT * FROM business_day WHERE day = ?1 AND state = 'CLOSED'")
        .bind(day.to_string())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| read_row("business_day", &row, rows::closed_day)).transpose()
}
