//! What a batch of a roster writes: a handful of statements, however many rows it has. Rows are
//! kept as JSONB while their columns are taken out of them, so that each is read once.

use std::collections::HashMap;

use member_identity::Shard;
use serde::Serialize;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use crate::domain::keyring::{Blind, BlindKind, encode_hex};
use crate::domain::roster::{ImportEffects, MemberWrite, NewPerson, RosterImport, RowProblem};

const BEGIN: &str = "
    INSERT INTO roster_import (import_id, organization, committed_line, added, changed,
                               unchanged, bad, updated_at)
    VALUES (?1, ?2, 0, 0, 0, 0, 0, ?3)";

pub(super) async fn begin(tx: &mut SqliteConnection, new: &RosterImport) -> Result<(), StoreError> {
    sqlx::query(BEGIN)
        .bind(new.import_id.clone())
        .bind(new.organization.to_string())
        .bind(new.updated_at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

/// Writes all effects of a batch; gives the versions that it brought to its members' shards.
pub(super) async fn write(
    tx: &mut SqliteConnection,
    effects: &ImportEffects,
) -> Result<Vec<(Shard, i64)>, StoreError> {
    let import = &effects.import;
    let at = import.updated_at.as_micros();
    let members: Vec<&MemberWrite> = effects.members.values().collect();
    insert_persons(tx, &effects.persons, at).await?;
    replace_blinds(tx, &members).await?;
    let versions = advance_shards(tx, &members).await?;
    upsert_members(tx, &members, &versions).await?;
    insert_problems(tx, &import.import_id, &effects.problems).await?;
    update_import(tx, import).await?;
    Ok(versions)
}

#[derive(Serialize)]
struct PersonRow {
    shard: u8,
    person_key: String,
    wrapped_key: String,
    key_version: u32,
}

const INSERT_PERSONS: &str = "
    WITH new AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
    INSERT INTO person (shard, person_key, wrapped_key, key_version, created_at)
    SELECT value->>'shard', unhex(value->>'person_key'), unhex(value->>'wrapped_key'),
           value->>'key_version', ?2
      FROM new";

async fn insert_persons(
    tx: &mut SqliteConnection,
    persons: &[NewPerson],
    at: i64,
) -> Result<(), StoreError> {
    let row = |new: &NewPerson| PersonRow {
        shard: new.person.shard().0,
        person_key: encode_hex(new.person.as_bytes()),
        wrapped_key: encode_hex(&new.key.sealed),
        key_version: new.key.version,
    };
    let mut rows: Vec<PersonRow> = persons.iter().map(row).collect();
    // In the order of the table, so that each page of it is touched once.
    rows.sort_unstable_by(|one, other| one.person_key.cmp(&other.person_key));
    let rows = json(rows.into_iter());
    execute(sqlx::query(INSERT_PERSONS).bind(rows).bind(at), tx).await.map(drop)
}

#[derive(Serialize)]
struct BlindRow {
    blind: String,
    kind: &'static str,
    index_version: u32,
    shard: u8,
    person_key: String,
}

const DELETE_PHONES: &str = "
    DELETE FROM blind_index
     WHERE kind = 'phone'
       AND (shard, person_key) IN (SELECT value->>'shard', unhex(value->>'person_key')
                                     FROM json_each(?1))";

const INSERT_BLINDS: &str = "
    WITH new AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
    INSERT INTO blind_index (blind, kind, index_version, shard, person_key)
    SELECT unhex(value->>'blind'), value->>'kind', value->>'index_version', value->>'shard',
           unhex(value->>'person_key')
      FROM new
     WHERE true
    ON CONFLICT (blind, kind, index_version, person_key) DO NOTHING";

/// A person has one phone: any other goes. Identity numbers stay found for ever.
async fn replace_blinds(
    tx: &mut SqliteConnection,
    members: &[&MemberWrite],
) -> Result<(), StoreError> {
    let id_number = |write: &&MemberWrite| blind_row(write, BlindKind::IdNumber, write.id_blind);
    let phone = |write: &&MemberWrite| {
        write.phone_blind.map(|blind| blind_row(write, BlindKind::Phone, blind))
    };
    let known = members.iter().filter(|write| write.applied.member.version > 1);
    let known = json(known.map(id_number));
    execute(sqlx::query(DELETE_PHONES).bind(known), tx).await?;
    let rows = members.iter().map(id_number).chain(members.iter().filter_map(phone));
    let mut rows: Vec<BlindRow> = rows.collect();
    rows.sort_unstable_by(|one, other| one.blind.cmp(&other.blind));
    let rows = json(rows.into_iter());
    execute(sqlx::query(INSERT_BLINDS).bind(rows), tx).await.map(drop)
}

fn blind_row(write: &MemberWrite, kind: BlindKind, blind: Blind) -> BlindRow {
    let person = write.applied.member.person;
    BlindRow {
        blind: encode_hex(&blind),
        kind: kind.as_str(),
        index_version: write.index_version,
        shard: person.shard().0,
        person_key: encode_hex(person.as_bytes()),
    }
}

#[derive(Serialize)]
struct MemberRow<'a> {
    shard: u8,
    member_id: String,
    person_key: String,
    organization: &'a str,
    trade: &'static str,
    employment: &'static str,
    region_code: String,
    honours: String,
    state: &'static str,
    id_number: String,
    phone: Option<String>,
    name: String,
    sex: Option<String>,
    birth: Option<String>,
    content_tag: String,
    version: i64,
    shard_version: i64,
    created_at: i64,
    updated_at: i64,
}

const UPSERT_MEMBERS: &str = "
    WITH new AS MATERIALIZED (SELECT jsonb(value) AS value FROM json_each(?1))
    INSERT INTO member (shard, member_id, person_key, organization, trade, employment, region_code,
                        honours, state, id_number_enc, phone_enc, name_enc, sex_enc, birth_enc,
                        content_tag, version, shard_version, created_at, updated_at)
    SELECT value->>'shard', unhex(value->>'member_id'), unhex(value->>'person_key'),
           value->>'organization', value->>'trade', value->>'employment', value->>'region_code',
           value->>'honours', value->>'state', unhex(value->>'id_number'), unhex(value->>'phone'),
           unhex(value->>'name'), unhex(value->>'sex'), unhex(value->>'birth'),
           unhex(value->>'content_tag'), value->>'version', value->>'shard_version',
           value->>'created_at', value->>'updated_at'
      FROM new
     WHERE true
    ON CONFLICT (shard, member_id) DO UPDATE SET
           organization = excluded.organization, trade = excluded.trade,
           employment = excluded.employment, region_code = excluded.region_code,
           honours = excluded.honours, id_number_enc = excluded.id_number_enc,
           phone_enc = excluded.phone_enc, name_enc = excluded.name_enc,
           sex_enc = excluded.sex_enc, birth_enc = excluded.birth_enc,
           content_tag = excluded.content_tag, version = excluded.version,
           shard_version = excluded.shard_version, updated_at = excluded.updated_at";

async fn upsert_members(
    tx: &mut SqliteConnection,
    members: &[&MemberWrite],
    versions: &[(Shard, i64)],
) -> Result<(), StoreError> {
    let versions: HashMap<Shard, i64> = versions.iter().copied().collect();
    let rows = json(members.iter().map(|write| member_row(write, &versions)));
    let written = execute(sqlx::query(UPSERT_MEMBERS).bind(rows), tx).await?;
    match written == members.len() as u64 {
        true => Ok(()),
        false => Err(StoreError::Conflict),
    }
}

fn member_row<'w>(write: &'w MemberWrite, versions: &HashMap<Shard, i64>) -> MemberRow<'w> {
    let MemberWrite { applied, sealed, .. } = write;
    let (member, registration) = (&applied.member, &applied.member.registration);
    let hex = |bytes: &Vec<u8>| encode_hex(bytes);
    MemberRow {
        shard: member.member_id.shard().0,
        member_id: encode_hex(member.member_id.as_bytes()),
        person_key: encode_hex(member.person.as_bytes()),
        organization: registration.organization.as_str(),
        trade: registration.trade.as_str(),
        employment: registration.employment.as_str(),
        region_code: registration.region.to_string(),
        honours: registration.honours.to_string(),
        state: member.state.as_str(),
        id_number: hex(&sealed.id_number),
        phone: sealed.phone.as_ref().map(hex),
        name: hex(&sealed.name),
        sex: sealed.sex.as_ref().map(hex),
        birth: sealed.birth.as_ref().map(hex),
        content_tag: encode_hex(&sealed.tag),
        version: member.version,
        shard_version: versions[&member.member_id.shard()],
        created_at: write.created_at.as_micros(),
        updated_at: member.updated_at.as_micros(),
    }
}

