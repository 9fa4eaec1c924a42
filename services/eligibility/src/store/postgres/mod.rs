//! The registry in PostgreSQL, which several replicas may share: batches by `unnest`, and never one
//! statement a row.
//!
//! Locks are taken in one order, so that steps wait for each other and never in a circle: the row
//! of the import; persons and blind indexes that are new, by their bytes; rows of `shard_version`,
//! by shard. The row of a shard stands for all of its members: whoever changes one holds it to the
//! commit, and may then take the row of one handle. Publications hold the row of `policy_version`,
//! grants that of `grant_version`.

mod accounts;
mod cards;
mod code_uses;
mod columns;
mod grants;
mod handles;
mod import;
mod import_write;
mod organizations;
mod policies;
mod reads;
mod standing;

use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{CardId, LinkId, MemberId, OrganizationPath, PersonKey};
use sql::postgres::Database;
use sql::{MigrationFile, StoreError};

use super::{
    AccountStep, CardStep, CodeSeen, CodeUse, Decided, HandleCursor, ImportReport, ImportStep,
    Page, ShardCursor, Store, StoredCard, StoredHandle, StoredMember, Versions, rows,
};
use crate::domain::Slug;
use crate::domain::account::{AccountRequest, EarlierAccount, FreshLink, Link};
use crate::domain::card::{Card, CardChange};
use crate::domain::grant::{Grant, GrantKey};
use crate::domain::keyring::WrappedKey;
use crate::domain::member::Member;
use crate::domain::organization::{Creation, Organization};
use crate::domain::policy::{Policy, PolicyDraft, Publication};
use crate::domain::roster::{ImportBatch, RosterImport};
use crate::domain::standing::{StandingChange, StandingOutcome};
use crate::domain::vault::Vault;

/// The schema's migrations, in order.
const MIGRATIONS: &[MigrationFile] = &[
    MigrationFile {
        version: 1,
        name: "eligibility",
        sql: include_str!("../../../migrations/postgres/0001_eligibility.sql"),
    },
    MigrationFile {
        version: 2,
        name: "cards",
        sql: include_str!("../../../migrations/postgres/0002_cards.sql"),
    },
];

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

    async fn changed_handles(
        &self,
        after: &[HandleCursor],
        per_shard: u32,
    ) -> Result<Vec<StoredHandle>, StoreError> {
        handles::changed(self.database.readers(), after, per_shard).await
    }

    async fn changed_grants(&self, after: i64, size: u32) -> Result<Vec<(i64, Grant)>, StoreError> {
        grants::changed(self.database.readers(), after, size).await
    }

    async fn person_of(
        &self,
        member_id: MemberId,
    ) -> Result<Option<(PersonKey, WrappedKey)>, StoreError> {
        reads::person_of(self.database.readers(), member_id).await
    }

    async fn change_card(&self, change: CardChange) -> Result<Decided<CardStep>, StoreError> {
        cards::change(&self.database, change).await
    }

    async fn card(&self, card_id: CardId) -> Result<Option<StoredCard>, StoreError> {
        cards::stored(self.database.readers(), card_id).await
    }

    async fn cards(
        &self,
        member_id: MemberId,
        after: Option<CardId>,
        size: u32,
    ) -> Result<Vec<StoredCard>, StoreError> {
        cards::of_member(self.database.readers(), member_id, after, size).await
    }

    async fn held_card(&self, member_id: MemberId) -> Result<Option<Card>, StoreError> {
        cards::held(self.database.readers(), member_id).await
    }

    async fn blocked_cards(&self, since: Timestamp) -> Result<Vec<CardId>, StoreError> {
        cards::blocked(self.database.readers(), since).await
    }

    async fn use_code(&self, used: CodeUse) -> Result<CodeSeen, StoreError> {
        code_uses::enter(&self.database, used).await
    }

    async fn link_account(
        &self,
        request: AccountRequest,
        fresh: FreshLink,
    ) -> Result<Decided<AccountStep>, StoreError> {
        accounts::link(&self.database, request, fresh).await
    }

    async fn unlink_account(
        &self,
        request: AccountRequest,
    ) -> Result<Decided<AccountStep>, StoreError> {
        accounts::unlink(&self.database, request).await
    }

    async fn withdraw_link(
        &self,
        request: AccountRequest,
        link_id: LinkId,
        within: Option<OrganizationPath>,
    ) -> Result<Decided<AccountStep>, StoreError> {
        accounts::withdraw(&self.database, request, (link_id, within)).await
    }

    async fn links(
        &self,
        member_id: MemberId,
        after: Option<LinkId>,
        size: u32,
    ) -> Result<Vec<Link>, StoreError> {
        accounts::of_member(self.database.readers(), (member_id, after), size).await
    }

    async fn answered_account(
        &self,
        request: &AccountRequest,
    ) -> Result<Option<EarlierAccount>, StoreError> {
        accounts::earlier(self.database.readers(), request).await
    }

    async fn set_grant(&self, grant: Grant) -> Result<Decided<Grant>, StoreError> {
        grants::set(&self.database, grant).await
    }

    async fn grants(&self, page: Page<GrantKey>) -> Result<Vec<Grant>, StoreError> {
        grants::page(self.database.readers(), page).await
    }

    async fn close(&self) {
        self.database.close().await;
    }
}
