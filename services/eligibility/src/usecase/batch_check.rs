use std::sync::Arc;

use clock::{BusinessDay, Timestamp};
use member_identity::MemberId;
use rpc::Caller;
use tokio::time::Instant;

use super::{Eligibility, Failure, require_offered};
use crate::domain::policy::ReadyPolicy;
use crate::domain::registry::{Entry, Found};
use crate::domain::verdict::{BatchJudge, Outcome};
use crate::domain::{Refusal, Slug};

/// Members up to which a batch is judged where it stands; a larger one would keep others waiting.
const INLINE_MAX: usize = 64;

/// What was found about one member; nothing when no such live member is visible.
pub type Verdict = Option<(Entry, Outcome)>;

/// The verdicts of one batch.
#[derive(Debug)]
pub struct Verdicts {
    /// One a member asked for, in that order.
    pub verdicts: Vec<Verdict>,
    /// The policy that they were taken by.
    pub policy: Arc<ReadyPolicy>,
    /// Business time when they were taken.
    pub as_of: Timestamp,
    /// Monotonic time that they were true at: their age counts from here (law E1).
    pub current_at: Instant,
}

impl Eligibility {
    /// Judges members by the newest revision of a policy, all over one state of the registry.
    /// A member outside the caller's subtree is as good as unknown. Order of answers: policy
    /// known, subtree of the policy.
    pub async fn batch_check(
        &self,
        caller: &Caller,
        policy_id: &Slug,
        members: Vec<MemberId>,
        day: BusinessDay,
    ) -> Result<Verdicts, Failure> {
        let as_of = self.core.clock.now();
        let visible = |found: &Found<'_>| caller.sees(found.organization());
        let (policy, found, current_at) = self.core.memory.read(|content| {
            let policy = content.policies.get(policy_id).cloned();
            let find = |id: &MemberId| content.registry.find(*id).filter(visible);
            let found = members.iter().map(|id| find(id).map(|found| found.entry()));
            (policy, found.collect(), content.current_at)
        });
        let policy = self.require_known(policy, current_at, Refusal::NotFound("policy"))?;
        require_offered(caller, &policy.policy.content.organization)?;
        let verdicts = judge(Arc::clone(&policy), found, day).await?;
        Ok(Verdicts { verdicts, policy, as_of, current_at })
    }

    /// The newest revision of a policy that the caller may use, ready to judge by.
    pub(super) fn newest_policy(
        &self,
        caller: &Caller,
        policy_id: &Slug,
    ) -> Result<Arc<ReadyPolicy>, Failure> {
        let (policy, current_at) = self
            .core
            .memory
            .read(|content| (content.policies.get(policy_id).cloned(), content.current_at));
        let policy = self.require_known(policy, current_at, Refusal::NotFound("policy"))?;
        require_offered(caller, &policy.policy.content.organization)?;
        Ok(policy)
    }
}

/// Judges members on a thread where they keep nobody waiting.
pub(super) async fn judge(
    policy: Arc<ReadyPolicy>,
    found: Vec<Option<Entry>>,
    day: BusinessDay,
) -> Result<Vec<Verdict>, Failure> {
    if found.len() <= INLINE_MAX {
        return Ok(judge_now(&policy, found, day));
    }
    let judged = tokio::task::spawn_blocking(move || judge_now(&policy, found, day)).await;
    judged.map_err(|_| Failure::Fault("judging did not come to its end"))
}

fn judge_now(policy: &ReadyPolicy, found: Vec<Option<Entry>>, day: BusinessDay) -> Vec<Verdict> {
    let judge = BatchJudge::new(policy, day);
    let verdict = |entry: Entry| {
        let outcome = judge.outcome(&entry);
        (entry, outcome)
    };
    found.into_iter().map(|entry| entry.map(verdict)).collect()
}
