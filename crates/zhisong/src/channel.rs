//! A channel to the services that shows one token on each call.

use tonic::metadata::errors::InvalidMetadataValue;
use tonic::metadata::{Ascii, MetadataValue};
use tonic::service::Interceptor;
use tonic::service::interceptor::InterceptedService;
use tonic::transport::Channel;
use tonic::{Request, Status};
use tonic_types::StatusExt as _;

/// A channel that shows one role's token.
pub(crate) type RoleChannel = InterceptedService<Channel, ShowToken>;

/// Shows a token on each call.
#[derive(Clone)]
pub(crate) struct ShowToken(MetadataValue<Ascii>);

impl ShowToken {
    /// Shows `token`. Fails on a text that no header can carry, which no token is.
    pub(crate) fn new(token: &str) -> Result<Self, InvalidMetadataValue> {
        format!("Bearer {token}").parse().map(Self)
    }
}

impl Interceptor for ShowToken {
    fn call(&mut self, mut request: Request<()>) -> Result<Request<()>, Status> {
        request.metadata_mut().insert("authorization", self.0.clone());
        Ok(request)
    }
}

/// The reason of a refusal, as `SOLD_OUT`.
pub(crate) fn reason_of(status: &Status) -> String {
    let info = status.get_details_error_info();
    info.map_or_else(|| format!("{:?}", status.code()), |info| info.reason)
}
