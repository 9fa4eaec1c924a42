use clock::Timestamp;
use rpc::Caller;

use super::{Eligibility, Failure, MemberReference};
use crate::domain::member::State;

/// Yes or no, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Verification {
    /// True for a live, unsuspended member of the caller's subtree.
    pub is_member: bool,
    /// Business time when the answer was taken.
    pub as_of: Timestamp,
}

impl Eligibility {
    /// Whether a reference names a live, unsuspended member of the caller's subtree. Every other
    /// case is the same `false`, found on the same way.
    pub async fn verify_membership(
        &self,
        caller: &Caller,
        reference: &MemberReference,
    ) -> Result<Verification, Failure> {
        let as_of = self.core.clock.now();
        let (found, current_at) = self.find(reference);
        self.require_current(current_at)?;
        let is_member = found
            .is_some_and(|entry| (entry.state == State::Active) & caller.sees(&entry.organization));
        Ok(Verification { is_member, as_of })
    }
}
