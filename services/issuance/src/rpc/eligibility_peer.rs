//! Eligibility over gRPC.

use std::time::Duration;

use async_trait::async_trait;
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::verdict::Outcome;
use contracts::eligibility::v1::{
    BatchCheckRequest, BatchCheckResponse, MemberReference, ResolveRequest, ResolveResponse,
    SelectMembersRequest, SelectMembersResponse, Verdict,
};
use member_identity::{MemberId, OrganizationPath, PersonKey};
use rpc::{Peer, PeerChannel};
use tonic::{Code, Status};

use crate::domain::{FailedCriterion, JudgedBy, MemberVerdict};
use crate::usecase::{
    Checked, EligibilityPeer, Resolved, SelectedPage, SelectionQuery, SelectionRefusal, Unreachable,
};

/// Members that eligibility looks at for one page: those who qualify make one chunk.
const PAGE_SIZE: i32 = 1_024;

/// The eligibility service of this installation.
pub struct EligibilityService {
    peer: Peer,
}

impl EligibilityService {
    /// Over a peer that is connected to when it is first asked.
    pub fn new(peer: Peer) -> Self {
        Self { peer }
    }

    fn client(&self) -> EligibilityServiceClient<PeerChannel> {
        EligibilityServiceClient::new(self.peer.channel())
    }
}

#[async_trait]
impl EligibilityPeer for EligibilityService {
    async fn batch_check(
        &self,
        judged_by: &JudgedBy,
        members: &[MemberId],
    ) -> Result<Checked, Unreachable> {
        let request = BatchCheckRequest {
            policy_id: judged_by.policy_id.clone(),
            member_ids: members.iter().map(ToString::to_string).collect(),
            business_day: judged_by.day.to_string(),
        };
        let answer = self.client().batch_check(request).await;
        let answer = answer.map_err(|status| unreachable("BatchCheck", &status))?;
        let checked = checked(answer.into_inner());
        let checked = checked.filter(|checked| checked.verdicts.len() == members.len());
        checked.ok_or_else(|| meaningless("BatchCheck"))
    }

    async fn select_members(
        &self,
        query: &SelectionQuery,
    ) -> Result<Result<SelectedPage, SelectionRefusal>, Unreachable> {
        let organization = query.organization.as_ref();
        let request = SelectMembersRequest {
            policy_id: query.policy_id.clone(),
            revision: query.revision,
            business_day: query.day.to_string(),
            organization: organization.map(ToString::to_string).unwrap_or_default(),
            page_size: PAGE_SIZE,
            page_token: query.cursor.clone(),
        };
        match self.client().select_members(request).await {
            Ok(answer) => {
                let page = selected(answer.into_inner());
                page.map(Ok).ok_or_else(|| meaningless("SelectMembers"))
            }
            Err(status) => match status.code() {
                Code::NotFound => Ok(Err(SelectionRefusal::PolicyUnknown)),
                Code::PermissionDenied => Ok(Err(SelectionRefusal::OutsideSubtree)),
                // All else in the request was made here.
                Code::InvalidArgument => Ok(Err(SelectionRefusal::ForeignCursor)),
                _ => Err(unreachable("SelectMembers", &status)),
            },
        }
    }

    async fn resolve(&self, member_id: MemberId) -> Result<Option<Resolved>, Unreachable> {
        let reference = Some(Reference::MemberId(member_id.to_string()));
        let request = ResolveRequest { member: Some(MemberReference { reference }) };
        match self.client().resolve(request).await {
            Ok(answer) => {
                let resolved = resolved(&answer.into_inner());
                resolved.map(Some).ok_or_else(|| meaningless("Resolve"))
            }
            Err(status) if status.code() == Code::NotFound => Ok(None),
            Err(status) => Err(unreachable("Resolve", &status)),
        }
    }
}

fn unreachable(method: &'static str, status: &Status) -> Unreachable {
    let (code, message) = (status.code(), status.message());
    tracing::warn!(method, ?code, message, "eligibility gave no answer");
    Unreachable
}

fn meaningless(method: &'static str) -> Unreachable {
    tracing::error!(method, "eligibility gave an answer that means nothing");
    Unreachable
}

fn checked(answer: BatchCheckResponse) -> Option<Checked> {
    let age = Duration::try_from(answer.age?).ok()?;
    let verdicts = answer.verdicts.into_iter().map(verdict).collect::<Option<_>>()?;
    Some(Checked { verdicts, age })
}

fn verdict(verdict: Verdict) -> Option<MemberVerdict> {
    let failed = match verdict.outcome() {
        Outcome::Unknown => return Some(MemberVerdict::Unknown),
        Outcome::Unspecified => return None,
        Outcome::Qualifies => None,
        Outcome::Fails => Some(FailedCriterion {
            criterion_id: verdict.failed_criterion,
            text_zh: verdict.text_zh,
            text_en: verdict.text_en,
        }),
    };
    Some(MemberVerdict::Known {
        person: PersonKey::try_from(verdict.person_key.as_ref()).ok()?,
        organization: OrganizationPath::parse(&verdict.organization).ok()?,
        failed,
    })
}

fn selected(answer: SelectMembersResponse) -> Option<SelectedPage> {
    let members = answer.member_ids.iter().map(|member_id| member_id.parse().ok());
    Some(SelectedPage {
        members: members.collect::<Option<_>>()?,
        cursor: answer.next_page_token,
        scanned: answer.scanned,
        total: answer.total,
    })
}

fn resolved(answer: &ResolveResponse) -> Option<Resolved> {
    Some(Resolved {
        person: PersonKey::try_from(answer.person_key.as_ref()).ok()?,
        organization: OrganizationPath::parse(&answer.organization).ok()?,
    })
}
