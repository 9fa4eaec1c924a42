use rpc::Caller;
use tokio::time::Instant;

use super::{Eligibility, Failure, MemberReference, require_within};
use crate::domain::Refusal;
use crate::domain::registry::Entry;

/// The person behind a reference.
#[derive(Clone, Debug)]
pub struct Resolved {
    /// The member.
    pub entry: Entry,
    /// Monotonic time that it was true at: its age counts from here (law E1).
    pub current_at: Instant,
}

impl Eligibility {
    /// Finds the person behind a member reference. Order of answers: member known, subtree.
    pub async fn resolve(
        &self,
        caller: &Caller,
        reference: &MemberReference,
    ) -> Result<Resolved, Failure> {
        let (found, current_at) = self.find(reference);
        let entry = self.require_known(found, current_at, Refusal::MemberUnknown)?;
        require_within(caller, &entry.organization)?;
        Ok(Resolved { entry, current_at })
    }
}
