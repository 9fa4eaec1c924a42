//! Redemption behind a real port, with a database of its own and made-up peers.

use std::collections::HashMap;
use std::future::pending;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::{Clock, ManualClock};
use contracts::METHOD_SCOPES;
use contracts::eligibility::v1::MemberReference as WireReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use futures::stream::{BoxStream, StreamExt as _};
use group_commit::LaneOptions;
use member_identity::{MemberId, OrganizationPath, PersonKey};
use redemption::domain::webhooks::Reach;
use redemption::domain::{FeedCursors, Found, Standing};
use redemption::store::conformance::{Counting, EPOCH, RETURNS, Till};
use redemption::store::sqlite::SqliteStore;
use redemption::usecase::{
    CheckPeer, CheckQuestion, Checked, EligibilityPeer, EligibilityUnavailable, Feed, FeedMessage,
    FollowProblem, IssuancePeer, IssuanceUnavailable, Member, MemberReference, ResolveProblem,
    SettlementKeys,
};
use redemption::{Ingredients, Redemption, Sending};
use rpc::{
    Credential, DocumentKey, DocumentSigner, Grant, Peer, PeerChannel, PeerConfig, Signer, Verifier,
};
use runtime::ServeOptions;
use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tonic::async_trait;
use tonic::transport::Channel;
use tonic_types::StatusExt as _;

/// The bench of one test.
pub struct Bench {
    pub clock: Arc<ManualClock>,
    pub till: Till,
    pub eligibility: Arc<Registry>,
    pub issuance: Arc<Issuer>,
    pub feed: Arc<Feed>,
    pub database: PathBuf,
    signer: Arc<Signer>,
    url: String,
    _folder: tempfile::TempDir,
}

/// Made-up members.
#[derive(Default)]
pub struct Registry {
    pub members: Mutex<HashMap<MemberId, Member>>,
    pub down: AtomicBool,
    /// How members stand to every policy; nobody can tell when there is nothing.
    pub standing: Mutex<Option<Standing>>,
    /// How old verdicts are when they are sent.
    pub age: Mutex<Duration>,
    /// Questions so far.
    pub checks: AtomicUsize,
}

#[async_trait]
impl CheckPeer for Registry {
    async fn check(
        &self,
        _member_id: MemberId,
        _question: &CheckQuestion,
    ) -> Result<Checked, EligibilityUnavailable> {
        self.checks.fetch_add(1, Ordering::Relaxed);
        let standing = self.standing.lock().expect("no panic holds it").clone();
        let age = *self.age.lock().expect("no panic holds it");
        standing.map(|standing| Checked { standing, age }).ok_or(EligibilityUnavailable)
    }
}

#[async_trait]
impl EligibilityPeer for Registry {
    async fn resolve(&self, reference: &MemberReference) -> Result<Member, ResolveProblem> {
        if self.down.load(Ordering::Relaxed) {
            return Err(ResolveProblem::Unavailable);
        }
        let MemberReference::Id(id) = reference else { return Err(ResolveProblem::Unknown) };
        let members = self.members.lock().expect("no panic holds it");
        members.get(id).cloned().ok_or(ResolveProblem::Unknown)
    }
}

/// A made-up issuance: its feed says what is put into `messages`.
pub struct Issuer {
    pub messages: mpsc::UnboundedSender<Result<FeedMessage, FollowProblem>>,
    pub found: Mutex<Result<Found, IssuanceUnavailable>>,
    pub asked: AtomicUsize,
    queued: Mutex<Option<mpsc::UnboundedReceiver<Result<FeedMessage, FollowProblem>>>>,
}

#[async_trait]
impl IssuancePeer for Issuer {
    async fn follow(
        &self,
        _cursors: FeedCursors,
    ) -> Result<BoxStream<'static, Result<FeedMessage, FollowProblem>>, FollowProblem> {
        let queued = self.queued.lock().expect("no panic holds it").take();
        let queued = queued.ok_or(FollowProblem::Unavailable)?;
        let next = |mut queued: mpsc::UnboundedReceiver<_>| async {
            queued.recv().await.map(|message| (message, queued))
        };
        Ok(futures::stream::unfold(queued, next).boxed())
    }

    async fn find_vouchers(&self, _person: PersonKey) -> Result<Found, IssuanceUnavailable> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.found.lock().expect("no panic holds it").clone()
    }
}

