use std::collections::HashMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clock::{BusinessDay, Clock, ManualClock, SystemClock, Zone};
use contracts::eligibility::v1 as peer;
use contracts::eligibility::v1::eligibility_service_server::{
    EligibilityService, EligibilityServiceServer,
};
use contracts::issuance::v1 as wire;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::fund_service_client::FundServiceClient;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::voucher_feed_service_client::VoucherFeedServiceClient;
use issuance::Config;
use issuance::store::conformance::{Offer, noon, person};
use member_identity::{MemberId, OrganizationPath};
use rpc::{Credential, Grant, Peer, PeerChannel, PeerConfig, Signer, Verifier};
use sql::DatabaseConfig;
use tokio::net::TcpListener;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::{Code, Request, Response, Status};
use tonic_types::StatusExt as _;

/// The member that eligibility does not know.
pub const UNKNOWN: u32 = u32::MAX;

/// An eligibility whose members are couriers of Guangzhou.
#[derive(Clone, Default)]
pub struct FakeEligibility {
    fails: Arc<AtomicBool>,
    down: Arc<AtomicBool>,
}

impl FakeEligibility {
    /// Whether members qualify.
    pub fn qualifies(&self, qualifies: bool) {
        self.fails.store(!qualifies, Ordering::SeqCst);
    }

    /// Whether it answers at all.
    pub fn answers(&self, answers: bool) {
        self.down.store(!answers, Ordering::SeqCst);
    }

    fn verdict(&self, member_id: &str) -> peer::Verdict {
        use peer::verdict::Outcome;
        let number = number(member_id);
        if number == UNKNOWN {
            return peer::Verdict { outcome: Outcome::Unknown.into(), ..Default::default() };
        }
        let known = peer::Verdict {
            outcome: Outcome::Qualifies.into(),
            person_key: person(number).as_bytes().to_vec().into(),
            organization: "gd/guangzhou".into(),
            ..Default::default()
        };
        match self.fails.load(Ordering::SeqCst) {
            false => known,
            true => peer::Verdict {
                outcome: Outcome::Fails.into(),
                failed_criterion: "six-trades".into(),
                text_zh: "仅限快递员领取".into(),
                text_en: "For couriers only".into(),
                ..known
            },
        }
    }
}

fn number(member_id: &str) -> u32 {
    let member_id: MemberId = member_id.parse().expect("a member id");
    u32::from_be_bytes(member_id.as_bytes()[7..11].try_into().expect("four bytes"))
}

/// The member with that number.
pub fn member_id(number: u32) -> String {
    let mut entropy = [0; 9];
    entropy[..4].copy_from_slice(&number.to_be_bytes());
    MemberId::mint(person(number).shard(), noon("2022-07-01"), entropy).to_string()
}

#[tonic::async_trait]
impl EligibilityService for FakeEligibility {
    async fn batch_check(
        &self,
        request: Request<peer::BatchCheckRequest>,
    ) -> Result<Response<peer::BatchCheckResponse>, Status> {
        if self.down.load(Ordering::SeqCst) {
            return Err(Status::unavailable("down"));
        }
        let request = request.into_inner();
        assert_eq!(request.policy_id, "outdoor-trades");
        Ok(Response::new(peer::BatchCheckResponse {
            verdicts: request.member_ids.iter().map(|id| self.verdict(id)).collect(),
            as_of: None,
            age: Some(Default::default()),
            policy_revision: 1,
        }))
    }

    async fn select_members(
        &self,
        request: Request<peer::SelectMembersRequest>,
    ) -> Result<Response<peer::SelectMembersResponse>, Status> {
        let request = request.into_inner();
        if request.policy_id != "outdoor-trades" {
            return Err(Status::not_found("no such policy"));
        }
        assert_eq!((request.organization.as_str(), request.page_size), ("gd", 1_024));
        let (numbers, next_page_token) = match request.page_token.as_str() {
            "" => (1..=3, "more"),
            "more" => (4..=5, ""),
            _ => return Err(Status::invalid_argument("not a token of this list")),
        };
        Ok(Response::new(peer::SelectMembersResponse {
            member_ids: numbers.map(member_id).collect(),
            next_page_token: next_page_token.to_owned(),
            scanned: 1_000,
            total: 2_000,
        }))
    }

