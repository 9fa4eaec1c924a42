//! Tokens and channels.

use std::time::Duration;

use contracts::METHOD_SCOPES;
use member_identity::OrganizationPath;
use rpc::Grant;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::{Channel, Endpoint};
use tonic::{Request, Status};

use crate::served::Suite;

/// For how long the tests' tokens are valid.
const VALID_FOR: Duration = Duration::from_secs(3_600);

/// A channel that shows one token on each call.
pub type CallerChannel = InterceptedService<Channel, ShowToken>;

/// Shows a token.
#[derive(Clone)]
pub struct ShowToken(MetadataValue<Ascii>);

impl Interceptor for ShowToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// What a token grants: to `subject`, within the subtree of `organization`.
pub fn grant(subject: &str, organization: &str, scopes: &[&str]) -> Grant {
    let organization = OrganizationPath::parse(organization).expect("a path");
    Grant {
        subject: subject.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        organization: Some(organization),
    }
}

/// Every scope that a method asks for, without those of `except`.
pub fn all_scopes(except: &str) -> Vec<&'static str> {
    let mut scopes: Vec<_> = METHOD_SCOPES.iter().filter_map(|method| method.scope).collect();
    scopes.retain(|scope| *scope != except);
    scopes.sort_unstable();
    scopes.dedup();
    scopes
}

impl Suite {
    /// A connection of its own.
    pub async fn connect(&self) -> Channel {
        let endpoint = Endpoint::from_shared(format!("http://{}", self.address)).expect("a url");
        endpoint.tcp_nodelay(true).connect().await.expect("the suite listens")
    }

    /// A token that is valid now.
    pub fn token(&self, grant: &Grant) -> String {
        let now = self.clock().wall();
        self.installation.signer().sign(grant, now, VALID_FOR).expect("signs")
    }

    /// A connection that shows a token for `grant`.
    pub async fn channel(&self, grant: &Grant) -> CallerChannel {
        self.show(self.connect().await, grant)
    }

    /// Shows a token for `grant` on a connection that others may use too.
    pub fn show(&self, connection: Channel, grant: &Grant) -> CallerChannel {
        let bearer = format!("Bearer {}", self.token(grant));
        let token = ShowToken(bearer.parse().expect("a token is plain ASCII"));
        InterceptedService::new(connection, token)
    }
}
