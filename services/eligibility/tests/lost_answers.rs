//! Laws A2, E1 and E2 when the store's answers are lost: what was committed is known all the same,
//! and what cannot be followed grows old.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use clock::{ManualClock, Timestamp};
use eligibility::domain::Slug;
use eligibility::domain::account::{AccountRequest, EarlierAccount, FreshLink, Link};
use eligibility::domain::card::{Card, CardChange};
use eligibility::domain::grant::{Chosen, Grant, GrantKey, ReferenceKind};
use eligibility::domain::keyring::WrappedKey;
use eligibility::domain::member::{Member, State};
use eligibility::domain::organization::{Creation, Organization};
use eligibility::domain::policy::{Policy, PolicyDraft, Publication};
use eligibility::domain::roster::{ImportBatch, RosterImport};
use eligibility::domain::standing::{StandingChange, StandingOutcome, StandingVerb};
use eligibility::domain::vault::Vault;
use eligibility::store::conformance::{person_row, test_vault};
use eligibility::store::sqlite::{SqliteStore, migrator};
use eligibility::store::{
    AccountStep, CardStep, CodeSeen, CodeUse, Decided, HandleCursor, ImportReport, ImportStep,
    Page, ShardCursor, Store, StoredCard, StoredHandle, StoredMember, Versions,
};
use eligibility::usecase::{
    CardSettings, Eligibility, Failure, MemberReference, Pace, StandingRequest, Subject,
    VerificationRequest,
};
use member_identity::{
    CardId, IdDocument, LinkId, MemberId, OrganizationPath, PersonKey, RegionCode,
};
use rpc::{Caller, Signer};
use sql::sqlite::Database;
use sql::{DatabaseConfig, StoreError};
use tokio::time::Instant;

/// A store that commits and then loses the answer, or cannot be followed, when told to.
struct Lossy {
    inner: SqliteStore,
    losing: AtomicBool,
    silent: AtomicBool,
}

impl Lossy {
    fn answer<T>(&self, answer: Result<T, StoreError>) -> Result<T, StoreError> {
        match self.losing.load(Ordering::SeqCst) {
            true => answer.and(Err(StoreError::OutcomeUnknown)),
            false => answer,
        }
    }
}

