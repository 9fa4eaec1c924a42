//! Funds: created once, read, and drawn on by batches of claims.

use clock::Timestamp;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::campaigns;
use crate::domain::{Fund, FundChange, FundCommand, FundId, FundRefusal, decide_fund};
use crate::store::claims::missing_fund;
use crate::store::{FundQuery, rows};

/// Creates a fund, within one transaction, in line with the campaign verbs.
pub(super) async fn create(
    tx: &mut PgConnection,
    (command, at): (&FundCommand, Timestamp),
) -> Result<Result<Fund, FundRefusal>, StoreError> {
    campaigns::wait_in_line(tx).await?;
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
    tx: &mut PgConnection,
    command: &FundCommand,
) -> Result<Option<Fund>, StoreError> {
    let row = sqlx::query("SELECT * FROM fund WHERE created_by = $1 AND request_id = $2")
        .bind(command.caller.partner.as_str())
        .bind(command.request_id.as_str())
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    row.map(|row| rows::read_row("fund", &row, "fund_id", rows::fund)).transpose()
}

pub(super) async fn fund(
    connection: &mut PgConnection,
    fund_id: &FundId,
) -> Result<Option<Fund>, StoreError> {
    let row = sqlx::query("SELECT * FROM fund WHERE fund_id = $1")
        .bind(fund_id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| rows::read_row("fund", &row, "fund_id", rows::fund)).transpose()
}

/// The fund that a batch of claims draws on, which is locked until the batch has committed: batches
/// of all its campaigns take effect one after the other.
pub(super) async fn locked(tx: &mut PgConnection, fund_id: &FundId) -> Result<Fund, StoreError> {
    let row = sqlx::query("SELECT * FROM fund WHERE fund_id = $1 FOR UPDATE")
        .bind(fund_id.as_str())
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    let row = row.ok_or_else(|| missing_fund(fund_id))?;
    rows::read_row("fund", &row, "fund_id", rows::fund)
}

/// An organization is seen when it is the given one, or below it, or above it.
pub(super) async fn funds(
    connection: &mut PgConnection,
    query: &FundQuery,
) -> Result<Vec<Fund>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM fund
         WHERE fund_id > $1
           AND ($2::text IS NULL OR organization = $2
                OR starts_with(organization, $2 || '/')
                OR starts_with($2, organization || '/'))
         ORDER BY fund_id LIMIT $3",
    )
    .bind(query.after.as_ref().map_or("", FundId::as_str))
    .bind(query.seen_from.as_ref().map(|organization| organization.as_str()))
    .bind(i64::from(query.limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    rows::read_rows("fund", &found, "fund_id", rows::fund)
}

async fn insert(
    tx: &mut PgConnection,
    command: &FundCommand,
    fund: &Fund,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO fund (fund_id, organization, pledged_fen, created_by, request_id, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
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
    tx: &mut PgConnection,
    (before, after): (&Fund, &Fund),
) -> Result<(), StoreError> {
    let updated =
        sqlx::query("UPDATE fund SET issued_fen = $1 WHERE fund_id = $2 AND issued_fen = $3")
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
