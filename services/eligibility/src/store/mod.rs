//! The store of the registry: one trait, one method for each atomic business step.

mod card_steps;
mod columns;
mod open;
pub mod postgres;
mod rows;
pub mod sqlite;
mod subtree;

#[cfg(feature = "testing")]
pub mod conformance;

use std::sync::Arc;

use async_trait::async_trait;
use clock::Timestamp;
use member_identity::{CardId, LinkId, MemberId, OrganizationPath, PersonKey, Shard};
use sql::StoreError;

use crate::domain::account::{AccountRequest, EarlierAccount, FreshLink, Link};
use crate::domain::card::{Card, CardChange};
use crate::domain::grant::{Grant, GrantKey};
use crate::domain::keyring::{Blind, WrappedKey};
use crate::domain::member::Member;
use crate::domain::organization::{Creation, Organization};
use crate::domain::policy::{Policy, PolicyDraft, Publication};
use crate::domain::registry::Applied;
use crate::domain::roster::{ImportBatch, KeptProblem, RosterImport};
use crate::domain::standing::{StandingChange, StandingOutcome};
use crate::domain::vault::Vault;
use crate::domain::{Refusal, Slug};

pub use card_steps::{
    AccountStep, CardStep, CodeSeen, CodeUse, HandleCursor, StoredCard, StoredHandle,
};
pub use open::open;

/// Parts of the registry that changes are counted in.
pub const SHARDS: usize = 256;

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

/// How often the registry has changed. Whoever has read every change up to these versions has all
/// that was committed before the versions were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versions {
    /// Changes to the members of each shard; 0 for one that has none.
    pub shards: Box<[i64; SHARDS]>,
    /// Publications of policies.
    pub policies: i64,
    /// Changes of grants.
    pub grants: i64,
}

impl Versions {
    /// Before the first change.
    pub fn none() -> Self {
        Self { shards: Box::new([0; SHARDS]), policies: 0, grants: 0 }
    }
}

/// How far the changes of a shard have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShardCursor {
    /// The shard.
    pub shard: Shard,
    /// Every earlier version of it has been read.
    pub version: i64,
    /// Of this version, members up to this one have been read.
    pub member_id: MemberId,
}

impl ShardCursor {
    /// Behind everything of a version.
    pub const fn behind(shard: Shard, version: i64) -> Self {
        Self { shard, version, member_id: MemberId::from_bytes([u8::MAX; 16]) }
    }
}

/// A member as memory takes it from the store: what memory shows in the clear is sealed.
#[derive(Clone, Debug)]
pub struct StoredMember {
    /// The membership.
    pub member: Member,
    /// The version of its shard when it last changed.
    pub shard_version: i64,
    /// The person's data key.
    pub key: WrappedKey,
    /// Sex, sealed.
    pub sex: Option<Vec<u8>>,
    /// Birth date, sealed.
    pub birth: Option<Vec<u8>>,
    /// The identity number's blind index of the newest version that was asked for.
    pub blind: Option<Blind>,
}

/// What a batch of a roster came to.
#[derive(Clone, Debug)]
pub struct ImportStep {
    /// The import after the batch.
    pub import: RosterImport,
    /// Members that are new or changed.
    pub applied: Vec<Applied>,
    /// The versions that the batch brought to the shards of these members.
    pub versions: Vec<(Shard, i64)>,
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
/// **Isolation:** a step decides over what is committed when it takes its locks; a step that met
/// another in spite of them answers [`StoreError::Conflict`] and may be repeated. Reads see one
/// committed state each.
/// **Cancellation:** dropping a future leaves no transaction open; the step may still commit.
/// **Order:** lists are ordered by the bytes of their key.
/// **Never returned:** anything personal, but sealed.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// How often the registry has changed.
    async fn versions(&self) -> Result<Versions, StoreError>;

