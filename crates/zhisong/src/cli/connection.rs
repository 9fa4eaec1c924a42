//! The way to the services: one connection, and a token that fits the role.

use std::time::Duration;

use clock::{Clock as _, SystemClock};
use rpc::Grant;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};

use super::Problem;
use super::arguments::Target;
use super::failure::Failure;
use super::output::{Answer, show};
use crate::channel::{RoleChannel, ShowToken};
use crate::installation::{FolderProblem, signer_of};
use crate::tokens::Role;

/// How long a token that the command signs for itself is valid.
const TOKEN_FOR: Duration = Duration::from_secs(3_600);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A server that has gone without a word is noticed after both of these.
const PING_INTERVAL: Duration = Duration::from_secs(10);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

/// A connection to the services.
pub(super) struct Connection {
    channel: Channel,
    target: Target,
}

impl Target {
    /// Connects, does the work, and shows what came of it.
    pub(super) async fn run(
        self,
        work: impl AsyncFnOnce(&Connection) -> Result<Answer, Failure>,
    ) -> Result<(), Problem> {
        let shown = self.shown;
        let done = match Connection::open(self).await {
            Ok(connection) => work(&connection).await,
            Err(failure) => Err(failure),
        };
        show(shown, done)
    }
}

impl Connection {
    async fn open(target: Target) -> Result<Self, Failure> {
        let wrong = |why: tonic::transport::Error| {
            Failure::local(format!("--server {}: {why}: write http://host:port", target.server))
        };
        let endpoint = Endpoint::from_shared(target.server.clone()).map_err(wrong)?;
        let endpoint = endpoint
            .connect_timeout(CONNECT_TIMEOUT)
            .http2_keep_alive_interval(PING_INTERVAL)
            .keep_alive_timeout(PING_TIMEOUT)
            .tcp_nodelay(true);
        let unreachable = |_| Failure::Unreachable { server: target.server.clone() };
        let channel = endpoint.connect().await.map_err(unreachable)?;
        Ok(Self { channel, target })
    }

    /// A channel for one role: with the token that was given, or one signed for the role. Whoever
    /// holds the keys of a data folder owns all of it, so the token is for the whole tree.
    pub(super) fn channel(&self, role: Role) -> Result<RoleChannel, Failure> {
        let token = match &self.target.token {
            Some(token) => token.trim().to_owned(),
            None => self.sign(role)?,
        };
        let token = ShowToken::new(&token)
            .map_err(|_| Failure::local("the token has characters that no token has"))?;
        Ok(InterceptedService::new(self.channel.clone(), token))
    }

    /// A channel without a token, for what everybody may ask.
    pub(super) fn public(&self) -> Channel {
        self.channel.clone()
    }

    /// The options that the command was given.
    pub(super) fn target(&self) -> &Target {
        &self.target
    }

    fn sign(&self, role: Role) -> Result<String, Failure> {
        let signer = signer_of(&self.target.data).map_err(|problem| match problem {
            FolderProblem::NoKeys(folder) => Failure::local(format!(
                "there is no token, and {} has no keys to sign one with: give --token (or \
                 ZHISONG_TOKEN), or name with --data the folder that `zhisong up` serves from",
                folder.display()
            )),
            problem => Failure::local(problem.to_string()),
        })?;
        let grant = Grant {
            subject: role.subject().to_owned(),
            scopes: role.scopes().iter().map(|scope| (*scope).to_owned()).collect(),
            organization: None,
        };
        let token = signer.sign(&grant, SystemClock.wall(), TOKEN_FOR);
        token.map_err(|problem| Failure::local(problem.to_string()))
    }
}