type Answer<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Lossy {
    async fn versions(&self) -> Answer<Versions> {
        match self.silent.load(Ordering::SeqCst) {
            true => Err(StoreError::Unavailable { detail: String::from("gone") }),
            false => self.inner.versions().await,
        }
    }

    async fn changed_members(
        &self,
        after: &[ShardCursor],
        per_shard: u32,
        index_version: u32,
    ) -> Answer<Vec<StoredMember>> {
        self.inner.changed_members(after, per_shard, index_version).await
    }

    async fn changed_policies(&self, after: i64, size: u32) -> Answer<Vec<(i64, Policy)>> {
        self.inner.changed_policies(after, size).await
    }

    async fn create_organization(
        &self,
        organization: Organization,
        at: Timestamp,
    ) -> Answer<Decided<Creation>> {
        self.answer(self.inner.create_organization(organization, at).await)
    }

    async fn organization(&self, path: &OrganizationPath) -> Answer<Option<Organization>> {
        self.inner.organization(path).await
    }

    async fn organizations(&self, page: Page<OrganizationPath>) -> Answer<Vec<Organization>> {
        self.inner.organizations(page).await
    }

    async fn member(&self, member_id: MemberId) -> Answer<Option<Member>> {
        self.inner.member(member_id).await
    }

    async fn members(&self, page: Page<MemberId>) -> Answer<Vec<Member>> {
        self.inner.members(page).await
    }

    async fn change_standing(&self, change: StandingChange) -> Answer<Decided<StandingOutcome>> {
        self.answer(self.inner.change_standing(change).await)
    }

    async fn begin_import(
        &self,
        import_id: &str,
        organization: &OrganizationPath,
        at: Timestamp,
    ) -> Answer<Decided<RosterImport>> {
        self.inner.begin_import(import_id, organization, at).await
    }

    async fn import_rows(&self, batch: Arc<ImportBatch>, vault: Arc<Vault>) -> Answer<ImportStep> {
        self.answer(self.inner.import_rows(batch, vault).await)
    }

    async fn import_report(&self, import_id: &str) -> Answer<Option<ImportReport>> {
        self.inner.import_report(import_id).await
    }

    async fn publish_policy(
        &self,
        draft: PolicyDraft,
        at: Timestamp,
    ) -> Answer<Decided<Publication>> {
        self.answer(self.inner.publish_policy(draft, at).await)
    }

    async fn policy(&self, policy_id: &Slug, revision: Option<i32>) -> Answer<Option<Policy>> {
        self.inner.policy(policy_id, revision).await
    }

    async fn policies(&self, page: Page<Slug>) -> Answer<Vec<Policy>> {
        self.inner.policies(page).await
    }

    async fn changed_handles(
        &self,
        after: &[HandleCursor],
        per_shard: u32,
    ) -> Answer<Vec<StoredHandle>> {
        self.inner.changed_handles(after, per_shard).await
    }

    async fn changed_grants(&self, after: i64, size: u32) -> Answer<Vec<(i64, Grant)>> {
        self.inner.changed_grants(after, size).await
    }

    async fn person_of(&self, member_id: MemberId) -> Answer<Option<(PersonKey, WrappedKey)>> {
        self.inner.person_of(member_id).await
    }

    async fn change_card(&self, change: CardChange) -> Answer<Decided<CardStep>> {
        self.answer(self.inner.change_card(change).await)
    }

    async fn card(&self, card_id: CardId) -> Answer<Option<StoredCard>> {
        self.inner.card(card_id).await
    }

    async fn cards(
        &self,
        member_id: MemberId,
        after: Option<CardId>,
        size: u32,
    ) -> Answer<Vec<StoredCard>> {
        self.inner.cards(member_id, after, size).await
    }

    async fn held_card(&self, member_id: MemberId) -> Answer<Option<Card>> {
        self.inner.held_card(member_id).await
    }

    async fn blocked_cards(&self, since: Timestamp) -> Answer<Vec<CardId>> {
        self.inner.blocked_cards(since).await
    }

    async fn use_code(&self, used: CodeUse) -> Answer<CodeSeen> {
        self.answer(self.inner.use_code(used).await)
    }

    async fn link_account(
        &self,
        request: AccountRequest,
        fresh: FreshLink,
    ) -> Answer<Decided<AccountStep>> {
        self.answer(self.inner.link_account(request, fresh).await)
    }

    async fn unlink_account(&self, request: AccountRequest) -> Answer<Decided<AccountStep>> {
        self.answer(self.inner.unlink_account(request).await)
    }

    async fn withdraw_link(
        &self,
        request: AccountRequest,
        link_id: LinkId,
        within: Option<OrganizationPath>,
    ) -> Answer<Decided<AccountStep>> {
        self.answer(self.inner.withdraw_link(request, link_id, within).await)
    }

    async fn links(
        &self,
        member_id: MemberId,
        after: Option<LinkId>,
        size: u32,
    ) -> Answer<Vec<Link>> {
        self.inner.links(member_id, after, size).await
    }

    async fn answered_account(&self, request: &AccountRequest) -> Answer<Option<EarlierAccount>> {
        self.inner.answered_account(request).await
    }

    async fn set_grant(&self, grant: Grant) -> Answer<Decided<Grant>> {
        self.answer(self.inner.set_grant(grant).await)
    }

    async fn grants(&self, page: Page<GrantKey>) -> Answer<Vec<Grant>> {
        self.inner.grants(page).await
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}

struct Bench {
    _folder: tempfile::TempDir,
    store: Arc<Lossy>,
    eligibility: Eligibility,
    office: Caller,
}

/// A registry with one organization over a store that does not lose anything yet.
async fn bench(pace: Pace) -> Bench {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/eligibility.db", folder.path().display());
    let database = Database::open(&DatabaseConfig::at(url), &migrator()).await.expect("opens");
    let inner = SqliteStore::new(database);
    let (losing, silent) = (AtomicBool::new(false), AtomicBool::new(false));
    let store = Arc::new(Lossy { inner, losing, silent });
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_658_455_200_000_000)));
    let opened =
        Eligibility::open(store.clone(), clock, test_vault(), pace, CardSettings::test(&key()))
            .await;
    let eligibility = opened.expect("opens");
    let subject = String::from("office");
    let office = Caller { subject, scopes: BTreeSet::new(), organization: None };
    let gd = Organization {
        path: gd(),
        region: RegionCode::try_from(440_000).expect("a region"),
        name: String::from("省总工会"),
    };
    eligibility.create_organization(&office, gd).await.expect("is created");
    eligibility.set_grant(&office, grant()).await.expect("is stated");
    Bench { _folder: folder, store, eligibility, office }
}

fn key() -> String {
    Signer::generate().expect("a key").0
}

fn gd() -> OrganizationPath {
    "gd".parse().expect("a path")
}

/// What lets the office verify members of the province by an identity number or an id.
fn grant() -> Grant {
    let kinds = [ReferenceKind::IdNumber, ReferenceKind::MemberId];
    Grant {
        key: GrantKey {
            partner: String::from("office"),
            purpose: "bus-fare".parse().expect("a slug"),
            organization: gd(),
        },
        references: Chosen::of(&kinds),
        claims: Chosen::of(&[]),
        updated_at: Timestamp::from_micros(0),
    }
}

