use std::collections::{BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::postgres::{Database, classify};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{import_write, organizations, rows};
use crate::domain::keyring::Blind;
use crate::domain::roster::{
    Beginning, ImportBatch, ImportState, KnownPerson, RosterImport, decide_beginning, decide_import,
};
use crate::domain::vault::Vault;
use crate::store::{Decided, ImportReport, ImportStep};

/// Begins an import, or finds it begun. Takes no lock: two that begin the same import meet in its
/// primary key.
pub(super) async fn begin(
    database: &Database,
    new: RosterImport,
) -> Result<Decided<RosterImport>, StoreError> {
    let step = async move |tx: &mut PgConnection| {
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

/// Decides a batch and commits all of it. Locks the import's row, so that two streams of one import
/// go on one after the other; then what [`import_write::write`] says. What is read of persons is
/// not locked: whoever changed it in between is met when it is written.
pub(super) async fn rows(
    database: &Database,
    batch: Arc<ImportBatch>,
    vault: Arc<Vault>,
) -> Result<ImportStep, StoreError> {
    let step = async move |tx: &mut PgConnection| {
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
           (SELECT coalesce(json_agg(json_build_array(p.line, p.column_name, p.reason)
                                     ORDER BY p.line, p.position)::text, '[]')
              FROM roster_problem p
             WHERE p.import_id = i.import_id) AS problems
      FROM roster_import i
     WHERE import_id = $1";

/// An import with its first bad rows.
pub(super) async fn report(
    readers: &PgPool,
    import_id: &str,
) -> Result<Option<ImportReport>, StoreError> {
    let query = sqlx::query(REPORT).bind(import_id);
    let row = query.fetch_optional(readers).await.map_err(classify)?;
    let Some(row) = row else {
        return Ok(None);
    };
    let problems = rows::kept_problems(&row)?;
    Ok(Some(ImportReport { import: rows::roster_import(&row)?, problems }))
}

async fn one<'e>(
    executor: impl PgExecutor<'e>,
    import_id: &str,
) -> Result<Option<RosterImport>, StoreError> {
    let query = sqlx::query("SELECT * FROM roster_import WHERE import_id = $1").bind(import_id);
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::roster_import).transpose()
}

async fn read_state(tx: &mut PgConnection, batch: &ImportBatch) -> Result<ImportState, StoreError> {
    let select = "SELECT * FROM roster_import WHERE import_id = $1 FOR UPDATE";
    let query = sqlx::query(select).bind(&batch.import_id);
    let row = query.fetch_optional(&mut *tx).await.map_err(classify)?;
    let missing = || rows::corrupt("roster_import", &batch.import_id, "was never begun");
    let import = rows::roster_import(&row.ok_or_else(missing)?)?;
    let persons = read_persons(&mut *tx, batch).await?;
    let organizations = read_organizations(tx, batch).await?;
    Ok(ImportState { import, persons, organizations })
}

/// Each part is looked up by its key, whatever the planner believes of the tables' sizes: while a
/// registry is filled it would else join by reading all that is there already, batch after batch.
const PERSONS: &str = "
    SELECT wanted.blind, p.person_key, p.wrapped_key, p.key_version,
           m.member_id, m.organization, m.trade, m.employment, m.region_code, m.honours, m.state,
           m.version, m.updated_at, m.created_at, m.content_tag
      FROM unnest($1::bytea[]) AS wanted (blind)
     CROSS JOIN LATERAL (
           SELECT shard, person_key FROM blind_index
            WHERE blind_index.blind = wanted.blind AND kind = 'id_number' LIMIT 1) AS b
     CROSS JOIN LATERAL (
           SELECT * FROM person
            WHERE person.shard = b.shard AND person.person_key = b.person_key LIMIT 1) AS p
      LEFT JOIN LATERAL (
           SELECT * FROM member
            WHERE member.shard = b.shard AND member.person_key = b.person_key
              AND state IN ('ACTIVE', 'SUSPENDED') LIMIT 1) AS m ON true";

async fn read_persons(
    tx: &mut PgConnection,
    batch: &ImportBatch,
) -> Result<HashMap<Blind, KnownPerson>, StoreError> {
    let blinds: BTreeSet<&Blind> = batch.good().flat_map(|row| &row.id_blinds).collect();
    let blinds: Vec<&[u8]> = blinds.into_iter().map(|blind| blind.as_slice()).collect();
    let found = sqlx::query(PERSONS).bind(blinds).fetch_all(tx).await.map_err(classify)?;
    found.iter().map(rows::known_person).collect()
}

async fn read_organizations(
    tx: &mut PgConnection,
    batch: &ImportBatch,
) -> Result<HashSet<OrganizationPath>, StoreError> {
    let paths: BTreeSet<&str> =
        batch.good().map(|row| row.registration.organization.as_str()).collect();
    let paths: Vec<&str> = paths.into_iter().collect();
    let select = "SELECT path, region_code, name FROM organization WHERE path = ANY($1)";
    let found = sqlx::query(select).bind(paths).fetch_all(tx).await.map_err(classify)?;
    found.iter().map(|row| rows::organization(row).map(|found| found.path)).collect()
}
