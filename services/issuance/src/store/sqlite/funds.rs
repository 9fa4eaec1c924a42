//! Funds: created once, read, and moved by batches of claims and of closures, each by a transaction
//! of the fund's journal.

use clock::Timestamp;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use crate::domain::{
    Fund, FundChange, FundCommand, FundId, FundPosting, FundPostingKind, FundRefusal, decide_fund,
};
use crate::store::{FundQuery, rows};

/// Creates a fund, within one transaction.
pub(super) async fn create(
    tx: &mut SqliteConnection,
    (command, at): (&FundCommand, Timestamp),
) -> Result<Result<Fund, FundRefusal>, StoreError> {
    let of_request = of_request(tx, command).await?;
    let of_name = fund(tx, &command.fund_id).await?;
    Ok(match decide_fund(of_request, of_name, command, at) {
        Err(refusal) => Err(refusal),
        Ok(FundChange::Replayed(fund)) => Ok(fund),
        Ok(FundChange::Created(fund)) => {
            insert(tx, command, &fund).await?;
            Ok(fund)
        }
    })
}

async fn of_request(
    tx: &mut SqliteConnection,
    command: &FundCommand,
) -> Result<Option<Fund>, StoreError> {
    let row = sqlx::query("SELECT * FROM fund WHERE created_by = ?1 AND request_id = ?2")
        .bind(command.caller.partner.as_str())
        .bind(command.request_id.as_str())
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    row.map(|row| rows::read_row("fund", &row, "fund_id", rows::fund)).transpose()
}

pub(super) async fn fund(
    connection: &mut SqliteConnection,
    fund_id: &FundId,
) -> Result<Option<Fund>, StoreError> {
    let row = sqlx::query("SELECT * FROM fund WHERE fund_id = ?1")
        .bind(fund_id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| rows::read_row("fund", &row, "fund_id", rows::fund)).transpose()
}

/// An organization is seen when it is the given one, or below it, or above it.
pub(super) async fn funds(
    connection: &mut SqliteConnection,
    query: &FundQuery,
) -> Result<Vec<Fund>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM fund
         WHERE fund_id > ?1
           AND (?2 IS NULL OR organization = ?2
                OR substr(organization, 1, length(?2) + 1) = ?2 || '/'
                OR substr(?2, 1, length(organization) + 1) = organization || '/')
         ORDER BY fund_id LIMIT ?3",
    )
    .bind(query.after.as_ref().map_or("", FundId::as_str))
    .bind(query.seen_from.as_ref().map(|organization| organization.as_str()))
    .bind(query.limit)
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    rows::read_rows("fund", &found, "fund_id", rows::fund)
}

async fn insert(
    tx: &mut SqliteConnection,
    command: &FundCommand,
    fund: &Fund,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO fund (fund_id, organization, pledged_fen, created_by, request_id, created_at,
           postings)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )
    .bind(fund.fund_id.as_str())
    .bind(fund.organization.as_str())
    .bind(fund.pledged.0)
    .bind(command.caller.partner.as_str())
    .bind(command.request_id.as_str())
    .bind(fund.created_at.as_micros())
    .bind(fund.postings)
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    write_down(tx, &fund.fund_id, (fund.pledge(), fund.created_at)).await
}

/// Moves a fund from what was read, by the next transaction of its journal; anything else there is
/// a conflict.
pub(super) async fn post(
    tx: &mut SqliteConnection,
    (before, after): (&Fund, &Fund),
    (kind, at): (FundPostingKind, Timestamp),
) -> Result<(), StoreError> {
    let posting = before.posting_to(after, kind);
    let updated = sqlx::query(
        "UPDATE fund SET issued_fen = ?1, spent_fen = ?2, returned_fen = ?3, postings = ?4
         WHERE fund_id = ?5 AND postings = ?4 - 1",
    )
    .bind(after.issued.0)
    .bind(after.spent.0)
    .bind(after.returned.0)
    .bind(posting.number)
    .bind(after.fund_id.as_str())
    .execute(&mut *tx)
    .await
    .map_err(classify)?;
    match updated.rows_affected() {
        1 => write_down(tx, &after.fund_id, (posting, at)).await,
        _ => Err(StoreError::Conflict),
    }
}

async fn write_down(
    tx: &mut SqliteConnection,
    fund_id: &FundId,
    (posting, at): (FundPosting, Timestamp),
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO fund_journal (fund_id, number, kind, pledged_fen, free_fen, open_fen,
           spent_fen, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(fund_id.as_str())
    .bind(posting.number)
    .bind(posting.kind.name())
    .bind(posting.pledged_fen)
    .bind(posting.free_fen)
    .bind(posting.open_fen)
    .bind(posting.spent_fen)
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
