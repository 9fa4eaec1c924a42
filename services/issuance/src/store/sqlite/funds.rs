//! Funds: created once, read, and drawn on by batches of claims.

use clock::Timestamp;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use crate::domain::{Fund, FundChange, FundCommand, FundId, FundRefusal, decide_fund};
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
        "INSERT INTO fund (fund_id, organization, pledged_fen, created_by, request_id, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )
    .bind(fund.fund_id.as_str())
    .bind(fund.organization.as_str())
    .bind(fund.pledged.0)
    .bind(command.caller.partner.as_str())
    .bind(command.request_id.as_str())
    .bind(fund.created_at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

/// Moves what was given out from what was read; anything else there is a conflict.
pub(super) async fn draw(
    tx: &mut SqliteConnection,
    (before, after): (&Fund, &Fund),
) -> Result<(), StoreError> {
    let updated =
        sqlx::query("UPDATE fund SET issued_fen = ?1 WHERE fund_id = ?2 AND issued_fen = ?3")
            .bind(after.issued.0)
            .bind(after.fund_id.as_str())
            .bind(before.issued.0)
            .execute(tx)
            .await
            .map_err(classify)?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
