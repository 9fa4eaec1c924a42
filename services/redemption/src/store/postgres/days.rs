//! Business days: keeping a day open, closing it, and the statements of closed days (law R5).

use clock::{BusinessDay, Timestamp};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::column;
use crate::domain::{DayState, Partner, StatementHead, StatementRow, book, gap};
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::days::{Closed, GAP_DAYS_MAX, Heads};
use crate::store::{StatementPosition, rows};

/// Looks for an open day: at today, at where today's late rows go, and once more for each when it
/// was new.
const LOOKS_MAX: u32 = 4;
/// Rows of the journal that are read at once when a day is closed.
const PAGE: i64 = 5_000;

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

/// Closes the first open day before `today`; when there is none, closes the days that nothing is
/// known of as empty ones and opens `today`.
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
        None => open_today(tx, today, at).await,
    }
}

async fn close(tx: &mut PgConnection, day: BusinessDay, at: Timestamp) -> Result<(), StoreError> {
    write_statements(tx, day, at).await?;
    let key = day.to_string();
    sqlx::query(
        "INSERT INTO account_day (business_day, account, debit_fen, credit_fen)
         SELECT j.business_day, e.account, sum(greatest(e.amount_fen, 0)),
           sum(greatest(-e.amount_fen, 0))
         FROM journal AS j JOIN entry AS e
           ON e.transaction_id = j.transaction_id AND e.shard = j.shard
         WHERE j.business_day = $1 GROUP BY j.business_day, e.account",
    )
    .bind(&key)
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    let closed = sqlx::query(
        "UPDATE business_day SET state = 'CLOSED', closed_at = $2
         WHERE day = $1 AND state = 'OPEN'",
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

/// One statement a platform, from the rows of the day in the statement's order. They are read page
/// by page: a statement that runs too long would be stopped.
async fn write_statements(
    tx: &mut PgConnection,
    day: BusinessDay,
    at: Timestamp,
) -> Result<(), StoreError> {
    let mut heads = Heads::new(day, at);
    let mut after = (String::new(), i64::MIN, Vec::new());
    loop {
        let (partner, written_at, id) = &after;
        let found = sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
             WHERE j.business_day = $1
               AND (j.partner, j.created_at, j.transaction_id) > ($2, $3, $4)
             ORDER BY j.partner, j.created_at, j.transaction_id LIMIT $5",
        )
        .bind(day.to_string())
        .bind(partner)
        .bind(written_at)
        .bind(id)
        .bind(PAGE)
        .fetch_all(&mut *tx)
        .await
        .map_err(classify)?;
        let read = |row: Columns<'_>| Ok((row.parsed("partner")?, rows::statement_row(row)?));
        let found: Vec<(Partner, _)> = read_rows("journal", &found, "transaction_id", read)?;
        let Some((partner, row)) = found.last() else { break };
        let id = row.transaction_id.as_bytes().to_vec();
        after = (partner.to_string(), row.at.as_micros(), id);
        for (partner, row) in found {
            heads.add(partner, &row);
        }
    }
    insert_statements(tx, day, &heads.finish()).await
}

async fn insert_statements(
    tx: &mut PgConnection,
    day: BusinessDay,
    heads: &[(Partner, StatementHead)],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO statement (business_day, platform, rows, captured_fen, refunded_fen, sha256,
           closed_at)
         SELECT $1, k.* FROM unnest($2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::BIGINT[],
           $6::BYTEA[], $7::BIGINT[]) AS k",
    )
    .bind(day.to_string())
    .bind(column(heads, |(partner, _)| partner.as_str()))
    .bind(column(heads, |(_, head)| head.rows))
    .bind(column(heads, |(_, head)| head.captured.0))
    .bind(column(heads, |(_, head)| head.refunded.0))
    .bind(column(heads, |(_, head)| head.sha256))
    .bind(column(heads, |(_, head)| head.closed_at.as_micros()))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
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
        "INSERT INTO business_day (day, state, opened_at, closed_at)
         SELECT k.day, k.state, $4, k.closed_at
         FROM unnest($1::TEXT[], $2::TEXT[], $3::BIGINT[]) AS k (day, state, closed_at)
         ON CONFLICT (day) DO NOTHING RETURNING day, state",
    )
    .bind(column(empty.iter().chain([&today]), ToString::to_string))
    .bind(column(empty.iter().chain([&today]), |day| if *day == today { "OPEN" } else { "CLOSED" }))
    .bind(column(empty.iter().chain([&today]), |day| (*day != today).then(|| at.as_micros())))
    .bind(at.as_micros())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let written = read_rows("business_day", &found, "day", |row| row.day("day"))?;
    Ok(match empty.is_empty() {
        true => Closed::None,
        false => Closed::Days(written.into_iter().filter(|day| *day != today).collect()),
    })
}

pub(super) async fn closed_at(
    connection: &mut PgConnection,
    day: BusinessDay,
) -> Result<Option<Timestamp>, StoreError> {
    let row = sqlx::query("SELECT closed_at FROM business_day WHERE day = $1")
        .bind(day.to_string())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    let read = |row: Columns<'_>| row.maybe_time("closed_at");
    let closed_at = row.map(|row| read_row("business_day", &row, read));
    Ok(closed_at.transpose()?.flatten())
}

pub(super) async fn statement(
    connection: &mut PgConnection,
    day: BusinessDay,
    platform: &Partner,
) -> Result<Option<StatementHead>, StoreError> {
    let row = sqlx::query("SELECT * FROM statement WHERE business_day = $1 AND platform = $2")
        .bind(day.to_string())
        .bind(platform.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| read_row("statement", &row, rows::statement_head)).transpose()
}

pub(super) async fn statement_rows(
    connection: &mut PgConnection,
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
           ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
         WHERE j.business_day = $1 AND j.partner = $2
           AND (j.created_at, j.transaction_id) > ($3, $4)
         ORDER BY j.created_at, j.transaction_id LIMIT $5",
    )
    .bind(day.to_string())
    .bind(platform.as_str())
    .bind(after_at)
    .bind(after_id)
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("journal", &found, "transaction_id", rows::statement_row)
}
