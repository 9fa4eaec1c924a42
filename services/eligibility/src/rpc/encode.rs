//! Answers as the contract writes them.

use std::time::Duration;

use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::member::State as WireState;
use contracts::eligibility::v1::verdict::Outcome as WireOutcome;
use prost_types::Duration as WireDuration;
use rpc::{PageToken, encode_timestamp};

use crate::domain::member::{Member, State};
use crate::domain::organization::Organization;
use crate::domain::policy::{Criterion, Policy, ReadyPolicy};
use crate::domain::registry::Entry;
use crate::domain::roster::KeptProblem;
use crate::domain::verdict::Outcome;
use crate::store::ImportReport;
use crate::usecase::{Explanation, Resolved, Selected, Verdict, Verdicts};

/// The criterion that a suspended member fails, before any of the policy's.
const SUSPENDED: (&str, &str, &str) = (
    "suspended",
    "您的会员资格已暂停，请联系所在工会",
    "your membership is suspended, please contact your union",
);

pub(super) fn verdicts(verdicts: Verdicts) -> wire::BatchCheckResponse {
    let Verdicts { verdicts, policy, as_of, current_at } = verdicts;
    wire::BatchCheckResponse {
        verdicts: verdicts.into_iter().map(|one| verdict(one, &policy)).collect(),
        as_of: Some(encode_timestamp(as_of)),
        age: Some(duration(current_at.elapsed())),
        policy_revision: policy.policy.revision,
    }
}

fn verdict(verdict: Verdict, policy: &ReadyPolicy) -> wire::Verdict {
    let Some((entry, outcome)) = verdict else {
        return wire::Verdict { outcome: WireOutcome::Unknown.into(), ..wire::Verdict::default() };
    };
    let (outcome, failed) = match outcome {
        Outcome::Qualifies => (WireOutcome::Qualifies, ("", "", "")),
        Outcome::Suspended => (WireOutcome::Fails, SUSPENDED),
        Outcome::Fails(at) => (WireOutcome::Fails, failure(&policy.policy.content.criteria[at])),
    };
    let (failed_criterion, text_zh, text_en) = failed;
    wire::Verdict {
        outcome: outcome.into(),
        person_key: person_key(&entry),
        organization: entry.organization.to_string(),
        failed_criterion: failed_criterion.to_owned(),
        text_zh: text_zh.to_owned(),
        text_en: text_en.to_owned(),
    }
}

fn failure(criterion: &Criterion) -> (&str, &str, &str) {
    (criterion.criterion_id.as_str(), &criterion.text_zh, &criterion.text_en)
}

pub(super) fn selected(
    selected: Selected,
    (query, size): (&str, u32),
) -> wire::SelectMembersResponse {
    let Selected { members, scanned, last, total } = selected;
    let last = last.as_ref().map(|last| last.as_bytes().as_slice());
    wire::SelectMembersResponse {
        member_ids: members.iter().map(ToString::to_string).collect(),
        next_page_token: next_page_token(query, size, scanned, last),
        scanned: count(scanned),
        total: count(total),
    }
}

fn count(members: usize) -> i64 {
    i64::try_from(members).expect("members are fewer than people")
}

pub(super) fn resolved(resolved: &Resolved) -> wire::ResolveResponse {
    let Resolved { entry, current_at } = resolved;
    wire::ResolveResponse {
        member_id: entry.member_id.to_string(),
        person_key: person_key(entry),
        organization: entry.organization.to_string(),
        age: Some(duration(current_at.elapsed())),
    }
}

pub(super) fn explanation(explanation: &Explanation) -> wire::ExplainResponse {
    let policy = &explanation.policy.policy;
    let outcome = |(criterion, holds): (&Criterion, &bool)| wire::CriterionOutcome {
        criterion_id: criterion.criterion_id.to_string(),
        holds: *holds,
        text_zh: criterion.text_zh.clone(),
        text_en: criterion.text_en.clone(),
    };
    wire::ExplainResponse {
        qualifies: explanation.qualifies(),
        suspended: explanation.suspended,
        criteria: policy.content.criteria.iter().zip(&explanation.holds).map(outcome).collect(),
        policy_revision: policy.revision,
    }
}

pub(super) fn organization(organization: Organization) -> wire::Organization {
    wire::Organization {
        path: organization.path.to_string(),
        region_code: organization.region.to_string(),
        name: organization.name,
    }
}

pub(super) fn member(member: Member) -> wire::Member {
    let state = match member.state {
        State::Active => WireState::Active,
        State::Suspended => WireState::Suspended,
    };
    let registration = member.registration;
    wire::Member {
        member_id: member.member_id.to_string(),
        organization: registration.organization.to_string(),
        trade: registration.trade.as_str().to_owned(),
        employment: registration.employment.as_str().to_owned(),
        region_code: registration.region.to_string(),
        honours: registration.honours.iter().map(|one| one.as_str().to_owned()).collect(),
        state: state.into(),
        updated_at: Some(encode_timestamp(member.updated_at)),
    }
}

pub(super) fn roster_import(report: ImportReport) -> wire::RosterImport {
    let ImportReport { import, problems } = report;
    wire::RosterImport {
        import_id: import.import_id,
        organization: import.organization.to_string(),
        committed_line: import.committed_line,
        added: import.added,
        changed: import.changed,
        unchanged: import.unchanged,
        bad: import.bad,
        problems: problems.into_iter().map(row_problem).collect(),
        updated_at: Some(encode_timestamp(import.updated_at)),
    }
}

fn row_problem(problem: KeptProblem) -> wire::RowProblem {
    let KeptProblem { line, column, reason } = problem;
    wire::RowProblem { line, column, reason }
}

pub(super) fn policy(policy: Policy) -> wire::Policy {
    let criterion = |one: Criterion| wire::Criterion {
        criterion_id: one.criterion_id.to_string(),
        expression: one.expression,
        text_zh: one.text_zh,
        text_en: one.text_en,
    };
    wire::Policy {
        policy_id: policy.content.policy_id.to_string(),
        revision: policy.revision,
        organization: policy.content.organization.to_string(),
        criteria: policy.content.criteria.into_iter().map(criterion).collect(),
        published_at: Some(encode_timestamp(policy.published_at)),
    }
}

/// A token for the next page: empty when this one was not full.
pub(super) fn next_page_token(query: &str, size: u32, sent: usize, last: Option<&[u8]>) -> String {
    match last {
        Some(key) if sent >= size as usize => PageToken::encode(query, key),
        Some(_) | None => String::new(),
    }
}

fn person_key(entry: &Entry) -> prost::bytes::Bytes {
    prost::bytes::Bytes::copy_from_slice(entry.person.as_bytes())
}

fn duration(duration: Duration) -> WireDuration {
    WireDuration::try_from(duration).unwrap_or_default()
}
