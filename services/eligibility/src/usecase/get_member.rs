use rpc::Caller;

use super::{Eligibility, Failure, MemberReference, require_within};
use crate::domain::Refusal;
use crate::domain::member::Member;

impl Eligibility {
    /// One member. Order of answers: member known, subtree.
    pub async fn get_member(
        &self,
        caller: &Caller,
        reference: &MemberReference,
    ) -> Result<Member, Failure> {
        let (found, current_at) = self.find(reference);
        let entry = self.require_known(found, current_at, Refusal::MemberUnknown)?;
        let member = self.core.store.member(entry.member_id).await?;
        let member = member.ok_or(Refusal::MemberUnknown)?;
        require_within(caller, &member.registration.organization)?;
        Ok(member)
    }
}
