//! Funds: created once, read, and moved by batches of claims and of closures, each by a transaction
//! of the fund's journal.

use clock::Timestamp;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::campaigns;
use crate::domain::{
    Fund, FundChange, FundCommand, FundId, FundPosting, FundPostingKind, FundRefusal, decide_fund,
};
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
        "INSERT INTO fund (fund_id, organization, pledged_fen, created_by, request_id, created_at,
           postings)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
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

/// Moves a fund, which is locked, from what was read, by the next transaction of its journal, in
/// one round trip; anything else there is a conflict.
pub(super) async fn post(
    tx: &mut PgConnection,
    (before, after): (&Fund, &Fund),
    (kind, at): (FundPostingKind, Timestamp),
) -> Result<(), StoreError> {
    let posting = before.posting_to(after, kind);
    let written = sqlx::query(
        "WITH moved AS (
           UPDATE fund SET issued_fen = $1, spent_fen = $2, returned_fen = $3, postings = $4
           WHERE fund_id = $5 AND postings = $4 - 1 RETURNING fund_id
         )
         INSERT INTO fund_journal (fund_id, number, kind, pledged_fen, free_fen, open_fen,
           spent_fen, created_at)
         SELECT fund_id, $4, $6, $7, $8, $9, $10, $11 FROM moved",
    )
    .bind(after.issued.0)
    .bind(after.spent.0)
    .bind(after.returned.0)
    .bind(posting.number)
    .bind(after.fund_id.as_str())
    .bind(posting.kind.name())
    .bind(posting.pledged_fen)
    .bind(posting.free_fen)
    .bind(posting.open_fen)
    .bind(posting.spent_fen)
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    match written.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

/// The first transaction of a fund that was just created.
async fn write_down(
    tx: &mut PgConnection,
    fund_id: &FundId,
    (posting, at): (FundPosting, Timestamp),
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO fund_journal (fund_id, number, kind, pledged_fen, free_fen, open_fen,
           spent_fen, created_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
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
