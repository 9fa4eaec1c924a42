use member_identity::{MemberId, PersonKey};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::{PgExecutor, PgPool};

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
pub(super) async fn versions(readers: &PgPool) -> Result<Versions, StoreError> {
    let found = sqlx::query(VERSIONS).fetch_all(readers).await.map_err(classify)?;
    rows::versions(&found)
}

const CHANGED: &str = "
    SELECT m.member_id, m.person_key, m.organization, m.trade, m.employment, m.region_code,
           m.honours, m.state, m.version, m.shard_version, m.updated_at, m.sex_enc, m.birth_enc,
           p.wrapped_key, p.key_version,
           (SELECT b.blind FROM blind_index b
             WHERE b.shard = m.shard AND b.person_key = m.person_key AND b.kind = 'id_number'
               AND b.index_version <= $5
             ORDER BY b.index_version DESC LIMIT 1) AS blind
      FROM unnest($1::int[], $2::bigint[], $3::bytea[]) AS after (shard, version, member_id)
     CROSS JOIN LATERAL (
           SELECT * FROM member
            WHERE member.shard = after.shard
              AND (member.shard_version, member.member_id) > (after.version, after.member_id)
            ORDER BY member.shard_version, member.member_id
            LIMIT $4) AS m
     CROSS JOIN LATERAL (
           SELECT * FROM person
            WHERE person.shard = m.shard AND person.person_key = m.person_key LIMIT 1) AS p
     ORDER BY m.shard, m.shard_version, m.member_id";

/// Members in the order of their changes.
pub(super) async fn changed_members(
    readers: &PgPool,
    after: &[ShardCursor],
    per_shard: u32,
    index_version: u32,
) -> Result<Vec<StoredMember>, StoreError> {
    let shards: Vec<i32> = after.iter().map(|cursor| i32::from(cursor.shard.0)).collect();
    let versions: Vec<i64> = after.iter().map(|cursor| cursor.version).collect();
    let ids: Vec<&[u8]> =
        after.iter().map(|cursor| cursor.member_id.as_bytes().as_slice()).collect();
    let changed = sqlx::query(CHANGED)
        .bind(shards)
        .bind(versions)
        .bind(ids)
        .bind(i64::from(per_shard))
        .bind(i64::from(index_version))
        .fetch_all(readers)
        .await
        .map_err(classify)?;
    changed.iter().map(rows::stored_member).collect()
}

const MEMBER: &str = "
    SELECT member_id, person_key, organization, trade, employment, region_code, honours, state,
           version, updated_at
      FROM member
     WHERE shard = $1 AND member_id = $2";

/// The live member of that id.
pub(super) async fn member<'e>(
    executor: impl PgExecutor<'e>,
    member_id: MemberId,
) -> Result<Option<Member>, StoreError> {
    let query = sqlx::query(MEMBER).bind(shard(member_id)).bind(member_id.as_bytes().as_slice());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::member).transpose()
}

const PERSON_OF: &str = "
    SELECT p.person_key, p.wrapped_key, p.key_version
      FROM member m
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE m.shard = $1 AND m.member_id = $2";

/// The person behind a member, with their data key.
pub(super) async fn person_of(
    readers: &PgPool,
    member_id: MemberId,
) -> Result<Option<(PersonKey, WrappedKey)>, StoreError> {
    let query = sqlx::query(PERSON_OF).bind(shard(member_id)).bind(member_id.as_bytes().as_slice());
    let row = query.fetch_optional(readers).await.map_err(classify)?;
    row.as_ref().map(rows::person).transpose()
}

const MEMBERS: &str = "
    SELECT member_id, person_key, organization, trade, employment, region_code, honours, state,
           version, updated_at
      FROM member
     WHERE (shard, member_id) > ($1, $2)
       AND ($3::text IS NULL OR organization = $3 OR (organization >= $4 AND organization < $5))
     ORDER BY shard, member_id
     LIMIT $6";

/// Members by id.
pub(super) async fn members(
    readers: &PgPool,
    page: Page<MemberId>,
) -> Result<Vec<Member>, StoreError> {
    let (shard, after) = match &page.after {
        Some(member_id) => (shard(*member_id), member_id.as_bytes().as_slice()),
        None => (-1, [].as_slice()),
    };
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(MEMBERS).bind(shard).bind(after);
    let query = query.bind(subtree.path).bind(subtree.first).bind(subtree.end);
    let found = query.bind(i64::from(page.size)).fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::member).collect()
}

pub(super) fn shard(member_id: MemberId) -> i32 {
    i32::from(member_id.shard().0)
}