fn question(reference: &MemberReference) -> VerificationRequest {
    VerificationRequest {
        subject: Subject::Reference(reference.clone()),
        purpose: "bus-fare".parse().expect("a slug"),
        terminal: String::new(),
    }
}

impl Bench {
    async fn import(&self) -> Result<ImportReport, Failure> {
        let import_id = "one".parse().expect("an id");
        let mut import = self.eligibility.open_import(&self.office, &import_id, &gd()).await?;
        import.take(vec![person_row(1, 1)]).await?;
        import.finish().await
    }

    fn reference(&self) -> MemberReference {
        let today = jiff::civil::date(2022, 7, 22);
        let document = IdDocument::parse(&person_row(1, 1).id_number, today);
        MemberReference::Document(document.expect("a number"))
    }

    async fn suspend(&self, member_id: MemberId) -> Result<Member, Failure> {
        let request_id = "s-1".parse().expect("an id");
        let request = StandingRequest { request_id, verb: StandingVerb::Suspend, member_id };
        self.eligibility.change_standing(&self.office, request).await
    }

    fn lose_answers(&self, losing: bool) {
        self.store.losing.store(losing, Ordering::SeqCst);
    }
}

fn unknown<T>(answer: Result<T, Failure>) -> bool {
    matches!(answer, Err(Failure::Store(StoreError::OutcomeUnknown)))
}

#[tokio::test]
async fn a_suspension_whose_answer_is_lost_is_seen_by_the_next_check_and_by_its_retry() {
    let bench = bench(Pace::default()).await;
    bench.import().await.expect("is imported");
    let reference = bench.reference();
    let found = bench.eligibility.resolve(&bench.office, &reference).await.expect("is known");
    bench.lose_answers(true);
    assert!(unknown(bench.suspend(found.entry.member_id).await));
    let verified = bench.eligibility.verify_membership(&bench.office, &question(&reference)).await;
    assert!(!verified.expect("is answered").is_member);
    bench.lose_answers(false);
    let member = bench.suspend(found.entry.member_id).await.expect("is remembered");
    assert_eq!((member.state, member.member_id), (State::Suspended, found.entry.member_id));
    let stored = bench.store.member(found.entry.member_id).await.expect("the store works");
    assert_eq!(stored.expect("is there").version, 2, "one effect");
}

#[tokio::test]
async fn an_import_whose_answer_is_lost_is_known_and_is_resumed_without_counting_twice() {
    let bench = bench(Pace::default()).await;
    bench.lose_answers(true);
    assert!(unknown(bench.import().await));
    let resolved = bench.eligibility.resolve(&bench.office, &bench.reference()).await;
    assert!(resolved.is_ok(), "the committed member is in memory");
    bench.lose_answers(false);
    let report = bench.import().await.expect("goes on");
    assert_eq!((report.import.added, report.import.committed_line), (1, 1));
}

#[tokio::test]
async fn a_registry_that_cannot_be_followed_tells_its_age_or_gives_no_answer() {
    let age_max = Duration::from_millis(100);
    let bench = bench(Pace { poll_every: Duration::from_millis(10), age_max }).await;
    bench.import().await.expect("is imported");
    let (office, reference) = (&bench.office, bench.reference());
    bench.store.silent.store(true, Ordering::SeqCst);
    while !matches!(
        bench.eligibility.verify_membership(office, &question(&reference)).await,
        Err(Failure::Outdated)
    ) {
        tokio::task::yield_now().await;
    }
    let last = bench.eligibility.resolve(office, &reference).await.expect("is in memory");
    assert!(last.current_at.elapsed() > age_max, "the true age is told");
    let later = bench.eligibility.resolve(office, &reference).await.expect("is in memory");
    assert_eq!(later.current_at, last.current_at, "and grows");
    let nobody = MemberReference::Id(MemberId::from_bytes([9; 16]));
    let unknown = bench.eligibility.resolve(office, &nobody).await;
    assert!(matches!(unknown, Err(Failure::Outdated)), "who is not in memory may be in the store");
    let back_at = Instant::now();
    bench.store.silent.store(false, Ordering::SeqCst);
    loop {
        let found = bench.eligibility.resolve(office, &reference).await.expect("is in memory");
        if found.current_at > back_at {
            break;
        }
        tokio::task::yield_now().await;
    }
    // On a busy machine a look may take longer than the bound, but not always.
    while bench.eligibility.verify_membership(office, &question(&reference)).await.is_err() {
        tokio::task::yield_now().await;
    }
}
