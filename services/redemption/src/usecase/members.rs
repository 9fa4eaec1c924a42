use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use member_identity::{IdDocument, MemberId, OrganizationPath, PersonKey};
use rpc::Caller;
use tokio::time::Instant;

use super::{CheckPeer, Failure};

/// Members remembered, some 150 bytes each. When there are more, all are forgotten and asked for
/// again.
const REMEMBERED_MAX: usize = 200_000;
/// A member's organization may change; it is asked for again when it is older than this.
const FRESH_FOR: Duration = Duration::from_secs(60);

/// How a caller names a member.
#[derive(Clone, Debug)]
pub enum MemberReference {
    /// As eligibility gave it out.
    Id(MemberId),
    /// By an identity document.
    Document(IdDocument),
}

/// A member as eligibility knows them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// The id.
    pub member_id: MemberId,
    /// The natural person.
    pub person: PersonKey,
    /// Whose member it is.
    pub organization: OrganizationPath,
}

/// Why a member was not found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolveProblem {
    /// There is none.
    Unknown,
    /// Nobody can tell now.
    Unavailable,
}

/// Eligibility, as far as redemption asks it.
#[async_trait]
pub trait EligibilityPeer: CheckPeer {
    /// Finds the person behind a reference.
    async fn resolve(&self, reference: &MemberReference) -> Result<Member, ResolveProblem>;
}

/// Finds members, and remembers those that were named by id: whose person a member id stands for
/// never changes. Documents are never remembered.
pub struct Members {
    pub(super) peer: Arc<dyn EligibilityPeer>,
    remembered: Mutex<HashMap<MemberId, (Member, Instant)>>,
}

impl Members {
    /// Members as `peer` knows them.
    pub fn new(peer: Arc<dyn EligibilityPeer>) -> Self {
        Self { peer, remembered: Mutex::default() }
    }

    /// The member, who must belong to the caller's subtree.
    pub async fn resolve(
        &self,
        caller: &Caller,
        reference: &MemberReference,
    ) -> Result<Member, Failure> {
        let member = self.find(reference).await.map_err(|problem| match problem {
            ResolveProblem::Unknown => Failure::MemberUnknown,
            ResolveProblem::Unavailable => Failure::EligibilityUnavailable,
        })?;
        caller.require_within(&member.organization)?;
        Ok(member)
    }

    /// A member who is remembered is served while eligibility cannot be asked, so that checkouts
    /// go on; one who is not is "unavailable" then and never "unknown".
    async fn find(&self, reference: &MemberReference) -> Result<Member, ResolveProblem> {
        let known = match reference {
            MemberReference::Id(id) => self.remembered().get(id).cloned(),
            MemberReference::Document(_) => None,
        };
        if let Some((member, asked)) = &known
            && asked.elapsed() < FRESH_FOR
        {
            return Ok(member.clone());
        }
        match (self.peer.resolve(reference).await, known) {
            (Ok(member), _) => {
                self.remember(&member);
                Ok(member)
            }
            (Err(ResolveProblem::Unavailable), Some((member, _))) => Ok(member),
            (Err(problem), _) => Err(problem),
        }
    }

    fn remember(&self, member: &Member) {
        let mut remembered = self.remembered();
        if remembered.len() >= REMEMBERED_MAX {
            remembered.clear();
        }
        remembered.insert(member.member_id, (member.clone(), Instant::now()));
    }

    fn remembered(&self) -> std::sync::MutexGuard<'_, HashMap<MemberId, (Member, Instant)>> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