const ADVANCE_SHARDS: &str = "
    INSERT INTO shard_version (shard, version)
    SELECT DISTINCT value, 1 FROM json_each(?1) WHERE true
    ON CONFLICT (shard) DO UPDATE SET version = version + 1
    RETURNING shard, version";

async fn advance_shards(
    tx: &mut SqliteConnection,
    members: &[&MemberWrite],
) -> Result<Vec<(Shard, i64)>, StoreError> {
    let shards = json(members.iter().map(|write| write.applied.member.member_id.shard().0));
    let advanced = sqlx::query_as::<_, (u8, i64)>(ADVANCE_SHARDS).bind(shards).fetch_all(tx).await;
    let shard = |(shard, version)| (Shard(shard), version);
    Ok(advanced.map_err(classify)?.into_iter().map(shard).collect())
}

#[derive(Serialize)]
struct ProblemRow {
    position: i64,
    line: i64,
    column: &'static str,
    reason: &'static str,
}

const INSERT_PROBLEMS: &str = "
    INSERT INTO roster_problem (import_id, position, line, column_name, reason)
    SELECT ?1, value->>'position', value->>'line', value->>'column', value->>'reason'
      FROM json_each(?2)";

async fn insert_problems(
    tx: &mut SqliteConnection,
    import_id: &str,
    problems: &[(i64, RowProblem)],
) -> Result<(), StoreError> {
    let row = |(position, problem): &(i64, RowProblem)| ProblemRow {
        position: *position,
        line: problem.line,
        column: problem.column,
        reason: problem.reason,
    };
    let rows = json(problems.iter().map(row));
    let query = sqlx::query(INSERT_PROBLEMS).bind(import_id.to_owned()).bind(rows);
    execute(query, tx).await.map(drop)
}

const UPDATE_IMPORT: &str = "
    UPDATE roster_import
       SET committed_line = ?2, added = ?3, changed = ?4, unchanged = ?5, bad = ?6, updated_at = ?7
     WHERE import_id = ?1";

async fn update_import(tx: &mut SqliteConnection, import: &RosterImport) -> Result<(), StoreError> {
    let query = sqlx::query(UPDATE_IMPORT)
        .bind(import.import_id.clone())
        .bind(import.committed_line)
        .bind(import.added)
        .bind(import.changed)
        .bind(import.unchanged)
        .bind(import.bad)
        .bind(import.updated_at.as_micros());
    match execute(query, tx).await? {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}

type Query = sqlx::query::Query<'static, sqlx::Sqlite, sqlx::sqlite::SqliteArguments>;

async fn execute(query: Query, tx: &mut SqliteConnection) -> Result<u64, StoreError> {
    query.execute(tx).await.map(|done| done.rows_affected()).map_err(classify)
}

fn json<R: Serialize>(rows: impl Iterator<Item = R>) -> String {
    let rows: Vec<R> = rows.collect();
    serde_json::to_string(&rows).expect("rows of texts and numbers are JSON")
}