    /// Live members that changed after the cursors, of each shard the first `per_shard`, by the
    /// version of the shard and then by id. A member's blind index is of `index_version` at most.
    async fn changed_members(
        &self,
        after: &[ShardCursor],
        per_shard: u32,
        index_version: u32,
    ) -> Result<Vec<StoredMember>, StoreError>;

    /// The newest revisions of the policies that were published after a version, with their
    /// versions and by them, at most `size`.
    async fn changed_policies(
        &self,
        after: i64,
        size: u32,
    ) -> Result<Vec<(i64, Policy)>, StoreError>;

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

    /// Handles that changed after the cursors, of each shard the first `per_shard`, by the version
    /// of the shard and then by their keys.
    async fn changed_handles(
        &self,
        after: &[HandleCursor],
        per_shard: u32,
    ) -> Result<Vec<StoredHandle>, StoreError>;

    /// Grants that were changed after a version, with their versions and by them, at most `size`.
    async fn changed_grants(&self, after: i64, size: u32) -> Result<Vec<(i64, Grant)>, StoreError>;

    /// The person behind a member, with their data key.
    async fn person_of(
        &self,
        member_id: MemberId,
    ) -> Result<Option<(PersonKey, WrappedKey)>, StoreError>;

    /// Decides on a change of cards and remembers the answer under the request id, in one commit
    /// (law A1). A refusal is not remembered.
    async fn change_card(&self, change: CardChange) -> Result<Decided<CardStep>, StoreError>;

    /// A card with its number, sealed.
    async fn card(&self, card_id: CardId) -> Result<Option<StoredCard>, StoreError>;

    /// Cards of a member after a key, by id, at most `size`.
    async fn cards(
        &self,
        member_id: MemberId,
        after: Option<CardId>,
        size: u32,
    ) -> Result<Vec<StoredCard>, StoreError>;

    /// The card that a member has, active or lost.
    async fn held_card(&self, member_id: MemberId) -> Result<Option<Card>, StoreError>;

    /// Cards that were blocked, and those of members who were suspended, after a time; by id.
    async fn blocked_cards(&self, since: Timestamp) -> Result<Vec<CardId>, StoreError>;

    /// Enters the use of a code, which others then see until it ends.
    async fn use_code(&self, used: CodeUse) -> Result<CodeSeen, StoreError>;

    /// Links an account and remembers the answer, in one commit (law A1). A refusal is not
    /// remembered.
    async fn link_account(
        &self,
        request: AccountRequest,
        fresh: FreshLink,
    ) -> Result<Decided<AccountStep>, StoreError>;

    /// Unlinks an account and remembers the answer, in one commit (law A1). A refusal is not
    /// remembered.
    async fn unlink_account(
        &self,
        request: AccountRequest,
    ) -> Result<Decided<AccountStep>, StoreError>;

    /// Ends a link for its member, who is in a subtree, and remembers the answer, in one commit (law
    /// A1). A refusal is not remembered.
    async fn withdraw_link(
        &self,
        request: AccountRequest,
        link_id: LinkId,
        within: Option<OrganizationPath>,
    ) -> Result<Decided<AccountStep>, StoreError>;

    /// Links of a member that are in force, after a key, by id, at most `size`.
    async fn links(
        &self,
        member_id: MemberId,
        after: Option<LinkId>,
        size: u32,
    ) -> Result<Vec<Link>, StoreError>;

    /// What the first call of a request id about an account was answered.
    async fn answered_account(
        &self,
        request: &AccountRequest,
    ) -> Result<Option<EarlierAccount>, StoreError>;

    /// States a grant, unless it says that already. Refuses when there is no such organization.
    async fn set_grant(&self, grant: Grant) -> Result<Decided<Grant>, StoreError>;

    /// Grants that name a reference, by their names.
    async fn grants(&self, page: Page<GrantKey>) -> Result<Vec<Grant>, StoreError>;

    /// Finishes what is under way and closes the database.
    async fn close(&self);
}