impl Bench {
    /// Redemption at ten o'clock of 22 July 2022.
    pub async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder for the database");
        let database = folder.path().join("redemption.db");
        let config = sql::DatabaseConfig::at(format!("sqlite://{}", database.display()));
        let store = Arc::new(SqliteStore::open(&config).await.expect("the database opens"));
        let till = Till::open(store.clone()).await;
        let clock = Arc::new(ManualClock::at(till.now()));
        let (messages, queued) = mpsc::unbounded_channel();
        let issuance = Arc::new(Issuer {
            messages,
            found: Mutex::new(Ok(Found::default())),
            asked: AtomicUsize::new(0),
            queued: Mutex::new(Some(queued)),
        });
        let eligibility = Arc::new(Registry::default());
        let redemption = Redemption::start(Ingredients {
            store,
            clock: clock.clone(),
            entropy: Arc::new(Counting::beginning_at(1 << 32)),
            eligibility: eligibility.clone(),
            issuance: issuance.clone(),
            lane: LaneOptions { name: "checkout", queue_max: 100, batch_max: 100 },
            lanes: 2,
            settlement_keys: Arc::new(settlement_keys()),
            sending: sending(),
        });
        let feed = redemption.feed();
        let (private, public) = Signer::generate().expect("a key");
        let signer = Arc::new(Signer::from_pem("test", &private).expect("a key"));
        let keys = [(String::from("test"), public)];
        let verifier = Verifier::new(&keys, clock.clone()).expect("a key");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("bound"));
        let options = ServeOptions {
            listener,
            clock: clock.clone(),
            verifier: Arc::new(verifier),
            admission: rpc::Admission::at_most(100),
            drain_timeout: Duration::from_secs(1),
        };
        let part = redemption.into_part(async {});
        tokio::spawn(runtime::serve(vec![part], options, pending()));
        let _folder = folder;
        Self { clock, till, eligibility, issuance, feed, database, signer, url, _folder }
    }

    /// Moves business time.
    pub fn move_to(&self, date: &str, minute: u16) {
        self.till.move_to(date, minute);
        self.clock.set(self.till.now());
    }

    /// A member of an organization, without a voucher.
    pub fn member(&self, n: u8, organization: &str) -> (MemberId, PersonKey) {
        let person = redemption::store::conformance::person(n);
        let member_id = MemberId::from_bytes(*person.as_bytes());
        let organization = OrganizationPath::parse(organization).expect("a path");
        let member = Member { member_id, person, organization };
        self.eligibility.members.lock().expect("no panic holds it").insert(member_id, member);
        (member_id, person)
    }

    /// A member of `gd` with one voucher.
    pub async fn member_with_voucher(&self, n: u8) -> MemberId {
        let (member_id, person) = self.member(n, "gd");
        self.till.give(person, RETURNS).await;
        member_id
    }

    /// A channel for a caller with every scope but those of ops.
    pub fn platform(&self, subject: &str, organization: &str) -> PeerChannel {
        let scopes = METHOD_SCOPES.iter().filter_map(|method| method.scope);
        self.caller(subject, &scopes.collect::<Vec<_>>(), organization)
    }

    /// A channel for a caller.
    pub fn caller(&self, subject: &str, scopes: &[&str], organization: &str) -> PeerChannel {
        let organization = OrganizationPath::parse(organization).expect("a path");
        self.channel(subject, scopes, Some(organization))
    }

    /// A channel for a caller who is bound to no organization.
    pub fn unbound(&self, subject: &str, scopes: &[&str]) -> PeerChannel {
        self.channel(subject, scopes, None)
    }

    fn channel(
        &self,
        subject: &str,
        scopes: &[&str],
        organization: Option<OrganizationPath>,
    ) -> PeerChannel {
        let scopes = scopes.iter().map(ToString::to_string).collect();
        let grant = Grant { subject: subject.to_owned(), scopes, organization };
        let clock: Arc<dyn Clock> = self.clock.clone();
        let credential = Some(Credential::signed(self.signer.clone(), grant, clock));
        let config = PeerConfig { url: self.url.clone(), credential, ..PeerConfig::default() };
        Peer::lazy(&config).expect("a url").channel()
    }

    /// Settlement, as whoever has no token calls it.
    pub async fn settlement_for_strangers(&self) -> SettlementServiceClient<Channel> {
        SettlementServiceClient::connect(self.url.clone()).await.expect("it listens")
    }

    /// The checkout, as the platform `wepay` of Guangdong calls it.
    pub fn checkout(&self) -> CheckoutServiceClient<PeerChannel> {
        CheckoutServiceClient::new(self.platform("wepay", "gd"))
    }

    /// Settlement, as a caller has it.
    pub fn settlement(&self, caller: PeerChannel) -> SettlementServiceClient<PeerChannel> {
        SettlementServiceClient::new(caller)
    }

    /// The wallet, as a member app of Guangdong calls it.
    pub fn wallet(&self) -> WalletServiceClient<PeerChannel> {
        WalletServiceClient::new(self.platform("member-app", "gd"))
    }

    /// Authorizes one cold drink of 5.00.
    pub async fn authorize(
        &self,
        request_id: &str,
        member_id: MemberId,
        number: &str,
    ) -> Result<wire::Authorization, tonic::Status> {
        let request = authorize(request_id, member_id, number);
        let answer = self.checkout().authorize(request).await?;
        Ok(answer.into_inner().authorization.expect("an authorization"))
    }

    /// Authorizes and captures.
    pub async fn buy(&self, n: u8) -> wire::Authorization {
        let member_id = self.member_with_voucher(n).await;
        let held = self.authorize(&format!("a{n}"), member_id, &format!("o{n}")).await;
        let authorization_id = held.expect("it is held").authorization_id;
        let request =
            wire::CaptureRequest { request_id: format!("c{n}"), authorization_id, portion: None };
        let answer = self.checkout().capture(request).await.expect("it is captured");
        answer.into_inner().authorization.expect("an authorization")
    }

    /// Waits until the wallets stand as `level` to issuance.
    pub async fn until(&self, level: redemption::usecase::FeedLevel) {
        let stands = async {
            while self.feed.level() != level {
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(10), stands).await.expect("it gets there");
    }

    /// A message of the feed after which the wallets are level.
    pub fn level(&self) -> FeedMessage {
        let batch =
            redemption::domain::FeedBatch { epoch: EPOCH, campaigns: Vec::new(), vouchers: None };
        FeedMessage { batch, level: true }
    }

    /// A person's vouchers as they are stored.
    pub async fn stored(&self, person: PersonKey) -> usize {
        let wallet =
            self.till.store.wallet(person, &[], self.till.now()).await.expect("the store is there");
        wallet.vouchers.len()
    }
}

