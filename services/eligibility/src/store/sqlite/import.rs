use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{import_write, organizations, rows};
use crate::domain::keyring::{Blind, encode_hex};
use crate::domain::roster::{
    Beginning, ImportBatch, ImportState, KnownPerson, RosterImport, decide_beginning, decide_import,
};
use crate::domain::vault::Vault;
use crate::store::{Decided, ImportReport, ImportStep};

/// Begins an import, or finds it begun.
pub(super) async fn begin(
    database: &Database,
    new: RosterImport,
) -> Result<Decided<RosterImport>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let organization_exists = organizations::exists(tx, &new.organization).await?;
        let begun = one(&mut *tx, &new.import_id).await?;
        match decide_beginning(new.clone(), begun, organization_exists) {
            Ok(Beginning::New(new)) => {
                import_write::begin(tx, &new).await?;
                Ok(Ok(new))
            }
            Ok(Beginning::Begun(begun)) => Ok(Ok(begun)),
            Err(refusal) => Ok(Err(refusal)),
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
        let versions = import_write::write(tx, &effects).await?;
        let applied = effects.members.into_values().map(|write| write.applied).collect();
        Ok(ImportStep { import: effects.import, applied, versions })
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
    let problems = rows::kept_problems(&row)?;
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
    let blinds = batch.good().flat_map(|row| &row.id_blinds).map(|blind| encode_hex(blind));
    let blinds = serde_json::Value::from_iter(blinds).to_string();
    let found = sqlx::query(PERSONS).bind(blinds).fetch_all(tx).await.map_err(classify)?;
    found.iter().map(rows::known_person).collect()
}

async fn read_organizations(
    tx: &mut SqliteConnection,
    batch: &ImportBatch,
) -> Result<HashSet<OrganizationPath>, StoreError> {
    let paths: HashSet<&str> =
        batch.good().map(|row| row.registration.organization.as_str()).collect();
    let paths = serde_json::Value::from_iter(paths).to_string();
    let select = "SELECT path, region_code, name FROM organization
                   WHERE path IN (SELECT value FROM json_each(?1))";
    let found = sqlx::query(select).bind(paths).fetch_all(tx).await.map_err(classify)?;
    found.iter().map(|row| rows::organization(row).map(|found| found.path)).collect()
}