    async fn resolve(
        &self,
        request: Request<peer::ResolveRequest>,
    ) -> Result<Response<peer::ResolveResponse>, Status> {
        let reference = request.into_inner().member.and_then(|member| member.reference);
        let Some(peer::member_reference::Reference::MemberId(member_id)) = reference else {
            return Err(Status::invalid_argument("not a member id"));
        };
        match number(&member_id) {
            UNKNOWN => Err(Status::not_found("no such member")),
            number => Ok(Response::new(peer::ResolveResponse {
                member_id,
                person_key: person(number).as_bytes().to_vec().into(),
                organization: "gd/guangzhou".into(),
                age: Some(Default::default()),
            })),
        }
    }

    async fn explain(
        &self,
        _request: Request<peer::ExplainRequest>,
    ) -> Result<Response<peer::ExplainResponse>, Status> {
        Err(Status::not_found("nothing to explain"))
    }
}

/// The service on a port of its own, at noon of 22 July 2022.
pub struct Server {
    pub eligibility: FakeEligibility,
    clock: Arc<ManualClock>,
    signer: Arc<Signer>,
    url: String,
    shutdown: oneshot::Sender<()>,
    served: JoinHandle<()>,
    _folder: tempfile::TempDir,
}

impl Server {
    pub async fn start() -> Self {
        let (private, public) = Signer::generate().expect("a key");
        let signer = Arc::new(Signer::from_pem("test", &private).expect("a signer"));
        let keys = [("test".to_owned(), public)];
        let verifier = Verifier::new(&keys, Arc::new(SystemClock)).expect("a verifier");
        let clock = Arc::new(ManualClock::at(noon("2022-07-22")));
        let folder = tempfile::tempdir().expect("a folder");
        let eligibility = FakeEligibility::default();
        let config = Config {
            database: DatabaseConfig::at(format!(
                "sqlite://{}",
                folder.path().join("issuance.db").display()
            )),
            eligibility: serve_eligibility(eligibility.clone(), &signer).await,
            ..Config::default()
        };
        let context = runtime::Context { clock: clock.clone() };
        let part = issuance::build(config, context).await.expect("is built");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let options = runtime::ServeOptions {
            listener,
            clock: clock.clone(),
            verifier: Arc::new(verifier),
            admission: rpc::Admission::at_most(1_000),
            drain_timeout: Duration::from_secs(60),
        };
        let (shutdown, stopped) = oneshot::channel::<()>();
        let served = tokio::spawn(async move {
            let stopped = async { drop(stopped.await) };
            runtime::serve(vec![part], options, stopped).await.expect("serves");
        });
        Self { eligibility, clock, signer, url, shutdown, served, _folder: folder }
    }

    /// Drains; streams end by themselves.
    pub async fn stop(self) {
        self.shutdown.send(()).expect("serves until now");
        self.served.await.expect("no panic");
    }

    /// Moves business time.
    pub fn set_time(&self, day: &str, minute: u16) {
        let day = BusinessDay::parse(day).expect("a day");
        self.clock.set(day.at_minute(minute, &Zone::shanghai()));
    }

    /// A channel of a caller with that subtree.
    fn channel(&self, organization: &str) -> PeerChannel {
        self.channel_within(Some(OrganizationPath::parse(organization).expect("a path")))
    }

    fn channel_within(&self, organization: Option<OrganizationPath>) -> PeerChannel {
        let config = peer_config(&self.signer, self.url.clone(), organization);
        Peer::lazy(&config).expect("a peer").channel()
    }

    pub fn campaigns(&self, organization: &str) -> CampaignServiceClient<PeerChannel> {
        CampaignServiceClient::new(self.channel(organization))
    }

    pub fn funds(&self, organization: &str) -> FundServiceClient<PeerChannel> {
        FundServiceClient::new(self.channel(organization))
    }

    pub fn vouchers(&self, organization: &str) -> IssuanceServiceClient<PeerChannel> {
        IssuanceServiceClient::new(self.channel(organization))
    }

    pub fn feed(&self) -> VoucherFeedServiceClient<PeerChannel> {
        VoucherFeedServiceClient::new(self.channel_within(None))
    }

