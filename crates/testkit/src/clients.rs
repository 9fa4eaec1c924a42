//! Callers with their tokens, one channel a service.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;

use clock::Timestamp;
use contracts::common::v1::SetTimeRequest;
use contracts::common::v1::clock_service_client::ClockServiceClient;
use contracts::eligibility::v1::grant_service_client::GrantServiceClient;
use contracts::eligibility::v1::policy_service_client::PolicyServiceClient;
use contracts::eligibility::v1::registry_service_client::RegistryServiceClient;
use contracts::eligibility::v1::verification_service_client::VerificationServiceClient;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::fund_service_client::FundServiceClient;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::redemption::v1::checkout_service_client::CheckoutServiceClient;
use contracts::redemption::v1::settlement_service_client::SettlementServiceClient;
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use rpc::encode_timestamp;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

/// Subject of the token that union offices show.
pub const OFFICE: &str = "union-office";
/// Subject of the token that member apps show.
pub const APP: &str = "member-app";
/// Subject of the token that payment platforms show.
pub const PLATFORM: &str = "payment-platform";
/// Subject of the token that ops engineers show.
pub const OPS: &str = "ops";

/// Connections to each service: one HTTP/2 connection carries a limited number of calls.
const CONNECTIONS: usize = 4;

/// Where each service is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Addresses {
    /// Who is a member.
    pub eligibility: SocketAddr,
    /// Who gets a voucher.
    pub issuance: SocketAddr,
    /// What a voucher is worth at the till.
    pub redemption: SocketAddr,
}

impl Addresses {
    /// All three at one address.
    pub const fn one(address: SocketAddr) -> Self {
        Self { eligibility: address, issuance: address, redemption: address }
    }
}

/// Tokens by their subject.
pub type Tokens = BTreeMap<String, String>;

/// A channel that shows one caller's token.
pub type CallerChannel = InterceptedService<Channel, ShowToken>;

/// Shows a token on each call.
#[derive(Clone, Debug)]
pub struct ShowToken(MetadataValue<Ascii>);

impl Interceptor for ShowToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// All callers of one suite. Cheap to clone. Connects when first used and again when a connection
/// is lost.
#[derive(Clone)]
pub struct Clients {
    inner: Arc<Inner>,
}

struct Inner {
    eligibility: Vec<Channel>,
    issuance: Vec<Channel>,
    redemption: Vec<Channel>,
    tokens: BTreeMap<String, ShowToken>,
}

impl Clients {
    /// Callers of the services at these addresses.
    pub fn new(addresses: Addresses, tokens: &Tokens) -> Self {
        let show = |(subject, token): (&String, &String)| {
            let bearer = format!("Bearer {token}").parse().expect("a token is plain ASCII");
            (subject.clone(), ShowToken(bearer))
        };
        let inner = Inner {
            eligibility: channels(addresses.eligibility),
            issuance: channels(addresses.issuance),
            redemption: channels(addresses.redemption),
            tokens: tokens.iter().map(show).collect(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// Union offices keep the registry.
    pub fn registry(&self) -> RegistryServiceClient<CallerChannel> {
        RegistryServiceClient::new(self.caller(&self.inner.eligibility, OFFICE, 0))
    }

    /// Union offices publish policies.
    pub fn policies(&self) -> PolicyServiceClient<CallerChannel> {
        PolicyServiceClient::new(self.caller(&self.inner.eligibility, OFFICE, 0))
    }

    /// Ops engineers state what partners may ask.
    pub fn grants(&self) -> GrantServiceClient<CallerChannel> {
        GrantServiceClient::new(self.caller(&self.inner.eligibility, OPS, 0))
    }

    /// Member apps ask who is a member.
    pub fn verification(&self) -> VerificationServiceClient<CallerChannel> {
        self.verification_at(0)
    }

    /// The same; `at` spreads them over the connections.
    pub fn verification_at(&self, at: usize) -> VerificationServiceClient<CallerChannel> {
        VerificationServiceClient::new(self.caller(&self.inner.eligibility, APP, at))
    }

    /// Union offices prepare campaigns.
    pub fn campaigns(&self) -> CampaignServiceClient<CallerChannel> {
        CampaignServiceClient::new(self.caller(&self.inner.issuance, OFFICE, 0))
    }

    /// Union offices set money aside.
    pub fn funds(&self) -> FundServiceClient<CallerChannel> {
        FundServiceClient::new(self.caller(&self.inner.issuance, OFFICE, 0))
    }

    /// Member apps claim; `at` spreads them over the connections.
    pub fn issuance(&self, at: usize) -> IssuanceServiceClient<CallerChannel> {
        IssuanceServiceClient::new(self.caller(&self.inner.issuance, APP, at))
    }

    /// Union offices give vouchers to lists.
    pub fn lists(&self) -> IssuanceServiceClient<CallerChannel> {
        IssuanceServiceClient::new(self.caller(&self.inner.issuance, OFFICE, 0))
    }

    /// Payment platforms redeem; `at` spreads them over the connections.
    pub fn checkout(&self, at: usize) -> CheckoutServiceClient<CallerChannel> {
        CheckoutServiceClient::new(self.caller(&self.inner.redemption, PLATFORM, at))
    }

    /// Member apps show wallets.
    pub fn wallets(&self) -> WalletServiceClient<CallerChannel> {
        WalletServiceClient::new(self.caller(&self.inner.redemption, APP, 0))
    }

    /// Ops engineers close days.
    pub fn settlement(&self) -> SettlementServiceClient<CallerChannel> {
        SettlementServiceClient::new(self.caller(&self.inner.redemption, OPS, 0))
    }

    /// Moves business time in every service.
    pub async fn set_time(&self, now: Timestamp) -> Result<(), Status> {
        let request = SetTimeRequest { now: Some(encode_timestamp(now)) };
        let Inner { eligibility, issuance, redemption, .. } = &*self.inner;
        // Services that are one process are told three times, which changes nothing.
        for channels in [eligibility, issuance, redemption] {
            let mut clock = ClockServiceClient::new(self.caller(channels, OPS, 0));
            clock.set_time(request).await?;
        }
        Ok(())
    }

    fn caller(&self, channels: &[Channel], subject: &str, at: usize) -> CallerChannel {
        let token = self.inner.tokens.get(subject).expect("the suite's tokens hold every subject");
        InterceptedService::new(channels[at % channels.len()].clone(), token.clone())
    }
}

fn channels(address: SocketAddr) -> Vec<Channel> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"));
    let endpoint = endpoint.expect("an address makes a URL").tcp_nodelay(true);
    (0..CONNECTIONS).map(|_| endpoint.connect_lazy()).collect()
}
