//! A served registry over loopback with callers of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use clock::{BusinessDay, Clock, ManualClock, Zone};
use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::account_service_client::AccountServiceClient;
use contracts::eligibility::v1::card_service_client::CardServiceClient;
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use contracts::eligibility::v1::grant::{Claim, Reference as By};
use contracts::eligibility::v1::grant_service_client::GrantServiceClient;
use contracts::eligibility::v1::import_roster_request::Part;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::policy_service_client::PolicyServiceClient;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::verification_service_client::VerificationServiceClient;
use eligibility::{CardsConfig, Config, KeysConfig, VerificationConfig, keyring};
use rpc::{Credential, Grant, Peer, PeerChannel, PeerConfig, Signer, Verifier};
use runtime::{Context, ServeOptions};
use sql::DatabaseConfig;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

/// How often a caller may be told no within a minute.
pub const UNKNOWNS_PER_MINUTE: u32 = 20;

/// A registry that is served until it is dropped or stopped.
pub struct Server {
    url: String,
    signer: Arc<Signer>,
    clock: Arc<dyn Clock>,
    stop: Option<oneshot::Sender<()>>,
    serving: JoinHandle<()>,
}

/// One caller's clients.
pub struct Caller {
    subject: String,
    pub cards: CardServiceClient<PeerChannel>,
    pub accounts: AccountServiceClient<PeerChannel>,
    pub grants: GrantServiceClient<PeerChannel>,
    pub registry: RegistryServiceClient<PeerChannel>,
    pub policies: PolicyServiceClient<PeerChannel>,
    pub verdicts: EligibilityServiceClient<PeerChannel>,
    pub partners: VerificationServiceClient<PeerChannel>,
}

impl Server {
    /// Serves the registry of a folder, which gets a key ring when it has none.
    pub async fn start(folder: &Path) -> Self {
        let day = BusinessDay::parse("2022-07-22").expect("a day");
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(day.start(&Zone::shanghai())));
        let (private, public) = Signer::generate().expect("a key");
        let signer = Arc::new(Signer::from_pem("test", &private).expect("a signer"));
        let keys = [(String::from("test"), public)];
        let verifier = Arc::new(Verifier::new(&keys, Arc::clone(&clock)).expect("a verifier"));
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let context = Context { clock: Arc::clone(&clock) };
        let part = eligibility::build(config(folder), context).await.expect("the registry opens");
        let drain_timeout = std::time::Duration::from_secs(5);
        let options = ServeOptions {
            listener,
            clock: Arc::clone(&clock),
            verifier,
            admission: rpc::Admission::at_most(1_000),
            drain_timeout,
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let serving = tokio::spawn(async move {
            let shutdown = async move {
                let _ = stopped.await;
            };
            runtime::serve(vec![part], options, shutdown).await.expect("is served");
        });
        Self { url, signer, clock, stop: Some(stop), serving }
    }

    /// A caller without a token.
    pub fn stranger(&self) -> VerificationServiceClient<Channel> {
        let endpoint = Endpoint::from_shared(self.url.clone()).expect("the url is one");
        VerificationServiceClient::new(endpoint.connect_lazy())
    }

    /// Moves business time.
    pub fn pass(&self, time: std::time::Duration) {
        assert!(self.clock.set(self.clock.now().plus(time)), "the clock is manual");
    }

    /// Drains and closes the registry.
    pub async fn stop(mut self) {
        drop(self.stop.take());
        (&mut self.serving).await.expect("ends");
    }

    /// A caller with every scope, within a subtree.
    pub fn caller(&self, subject: &str, organization: Option<&str>) -> Caller {
        let scopes =
            contracts::METHOD_SCOPES.iter().filter_map(|method| method.scope.map(str::to_owned));
        let grant = Grant {
            subject: subject.to_owned(),
            scopes: scopes.collect(),
            organization: organization.map(|path| path.parse().expect("a path")),
        };
        let credential =
            Credential::signed(Arc::clone(&self.signer), grant, Arc::clone(&self.clock));
        let peer = Peer::lazy(&PeerConfig {
            url: self.url.clone(),
            credential: Some(credential),
            timeout_ms: 60_000,
            ..PeerConfig::default()
        });
        let channel = peer.expect("the url is one").channel();
        Caller {
            subject: subject.to_owned(),
            cards: CardServiceClient::new(channel.clone()),
            accounts: AccountServiceClient::new(channel.clone()),
            grants: GrantServiceClient::new(channel.clone()),
            registry: RegistryServiceClient::new(channel.clone()),
            policies: PolicyServiceClient::new(channel.clone()),
            verdicts: EligibilityServiceClient::new(channel.clone()),
            partners: VerificationServiceClient::new(channel),
        }
    }
}

