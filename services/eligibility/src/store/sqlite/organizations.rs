use clock::Timestamp;
use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::rows;
use crate::domain::organization::{Creation, Organization, decide_creation};
use crate::store::subtree::Subtree;
use crate::store::{Decided, Page};

/// Adds an organization, or finds it.
pub(super) async fn create(
    database: &Database,
    new: Organization,
    at: Timestamp,
) -> Result<Decided<Creation>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let existing = one(&mut *tx, &new.path).await?;
        let parent = match new.path.parent() {
            Some(path) => one(&mut *tx, &path).await?,
            None => None,
        };
        let decided = decide_creation(new.clone(), existing, parent.as_ref());
        if let Ok(Creation::Added(organization)) = &decided {
            insert(tx, organization, at).await?;
        }
        Ok(decided)
    };
    database.write("create_organization", step).await
}

/// Whether there is an organization at a path.
pub(super) async fn exists(
    tx: &mut SqliteConnection,
    path: &OrganizationPath,
) -> Result<bool, StoreError> {
    one(tx, path).await.map(|found| found.is_some())
}

/// The organization at a path.
pub(super) async fn one<'e>(
    executor: impl SqliteExecutor<'e>,
    path: &OrganizationPath,
) -> Result<Option<Organization>, StoreError> {
    let query = sqlx::query("SELECT path, region_code, name FROM organization WHERE path = ?1");
    let row = query.bind(path.to_string()).fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::organization).transpose()
}

const PAGE: &str = "
    SELECT path, region_code, name
      FROM organization
     WHERE path > ?1
       AND (?2 IS NULL OR path = ?2 OR (path >= ?3 AND path < ?4))
     ORDER BY path
     LIMIT ?5";

/// Organizations by path.
pub(super) async fn page(
    readers: &SqlitePool,
    page: Page<OrganizationPath>,
) -> Result<Vec<Organization>, StoreError> {
    let after = page.after.map(|path| path.to_string()).unwrap_or_default();
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(PAGE).bind(after);
    let query = query.bind(subtree.path).bind(subtree.first).bind(subtree.end).bind(page.size);
    let rows = query.fetch_all(readers).await.map_err(classify)?;
    rows.iter().map(rows::organization).collect()
}

async fn insert(
    tx: &mut SqliteConnection,
    organization: &Organization,
    at: Timestamp,
) -> Result<(), StoreError> {
    let insert = "INSERT INTO organization (path, region_code, name, created_at)
                  VALUES (?1, ?2, ?3, ?4)";
    sqlx::query(insert)
        .bind(organization.path.to_string())
        .bind(organization.region.to_string())
        .bind(organization.name.clone())
        .bind(at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}
