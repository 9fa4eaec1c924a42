use sql::StoreError;
use sql::postgres::{Database, classify};
use sqlx::{PgConnection, PgExecutor, PgPool};

use super::{organizations, rows};
use crate::domain::Refusal;
use crate::domain::grant::{Grant, GrantKey};
use crate::store::subtree::Subtree;
use crate::store::{Decided, Page};

const LOCK: &str = "SELECT version FROM grant_version WHERE only_row = 1 FOR UPDATE";

const ADVANCE: &str = "
    UPDATE grant_version SET version = version + 1 WHERE only_row = 1 RETURNING version";

const UPSERT: &str = "
    INSERT INTO partner_grant (partner, purpose, organization, reference_set, claim_set,
                               grant_version, updated_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7)
    ON CONFLICT (partner, purpose, organization) DO UPDATE SET
           reference_set = excluded.reference_set, claim_set = excluded.claim_set,
           grant_version = excluded.grant_version, updated_at = excluded.updated_at";

/// States a grant, unless it says that already.
pub(super) async fn set(database: &Database, grant: Grant) -> Result<Decided<Grant>, StoreError> {
    let step = async move |tx: &mut PgConnection| {
        // One after another: none is missed by who follows them.
        sqlx::query(LOCK).execute(&mut *tx).await.map_err(classify)?;
        if !organizations::exists(tx, &grant.key.organization).await? {
            return Ok(Err(Refusal::NotFound("organization")));
        }
        if let Some(known) = one(&mut *tx, &grant.key).await?.filter(|known| known.says(&grant)) {
            return Ok(Ok(known));
        }
        let version: i64 =
            sqlx::query_scalar(ADVANCE).fetch_one(&mut *tx).await.map_err(classify)?;
        sqlx::query(UPSERT)
            .bind(grant.key.partner.clone())
            .bind(grant.key.purpose.to_string())
            .bind(grant.key.organization.to_string())
            .bind(grant.references.text())
            .bind(grant.claims.text())
            .bind(version)
            .bind(grant.updated_at.as_micros())
            .execute(tx)
            .await
            .map_err(classify)?;
        Ok(Ok(grant))
    };
    database.write("set_grant", step).await
}

const ONE: &str = "
    SELECT partner, purpose, organization, reference_set, claim_set, updated_at
      FROM partner_grant
     WHERE partner = $1 AND purpose = $2 AND organization = $3";

async fn one<'e>(
    executor: impl PgExecutor<'e>,
    key: &GrantKey,
) -> Result<Option<Grant>, StoreError> {
    let query = sqlx::query(ONE)
        .bind(key.partner.clone())
        .bind(key.purpose.to_string())
        .bind(key.organization.to_string());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::grant).transpose()
}

const PAGE: &str = "
    SELECT partner, purpose, organization, reference_set, claim_set, updated_at
      FROM partner_grant
     WHERE (partner, purpose, organization) > ($1, $2, $3) AND reference_set <> ''
       AND ($4::text IS NULL OR organization = $4 OR (organization >= $5 AND organization < $6))
     ORDER BY partner, purpose, organization
     LIMIT $7";

/// Grants by their names.
pub(super) async fn page(readers: &PgPool, page: Page<GrantKey>) -> Result<Vec<Grant>, StoreError> {
    let [partner, purpose, organization] = rows::grant_position(page.after);
    let subtree = Subtree::of(page.below.as_ref());
    let query = sqlx::query(PAGE).bind(partner).bind(purpose).bind(organization);
    let query =
        query.bind(subtree.path).bind(subtree.first).bind(subtree.end).bind(i64::from(page.size));
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::grant).collect()
}

const CHANGED: &str = "
    SELECT partner, purpose, organization, reference_set, claim_set, updated_at, grant_version
      FROM partner_grant
     WHERE grant_version > $1
     ORDER BY grant_version
     LIMIT $2";

/// Grants that were changed after a version.
pub(super) async fn changed(
    readers: &PgPool,
    after: i64,
    size: u32,
) -> Result<Vec<(i64, Grant)>, StoreError> {
    let query = sqlx::query(CHANGED).bind(after).bind(i64::from(size));
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::changed_grant).collect()
}