/// Opens the registry of a folder without serving it.
pub async fn try_open(folder: &Path) -> Result<(), String> {
    let clock = Arc::new(clock::SystemClock);
    let built = eligibility::build(config(folder), Context { clock }).await;
    built.map(drop).map_err(|problem| problem.to_string())
}

fn config(folder: &Path) -> Config {
    let ring_file: PathBuf = folder.join("keys.toml");
    if !ring_file.exists() {
        std::fs::write(&ring_file, keyring::generate()).expect("the folder can be written");
    }
    let signing_key_path = folder.join("cards.pem");
    if !signing_key_path.exists() {
        let (private, _) = Signer::generate().expect("a key");
        std::fs::write(&signing_key_path, private).expect("the folder can be written");
    }
    let url = format!("sqlite://{}/eligibility.db", folder.display());
    Config {
        database: DatabaseConfig::at(url),
        keys: KeysConfig { ring_file },
        cards: CardsConfig { signing_key_path, ..CardsConfig::default() },
        verification: VerificationConfig { unknowns_per_minute: UNKNOWNS_PER_MINUTE },
        ..Config::default()
    }
}

impl Caller {
    /// Adds an organization.
    pub async fn create(&mut self, path: &str, region_code: &str) -> Result<(), Status> {
        let organization = Some(wire::Organization {
            path: path.to_owned(),
            region_code: region_code.to_owned(),
            name: format!("工会 {path}"),
        });
        let request = wire::CreateOrganizationRequest { organization };
        self.registry.create_organization(request).await.map(drop)
    }

    /// Publishes a policy of the province with these criteria.
    pub async fn publish(
        &mut self,
        policy_id: &str,
        criteria: &[(&str, &str)],
    ) -> Result<wire::Policy, Status> {
        let criterion = |(id, expression): &(&str, &str)| wire::Criterion {
            criterion_id: (*id).to_owned(),
            expression: (*expression).to_owned(),
            text_zh: format!("不符合 {id}"),
            text_en: format!("fails {id}"),
        };
        let request = wire::PublishPolicyRequest {
            policy_id: policy_id.to_owned(),
            organization: String::from("gd"),
            criteria: criteria.iter().map(criterion).collect(),
        };
        let published = self.policies.publish_policy(request).await?.into_inner();
        Ok(published.policy.expect("an answer has its policy"))
    }

    /// Imports rows, a message a thousand.
    pub async fn import(
        &mut self,
        import_id: &str,
        organization: &str,
        rows: Vec<wire::RosterRow>,
    ) -> Result<wire::RosterImport, Status> {
        let header = wire::RosterHeader {
            import_id: import_id.to_owned(),
            organization: organization.to_owned(),
        };
        let chunks: Vec<Part> = rows
            .chunks(1_000)
            .map(|rows| Part::Rows(wire::RosterRows { rows: rows.to_vec() }))
            .collect();
        let parts = std::iter::once(Part::Header(header)).chain(chunks);
        let messages = parts.map(|part| wire::ImportRosterRequest { part: Some(part) });
        let stream = tokio_stream::iter(messages.collect::<Vec<_>>());
        let answer = self.registry.import_roster(stream).await?.into_inner();
        Ok(answer.roster_import.expect("an answer has its import"))
    }

    /// The member behind an identity number.
    pub async fn resolve(&mut self, id_number: &str) -> Result<wire::ResolveResponse, Status> {
        let request = wire::ResolveRequest { member: Some(by_number(id_number)) };
        self.verdicts.resolve(request).await.map(tonic::Response::into_inner)
    }

    /// Grants this caller to verify members of the province for `bus-fare` in these ways, and to be
    /// told these claims.
    pub async fn may(&mut self, references: &[By], claims: &[Claim]) -> Result<(), Status> {
        let grant = wire::Grant {
            partner: self.subject.clone(),
            purpose: String::from("bus-fare"),
            organization: String::from("gd"),
            references: references.iter().map(|one| (*one).into()).collect(),
            claims: claims.iter().map(|one| (*one).into()).collect(),
            updated_at: None,
        };
        self.grants.set_grant(wire::SetGrantRequest { grant: Some(grant) }).await.map(drop)
    }

    /// Whether a partner is told yes.
    pub async fn verify(&mut self, member: wire::MemberReference) -> Result<bool, Status> {
        Ok(self.verify_at(member, "").await?.is_member)
    }

    /// What a partner is told at a terminal.
    pub async fn verify_at(
        &mut self,
        member: wire::MemberReference,
        terminal: &str,
    ) -> Result<wire::VerifyMembershipResponse, Status> {
        let request = wire::VerifyMembershipRequest {
            member: Some(member),
            purpose: String::from("bus-fare"),
            terminal_id: terminal.to_owned(),
        };
        Ok(self.partners.verify_membership(request).await?.into_inner())
    }

