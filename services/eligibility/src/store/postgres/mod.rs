//! The registry in PostgreSQL, which several replicas may share: batches by `unnest`, and never one
//! statement a row.
//!
//! Locks are taken in one order, so that steps wait for each other and never in a circle: the row
//! of the import; persons and blind indexes that are new, by their bytes; rows of `shard_version`,
//! by shard. The row of a shard stands for all of its members: whoever changes one holds it to the
//! commit. Publications hold the row of `policy_version`.

mod columns;
mod import;
mod import_write;
mod organizations;
mod policies;
mod reads;
mod standing;

use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{MemberId, OrganizationPath};
use sql::postgres::Database;
use sql::{MigrationFile, StoreError};

use super::{
    Decided, ImportReport, ImportStep, Page, ShardCursor, Store, StoredMember, Versions, rows,
};
use crate::domain::Slug;
use crate::domain::member::Member;
use crate::domain::organization::{Creation, Organization};
use crate::domain::policy::{Policy, PolicyDraft, Publication};
use crate::domain::roster::{ImportBatch, RosterImport};
use crate::domain::standing::{StandingChange, StandingOutcome};
use crate::domain::vault::Vault;

/// The schema's migrations, in order.
const MIGRATIONS: &[MigrationFile] = &[MigrationFile {
    version: 1,
    name: "eligibility",
    sql: include_str!("../../../migrations/postgres/0001_eligibility.sql"),
}];

/// Brings the schema of the registry's database up to date.
pub fn migrator() -> sqlx::migrate::Migrator {
    sql::migrator(MIGRATIONS)
}

/// The registry's store in PostgreSQL.
#[derive(Clone)]
pub struct PostgresStore {
    database: Database,
}

impl PostgresStore {
    /// A store over an open database whose schema is [`migrator`]'s.
    pub fn new(database: Database) -> Self {
        Self { database }
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn versions(&self) -> Result<Versions, StoreError> {
        reads::versions(self.database.readers()).await
    }

    async fn changed_members(
        &self,
        after: &[ShardCursor],
        per_shard: u32,
        index_version: u32,
    ) -> Result<Vec<StoredMember>, StoreError> {
        reads::changed_members(self.database.readers(), after, per_shard, index_version).await
    }

    async fn changed_policies(
        &self,
        after: i64,
        size: u32,
    ) -> Result<Vec<(i64, Policy)>, StoreError> {
        policies::changed(self.database.readers(), after, size).await
    }

    async fn create_organization(
        &self,
        organization: Organization,
        at: Timestamp,
    ) -> Result<Decided<Creation>, StoreError> {
        organizations::create(&self.database, organization, at).await
    }

    async fn organization(
        &self,
        path: &OrganizationPath,
    ) -> Result<Option<Organization>, StoreError> {
        organizations::one(self.database.readers(), path).await
    }

    async fn organizations(
        &self,
        page: Page<OrganizationPath>,
    ) -> Result<Vec<Organization>, StoreError> {
        organizations::page(self.database.readers(), page).await
    }

    async fn member(&self, member_id: MemberId) -> Result<Option<Member>, StoreError> {
        reads::member(self.database.readers(), member_id).await
    }

    async fn members(&self, page: Page<MemberId>) -> Result<Vec<Member>, StoreError> {
        reads::members(self.database.readers(), page).await
    }

    async fn change_standing(
        &self,
        change: StandingChange,
    ) -> Result<Decided<StandingOutcome>, StoreError> {
        standing::change(&self.database, change).await
    }

    async fn begin_import(
        &self,
        import_id: &str,
        organization: &OrganizationPath,
        at: Timestamp,
    ) -> Result<Decided<RosterImport>, StoreError> {
        let new = RosterImport::new(import_id.to_owned(), organization.clone(), at);
        import::begin(&self.database, new).await
    }

    async fn import_rows(
        &self,
        batch: Arc<ImportBatch>,
        vault: Arc<Vault>,
    ) -> Result<ImportStep, StoreError> {
        import::rows(&self.database, batch, vault).await
    }

    async fn import_report(&self, import_id: &str) -> Result<Option<ImportReport>, StoreError> {
        import::report(self.database.readers(), import_id).await
    }

    async fn publish_policy(
        &self,
        draft: PolicyDraft,
        at: Timestamp,
    ) -> Result<Decided<Publication>, StoreError> {
        policies::publish(&self.database, draft, at).await
    }

    async fn policy(
        &self,
        policy_id: &Slug,
        revision: Option<i32>,
    ) -> Result<Option<Policy>, StoreError> {
        policies::one(self.database.readers(), policy_id, revision).await
    }

    async fn policies(&self, page: Page<Slug>) -> Result<Vec<Policy>, StoreError> {
        policies::page(self.database.readers(), page).await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