/// Webhooks that anybody may receive.
fn sending() -> Sending {
    let sending = Sending::over_http(&[7; 32], Reach::Anywhere).expect("it is long enough");
    sending.expect("the system trusts somebody")
}

/// A key of its own that signs statements, and one that did before.
fn settlement_keys() -> SettlementKeys {
    let (private, _) = Signer::generate().expect("a key");
    let (_, retired) = Signer::generate().expect("a key");
    SettlementKeys {
        signer: DocumentSigner::from_pem(&private).expect("a key"),
        retired: vec![DocumentKey::from_pem(&retired).expect("a key")],
    }
}

/// A member by id.
pub fn by_id(member_id: MemberId) -> Option<WireReference> {
    Some(WireReference { reference: Some(Reference::MemberId(member_id.to_string())) })
}

/// One cold drink of 5.00 in Guangzhou.
pub fn order(number: &str) -> Option<wire::Order> {
    let line = wire::OrderLine { category: String::from("cold-drink"), amount_fen: 500 };
    let shop = wire::Shop {
        shop_id: String::from("shop-1"),
        region_code: String::from("440106"),
        terminal_id: String::new(),
    };
    Some(wire::Order { order_number: number.to_owned(), lines: vec![line], shop: Some(shop) })
}

/// An Authorize of one cold drink.
pub fn authorize(request_id: &str, member_id: MemberId, number: &str) -> wire::AuthorizeRequest {
    wire::AuthorizeRequest {
        request_id: request_id.to_owned(),
        member: by_id(member_id),
        order: order(number),
        voucher_ids: Vec::new(),
        hold: None,
    }
}

/// The reason of a refusal, and its metadata.
pub fn reason(status: &tonic::Status) -> (String, HashMap<String, String>) {
    let texts = status.get_error_details_vec().into_iter().filter_map(|detail| match detail {
        tonic_types::ErrorDetail::LocalizedMessage(text) => Some((text.locale, text.message)),
        _ => None,
    });
    let (locales, texts): (Vec<_>, Vec<_>) = texts.unzip();
    assert_eq!(locales, ["zh-CN", "en"], "every refusal is told in both languages");
    assert!(texts.iter().all(|text| !text.is_empty()), "every refusal has a text");
    let details = status.get_error_details();
    let info = details.error_info().expect("every refusal has a reason");
    (info.reason.clone(), info.metadata.clone())
}
