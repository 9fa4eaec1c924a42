//! Events: written with the steps that they tell of, numbered by one sealer at a time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::batch::{column, count};
use super::load;
use crate::domain::{Event, Laid, NewEvent, Partner, number};
use crate::store::columns::read_rows;
use crate::store::events::{event, event_head, new_event, told};

/// Numbers steps of at most `max` authorizations; gives the number of steps. Nothing when another
/// replica is at it.
pub(super) async fn seal(tx: &mut PgConnection, max: u32) -> Result<u32, StoreError> {
    let turn = sqlx::query("SELECT id FROM event_sealer FOR UPDATE SKIP LOCKED");
    if turn.fetch_optional(&mut *tx).await.map_err(classify)?.is_none() {
        return Ok(0);
    }
    let taken = take(tx, max).await?;
    if taken.is_empty() {
        return Ok(0);
    }
    let partners: BTreeSet<_> = taken.iter().map(|event| event.partner.clone()).collect();
    let (numbered, after) = number(taken, &heads(tx, &partners).await?);
    insert(tx, &numbered).await?;
    move_heads(tx, &after).await?;
    Ok(u32::try_from(numbered.len()).expect("a batch is bounded"))
}

/// All steps of the authorizations of the oldest ones: who sees a later one sees those before it.
async fn take(tx: &mut PgConnection, max: u32) -> Result<Vec<NewEvent>, StoreError> {
    let found = sqlx::query(
        "DELETE FROM new_event
         WHERE authorization_id IN (SELECT authorization_id FROM new_event ORDER BY at LIMIT $1)
         RETURNING authorization_id, step, partner, kind, at",
    )
    .bind(i64::from(max))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    read_rows("new_event", &found, "authorization_id", new_event)
}

async fn heads(
    tx: &mut PgConnection,
    partners: &BTreeSet<Partner>,
) -> Result<HashMap<Partner, i64>, StoreError> {
    let found = sqlx::query("SELECT partner, position FROM event_head WHERE partner = ANY($1)")
        .bind(column(partners, |partner| partner.as_str()))
        .fetch_all(tx)
        .await
        .map_err(classify)?;
    let read = read_rows("event_head", &found, "partner", event_head)?;
    Ok(read.into_iter().collect())
}

async fn insert(tx: &mut PgConnection, numbered: &[(i64, NewEvent)]) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO event (shard, authorization_id, partner, position, step, kind, at)
         SELECT get_byte(k.authorization_id, 0), k.*
         FROM unnest($1::BYTEA[], $2::TEXT[], $3::BIGINT[], $4::BIGINT[], $5::TEXT[], $6::BIGINT[])
           AS k (authorization_id, partner, position, step, kind, at)",
    )
    .bind(column(numbered, |(_, event)| *event.authorization_id.as_bytes()))
    .bind(column(numbered, |(_, event)| event.partner.as_str()))
    .bind(column(numbered, |(position, _)| *position))
    .bind(column(numbered, |(_, event)| i64::from(event.step)))
    .bind(column(numbered, |(_, event)| event.kind.name()))
    .bind(column(numbered, |(_, event)| event.at.as_micros()))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn move_heads(
    tx: &mut PgConnection,
    after: &BTreeMap<Partner, i64>,
) -> Result<(), StoreError> {
    let moved = sqlx::query(
        "INSERT INTO event_head (partner, position)
         SELECT * FROM unnest($1::TEXT[], $2::BIGINT[])
         ON CONFLICT (partner) DO UPDATE SET position = excluded.position",
    )
    .bind(column(after.keys(), |partner| partner.as_str()))
    .bind(column(after.values(), |position| *position))
    .execute(tx)
    .await
    .map_err(classify)?;
    match moved.rows_affected() == count(after.len()) {
        true => Ok(()),
        false => Err(StoreError::Conflict),
    }
}

pub(super) async fn head(
    connection: &mut PgConnection,
    partner: &Partner,
) -> Result<i64, StoreError> {
    let found = heads(connection, &BTreeSet::from([partner.clone()])).await?;
    Ok(found.get(partner).copied().unwrap_or(0))
}

pub(super) async fn page(
    connection: &mut PgConnection,
    partner: &Partner,
    (after, limit): (i64, u32),
) -> Result<Vec<Event>, StoreError> {
    let found = sqlx::query(
        "SELECT position, authorization_id, step, partner, kind, at FROM event
         WHERE partner = $1 AND position > $2 ORDER BY position LIMIT $3",
    )
    .bind(partner.as_str())
    .bind(after)
    .bind(i64::from(limit))
    .fetch_all(&mut *connection)
    .await
    .map_err(classify)?;
    let numbered = read_rows("event", &found, "authorization_id", event)?;
    let mut laid = Laid::default();
    let ids = numbered.iter().map(|(_, event)| event.authorization_id).collect();
    load::authorizations(connection, &mut laid, &ids).await?;
    told(numbered, &laid)
}
