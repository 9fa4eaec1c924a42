//! The statements of closed days (law R5).

use clock::{BusinessDay, Timestamp};
use member_identity::OrganizationPath;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::accounts::AccountSums;
use super::batch::column;
use crate::domain::{Counterparty, Partner, StatementHead, StatementRow};
use crate::store::columns::{read_row, read_rows};
use crate::store::days::{Heads, Making};
use crate::store::{StatementPosition, rows};

/// Rows of the journal that are read at once when a day is closed.
const PAGE: i64 = 5_000;

/// Writes the statements of a day that is closed at that instant, and with all of them what its
/// accounts came to, from its rows page by page: a read of all of them that runs too long would be
/// stopped.
pub(super) async fn write(
    tx: &mut PgConnection,
    (day, at): (BusinessDay, Timestamp),
    making: Making,
) -> Result<(), StoreError> {
    let (mut heads, mut accounts) = (Heads::new(day, at, making), AccountSums::default());
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
        let found = read_rows("journal", &found, "transaction_id", rows::statement_row)?;
        let Some(last) = found.last() else { break };
        let id = last.transaction_id.as_bytes().to_vec();
        after = (last.platform.to_string(), last.at.as_micros(), id);
        for row in &found {
            heads.add(row);
        }
        if making == Making::All {
            accounts.add(tx, column(&found, |row| *row.transaction_id.as_bytes())).await?;
        }
    }
    accounts.write(tx, day).await?;
    insert(tx, day, &heads.finish()).await
}

async fn insert(
    tx: &mut PgConnection,
    day: BusinessDay,
    heads: &[(Counterparty, StatementHead)],
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO statement (business_day, kind, counterparty, format, rows, captured_fen,
           refunded_fen, sha256, closed_at)
         SELECT $1, k.* FROM unnest($2::TEXT[], $3::TEXT[], $4::BIGINT[], $5::BIGINT[],
           $6::BIGINT[], $7::BIGINT[], $8::BYTEA[], $9::BIGINT[]) AS k",
    )
    .bind(day.to_string())
    .bind(column(heads, |(counterparty, _)| counterparty.kind()))
    .bind(column(heads, |(counterparty, _)| counterparty.name()))
    .bind(column(heads, |(_, head)| i64::from(head.format.number())))
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

/// The organizations that a platform's day has rows of, ascending.
pub(super) async fn organizations(
    connection: &mut PgConnection,
    day: BusinessDay,
    platform: &Partner,
) -> Result<Vec<OrganizationPath>, StoreError> {
    let found = sqlx::query(
        "SELECT DISTINCT organization FROM journal WHERE business_day = $1 AND partner = $2
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
    connection: &mut PgConnection,
    day: BusinessDay,
    counterparty: &Counterparty,
) -> Result<Option<StatementHead>, StoreError> {
    let row = sqlx::query(
        "SELECT * FROM statement WHERE business_day = $1 AND kind = $2 AND counterparty = $3",
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
    connection: &mut PgConnection,
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
               ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
             WHERE j.business_day = $1 AND j.partner = $2
               AND (j.created_at, j.transaction_id) > ($3, $4)
             ORDER BY j.created_at, j.transaction_id LIMIT $5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(i64::from(limit)),
        // The rows of others are passed over, each once in a whole statement: a page begins where
        // the one before it ended.
        Counterparty::Funder(_) => sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
             WHERE j.business_day = $1 AND j.organization = $2
               AND (j.partner, j.created_at, j.transaction_id) > ($6, $3, $4)
             ORDER BY j.partner, j.created_at, j.transaction_id LIMIT $5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(i64::from(limit))
        .bind(partner),
        Counterparty::Chain(_) => sqlx::query(
            "SELECT j.*, abs(e.amount_fen) AS amount_fen FROM journal AS j JOIN entry AS e
               ON e.transaction_id = j.transaction_id AND e.shard = j.shard AND e.position = 0
             WHERE j.business_day = $1 AND j.chain = $2
               AND (j.partner, j.created_at, j.transaction_id) > ($6, $3, $4)
             ORDER BY j.partner, j.created_at, j.transaction_id LIMIT $5",
        )
        .bind(day)
        .bind(name)
        .bind(at)
        .bind(id)
        .bind(i64::from(limit))
        .bind(partner),
    };
    let found = query.fetch_all(connection).await.map_err(classify)?;
    read_rows("journal", &found, "transaction_id", rows::statement_row)
}
