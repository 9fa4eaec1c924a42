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
        let (is_member, current_at) = self.look(reference, |found| {
            (found.state() == State::Active) & caller.sees(found.organization())
        });
        self.require_current(current_at)?;
        Ok(Verification { is_member: is_member.unwrap_or(false), as_of })
    }
}
