//! The statements of closed days (law R5).

use clock::{BusinessDay, Timestamp};
use futures::TryStreamExt as _;
use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, Hex};
use crate::domain::{Counterparty, Partner, StatementHead, StatementRow};
use crate::store::columns::{read_row, read_rows};
use crate::store::days::{Heads, Making};
use crate::store::{StatementPosition, rows};

/// Writes the statements of a day that is closed at that instant, from its rows as they come.
pub(super) async fn write(
    tx: &mut SqliteConnection,
    (day, at): (BusinessDay, Timestamp),
    making: Making,
) -> Result<(), StoreError> {
    let mut heads = Heads::new(day, at, making);
    {
        let mut found = sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
             WHERE j.business_day = ?1 ORDER BY j.partner, j.created_at, j.transaction_id",
        )
        .bind(day.to_string())
        .fetch(&mut *tx);
        while let Some(row) = found.try_next().await.map_err(classify)? {
            heads.add(&read_row("journal", &row, rows::statement_row)?);
        }
    }
    insert(tx, day, &heads.finish()).await
}

async fn insert(
    tx: &mut SqliteConnection,
    day: BusinessDay,
    heads: &[(Counterparty, StatementHead)],
) -> Result<(), StoreError> {
    let rows = heads.iter().map(|(counterparty, head)| {
        (
            day.to_string(),
            counterparty.kind(),
            counterparty.name(),
            head.format.number(),
            head.rows,
            head.captured.0,
            head.refunded.0,
            Hex(head.sha256),
            head.closed_at.as_micros(),
        )
    });
    sqlx::query(
        "INSERT INTO statement (business_day, kind, counterparty, format, rows, captured_fen,
           refunded_fen, sha256, closed_at)
         SELECT value ->> 0, value ->> 1, value ->> 2, value ->> 3, value ->> 4, value ->> 5,
           value ->> 6, unhex(value ->> 7), value ->> 8
         FROM json_each(?1)",
    )
    .bind(batch::array(rows))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// The organizations that a platform's day has rows of, ascending.
pub(super) async fn organizations(
    connection: &mut SqliteConnection,
    day: BusinessDay,
    platform: &Partner,
) -> Result<Vec<OrganizationPath>, StoreError> {
    let found = sqlx::query(
        "SELECT DISTINCT organization FROM journal WHERE business_day = ?1 AND partner = ?2
         ORDER BY organization",
    )
    .bind(day.to_string())
    .bind(platform.as_str())
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("journal", &found, "organization", |row| row.organization("organization"))
}

pub(super) async fn head(
    connection: &mut SqliteConnection,
    day: BusinessDay,
    counterparty: &Counterparty,
) -> Result<Option<StatementHead>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM statement WHERE business_day = ?1 AND kind = ?2 AND counterparty = ?3",
    )
    .bind(day.to_string())
    .bind(counterparty.kind())
    .bind(counterparty.name())
    .fetch_optional(connection)
    .await
    .map_err(classify)?;
    row.map(|row| read_row("statement", &row, rows::statement_head)).transpose()
}

pub(super) async fn rows(
    connection: &mut SqliteConnection,
    (day, counterparty): (BusinessDay, &Counterparty),
    after: Option<StatementPosition>,
    limit: u32,
) -> Result<Vec<StatementRow>, StoreError> {
    // The first page goes on after what no row is before, so that every page is one index range.
    let (partner, at, id) = match after {
        Some((partner, at, id)) => (partner.to_string(), at.as_micros(), id.as_bytes().to_vec()),
        None => (String::new(), i64::MIN, Vec::new()),
    };
    let (day, name) = (day.to_string(), counterparty.name());
    let query = match counterparty {
        Counterparty::Platform(_) => sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
             WHERE j.business_day = ?1 AND j.partner = ?2
               AND (j.created_at, j.transaction_id) > (?3, ?4)
             ORDER BY j.created_at, j.transaction_id LIMIT ?5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(limit),
        // The rows of others are passed over, each once in a whole statement: a page begins where
        // the one before it ended.
        Counterparty::Funder(_) => sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen
             FROM journal AS j INDEXED BY journal_of_day JOIN entry AS e
               ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
             WHERE j.business_day = ?1 AND j.organization = ?2
               AND (j.partner, j.created_at, j.transaction_id) > (?6, ?3, ?4)
             ORDER BY j.partner, j.created_at, j.transaction_id LIMIT ?5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(limit)
        .bind(partner),
        Counterparty::Chain(_) => sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen
             FROM journal AS j INDEXED BY journal_of_day JOIN entry AS e
               ON e.shard = j.shard AND e.transaction_id = j.transaction_id AND e.position = 0
             WHERE j.business_day = ?1 AND j.chain = ?2
               AND (j.partner, j.created_at, j.transaction_id) > (?6, ?3, ?4)
             ORDER BY j.partner, j.created_at, j.transaction_id LIMIT ?5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(limit)
        .bind(partner),
    };
    let found = query.fetch_all(connection).await.map_err(classify)?;
    read_rows("journal", &found, "transaction_id", rows::statement_row)
}