    pub async fn apply(&self, offer: Offer) -> Result<wire::Campaign, Status> {
        self.apply_source("gd", "apply", offer.source()).await
    }

    pub async fn apply_source(
        &self,
        organization: &str,
        request_id: &str,
        programme_toml: String,
    ) -> Result<wire::Campaign, Status> {
        // The request ids of another caller are no concern of this one's.
        let request_id = format!("{request_id}-{}", organization.replace('/', "-"));
        let request = wire::ApplyCampaignRequest { request_id, programme_toml };
        let answer = self.campaigns(organization).apply_campaign(request).await?;
        Ok(answer.into_inner().campaign.expect("a campaign"))
    }

    /// Applies and activates.
    pub async fn activate(&self, offer: Offer) {
        self.apply(offer).await.expect("is applied");
        let (request_id, campaign_id) = ("activate".into(), offer.id.into());
        let request = wire::ActivateCampaignRequest { request_id, campaign_id };
        self.campaigns("gd").activate_campaign(request).await.expect("is activated");
    }

    pub async fn claim(&self, number: u32, request_id: &str) -> Result<wire::Voucher, Status> {
        self.claim_as("gd", number, request_id).await
    }

    pub async fn claim_as(
        &self,
        organization: &str,
        number: u32,
        request_id: &str,
    ) -> Result<wire::Voucher, Status> {
        let request = wire::ClaimRequest {
            request_id: request_id.to_owned(),
            campaign_id: Offer::default().id.to_owned(),
            member_id: member_id(number),
        };
        let answer = self.vouchers(organization).claim(request).await?;
        Ok(answer.into_inner().voucher.expect("a voucher"))
    }

    pub async fn claim_with(
        &self,
        request: wire::ClaimRequest,
    ) -> Result<Response<wire::ClaimResponse>, Status> {
        self.vouchers("gd").claim(request).await
    }
}

async fn serve_eligibility(eligibility: FakeEligibility, signer: &Arc<Signer>) -> PeerConfig {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let url = format!("http://{}", listener.local_addr().expect("an address"));
    let server =
        tonic::transport::Server::builder().add_service(EligibilityServiceServer::new(eligibility));
    tokio::spawn(server.serve_with_incoming(TcpListenerStream::new(listener)));
    peer_config(signer, url, None)
}

fn peer_config(
    signer: &Arc<Signer>,
    url: String,
    organization: Option<OrganizationPath>,
) -> PeerConfig {
    let scopes = [
        "campaign.write",
        "campaign.read",
        "voucher.claim",
        "voucher.issue",
        "voucher.read",
        "feed.read",
    ];
    let grant = Grant {
        subject: "app".to_owned(),
        scopes: scopes.map(str::to_owned).to_vec(),
        organization,
    };
    let credential = Credential::signed(Arc::clone(signer), grant, Arc::new(SystemClock));
    PeerConfig { url, credential: Some(credential), ..PeerConfig::default() }
}

/// What a refused caller sees.
#[derive(Debug)]
pub struct Refused {
    pub code: Code,
    pub reason: String,
    pub metadata: HashMap<String, String>,
    /// The paths of malformed fields.
    pub violations: Vec<String>,
    /// The subject of the quota that is used up.
    pub quota: Option<String>,
    pub text_zh: String,
}

/// Takes a refusal apart.
pub fn refused<T: Debug>(answer: Result<T, Status>) -> Refused {
    let status = answer.expect_err("is refused");
    let details = status.get_error_details();
    let info = details.error_info().expect("an ErrorInfo");
    assert_eq!(info.domain, "zhisong");
    let violations = details.bad_request().map(|bad| bad.field_violations.clone());
    let quota = details.quota_failure().and_then(|quota| quota.violations.first().cloned());
    let texts = status.get_error_details_vec().into_iter().filter_map(|detail| match detail {
        tonic_types::ErrorDetail::LocalizedMessage(text) => Some(text),
        _ => None,
    });
    let text_zh = texts.into_iter().find(|text| text.locale == "zh-CN").expect("a text");
    Refused {
        code: status.code(),
        reason: info.reason.clone(),
        metadata: info.metadata.clone(),
        violations: violations.into_iter().flatten().map(|violation| violation.field).collect(),
        quota: quota.map(|violation| violation.subject),
        text_zh: text_zh.message,
    }
}
