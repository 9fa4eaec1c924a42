use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::verdict::Outcome;
use member_identity::{MemberId, OrganizationPath, PersonKey};
use rpc::{Peer, PeerChannel};
use tonic::{Code, async_trait};

use crate::domain::Standing;
use crate::usecase::{
    CheckPeer, CheckQuestion, Checked, EligibilityPeer, EligibilityUnavailable, Member,
    MemberReference, ResolveProblem,
};

/// Eligibility over gRPC.
pub struct EligibilityOverRpc {
    client: EligibilityServiceClient<PeerChannel>,
}

impl EligibilityOverRpc {
    /// Eligibility behind a channel.
    pub fn new(peer: &Peer) -> Self {
        Self { client: EligibilityServiceClient::new(peer.channel()) }
    }
}

#[async_trait]
impl EligibilityPeer for EligibilityOverRpc {
    async fn resolve(&self, reference: &MemberReference) -> Result<Member, ResolveProblem> {
        let reference = Some(match reference {
            MemberReference::Id(id) => Reference::MemberId(id.to_string()),
            MemberReference::Document(document) => {
                Reference::IdNumber(document.reveal().to_owned())
            }
        });
        let member = Some(wire::MemberReference { reference });
        let answer = self.client.clone().resolve(wire::ResolveRequest { member }).await;
        match answer {
            Ok(answer) => decode(answer.into_inner()).ok_or(ResolveProblem::Unavailable),
            Err(status) => Err(problem(&status)),
        }
    }
}

#[async_trait]
impl CheckPeer for EligibilityOverRpc {
    async fn check(
        &self,
        member_id: MemberId,
        question: &CheckQuestion,
    ) -> Result<Checked, EligibilityUnavailable> {
        let request = wire::BatchCheckRequest {
            policy_id: question.policy_id.clone(),
            member_ids: vec![member_id.to_string()],
            business_day: question.day.to_string(),
        };
        let answer = self.client.clone().batch_check(request).await.map_err(|status| {
            let (policy_id, code) = (&question.policy_id, status.code());
            tracing::warn!(policy_id, ?code, "eligibility does not check members now");
            EligibilityUnavailable
        })?;
        checked(answer.into_inner()).ok_or_else(|| {
            tracing::error!("eligibility gave an answer that means nothing");
            EligibilityUnavailable
        })
    }
}

fn checked(answer: wire::BatchCheckResponse) -> Option<Checked> {
    let age = std::time::Duration::try_from(answer.age?).ok()?;
    let [verdict] = <[_; 1]>::try_from(answer.verdicts).ok()?;
    let standing = match verdict.outcome() {
        Outcome::Qualifies => Standing::Qualifies,
        Outcome::Fails => Standing::Fails { criterion: verdict.failed_criterion },
        Outcome::Unknown => Standing::Fails { criterion: String::from("unknown") },
        Outcome::Unspecified => return None,
    };
    Some(Checked { standing, age })
}

/// Only "there is none" is a no; whatever else goes wrong says nothing about the member.
fn problem(status: &tonic::Status) -> ResolveProblem {
    match status.code() {
        Code::NotFound => ResolveProblem::Unknown,
        code => {
            tracing::debug!(?code, "eligibility does not resolve members now");
            ResolveProblem::Unavailable
        }
    }
}

fn decode(answer: wire::ResolveResponse) -> Option<Member> {
    Some(Member {
        member_id: answer.member_id.parse().ok()?,
        person: PersonKey::try_from(answer.person_key.as_ref()).ok()?,
        organization: OrganizationPath::parse(&answer.organization).ok()?,
    })
}
