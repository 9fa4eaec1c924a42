use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use contracts::eligibility::v1::member_reference::Reference;
use member_identity::{OrganizationPath, PersonKey};
use rpc::{Peer, PeerChannel};
use tonic::{Code, async_trait};

use crate::usecase::{EligibilityPeer, Member, MemberReference, ResolveProblem};

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
