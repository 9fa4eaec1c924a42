use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use member_identity::MemberId;
use tokio::time::Instant;

use super::{EligibilityPeer, Failure, Resolved};

/// Members that are remembered.
const REMEMBERED_MAX: usize = 10_000;
/// For how long a member is remembered: a transfer is seen after it. Reads only; no verdict.
const REMEMBERED_FOR: Duration = Duration::from_secs(30);

/// Finds the persons behind members, for reads.
pub(super) struct Members {
    peer: Arc<dyn EligibilityPeer>,
    remembered: Mutex<HashMap<MemberId, (Resolved, Instant)>>,
}

impl Members {
    pub fn new(peer: Arc<dyn EligibilityPeer>) -> Self {
        Self { peer, remembered: Mutex::default() }
    }

    pub async fn resolve(&self, member_id: MemberId) -> Result<Resolved, Failure> {
        let now = Instant::now();
        if let Some((resolved, until)) = self.remembered().get(&member_id)
            && now < *until
        {
            return Ok(resolved.clone());
        }
        let resolved = self.peer.resolve(member_id).await.map_err(|_| Failure::Eligibility)?;
        let resolved = resolved.ok_or(Failure::MemberUnknown)?;
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(member_id, (resolved.clone(), now + REMEMBERED_FOR));
        Ok(resolved)
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<MemberId, (Resolved, Instant)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
