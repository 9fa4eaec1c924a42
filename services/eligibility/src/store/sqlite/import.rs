use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use clock::Timestamp;
use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::sqlite::SqliteRow;
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{import_write, organizations, rows};
use crate::domain::Refusal;
use crate::domain::keyring::{Blind, encode_hex};
use crate::domain::roster::{
    ImportBatch, ImportState, KnownMember, KnownPerson, ReadRow, RosterImport, RosterRow,
    decide_import,
};
use crate::domain::vault::Vault;
use crate::store::{Decided, ImportReport, ImportStep};

/// Begins an import, or finds it begun.
pub(super) async fn begin(
    database: &Database,
    new: RosterImport,
) -> Result<Decided<RosterImport>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        if organizations::one(&mut *tx, &new.organization).await?.is_none() {
            return Ok(Err(Refusal::NotFound("organization")));
        }
        match one(&mut *tx, &new.import_id).await? {
            Some(begun) if begun.organization == new.organization => Ok(Ok(begun)),
            Some(_) => Ok(Err(Refusal::ImportIdReused)),
            None => {
                import_write::begin(tx, &new).await?;
                Ok(Ok(new.clone()))
            }
        }
    };
    database.write("begin_import", step).await
}

/// Decides a batch and commits all of it.
pub(super) async fn rows(
    database: &Database,
    batch: Arc<ImportBatch>,
    vault: Arc<Vault>,
) -> Result<ImportStep, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let state = read_state(tx, &batch).await?;
        let effects = decide_import(state, &batch, &vault)
            .map_err(|(person, why)| rows::corrupt("person", format!("{person:?}"), why))?;
        import_write::write(tx, &effects).await?;
        let applied = effects.members.into_values().map(|write| write.applied).collect();
        Ok(ImportStep { import: effects.import, applied })
    };
    database.write("import_rows", step).await
}

const REPORT: &str = "
    SELECT import_id, organization, committed_line, added, changed, unchanged, bad, updated_at,
           (SELECT json_group_array(json_array(p.line, p.column_name, p.reason)
                                    ORDER BY p.line, p.position)
              FROM roster_problem p
             WHERE p.import_id = i.import_id) AS problems
      FROM roster_import i
     WHERE import_id = ?1";

/// An import with its first bad rows.
pub(super) async fn report(
    readers: &SqlitePool,
    import_id: &str,
) -> Result<Option<ImportReport>, StoreError> {
    let query = sqlx::query(REPORT).bind(import_id.to_owned());
    let row = query.fetch_optional(readers).await.map_err(classify)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let problems = rows::kept_problems(rows::get(&row, "problems")?, import_id)?;
    Ok(Some(ImportReport { import: rows::roster_import(&row)?, problems }))
}

async fn one<'e>(
    executor: impl SqliteExecutor<'e>,
    import_id: &str,
) -> Result<Option<RosterImport>, StoreError> {
    let select = "SELECT * FROM roster_import WHERE import_id = ?1";
    let query = sqlx::query(select).bind(import_id.to_owned());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::roster_import).transpose()
}

async fn read_state(
    tx: &mut SqliteConnection,
    batch: &ImportBatch,
) -> Result<ImportState, StoreError> {
    let import = one(&mut *tx, &batch.import_id).await?;
    let missing = || rows::corrupt("roster_import", &batch.import_id, "was never begun");
    let import = import.ok_or_else(missing)?;
    let persons = read_persons(&mut *tx, batch).await?;
    let organizations = read_organizations(tx, batch).await?;
    Ok(ImportState { import, persons, organizations })
}

const PERSONS: &str = "
    SELECT b.blind, p.person_key, p.wrapped_key, p.key_version,
           m.member_id, m.organization, m.trade, m.employment, m.region_code, m.honours, m.state,
           m.version, m.updated_at, m.created_at, m.content_tag
      FROM json_each(?1) AS wanted
     CROSS JOIN blind_index b ON b.blind = unhex(wanted.value) AND b.kind = 'id_number'
     CROSS JOIN person p ON p.shard = b.shard AND p.person_key = b.person_key
      LEFT JOIN member m ON m.shard = b.shard AND m.person_key = b.person_key
                        AND m.state IN ('ACTIVE', 'SUSPENDED')";

async fn read_persons(
    tx: &mut SqliteConnection,
    batch: &ImportBatch,
) -> Result<HashMap<Blind, KnownPerson>, StoreError> {
    let blinds = good(batch).flat_map(|row| &row.id_blinds).map(|blind| encode_hex(blind));
    let blinds = serde_json::Value::from_iter(blinds).to_string();
    let rows = sqlx::query(PERSONS).bind(blinds).fetch_all(tx).await.map_err(classify)?;
    let entry = |row: &SqliteRow| {
        let blind: Vec<u8> = rows::get(row, "blind")?;
        Ok((rows::blind(&blind)?, known_person(row)?))
    };
    rows.iter().map(entry).collect()
}

fn known_person(row: &SqliteRow) -> Result<KnownPerson, StoreError> {
    let member_id: Option<Vec<u8>> = rows::get(row, "member_id")?;
    let live = match member_id {
        None => None,
        Some(_) => Some(KnownMember {
            member: rows::member(row)?,
            tag: rows::blind(rows::get(row, "content_tag")?)?,
            created_at: Timestamp::from_micros(rows::get(row, "created_at")?),
        }),
    };
    Ok(KnownPerson { person: rows::person_key(row)?, key: rows::wrapped_key(row)?, live })
}

async fn read_organizations(
    tx: &mut SqliteConnection,
    batch: &ImportBatch,
) -> Result<HashSet<OrganizationPath>, StoreError> {
    let paths: HashSet<&str> =
        good(batch).map(|row| row.registration.organization.as_str()).collect();
    let paths = serde_json::Value::from_iter(paths).to_string();
    let select = "SELECT path, region_code, name FROM organization
                   WHERE path IN (SELECT value FROM json_each(?1))";
    let rows = sqlx::query(select).bind(paths).fetch_all(tx).await.map_err(classify)?;
    rows.iter().map(|row| rows::organization(row).map(|found| found.path)).collect()
}

fn good(batch: &ImportBatch) -> impl Iterator<Item = &RosterRow> {
    batch.rows.iter().filter_map(|row| match row {
        ReadRow::Good(row) => Some(&**row),
        ReadRow::Bad(_) => None,
    })
}
