//! What members are found by, apart from ids and identity numbers.

use member_identity::{MemberId, Shard};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::{PgConnection, PgPool};

use super::rows;
use crate::domain::registry::Handle;
use crate::store::{HandleCursor, StoredHandle};

/// Nobody else changes members of the shard before this step's commit.
pub(super) async fn lock_shard(tx: &mut PgConnection, shard: Shard) -> Result<(), StoreError> {
    let lock = sqlx::query("SELECT version FROM shard_version WHERE shard = $1 FOR UPDATE");
    let lock = lock.bind(i32::from(shard.0)).execute(tx).await;
    lock.map(drop).map_err(classify)
}

const ADVANCE: &str = "
    UPDATE shard_version SET version = version + 1 WHERE shard = $1 RETURNING version";

/// The version that this step's changes carry.
pub(super) async fn advance(tx: &mut PgConnection, shard: Shard) -> Result<i64, StoreError> {
    let advance = sqlx::query_scalar(ADVANCE).bind(i32::from(shard.0));
    advance.fetch_one(tx).await.map_err(classify)
}

/// A handle that is made.
#[derive(Clone, Copy)]
pub(super) struct New {
    pub(super) handle: [u8; 16],
    pub(super) kind: &'static str,
    pub(super) index_version: u32,
    pub(super) member: MemberId,
    pub(super) owner: [u8; 16],
}

const INSERT: &str = "
    INSERT INTO handle (handle, kind, index_version, shard, member_id, owner, is_live, version,
                        shard_version)
    VALUES ($1, $2, $3, $4, $5, $6, 1, 1, $7)
    ON CONFLICT (handle) DO UPDATE SET
           shard = excluded.shard, member_id = excluded.member_id, owner = excluded.owner,
           is_live = 1, version = handle.version + 1, shard_version = excluded.shard_version
     WHERE handle.is_live = 0 AND handle.kind = 'account' AND excluded.kind = 'account'";

/// Makes a handle, or gives one of an account that is nobody's to its new owner.
pub(super) async fn insert(
    tx: &mut PgConnection,
    new: New,
    shard_version: i64,
) -> Result<(), StoreError> {
    let made = sqlx::query(INSERT)
        .bind(new.handle.as_slice())
        .bind(new.kind)
        .bind(i64::from(new.index_version))
        .bind(i32::from(new.member.shard().0))
        .bind(new.member.as_bytes().as_slice())
        .bind(new.owner.as_slice())
        .bind(shard_version)
        .execute(tx)
        .await
        .map_err(classify)?;
    match made.rows_affected() {
        1 => Ok(()),
        // Somebody else's in the meantime.
        _ => Err(StoreError::Conflict),
    }
}

const END: &str = "
    UPDATE handle SET is_live = 0, version = version + 1, shard_version = $3
     WHERE shard = $1 AND owner = $2 AND is_live = 1";

/// Nobody is found any more by the handles of an owner.
pub(super) async fn end(
    tx: &mut PgConnection,
    (shard, owner): (Shard, &[u8; 16]),
    shard_version: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query(END).bind(i32::from(shard.0)).bind(owner.as_slice());
    query.bind(shard_version).execute(tx).await.map(drop).map_err(classify)
}

const OF_OWNERS: &str = "
    SELECT h.handle, h.member_id, h.is_live, h.version, h.shard_version
      FROM unnest($1::int[], $2::bytea[]) AS asked (shard, owner)
      JOIN handle h ON h.shard = asked.shard AND h.owner = asked.owner";

/// The handles of some owners, as they are now.
pub(super) async fn of_owners(
    tx: &mut PgConnection,
    owners: &[[u8; 16]],
) -> Result<Vec<Handle>, StoreError> {
    let shards: Vec<i32> = owners.iter().map(|owner| i32::from(owner[0])).collect();
    let owners: Vec<&[u8]> = owners.iter().map(<[u8; 16]>::as_slice).collect();
    let query = sqlx::query(OF_OWNERS).bind(shards).bind(owners);
    let found = query.fetch_all(tx).await.map_err(classify)?;
    found.iter().map(|row| rows::stored_handle(row).map(|stored| stored.handle)).collect()
}

const CHANGED: &str = "
    SELECT h.handle, h.member_id, h.is_live, h.version, h.shard_version
      FROM unnest($1::int[], $2::bigint[], $3::bytea[]) AS after (shard, version, handle)
     CROSS JOIN LATERAL (
           SELECT * FROM handle
            WHERE handle.shard = after.shard
              AND (handle.shard_version, handle.handle) > (after.version, after.handle)
            ORDER BY handle.shard_version, handle.handle
            LIMIT $4) AS h
     ORDER BY h.shard, h.shard_version, h.handle";

/// Handles in the order of their changes.
pub(super) async fn changed(
    readers: &PgPool,
    after: &[HandleCursor],
    per_shard: u32,
) -> Result<Vec<StoredHandle>, StoreError> {
    let shards: Vec<i32> = after.iter().map(|cursor| i32::from(cursor.shard.0)).collect();
    let versions: Vec<i64> = after.iter().map(|cursor| cursor.version).collect();
    let keys: Vec<&[u8]> = after.iter().map(|cursor| cursor.key.as_slice()).collect();
    let query = sqlx::query(CHANGED).bind(shards).bind(versions).bind(keys);
    let query = query.bind(i64::from(per_shard));
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::stored_handle).collect()
}
