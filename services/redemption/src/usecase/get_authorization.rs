use rpc::Caller;

use super::{Checkout, Failure, partner};
use crate::domain::Authorization;
use crate::store::AuthorizationKey;

/// How an authorization is named.
pub type GetAuthorization = AuthorizationKey;

impl Checkout {
    /// One authorization of the caller's own, as it is now.
    pub async fn get_authorization(
        &self,
        caller: &Caller,
        key: &GetAuthorization,
    ) -> Result<Authorization, Failure> {
        let found = self.store.authorization(&partner(caller), key).await?;
        Ok(found.ok_or(Failure::AuthorizationUnknown)?.at(self.clock.now()))
    }
}
