//! What a batch of a roster writes: a statement a table, however many rows it has.

use std::collections::{BTreeSet, HashMap, HashSet};

use member_identity::{PersonKey, Shard};
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;
use sqlx::postgres::PgArguments;

use super::reads::shard;
use crate::domain::keyring::{Blind, BlindKind};
use crate::domain::roster::{ImportEffects, MemberWrite, NewPerson, RosterImport, RowProblem};

const BEGIN: &str = "
    INSERT INTO roster_import (import_id, organization, committed_line, added, changed,
                               unchanged, bad, updated_at)
    VALUES ($1, $2, 0, 0, 0, 0, 0, $3)";

pub(super) async fn begin(tx: &mut PgConnection, new: &RosterImport) -> Result<(), StoreError> {
    let query = sqlx::query(BEGIN)
        .bind(&new.import_id)
        .bind(new.organization.as_str())
        .bind(new.updated_at.as_micros());
    execute(query, tx).await.map(drop)
}

/// Writes all effects of a batch; gives the versions that it brought to its members' shards.
/// Locks: new persons and blind indexes by their bytes, where a person whom another batch has just
/// added is met; then shards in ascending order, after which members stay as they are.
pub(super) async fn write(
    tx: &mut PgConnection,
    effects: &ImportEffects,
) -> Result<Vec<(Shard, i64)>, StoreError> {
    let import = &effects.import;
    let members: Vec<&MemberWrite> = effects.members.values().collect();
    let mut versions = Vec::new();
    if !members.is_empty() {
        insert_persons(tx, &effects.persons, import.updated_at.as_micros()).await?;
        write_blinds(tx, effects).await?;
        versions = advance_shards(tx, &members).await?;
        write_members(tx, &members, &versions).await?;
    }
    if !effects.problems.is_empty() {
        insert_problems(tx, &import.import_id, &effects.problems).await?;
    }
    update_import(tx, import).await?;
    Ok(versions)
}

const INSERT_PERSONS: &str = "
    INSERT INTO person (shard, person_key, wrapped_key, key_version, created_at)
    SELECT shard, person_key, wrapped_key, key_version, $5
      FROM unnest($1::int[], $2::bytea[], $3::bytea[], $4::bigint[])
        AS new (shard, person_key, wrapped_key, key_version)";

async fn insert_persons(
    tx: &mut PgConnection,
    persons: &[NewPerson],
    at: i64,
) -> Result<(), StoreError> {
    if persons.is_empty() {
        return Ok(());
    }
    // In the order of the key, so that each page of it is touched once.
    let mut persons: Vec<&NewPerson> = persons.iter().collect();
    persons.sort_unstable_by_key(|new| new.person);
    let column = persons.iter();
    let query = sqlx::query(INSERT_PERSONS)
        .bind(column.clone().map(|new| i32::from(new.person.shard().0)).collect::<Vec<_>>())
        .bind(column.clone().map(|new| new.person.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind(column.clone().map(|new| new.key.sealed.as_slice()).collect::<Vec<_>>())
        .bind(column.map(|new| i64::from(new.key.version)).collect::<Vec<_>>())
        .bind(at);
    execute(query, tx).await.map(drop)
}

const DELETE_PHONES: &str = "
    DELETE FROM blind_index b
     USING unnest($1::int[], $2::bytea[]) AS known (shard, person_key)
     WHERE b.kind = 'phone' AND b.shard = known.shard AND b.person_key = known.person_key";

const INSERT_BLINDS: &str = "
    INSERT INTO blind_index (blind, kind, index_version, shard, person_key)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::int[], $5::bytea[])";

const ADD_BLINDS: &str = "
    INSERT INTO blind_index (blind, kind, index_version, shard, person_key)
    SELECT * FROM unnest($1::bytea[], $2::text[], $3::bigint[], $4::int[], $5::bytea[])
    ON CONFLICT (blind, kind, index_version, person_key) DO NOTHING";

/// Whoever is new has no blind index yet, which is quicker to write. Of the others, identity
/// numbers stay found for ever; a person has one phone: any other goes.
async fn write_blinds(tx: &mut PgConnection, effects: &ImportEffects) -> Result<(), StoreError> {
    let new: HashSet<PersonKey> = effects.persons.iter().map(|new| new.person).collect();
    let is_new = |write: &&MemberWrite| new.contains(&write.applied.member.person);
    let (new, known): (Vec<_>, Vec<_>) = effects.members.values().partition(is_new);
    if !known.is_empty() {
        delete_phones(tx, &known).await?;
        execute(bind_blinds(ADD_BLINDS, &known), tx).await?;
    }
    if !new.is_empty() {
        execute(bind_blinds(INSERT_BLINDS, &new), tx).await?;
    }
    Ok(())
}

async fn delete_phones(tx: &mut PgConnection, members: &[&MemberWrite]) -> Result<(), StoreError> {
    let persons = members.iter().map(|write| write.applied.member.person.as_bytes());
    let query = sqlx::query(DELETE_PHONES)
        .bind(persons.clone().map(|person| i32::from(person[0])).collect::<Vec<_>>())
        .bind(persons.map(|person| person.as_slice()).collect::<Vec<_>>());
    execute(query, tx).await.map(drop)
}

fn bind_blinds<'q>(statement: &'static str, members: &[&MemberWrite]) -> Query<'q> {
    let id_numbers = members.iter().map(|write| (write.id_blind, BlindKind::IdNumber, *write));
    let phones = members
        .iter()
        .filter_map(|write| write.phone_blind.map(|blind| (blind, BlindKind::Phone, *write)));
    let mut blinds: Vec<(Blind, BlindKind, &MemberWrite)> = id_numbers.chain(phones).collect();
    let person = |write: &MemberWrite| write.applied.member.person;
    blinds.sort_unstable_by_key(|(blind, kind, write)| (*blind, *kind, person(write)));
    let column = blinds.iter();
    let persons = column.clone().map(|(.., write)| write.applied.member.person.as_bytes());
    sqlx::query(statement)
        .bind(column.clone().map(|(blind, ..)| blind.as_slice()).collect::<Vec<_>>())
        .bind(column.clone().map(|(_, kind, _)| kind.as_str()).collect::<Vec<_>>())
        .bind(column.clone().map(|(.., write)| i64::from(write.index_version)).collect::<Vec<_>>())
        .bind(column.map(|(.., write)| i32::from(person(write).shard().0)).collect::<Vec<_>>())
        .bind(persons.map(|person| person.as_slice()).collect::<Vec<_>>())
}

