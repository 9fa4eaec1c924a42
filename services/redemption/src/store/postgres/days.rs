//! Business days: keeping a day open, and closing it (law R5).

use clock::{BusinessDay, Timestamp};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use super::statements;
use crate::domain::{ClosedDay, DayState, StatementFormat, book, gap};
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::days::{Closed, GAP_DAYS_MAX, Making};
use crate::store::rows;

/// Looks for an open day: at today, at where today's late rows go, and once more for each when it
/// was new.
const LOOKS_MAX: u32 = 4;

/// Keeps the day that a row of `today` is written to from being closed before this step ends, by a
/// shared lock of its row; gives what is known of the days, so that it is that day.
pub(super) async fn keep_open(
    tx: &mut PgConnection,
    today: BusinessDay,
    now: Timestamp,
) -> Result<DayState, StoreError> {
    let mut day = today;
    for _ in 0..LOOKS_MAX {
        let lock = "SELECT state FROM business_day WHERE day = $1 FOR SHARE";
        let state: Option<String> = sqlx::query_scalar(lock)
            .bind(day.to_string())
            .fetch_optional(&mut *tx)
            .await
            .map_err(classify)?;
        match state.as_deref() {
            None => open(tx, day, now).await?,
            Some("OPEN") if day == today => {
                return Ok(DayState { closed: false, next_open: None, last: None });
            }
            Some("OPEN") => {
                return Ok(DayState { closed: true, next_open: Some(day), last: None });
            }
            Some(_) => day = book(today, around(tx, today).await?).day,
        }
    }
    Err(StoreError::Conflict)
}

async fn open(tx: &mut PgConnection, day: BusinessDay, now: Timestamp) -> Result<(), StoreError> {
    let open = "INSERT INTO business_day (day, state, opened_at) VALUES ($1, 'OPEN', $2)
                ON CONFLICT (day) DO NOTHING";
    let done = sqlx::query(open).bind(day.to_string()).bind(now.as_micros()).execute(tx).await;
    done.map_err(classify).map(drop)
}

/// What is known of `today` and the days around it, as it is now.
async fn around(tx: &mut PgConnection, today: BusinessDay) -> Result<DayState, StoreError> {
    let row = sqlx::query(
        "SELECT (SELECT state FROM business_day WHERE day = $1) AS state,
           (SELECT min(day) FROM business_day WHERE day > $1 AND state = 'OPEN') AS next_open,
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
///
/// The day's row is locked alone: steps that write to the day end first, and others find it
/// closed. Another replica that closes the same day waits here, and then finds it closed too.
pub(super) async fn close_first(
    tx: &mut PgConnection,
    today: BusinessDay,
    at: Timestamp,
) -> Result<Closed, StoreError> {
    let first = sqlx::query(
        "SELECT day FROM business_day WHERE day < $1 AND state = 'OPEN' ORDER BY day LIMIT 1
         FOR UPDATE",
    )
    .bind(today.to_string())
    .fetch_optional(&mut *tx)
    .await
    .map_err(classify)?;
    match first {
        Some(row) => {
            let day = read_row("business_day", &row, |row| row.day("day"))?;
            close(tx, day, at).await?;
            Ok(Closed::Days(vec![day]))
        }
        None => match lacking_funders(tx).await? {
            Some(closed) => add_funders(tx, closed).await,
            None => open_today(tx, today, at).await,
        },
    }
}

/// The first closed day without funders' statements, and when it was closed.
async fn lacking_funders(
    tx: &mut PgConnection,
) -> Result<Option<(BusinessDay, Timestamp)>, StoreError> {
    let first = sqlx::query(
        "SELECT day, closed_at FROM business_day WHERE state = 'CLOSED' AND funders = 0
         ORDER BY day LIMIT 1 FOR UPDATE",
    )
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    let read = |row: Columns<'_>| Ok((row.day("day")?, row.time("closed_at")?));
    first.map(|row| read_row("business_day", &row, read)).transpose()
}

async fn close(tx: &mut PgConnection, day: BusinessDay, at: Timestamp) -> Result<(), StoreError> {
    statements::write(tx, (day, at), Making::All).await?;
    let closed = sqlx::query(
        "UPDATE business_day SET state = 'CLOSED', closed_at = $2, funders = 1, format = $3
         WHERE day = $1 AND state = 'OPEN'",
    )
    .bind(day.to_string())
    .bind(at.as_micros())
    .bind(i64::from(StatementFormat::CURRENT.number()))
    .execute(tx)
    .await
    .map_err(classify)?;
    match closed.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// A day that was closed before funders had statements gets them, as of when it was closed.
async fn add_funders(
    tx: &mut PgConnection,
    (day, at): (BusinessDay, Timestamp),
) -> Result<Closed, StoreError> {
    statements::write(tx, (day, at), Making::Funders).await?;
    let update = "UPDATE business_day SET funders = 1 WHERE day = $1";
    let done = sqlx::query(update).bind(day.to_string()).execute(tx).await;
    done.map_err(classify).map(|_| Closed::Funders)
}

/// Days that another step writes down at the same time are left to it.
async fn open_today(
    tx: &mut PgConnection,
    today: BusinessDay,
    at: Timestamp,
) -> Result<Closed, StoreError> {
    let last = sqlx::query("SELECT max(day) AS last FROM business_day WHERE day < $1")
        .bind(today.to_string())
        .fetch_one(&mut *tx)
        .await
        .map_err(classify)?;
    let last_before = read_row("business_day", &last, |row| row.maybe_day("last"))?;
    let empty = gap(last_before, today, GAP_DAYS_MAX);
    let found = sqlx::query(
        "INSERT INTO business_day (day, state, opened_at, closed_at, funders, format)
         SELECT k.day, k.state, $4, k.closed_at, CASE k.state WHEN 'CLOSED' THEN 1 ELSE 0 END,
           CASE k.state WHEN 'CLOSED' THEN $5::BIGINT END
         FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS k (day, state, closed_at)
         ON CONFLICT (day) DO NOTHING RETURNING day, state",
    )
    .bind(column(empty.iter().chain([&today]), ToString::to_string))
    .bind(column(empty.iter().chain([&today]), |day| if *day == today { "OPEN" } else { "CLOSED" }))
    .bind(column(empty.iter().chain([&today]), |day| (*day != today).then(|| at.as_micros())))
    .bind(at.as_micros())
    .bind(i64::from(StatementFormat::CURRENT.number()))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let written = read_rows("business_day", &found, "day", |row| row.day("day"))?;
    Ok(match empty.is_empty() {
        true => Closed::None,
        false => Closed::Days(written.into_iter().filter(|day| *day != today).collect()),
    })
}

pub(super) async fn closed(
    connection: &mut PgConnection,
    day: BusinessDay,
) -> Result<Option<ClosedDay>, StoreError> {
    let row = sqlx::query("SELECT * FROM business_day WHERE day = $1 AND state = 'CLOSED'")
        .bind(day.to_string())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| read_row("business_day", &row, rows::closed_day)).transpose()
}
