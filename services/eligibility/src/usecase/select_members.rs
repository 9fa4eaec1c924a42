use std::sync::Arc;

use clock::BusinessDay;
use member_identity::{MemberId, OrganizationPath};
use rpc::Caller;

use super::batch_check::judge;
use super::{Eligibility, Failure, read_criteria, require_within};
use crate::domain::policy::ReadyPolicy;
use crate::domain::registry::Entry;
use crate::domain::verdict::Outcome;
use crate::domain::{Refusal, Slug};
use crate::store::Page;

/// Which page of the members whom a policy selects.
#[derive(Clone, Debug)]
pub struct Selection {
    /// The policy.
    pub policy_id: Slug,
    /// Its revision; the newest when absent.
    pub revision: Option<i32>,
    /// Ages are counted on it.
    pub day: BusinessDay,
    /// Looks as a caller who is bound to it would; as the caller itself when absent.
    pub organization: Option<OrganizationPath>,
    /// Only members after this one.
    pub after: Option<MemberId>,
    /// Members to look at, at most.
    pub size: u32,
}

/// One page of a selection.
#[derive(Clone, Debug)]
pub struct Selected {
    /// Those who qualify, by id.
    pub members: Vec<MemberId>,
    /// Members that were looked at.
    pub scanned: usize,
    /// The last of them.
    pub last: Option<MemberId>,
    /// Members that all pages together look at.
    pub total: usize,
}

impl Eligibility {
    /// A page of the members whom a policy selects. The store knows their order, which is the same
    /// on every replica, and memory knows who qualifies. Order of answers: subtree, policy known,
    /// subtree of the policy.
    pub async fn select_members(
        &self,
        caller: &Caller,
        selection: Selection,
    ) -> Result<Selected, Failure> {
        let Selection { policy_id, revision, day, organization, after, size } = selection;
        let caller = narrowed(caller, organization)?;
        let policy = self.revision(&caller, &policy_id, revision).await?;
        let page = Page { below: caller.organization.clone(), after, size };
        let members = self.core.store.members(page).await?;
        let below = caller.organization.as_ref();
        let (found, total, current_at) = self.core.memory.read(|content| {
            let registry = &content.registry;
            let find = |id| registry.find(id).filter(|found| caller.sees(found.organization()));
            let found = members.iter().map(|member| find(member.member_id));
            let found = found.map(|found| found.map(|found| found.entry())).collect();
            (found, registry.count_below(below), content.current_at)
        });
        self.require_current(current_at)?;
        let qualifies = |(entry, outcome): (Entry, Outcome)| match outcome {
            Outcome::Qualifies => Some(entry.member_id),
            Outcome::Suspended | Outcome::Fails(_) => None,
        };
        let verdicts = judge(policy, found, day).await?;
        Ok(Selected {
            members: verdicts.into_iter().flatten().filter_map(qualifies).collect(),
            scanned: members.len(),
            last: members.last().map(|member| member.member_id),
            total,
        })
    }

    /// A revision of a policy that the caller may use, ready to judge by.
    async fn revision(
        &self,
        caller: &Caller,
        policy_id: &Slug,
        revision: Option<i32>,
    ) -> Result<Arc<ReadyPolicy>, Failure> {
        let newest = self.newest_policy(caller, policy_id)?;
        if revision.is_none_or(|revision| revision == newest.policy.revision) {
            return Ok(newest);
        }
        let policy = self.core.store.policy(policy_id, revision).await?;
        let policy = policy.ok_or(Refusal::NotFound("policy"))?;
        Ok(Arc::new(read_criteria::ready(policy).await?))
    }
}

/// The caller, bound to an organization of its own.
fn narrowed(caller: &Caller, organization: Option<OrganizationPath>) -> Result<Caller, Failure> {
    let Some(organization) = organization else {
        return Ok(caller.clone());
    };
    require_within(caller, &organization)?;
    Ok(Caller { organization: Some(organization), ..caller.clone() })
}
