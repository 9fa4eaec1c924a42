//! What members are found by, apart from ids and identity numbers.

use member_identity::{MemberId, Shard};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::{SqliteConnection, SqlitePool};

use super::rows;
use crate::domain::registry::Handle;
use crate::store::{HandleCursor, StoredHandle};

const ADVANCE: &str = "
    UPDATE shard_version SET version = version + 1 WHERE shard = ?1 RETURNING version";

/// The version that this step's changes carry.
pub(super) async fn advance(tx: &mut SqliteConnection, shard: Shard) -> Result<i64, StoreError> {
    let advance = sqlx::query_scalar(ADVANCE).bind(shard.0);
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
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, 1, 1, ?7)
    ON CONFLICT (handle) DO UPDATE SET
           shard = excluded.shard, member_id = excluded.member_id, owner = excluded.owner,
           is_live = 1, version = handle.version + 1, shard_version = excluded.shard_version
     WHERE handle.is_live = 0 AND handle.kind = 'account' AND excluded.kind = 'account'";

/// Makes a handle, or gives one of an account that is nobody's to its new owner.
pub(super) async fn insert(
    tx: &mut SqliteConnection,
    new: New,
    shard_version: i64,
) -> Result<(), StoreError> {
    let made = sqlx::query(INSERT)
        .bind(new.handle.to_vec())
        .bind(new.kind)
        .bind(new.index_version)
        .bind(new.member.shard().0)
        .bind(new.member.as_bytes().to_vec())
        .bind(new.owner.to_vec())
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
    UPDATE handle SET is_live = 0, version = version + 1, shard_version = ?3
     WHERE shard = ?1 AND owner = ?2 AND is_live = 1";

/// Nobody is found any more by the handles of an owner.
pub(super) async fn end(
    tx: &mut SqliteConnection,
    (shard, owner): (Shard, &[u8; 16]),
    shard_version: i64,
) -> Result<(), StoreError> {
    let query = sqlx::query(END).bind(shard.0).bind(owner.to_vec());
    query.bind(shard_version).execute(tx).await.map(drop).map_err(classify)
}

const OF_OWNER: &str = "
    SELECT handle, member_id, is_live, version, shard_version
      FROM handle
     WHERE shard = ?1 AND owner = ?2";

/// The handles of some owners, as they are now.
pub(super) async fn of_owners(
    tx: &mut SqliteConnection,
    owners: &[[u8; 16]],
) -> Result<Vec<Handle>, StoreError> {
    let mut handles = Vec::new();
    for owner in owners {
        let query = sqlx::query(OF_OWNER).bind(owner[0]).bind(owner.to_vec());
        for row in query.fetch_all(&mut *tx).await.map_err(classify)? {
            handles.push(rows::stored_handle(&row)?.handle);
        }
    }
    Ok(handles)
}

const CHANGED: &str = "
    SELECT handle, member_id, is_live, version, shard_version
      FROM handle
     WHERE shard = ?1 AND (shard_version, handle) > (?2, ?3)
     ORDER BY shard_version, handle
     LIMIT ?4";

/// Handles in the order of their changes, a shard a statement.
pub(super) async fn changed(
    readers: &SqlitePool,
    after: &[HandleCursor],
    per_shard: u32,
) -> Result<Vec<StoredHandle>, StoreError> {
    let mut reader = readers.acquire().await.map_err(classify)?;
    let mut handles = Vec::new();
    for cursor in after {
        let query = sqlx::query(CHANGED).bind(cursor.shard.0).bind(cursor.version);
        let query = query.bind(cursor.key.to_vec()).bind(per_shard);
        for row in query.fetch_all(&mut *reader).await.map_err(classify)? {
            handles.push(rows::stored_handle(&row)?);
        }
    }
    Ok(handles)
}