    /// Issues a card to a member.
    pub async fn issue(&mut self, request_id: &str, member: &str) -> Result<wire::Card, Status> {
        let (request_id, member_id) = (request_id.to_owned(), member.to_owned());
        let request = wire::IssueCardRequest { request_id, member_id, states_honour: true };
        let issued = self.cards.issue_card(request).await?.into_inner();
        Ok(issued.card.expect("an answer has its card"))
    }

    /// A fresh code of a member's card.
    pub async fn present(&mut self, member: &str) -> Result<String, Status> {
        let request = wire::PresentCardRequest { member_id: member.to_owned() };
        Ok(self.cards.present_card(request).await?.into_inner().code)
    }

    /// Verdicts by a policy on 22 July 2022.
    pub async fn check(
        &mut self,
        policy_id: &str,
        member_ids: &[&str],
    ) -> Result<wire::BatchCheckResponse, Status> {
        let request = wire::BatchCheckRequest {
            policy_id: policy_id.to_owned(),
            member_ids: member_ids.iter().map(|id| (*id).to_owned()).collect(),
            business_day: String::from("2022-07-22"),
        };
        self.verdicts.batch_check(request).await.map(tonic::Response::into_inner)
    }

    /// A page of whom a policy selects on 22 July 2022.
    pub async fn select(
        &mut self,
        request: wire::SelectMembersRequest,
    ) -> Result<wire::SelectMembersResponse, Status> {
        let business_day = "2022-07-22".to_owned();
        let request = wire::SelectMembersRequest { business_day, ..request };
        Ok(self.verdicts.select_members(request).await?.into_inner())
    }

    /// Suspends a member.
    pub async fn suspend(&mut self, request_id: &str, id: &str) -> Result<wire::Member, Status> {
        let (request_id, member_id) = (request_id.to_owned(), id.to_owned());
        let request = wire::SuspendMemberRequest { request_id, member_id };
        let answer = self.registry.suspend_member(request).await?.into_inner();
        Ok(answer.member.expect("an answer has its member"))
    }

    /// Reinstates a member.
    pub async fn reinstate(&mut self, request_id: &str, id: &str) -> Result<wire::Member, Status> {
        let (request_id, member_id) = (request_id.to_owned(), id.to_owned());
        let request = wire::ReinstateMemberRequest { request_id, member_id };
        let answer = self.registry.reinstate_member(request).await?.into_inner();
        Ok(answer.member.expect("an answer has its member"))
    }
}

/// A reference by identity number.
pub fn by_number(id_number: &str) -> wire::MemberReference {
    wire::MemberReference { reference: Some(Reference::IdNumber(id_number.to_owned())) }
}

/// A reference by member id.
pub fn by_id(member_id: &str) -> wire::MemberReference {
    wire::MemberReference { reference: Some(Reference::MemberId(member_id.to_owned())) }
}

/// A reference by the code of a card.
pub fn by_code(code: &str) -> wire::MemberReference {
    wire::MemberReference { reference: Some(Reference::CardCode(code.to_owned())) }
}

/// A reference by the number of a card.
pub fn by_card(number: &str) -> wire::MemberReference {
    wire::MemberReference { reference: Some(Reference::CardNumber(number.to_owned())) }
}

/// A reference by an account of the caller's.
pub fn by_account(account_id: &str) -> wire::MemberReference {
    let linked = wire::LinkedAccount { partner: String::new(), account_id: account_id.to_owned() };
    wire::MemberReference { reference: Some(Reference::LinkedAccount(linked)) }
}

/// A made-up identity number: the same sequence is the same person; odd ones are men.
pub fn id_number(sequence: u16) -> String {
    let month = i8::try_from(1 + sequence / 1_000 % 12).expect("a month");
    let year = 1980 + i16::try_from(sequence / 12_000).expect("a year");
    let born = jiff::civil::date(year, month, 11);
    member_identity::resident_id_from_parts(440_106, born, sequence % 1_000)
}

/// A courier's row.
pub fn row(line: i64, sequence: u16) -> wire::RosterRow {
    wire::RosterRow {
        line,
        name: String::from("王小明"),
        id_number: id_number(sequence),
        phone: format!("138{:08}", 20_000_000 + u32::from(sequence)),
        trade: String::from("快递员"),
        region: String::from("440106"),
        ..wire::RosterRow::default()
    }
}

/// Code, reason and metadata values of a refusal.
pub fn refusal(status: &Status) -> (Code, String, Vec<(String, String)>) {
    let info = status.get_details_error_info().expect("every refusal has its reason");
    let mut metadata: Vec<_> = info.metadata.into_iter().collect();
    metadata.sort();
    (status.code(), info.reason, metadata)
}

/// The field paths that a refusal lists.
pub fn violations(status: &Status) -> Vec<String> {
    let details = status.get_details_bad_request();
    let listed = details.into_iter().flat_map(|details| details.field_violations);
    listed.map(|violation| violation.field).collect()
}
