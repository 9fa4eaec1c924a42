//! Events: written with the steps that they tell of, and numbered by the one writer.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::{self, id_row};
use super::{load, save};
use crate::domain::{Event, Laid, NewEvent, Partner, number};
use crate::store::columns::read_rows;
use crate::store::events::{event, event_head, new_event, told};

/// Steps that a batch took.
pub(super) async fn append(
    tx: &mut SqliteConnection,
    taken: &[NewEvent],
) -> Result<(), StoreError> {
    let insert = "
        INSERT INTO new_event (shard, authorization_id, step, partner, kind, at)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5
        FROM json_each(?1)";
    let row = |event: &NewEvent| {
        let (shard, id) = id_row(event.authorization_id.as_bytes());
        let (partner, kind) = (event.partner.to_string(), event.kind.name());
        (shard, id, event.step, partner, kind, event.at.as_micros())
    };
    save::run(tx, insert, taken.iter().map(row)).await.map(drop)
}

/// Numbers steps of at most `max` authorizations; gives the number of steps.
pub(super) async fn seal(tx: &mut SqliteConnection, max: u32) -> Result<u32, StoreError> {
    let taken = take(tx, max).await?;
    if taken.is_empty() {
        return Ok(0);
    }
    let partners: BTreeSet<_> = taken.iter().map(|event| event.partner.clone()).collect();
    let (numbered, after) = number(taken, &heads(tx, &partners).await?);
    insert(tx, &numbered).await?;
    move_heads(tx, &after).await?;
    Ok(batch::count(numbered.len()))
}

async fn take(tx: &mut SqliteConnection, max: u32) -> Result<Vec<NewEvent>, StoreError> {
    let found = sqlx::query(
        "DELETE FROM new_event
         WHERE authorization_id IN (SELECT authorization_id FROM new_event ORDER BY at LIMIT ?1)
         RETURNING authorization_id, step, partner, kind, at",
    )
    .bind(max)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    read_rows("new_event", &found, "authorization_id", new_event)
}

async fn heads(
    tx: &mut SqliteConnection,
    partners: &BTreeSet<Partner>,
) -> Result<HashMap<Partner, i64>, StoreError> {
    let found = sqlx::query(
        "SELECT partner, position FROM event_head
         WHERE partner IN (SELECT value FROM json_each(?1))",
    )
    .bind(batch::array(partners.iter().map(Partner::as_str)))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = read_rows("event_head", &found, "partner", event_head)?;
    Ok(read.into_iter().collect())
}

async fn insert(tx: &mut SqliteConnection, numbered: &[(i64, NewEvent)]) -> Result<(), StoreError> {
    let insert = "
        INSERT INTO event (shard, authorization_id, partner, position, step, kind, at)
        SELECT value ->> 0, unhex(value ->> 1), value ->> 2, value ->> 3, value ->> 4, value ->> 5,
          value ->> 6
        FROM json_each(?1)";
    let row = |(position, event): &(i64, NewEvent)| {
        let (shard, id) = id_row(event.authorization_id.as_bytes());
        let (partner, kind) = (event.partner.to_string(), event.kind.name());
        (shard, id, partner, *position, event.step, kind, event.at.as_micros())
    };
    save::run(tx, insert, numbered.iter().map(row)).await.map(drop)
}

async fn move_heads(
    tx: &mut SqliteConnection,
    after: &BTreeMap<Partner, i64>,
) -> Result<(), StoreError> {
    let upsert = "
        INSERT INTO event_head (partner, position)
        SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
        ON CONFLICT (partner) DO UPDATE SET position = excluded.position";
    save::run(tx, upsert, after.iter().map(|(partner, head)| (partner.as_str(), *head)))
        .await
        .map(drop)
}

pub(super) async fn head(
    connection: &mut SqliteConnection,
    partner: &Partner,
) -> Result<i64, StoreError> {
    let found = heads(connection, &BTreeSet::from([partner.clone()])).await?;
    Ok(found.get(partner).copied().unwrap_or(0))
}

pub(super) async fn page(
    connection: &mut SqliteConnection,
    partner: &Partner,
    (after, limit): (i64, u32),
) -> Result<Vec<Event>, StoreError> {
    let found = sqlx::query(
        "SELECT position, authorization_id, step, partner, kind, at FROM event
         WHERE partner = ?1 AND position > ?2 ORDER BY position LIMIT ?3",
    )
    .bind(partner.as_str())
    .bind(after)
    .bind(limit)
    .fetch_all(&mut *connection)
    .await
    .map_err(classify)?;
    let numbered = read_rows("event", &found, "authorization_id", event)?;
    let mut laid = Laid::default();
    let ids = numbered.iter().map(|(_, event)| event.authorization_id).collect();
    load::authorizations(connection, &mut laid, &ids).await?;
    told(numbered, &laid)
}
