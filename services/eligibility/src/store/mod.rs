//! The store of the registry: one trait, one method for each atomic business step.

pub mod sqlite;

#[cfg(feature = "testing")]
pub mod conformance;

use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{MemberId, OrganizationPath};
use sql::StoreError;

use crate::domain::keyring::{Blind, WrappedKey};
use crate::domain::member::Member;
use crate::domain::organization::{Creation, Organization};
use crate::domain::policy::{Policy, PolicyDraft, Publication};
use crate::domain::registry::Applied;
use crate::domain::roster::{ImportBatch, KeptProblem, RosterImport};
use crate::domain::standing::{StandingChange, StandingOutcome};
use crate::domain::vault::Vault;
use crate::domain::{Refusal, Slug};

/// What the business decided inside a step.
pub type Decided<T> = Result<T, Refusal>;

/// Which part of a list to read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page<K> {
    /// This organization and all below it; everything when absent.
    pub below: Option<OrganizationPath>,
    /// Only what comes after this key.
    pub after: Option<K>,
    /// At most this many.
    pub size: u32,
}

/// A member as the registry is loaded from the store: what memory shows in the clear is sealed.
#[derive(Clone, Debug)]
pub struct StoredMember {
    /// The membership.
    pub member: Member,
    /// The person's data key.
    pub key: WrappedKey,
    /// Sex, sealed.
    pub sex: Option<Vec<u8>>,
    /// Birth date, sealed.
    pub birth: Option<Vec<u8>>,
    /// The blind indexes of the identity number.
    pub blinds: Vec<Blind>,
}

/// What a batch of a roster came to.
#[derive(Clone, Debug)]
pub struct ImportStep {
    /// The import after the batch.
    pub import: RosterImport,
    /// Members that are new or changed.
    pub applied: Vec<Applied>,
}

/// An import as an office sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportReport {
    /// Its counts.
    pub import: RosterImport,
    /// The first bad rows, by line.
    pub problems: Vec<KeptProblem>,
}

/// The registry's store.
///
/// **Atomicity:** each method is one transaction; on any error nothing of it has happened, but for
/// [`StoreError::OutcomeUnknown`], after which the store is to be read again.
/// **Idempotency:** every step may be repeated with the same arguments; the second time changes
/// nothing and answers the same.
/// **Isolation:** a step decides over what is committed when it takes the write lock. Reads see
/// one committed state each.
/// **Cancellation:** dropping a future leaves no transaction open; the step may still commit.
/// **Order:** lists are ordered by the bytes of their key.
/// **Never returned:** anything personal, but sealed.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Live members after `after`, by id, at most `size`: to fill the registry in memory.
    async fn load(
        &self,
        after: Option<MemberId>,
        size: u32,
    ) -> Result<Vec<StoredMember>, StoreError>;

    /// Adds an organization, or finds that it has been there all along.
    async fn create_organization(
        &self,
        organization: Organization,
        at: Timestamp,
    ) -> Result<Decided<Creation>, StoreError>;

    /// The organization at a path.
    async fn organization(
        &self,
        path: &OrganizationPath,
    ) -> Result<Option<Organization>, StoreError>;

    /// Organizations by path.
    async fn organizations(
        &self,
        page: Page<OrganizationPath>,
    ) -> Result<Vec<Organization>, StoreError>;

    /// The live member of that id.
    async fn member(&self, member_id: MemberId) -> Result<Option<Member>, StoreError>;

    /// Members by id.
    async fn members(&self, page: Page<MemberId>) -> Result<Vec<Member>, StoreError>;

    /// Suspends or reinstates a member and remembers the answer under the request id, in one
    /// commit (law A1). A refusal is not remembered.
    async fn change_standing(
        &self,
        change: StandingChange,
    ) -> Result<Decided<StandingOutcome>, StoreError>;

    /// Begins an import, or finds it begun. Refuses when the import id is another organization's,
    /// or when there is no such organization.
    async fn begin_import(
        &self,
        import_id: &str,
        organization: &OrganizationPath,
        at: Timestamp,
    ) -> Result<Decided<RosterImport>, StoreError>;

    /// Decides a batch of rows of a begun import and commits all of it: persons, members, blind
    /// indexes, counts, problems and the committed line.
    async fn import_rows(
        &self,
        batch: Arc<ImportBatch>,
        vault: Arc<Vault>,
    ) -> Result<ImportStep, StoreError>;

    /// An import with its first bad rows.
    async fn import_report(&self, import_id: &str) -> Result<Option<ImportReport>, StoreError>;

    /// Publishes a policy: a new revision, unless the newest says the same.
    async fn publish_policy(
        &self,
        draft: PolicyDraft,
        at: Timestamp,
    ) -> Result<Decided<Publication>, StoreError>;

    /// A revision of a policy; the newest when none is named.
    async fn policy(
        &self,
        policy_id: &Slug,
        revision: Option<i32>,
    ) -> Result<Option<Policy>, StoreError>;

    /// The newest revision of each policy, by name.
    async fn policies(&self, page: Page<Slug>) -> Result<Vec<Policy>, StoreError>;
}
