use member_identity::{MemberId, PersonKey};
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqlitePool;

use super::rows;
use crate::domain::keyring::WrappedKey;
use crate::domain::member::Member;
use crate::store::subtree::Subtree;
use crate::store::{Page, ShardCursor, StoredMember, Versions};

const VERSIONS: &str = "
    SELECT shard, version FROM shard_version
     UNION ALL
    SELECT -1, version FROM policy_version
     UNION ALL
    SELECT -2, version FROM grant_version";

/// How often the registry has changed.
pub(super) async fn versions(readers: &SqlitePool) -> Result<Versions, StoreError> {
    let found = sqlx::query(VERSIONS).fetch_all(readers).await.map_err(classify)?;
    rows::versions(&found)
}

const CHANGED: &str = "
    SELECT m.member_id, m.person_key, m.organization, m.trade, m.employment, m.region_code,
           m.honours, m.state, m.version, m.shard_version, m.updated_at, m.sex_enc, m.birth_enc,
           p.wrapped_key, p.key_version,
           (SELECT b.blind FROM blind_index b
             WHERE b.shard = m.shard AND b.person_key = m.person_key AND b.kind = 'id_number'
               AND b.index_version <= ?5
             ORDER BY b.index_version DESC LIMIT 1) AS blind
      FROM member m
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE m.shard = ?1 AND (m.shard_version, m.member_id) > (?2, ?3)
     ORDER BY m.shard_version, m.member_id
     LIMIT ?4";

/// Members in the order of their changes, a shard a statement: nothing is between them and the
/// file.
pub(super) async fn changed_members(
    readers: &SqlitePool,
    after: &[ShardCursor],
    per_shard: u32,
    index_version: u32,
) -> Result<Vec<StoredMember>, StoreError> {
    let mut reader = readers.acquire().await.map_err(classify)?;
    let mut members = Vec::new();
    for cursor in after {
        let changed = sqlx::query(CHANGED)
            .bind(cursor.shard.0)
            .bind(cursor.version)
            .bind(id(cursor.member_id))
            .bind(per_shard)
            .bind(index_version)
            .fetch_all(&mut *reader)
            .await
            .map_err(classify)?;
        for row in &changed {
            members.push(rows::stored_member(row)?);
        }
    }
    Ok(members)
}

const MEMBER: &str = "
    SELECT member_id, person_key, organization, trade, employment, region_code, honours, state,
           version, updated_at
      FROM member
     WHERE shard = ?1 AND member_id = ?2";

/// The live member of that id.
pub(super) async fn member<'e>(
    executor: impl sqlx::SqliteExecutor<'e>,
    member_id: MemberId,
) -> Result<Option<Member>, StoreError> {
    let query = sqlx::query(MEMBER).bind(member_id.shard().0).bind(id(member_id));
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::member).transpose()
}

const PERSON_OF: &str = "
    SELECT p.person_key, p.wrapped_key, p.key_version
      FROM member m
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE m.shard = ?1 AND m.member_id = ?2";

/// The person behind a member, with their data key.
pub(super) async fn person_of(
    readers: &SqlitePool,
    member_id: MemberId,
) -> Result<Option<(PersonKey, WrappedKey)>, StoreError> {
    let query = sqlx::query(PERSON_OF).bind(member_id.shard().0).bind(id(member_id));
    let row = query.fetch_optional(readers).await.map_err(classify)?;
    row.as_ref().map(rows::person).transpose()
}

const MEMBERS: &str = "
    SELECT member_id, person_key, organization, trade, employment, region_code, honours, state,
           version, updated_at
      FROM member
     WHERE (shard, member_id) > (?1, ?2)
       AND (?3 IS NULL OR organization = ?3 OR (organization >= ?4 AND organization < ?5))
     ORDER BY shard, member_id
     LIMIT ?6";

/// Members by id.
pub(super) async fn members(
    readers: &SqlitePool,
    page: Page<MemberId>,
) -> Result<Vec<Member>, StoreError> {
    let (shard, after) = position(page.after);
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(MEMBERS).bind(shard).bind(after);
    let query = query.bind(subtree.path).bind(subtree.first).bind(subtree.end).bind(page.size);
    let rows = query.fetch_all(readers).await.map_err(classify)?;
    rows.iter().map(rows::member).collect()
}

/// The place after which a list by id goes on: before every id when there is none.
fn position(after: Option<MemberId>) -> (i64, Vec<u8>) {
    match after {
        Some(member_id) => (i64::from(member_id.shard().0), id(member_id)),
        None => (-1, Vec::new()),
    }
}

pub(super) fn id(member_id: MemberId) -> Vec<u8> {
    member_id.as_bytes().to_vec()
}