const ADVANCE_SHARDS: &str = "
    INSERT INTO shard_version (shard, version)
    SELECT shard, 1 FROM unnest($1::int[]) AS changed (shard) ORDER BY shard
    ON CONFLICT (shard) DO UPDATE SET version = shard_version.version + 1
    RETURNING shard, version";

async fn advance_shards(
    tx: &mut PgConnection,
    members: &[&MemberWrite],
) -> Result<Vec<(Shard, i64)>, StoreError> {
    let shards: BTreeSet<i32> =
        members.iter().map(|write| shard(write.applied.member.member_id)).collect();
    let shards: Vec<i32> = shards.into_iter().collect();
    let advanced = sqlx::query_as::<_, (i32, i64)>(ADVANCE_SHARDS).bind(shards).fetch_all(tx).await;
    let shard = |(shard, version)| match u8::try_from(shard) {
        Ok(shard) => Ok((Shard(shard), version)),
        Err(why) => Err(super::rows::corrupt("shard_version", shard, why)),
    };
    advanced.map_err(classify)?.into_iter().map(shard).collect()
}

const INSERT_MEMBERS: &str = "
    INSERT INTO member (shard, member_id, person_key, organization, trade, employment, region_code,
                        honours, state, id_number_enc, phone_enc, name_enc, sex_enc, birth_enc,
                        content_tag, version, shard_version, created_at, updated_at)
    SELECT shard, member_id, person_key, organization, trade, employment, region_code, honours,
           state, id_number_enc, phone_enc, name_enc, sex_enc, birth_enc, content_tag, version,
           shard_version, created_at, updated_at
      FROM unnest(
           $1::int[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[],
           $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
           $14::bytea[], $15::bytea[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
           $20::bigint[])
        AS new (shard, member_id, person_key, organization, trade, employment, region_code,
                honours, state, id_number_enc, phone_enc, name_enc, sex_enc, birth_enc,
                content_tag, version, shard_version, created_at, updated_at, read_version)";

const UPDATE_MEMBERS: &str = "
    UPDATE member m
       SET organization = new.organization, trade = new.trade, employment = new.employment,
           region_code = new.region_code, honours = new.honours,
           id_number_enc = new.id_number_enc, phone_enc = new.phone_enc, name_enc = new.name_enc,
           sex_enc = new.sex_enc, birth_enc = new.birth_enc, content_tag = new.content_tag,
           version = new.version, shard_version = new.shard_version, updated_at = new.updated_at
      FROM unnest(
           $1::int[], $2::bytea[], $3::bytea[], $4::text[], $5::text[], $6::text[], $7::text[],
           $8::text[], $9::text[], $10::bytea[], $11::bytea[], $12::bytea[], $13::bytea[],
           $14::bytea[], $15::bytea[], $16::bigint[], $17::bigint[], $18::bigint[], $19::bigint[],
           $20::bigint[])
        AS new (shard, member_id, person_key, organization, trade, employment, region_code,
                honours, state, id_number_enc, phone_enc, name_enc, sex_enc, birth_enc,
                content_tag, version, shard_version, created_at, updated_at, read_version)
     WHERE m.shard = new.shard AND m.member_id = new.member_id
       AND m.version = new.read_version";

/// A member who is not as the batch read it any more is left out, and then the batch is judged
/// anew.
async fn write_members(
    tx: &mut PgConnection,
    members: &[&MemberWrite],
    versions: &[(Shard, i64)],
) -> Result<(), StoreError> {
    let versions = versions.iter().copied().collect();
    let (new, known): (Vec<&MemberWrite>, Vec<&MemberWrite>) =
        members.iter().partition(|write| write.read_version.is_none());
    for (statement, members) in [(INSERT_MEMBERS, new), (UPDATE_MEMBERS, known)] {
        if members.is_empty() {
            continue;
        }
        let query = bind_members(statement, &members, &versions);
        if execute(query, tx).await? != members.len() as u64 {
            return Err(StoreError::Conflict);
        }
    }
    Ok(())
}

fn bind_members<'q>(
    statement: &'static str,
    members: &[&MemberWrite],
    versions: &HashMap<Shard, i64>,
) -> Query<'q> {
    let column = members.iter();
    let member = column.clone().map(|write| &write.applied.member);
    let registration = member.clone().map(|member| &member.registration);
    let sealed = column.clone().map(|write| &write.sealed);
    sqlx::query(statement)
        .bind(member.clone().map(|one| shard(one.member_id)).collect::<Vec<_>>())
        .bind(member.clone().map(|one| one.member_id.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind(member.clone().map(|one| one.person.as_bytes().as_slice()).collect::<Vec<_>>())
        .bind(registration.clone().map(|one| one.organization.as_str()).collect::<Vec<_>>())
        .bind(registration.clone().map(|one| one.trade.as_str()).collect::<Vec<_>>())
        .bind(registration.clone().map(|one| one.employment.as_str()).collect::<Vec<_>>())
        .bind(registration.clone().map(|one| one.region.to_string()).collect::<Vec<_>>())
        .bind(registration.map(|one| one.honours.to_string()).collect::<Vec<_>>())
        .bind(member.clone().map(|one| one.state.as_str()).collect::<Vec<_>>())
        .bind(sealed.clone().map(|one| one.id_number.as_slice()).collect::<Vec<_>>())
        .bind(sealed.clone().map(|one| one.phone.as_deref()).collect::<Vec<_>>())
        .bind(sealed.clone().map(|one| one.name.as_slice()).collect::<Vec<_>>())
        .bind(sealed.clone().map(|one| one.sex.as_deref()).collect::<Vec<_>>())
        .bind(sealed.clone().map(|one| one.birth.as_deref()).collect::<Vec<_>>())
        .bind(sealed.map(|one| one.tag.as_slice()).collect::<Vec<_>>())
        .bind(member.clone().map(|one| one.version).collect::<Vec<_>>())
        .bind(member.clone().map(|one| versions[&one.member_id.shard()]).collect::<Vec<_>>())
        .bind(column.clone().map(|write| write.created_at.as_micros()).collect::<Vec<_>>())
        .bind(member.map(|one| one.updated_at.as_micros()).collect::<Vec<_>>())
        .bind(column.map(|write| write.read_version).collect::<Vec<_>>())
}

const INSERT_PROBLEMS: &str = "
    INSERT INTO roster_problem (import_id, position, line, column_name, reason)
    SELECT $1, position, line, column_name, reason
      FROM unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
        AS new (position, line, column_name, reason)";

async fn insert_problems(
    tx: &mut PgConnection,
    import_id: &str,
    problems: &[(i64, RowProblem)],
) -> Result<(), StoreError> {
    let column = problems.iter();
    let query = sqlx::query(INSERT_PROBLEMS)
        .bind(import_id)
        .bind(column.clone().map(|(position, _)| *position).collect::<Vec<_>>())
        .bind(column.clone().map(|(_, problem)| problem.line).collect::<Vec<_>>())
        .bind(column.clone().map(|(_, problem)| problem.column).collect::<Vec<_>>())
        .bind(column.map(|(_, problem)| problem.reason).collect::<Vec<_>>());
    execute(query, tx).await.map(drop)
}

const UPDATE_IMPORT: &str = "
    UPDATE roster_import
       SET committed_line = $2, added = $3, changed = $4, unchanged = $5, bad = $6, updated_at = $7
     WHERE import_id = $1";

async fn update_import(tx: &mut PgConnection, import: &RosterImport) -> Result<(), StoreError> {
    let query = sqlx::query(UPDATE_IMPORT)
        .bind(&import.import_id)
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

type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, PgArguments>;

async fn execute(query: Query<'_>, tx: &mut PgConnection) -> Result<u64, StoreError> {
    query.execute(tx).await.map(|done| done.rows_affected()).map_err(classify)
}
