//! `PolicyService`, `EligibilityService` and `VerificationService`.

use contracts::common::v1::ErrorReason;
use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::verdict::Outcome;
use suite_tests::office;
use tonic::Code;

use super::{Row, answered, outside, refused};
use crate::raw::{ask, read};
use crate::world::{City, TODAY, World};

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        publish_policy(own, foreign),
        get_policy(own, foreign),
        list_policies(own),
        batch_check(own, foreign),
        select_members(own, foreign),
        resolve(own, foreign),
        explain(own, foreign),
        verify_membership(own, foreign),
    ]
}

fn publish_policy(own: &City, foreign: &City) -> Row {
    let publish = |policy_id: &str, organization: &str| {
        let criterion = wire::Criterion {
            criterion_id: "everybody".to_owned(),
            expression: "true".to_owned(),
            text_zh: "全部".to_owned(),
            text_en: "all".to_owned(),
        };
        let (policy_id, organization) = (policy_id.to_owned(), organization.to_owned());
        ask(&wire::PublishPolicyRequest { policy_id, organization, criteria: vec![criterion] })
    };
    Row::new(
        "/zhisong.eligibility.v1.PolicyService/PublishPolicy",
        publish(&own.policy_id, &own.organization),
        vec![
            outside("for another organization", publish("theirs", &foreign.organization)),
            // A policy's owner never changes: the name is taken.
            refused(
                "under the name of another's policy",
                publish(&foreign.policy_id, &own.organization),
                Code::InvalidArgument,
                ErrorReason::FieldInvalid,
            ),
        ],
    )
}

fn get_policy(own: &City, foreign: &City) -> Row {
    let get = |city: &City| {
        ask(&wire::GetPolicyRequest { policy_id: city.policy_id.clone(), revision: 0 })
    };
    Row::new(
        "/zhisong.eligibility.v1.PolicyService/GetPolicy",
        get(own),
        vec![outside("another's policy", get(foreign))],
    )
}

fn list_policies(own: &City) -> Row {
    let list = || ask(&wire::ListPoliciesRequest::default());
    let within = own.organization.clone();
    Row::new(
        "/zhisong.eligibility.v1.PolicyService/ListPolicies",
        list(),
        vec![answered("whatever there is", list(), move |answer| {
            let listed = read::<wire::ListPoliciesResponse>(answer).policies;
            listed.len() == 1 && listed[0].organization == within
        })],
    )
}

fn batch_check(own: &City, foreign: &City) -> Row {
    let check = |policy: &City, members: &[&City]| {
        ask(&wire::BatchCheckRequest {
            policy_id: policy.policy_id.clone(),
            member_ids: members.iter().map(|city| city.member_id.clone()).collect(),
            business_day: TODAY.to_owned(),
        })
    };
    Row::new(
        "/zhisong.eligibility.v1.EligibilityService/BatchCheck",
        check(own, &[own]),
        vec![
            outside("another's policy", check(foreign, &[own])),
            // An unknown member is a verdict and not an error, and so is another's.
            answered("another's member", check(own, &[own, foreign]), |answer| {
                let verdicts = read::<wire::BatchCheckResponse>(answer).verdicts;
                let [known, unknown] = &verdicts[..] else { return false };
                let nothing = wire::Verdict { outcome: unknown.outcome, ..Default::default() };
                known.outcome() == Outcome::Qualifies
                    && unknown.outcome() == Outcome::Unknown
                    && *unknown == nothing
            }),
        ],
    )
}

fn select_members(own: &City, foreign: &City) -> Row {
    let select = |policy: &City, organization: &str| {
        ask(&wire::SelectMembersRequest {
            policy_id: policy.policy_id.clone(),
            business_day: TODAY.to_owned(),
            organization: organization.to_owned(),
            ..wire::SelectMembersRequest::default()
        })
    };
    let members = vec![own.member_id.clone()];
    Row::new(
        "/zhisong.eligibility.v1.EligibilityService/SelectMembers",
        select(own, &own.organization),
        vec![
            outside("another's policy", select(foreign, &own.organization)),
            outside("another's members", select(own, &foreign.organization)),
            outside("everybody's members", select(own, "gd")),
            answered("whatever there is", select(own, ""), move |answer| {
                let selected = read::<wire::SelectMembersResponse>(answer);
                (selected.scanned, selected.total) == (1, 1) && selected.member_ids == members
            }),
        ],
    )
}

fn resolve(own: &City, foreign: &City) -> Row {
    let resolve = |member| ask(&wire::ResolveRequest { member: Some(member) });
    Row::new(
        "/zhisong.eligibility.v1.EligibilityService/Resolve",
        resolve(own.member()),
        vec![
            outside("another's member", resolve(foreign.member())),
            outside("another's member by ID number", resolve(foreign.document())),
        ],
    )
}

fn explain(own: &City, foreign: &City) -> Row {
    let explain = |policy: &City, member: &City| {
        ask(&wire::ExplainRequest {
            policy_id: policy.policy_id.clone(),
            member: Some(member.member()),
            business_day: String::new(),
        })
    };
    Row::new(
        "/zhisong.eligibility.v1.EligibilityService/Explain",
        explain(own, own),
        vec![
            outside("another's member", explain(own, foreign)),
            outside("another's policy", explain(foreign, own)),
        ],
    )
}

fn verify_membership(own: &City, foreign: &City) -> Row {
    let verify = |member| {
        let purpose = "bus-fare".to_owned();
        let terminal_id = String::new();
        ask(&wire::VerifyMembershipRequest { member: Some(member), purpose, terminal_id })
    };
    let nobody = wire::member_reference::Reference::IdNumber(office::id_number(999));
    let nobody = wire::MemberReference { reference: Some(nobody) };
    // Nobody, somebody else's member, and a number that stands for nobody are the same `false`.
    let no =
        |answer: &prost::bytes::Bytes| !read::<wire::VerifyMembershipResponse>(answer).is_member;
    Row::new(
        "/zhisong.eligibility.v1.VerificationService/VerifyMembership",
        verify(own.member()),
        vec![
            answered("another's member", verify(foreign.member()), no),
            answered("another's member by ID number", verify(foreign.document()), no),
            answered("nobody", verify(nobody), no),
            answered("its own member", verify(own.document()), move |answer| !no(answer)),
        ],
    )
}
