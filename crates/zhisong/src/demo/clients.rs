use std::net::SocketAddr;

use clock::Timestamp;
use contracts::common::v1::SetTimeRequest;
use contracts::common::v1::clock_service_client::ClockServiceClient;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::issuance::v1::{GetStockRequest, GetStockResponse};
use member_identity::OrganizationPath;
use rpc::encode_timestamp;
use tonic::Status;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use crate::channel::{RoleChannel, ShowToken, reason_of};
use crate::installation::Installation;
use crate::tokens::Role;

/// Connections of the member apps and of the tills: one HTTP/2 connection would be the limit.
const CONNECTIONS: usize = 4;

/// Why the demonstration stopped.
#[derive(Debug, thiserror::Error)]
pub enum DemoProblem {
    /// A call that must succeed was refused.
    #[error("{step}: {reason} ({text})")]
    Refused {
        /// What was being done.
        step: &'static str,
        /// The refusal's reason.
        reason: String,
        /// The refusal's message.
        text: String,
    },
    /// The services could not be reached.
    #[error("the services could not be reached: {0}")]
    Unreachable(#[from] tonic::transport::Error),
    /// A token could not be made.
    #[error("a token could not be signed: {0}")]
    Token(#[from] rpc::KeyProblem),
    /// What was answered contradicts itself.
    #[error("{0}")]
    Contradiction(String),
}

impl DemoProblem {
    pub(super) fn refused(step: &'static str) -> impl Fn(Status) -> Self {
        move |status| Self::Refused {
            step,
            reason: reason_of(&status),
            text: status.message().to_owned(),
        }
    }
}

/// The callers of the demonstration, each with its own token.
pub(super) struct Clients {
    channels: Vec<Channel>,
    tokens: [ShowToken; 4],
}

impl Clients {
    pub(super) async fn connect(
        installation: &Installation,
        address: SocketAddr,
        union: &OrganizationPath,
        now: Timestamp,
    ) -> Result<Self, DemoProblem> {
        let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
        let mut channels = Vec::new();
        for _ in 0..CONNECTIONS {
            channels.push(endpoint.connect().await?);
        }
        let signer = installation.signer();
        let show = |role: Role| -> Result<ShowToken, DemoProblem> {
            let token = role.token(&signer, union, now)?;
            Ok(ShowToken::new(&token).expect("a signed token is plain ASCII"))
        };
        let [office, app, platform, ops] = Role::ALL;
        let tokens = [show(office)?, show(app)?, show(platform)?, show(ops)?];
        Ok(Self { channels, tokens })
    }

    /// A channel of one role; `at` spreads callers over the connections.
    pub(super) fn channel(&self, role: Role, at: usize) -> RoleChannel {
        let channel = self.channels[at % self.channels.len()].clone();
        let token = Role::ALL.iter().position(|known| *known == role);
        let token = &self.tokens[token.expect("every role is listed")];
        InterceptedService::new(channel, token.clone())
    }

    pub(super) async fn set_time(&self, now: Timestamp) -> Result<(), DemoProblem> {
        let mut clock = ClockServiceClient::new(self.channel(Role::Ops, 0));
        let request = SetTimeRequest { now: Some(encode_timestamp(now)) };
        clock.set_time(request).await.map_err(DemoProblem::refused("moving the clock"))?;
        Ok(())
    }

    pub(super) async fn stock(
        &self,
        campaign_id: &str,
        day: &str,
    ) -> Result<GetStockResponse, DemoProblem> {
        let mut campaigns = CampaignServiceClient::new(self.channel(Role::Ops, 0));
        let request =
            GetStockRequest { campaign_id: campaign_id.to_owned(), business_day: day.to_owned() };
        let stock = campaigns.get_stock(request).await;
        Ok(stock.map_err(DemoProblem::refused("reading the stock"))?.into_inner())
    }
}
