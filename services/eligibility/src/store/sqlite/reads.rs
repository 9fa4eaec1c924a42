use member_identity::MemberId;
use serde::Deserialize;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqlitePool;
use sqlx::sqlite::SqliteRow;

use super::{Subtree, rows};
use crate::domain::keyring::Blind;
use crate::domain::member::Member;
use crate::store::{Page, StoredMember};

const LOAD: &str = "
    SELECT m.member_id, m.person_key, m.organization, m.trade, m.employment, m.region_code,
           m.honours, m.state, m.version, m.updated_at, m.sex_enc, m.birth_enc,
           p.wrapped_key, p.key_version,
           (SELECT json_group_array(hex(b.blind)) FROM blind_index b
             WHERE b.shard = m.shard AND b.person_key = m.person_key AND b.kind = 'id_number')
             AS blinds
      FROM member m
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE (m.shard, m.member_id) > (?1, ?2)
     ORDER BY m.shard, m.member_id
     LIMIT ?3";

/// Live members by id, with what memory needs of them.
pub(super) async fn load(
    readers: &SqlitePool,
    after: Option<MemberId>,
    size: u32,
) -> Result<Vec<StoredMember>, StoreError> {
    let (shard, id) = position(after);
    let query = sqlx::query(LOAD).bind(shard).bind(id).bind(size);
    let rows = query.fetch_all(readers).await.map_err(classify)?;
    rows.iter().map(stored_member).collect()
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
    let query = sqlx::query(MEMBER).bind(member_id.shard().0).bind(member_id.as_bytes().to_vec());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::member).transpose()
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
    let (shard, id) = position(page.after);
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(MEMBERS).bind(shard).bind(id);
    let query = query.bind(subtree.path).bind(subtree.first).bind(subtree.end).bind(page.size);
    let rows = query.fetch_all(readers).await.map_err(classify)?;
    rows.iter().map(rows::member).collect()
}

/// The place after which a list by id goes on: before every id when there is none.
fn position(after: Option<MemberId>) -> (i64, Vec<u8>) {
    match after {
        Some(id) => (i64::from(id.shard().0), id.as_bytes().to_vec()),
        None => (-1, Vec::new()),
    }
}

fn stored_member(row: &SqliteRow) -> Result<StoredMember, StoreError> {
    let member = rows::member(row)?;
    let blinds: String = rows::get(row, "blinds")?;
    let blinds =
        read_blinds(&blinds).map_err(|why| rows::corrupt("blind_index", member.member_id, why))?;
    Ok(StoredMember {
        key: rows::wrapped_key(row)?,
        sex: rows::get(row, "sex_enc")?,
        birth: rows::get(row, "birth_enc")?,
        blinds,
        member,
    })
}

/// Blind indexes as `hex()` and `json_group_array()` write them.
fn read_blinds(text: &str) -> Result<Vec<Blind>, &'static str> {
    let wrong = "not a list of blind indexes";
    let texts = Vec::<String>::deserialize(&mut serde_json::Deserializer::from_str(text));
    let blind = |text: &String| u128::from_str_radix(text, 16).map(u128::to_be_bytes);
    texts.map_err(|_| wrong)?.iter().map(blind).collect::<Result<_, _>>().map_err(|_| wrong)
}
