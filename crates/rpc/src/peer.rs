use std::path::PathBuf;
use std::time::Duration;

use serde::Deserialize;
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::{Credential, Problem, trace_context};
use contracts::common::v1::ErrorReason;

/// How to reach another service.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PeerConfig {
    /// Its address, as `http://eligibility:7001`.
    pub url: String,
    /// File with the token to show it; read again as it changes.
    pub token_file: Option<PathBuf>,
    /// How long one call may take, in milliseconds.
    pub timeout_ms: u64,
    /// The token's source when it is not a file; set by a process that signs its own.
    #[serde(skip)]
    pub credential: Option<Credential>,
}

impl Default for PeerConfig {
    fn default() -> Self {
        let url = String::from("http://127.0.0.1:7000");
        Self { url, token_file: None, timeout_ms: 2_000, credential: None }
    }
}

/// A peer that cannot even be tried.
#[derive(Debug, thiserror::Error)]
pub enum PeerProblem {
    /// The address is not a URL.
    #[error("peer url {0:?} is not of the form http://host:port")]
    Url(String),
    /// There is no token to show it.
    #[error("peer {0} has no token_file, so no call to it would be let in")]
    NoCredential(String),
}

/// A tower service to a peer for generated clients, with token and trace context on each call.
pub type PeerChannel = InterceptedService<Channel, PeerHeaders>;

/// Another service. Connects when first used and again when the connection is lost.
#[derive(Clone, Debug)]
pub struct Peer {
    channel: Channel,
    headers: PeerHeaders,
}

impl Peer {
    /// A peer that is connected to when it is first called.
    pub fn lazy(config: &PeerConfig) -> Result<Self, PeerProblem> {
        let endpoint = Endpoint::from_shared(config.url.clone())
            .map_err(|_| PeerProblem::Url(config.url.clone()))?
            .timeout(Duration::from_millis(config.timeout_ms))
            .connect_timeout(Duration::from_secs(2))
            .tcp_nodelay(true);
        let from_file = config.token_file.clone().map(Credential::file);
        let credential = config.credential.clone().or(from_file);
        let credential = credential.ok_or_else(|| PeerProblem::NoCredential(config.url.clone()))?;
        Ok(Self { channel: endpoint.connect_lazy(), headers: PeerHeaders { credential } })
    }

    /// A channel for one generated client; cheap.
    pub fn channel(&self) -> PeerChannel {
        InterceptedService::new(self.channel.clone(), self.headers.clone())
    }

    /// A channel for calls that stream without an end, which a call's time limit would cut off.
    pub fn streaming(config: &PeerConfig) -> Result<Self, PeerProblem> {
        let unlimited = PeerConfig { timeout_ms: u64::from(u32::MAX), ..config.clone() };
        Self::lazy(&unlimited)
    }
}

/// Adds the token and the trace context to each call.
#[derive(Clone, Debug)]
pub struct PeerHeaders {
    credential: Credential,
}

impl Interceptor for PeerHeaders {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        let token = self.credential.token();
        let value = token.and_then(|token| format!("Bearer {token}").parse().ok());
        let value = value.ok_or_else(|| Problem::new(ErrorReason::TokenMissing))?;
        request.metadata_mut().insert("authorization", value);
        trace_context::send_trace(request.metadata_mut());
        Ok(request)
    }
}
