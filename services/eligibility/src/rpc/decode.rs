//! Requests as the domain means them. Reports every field that is wrong, never its value.

use clock::BusinessDay;
use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::member_reference::Reference;
use member_identity::{IdDocument, MemberId, OrganizationPath, RegionCode};
use rpc::{Caller, Fields, PageToken, Problem, RequestId, page_size};

use super::card_decode;
use crate::domain::Slug;
use crate::domain::criterion::EXPRESSION_CHARS_MAX;
use crate::domain::organization::{NAME_CHARS_MAX, Organization};
use crate::domain::policy::{CRITERIA_MAX, Criterion, PolicyDraft, TEXT_CHARS_MAX};
use crate::domain::roster::{ROWS_MAX, WrittenRow};
use crate::domain::standing::StandingVerb;
use crate::usecase::{MemberReference, Selection, StandingRequest};

/// Members of one batch at most, as the contract states.
const BATCH_MAX: usize = 1_024;
/// Members that a page of a selection looks at, unless the caller says otherwise, and at most.
const SELECTION_MAX: u32 = 1_024;

pub(super) struct BatchCheck {
    pub(super) policy_id: Slug,
    pub(super) members: Vec<MemberId>,
    pub(super) day: BusinessDay,
}

pub(super) fn batch_check(request: &wire::BatchCheckRequest) -> Result<BatchCheck, Problem> {
    let mut fields = Fields::new();
    let policy_id = fields.parse("policy_id", &request.policy_id);
    let day = business_day(&mut fields, &request.business_day);
    let count = request.member_ids.len();
    if !(1..=BATCH_MAX).contains(&count) {
        fields.refuse("member_ids", "must be 1 to 1,024 member ids");
        return fields.finish(None);
    }
    let mut members = Vec::with_capacity(count);
    for (position, text) in request.member_ids.iter().enumerate() {
        match text.parse() {
            Ok(member_id) => members.push(member_id),
            Err(why) => refuse_at(&mut fields, "member_ids", position, &why),
        }
    }
    let value = policy_id.zip(day).map(|(policy_id, day)| BatchCheck { policy_id, members, day });
    fields.finish(value)
}

/// The list that a page token of selected members belongs to.
pub(super) fn selection_query(request: &wire::SelectMembersRequest) -> String {
    let wire::SelectMembersRequest { policy_id, revision, organization, .. } = request;
    format!("SelectMembers by {policy_id} {revision} below {organization}")
}

pub(super) fn selection(request: &wire::SelectMembersRequest) -> Result<Selection, Problem> {
    let mut fields = Fields::new();
    let policy_id = fields.parse("policy_id", &request.policy_id);
    let revision = revision(&mut fields, request.revision);
    let day = business_day(&mut fields, &request.business_day);
    let organization = match request.organization.as_str() {
        "" => Some(None),
        text => fields.parse("organization", text).map(Some),
    };
    let read = policy_id.zip(revision).zip(day).zip(organization);
    let (((policy_id, revision), day), organization) = fields.finish(read)?;
    let member_id = |bytes: &[u8]| MemberId::try_from(bytes).ok();
    let after = page_token(&selection_query(request), &request.page_token, member_id)?;
    let size = page_size(request.page_size, SELECTION_MAX, SELECTION_MAX)?;
    Ok(Selection { policy_id, revision, day, organization, after, size })
}

pub(super) struct Explain {
    pub(super) policy_id: Slug,
    pub(super) member: MemberReference,
    pub(super) day: Option<BusinessDay>,
}

pub(super) fn explain(
    request: wire::ExplainRequest,
    caller: &Caller,
    today: BusinessDay,
) -> Result<Explain, Problem> {
    let mut fields = Fields::new();
    let policy_id = fields.parse("policy_id", &request.policy_id);
    let member = reference(&mut fields, request.member, (caller, today));
    let day = match request.business_day.as_str() {
        "" => None,
        text => business_day(&mut fields, text),
    };
    let value = policy_id.zip(member);
    fields.finish(value.map(|(policy_id, member)| Explain { policy_id, member, day }))
}

pub(super) fn member(
    member: Option<wire::MemberReference>,
    caller: &Caller,
    today: BusinessDay,
) -> Result<MemberReference, Problem> {
    let mut fields = Fields::new();
    let member = reference(&mut fields, member, (caller, today));
    fields.finish(member)
}

pub(super) fn standing(
    verb: StandingVerb,
    request_id: &str,
    member_id: &str,
) -> Result<StandingRequest, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", request_id);
    let member_id = fields.parse("member_id", member_id);
    let value = request_id.zip(member_id);
    fields.finish(value.map(|(request_id, member_id)| StandingRequest {
        request_id,
        verb,
        member_id,
    }))
}

pub(super) fn organization(
    organization: Option<wire::Organization>,
) -> Result<Organization, Problem> {
    let mut fields = Fields::new();
    let Some(organization) = fields.required("organization", organization) else {
        return fields.finish(None);
    };
    let path = fields.parse::<OrganizationPath>("organization.path", &organization.path);
    let region = fields.take("organization.region_code", region_code(&organization.region_code));
    let name = text(&mut fields, "organization.name", organization.name, NAME_CHARS_MAX);
    let value = path.zip(region).zip(name);
    fields.finish(value.map(|((path, region), name)| Organization { path, region, name }))
}

pub(super) fn organization_path(
    path: &'static str,
    text: &str,
) -> Result<OrganizationPath, Problem> {
    let mut fields = Fields::new();
    let organization = fields.parse(path, text);
    fields.finish(organization)
}

/// The subtree that a list is asked for; none when it is empty.
pub(super) fn below(text: &str) -> Result<Option<OrganizationPath>, Problem> {
    match text {
        "" => Ok(None),
        text => organization_path("below", text).map(Some),
    }
}

/// Where a list goes on, read as its key.
pub(super) fn page_token<K>(
    query: &str,
    token: &str,
    key: impl FnOnce(&[u8]) -> Option<K>,
) -> Result<Option<K>, Problem> {
    let Some(bytes) = PageToken::decode(query, token)? else {
        return Ok(None);
    };
    let foreign = || Problem::field("page_token", "not a token of this list");
    key(&bytes).map(Some).ok_or_else(foreign)
}

/// A list's key that is a text.
pub(super) fn text_key<K: std::str::FromStr>(bytes: &[u8]) -> Option<K> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

pub(super) fn roster_header(
    part: Option<wire::import_roster_request::Part>,
) -> Result<(RequestId, OrganizationPath), Problem> {
    let Some(wire::import_roster_request::Part::Header(header)) = part else {
        return Err(Problem::field("header", "must be the first message of the stream"));
    };
    let mut fields = Fields::new();
    let import_id = fields.parse("header.import_id", &header.import_id);
    let organization = fields.parse("header.organization", &header.organization);
    fields.finish(import_id.zip(organization))
}

pub(super) fn import_id(text: &str) -> Result<RequestId, Problem> {
    let mut fields = Fields::new();
    let import_id = fields.parse("import_id", text);
    fields.finish(import_id)
}

pub(super) fn roster_rows(
    part: Option<wire::import_roster_request::Part>,
) -> Result<Vec<WrittenRow>, Problem> {
    let Some(wire::import_roster_request::Part::Rows(rows)) = part else {
        return Err(Problem::field("rows", "every message after the first has rows"));
    };
    if rows.rows.len() > ROWS_MAX {
        return Err(Problem::field("rows.rows", "must be at most 1,000"));
    }
    let mut fields = Fields::new();
    for (position, row) in rows.rows.iter().enumerate().filter(|(_, row)| row.line < 1) {
        fields.refuse(format!("rows.rows[{position}].line"), format!("{} is below 1", row.line));
    }
    fields.finish(Some(rows.rows.into_iter().map(written_row).collect()))
}

fn written_row(row: wire::RosterRow) -> WrittenRow {
    let wire::RosterRow {
        line,
        name,
        id_number,
        phone,
        trade,
        employment,
        region,
        honours,
        organization,
    } = row;
    WrittenRow { line, name, id_number, phone, trade, employment, region, honours, organization }
}

pub(super) fn policy_draft(request: wire::PublishPolicyRequest) -> Result<PolicyDraft, Problem> {
    let mut fields = Fields::new();
    let policy_id = fields.parse("policy_id", &request.policy_id);
    let organization = fields.parse("organization", &request.organization);
    if !(1..=CRITERIA_MAX).contains(&request.criteria.len()) {
        fields.refuse("criteria", "must be 1 to 32");
        return fields.finish(None);
    }
    let mut criteria: Vec<Criterion> = Vec::with_capacity(request.criteria.len());
    for (position, one) in request.criteria.into_iter().enumerate() {
        if let Some(criterion) = criterion(&mut fields, position, one) {
            if criteria.iter().any(|other| other.criterion_id == criterion.criterion_id) {
                refuse_at(&mut fields, "criteria", position, &"its criterion_id stands twice");
            }
            criteria.push(criterion);
        }
    }
    let value = policy_id.zip(organization);
    fields.finish(value.map(|(policy_id, organization)| PolicyDraft {
        policy_id,
        organization,
        criteria,
    }))
}

fn criterion(fields: &mut Fields, position: usize, one: wire::Criterion) -> Option<Criterion> {
    let path = |field| format!("criteria[{position}].{field}");
    let criterion_id = fields.parse(&path("criterion_id"), &one.criterion_id);
    let expression = text(fields, &path("expression"), one.expression, EXPRESSION_CHARS_MAX);
    let text_zh = text(fields, &path("text_zh"), one.text_zh, TEXT_CHARS_MAX);
    let text_en = text(fields, &path("text_en"), one.text_en, TEXT_CHARS_MAX);
    Some(Criterion {
        criterion_id: criterion_id?,
        expression: expression?,
        text_zh: text_zh?,
        text_en: text_en?,
    })
}

pub(super) fn policy_revision(
    request: &wire::GetPolicyRequest,
) -> Result<(Slug, Option<i32>), Problem> {
    let mut fields = Fields::new();
    let policy_id = fields.parse("policy_id", &request.policy_id);
    let revision = revision(&mut fields, request.revision);
    fields.finish(policy_id.zip(revision))
}

/// The revision that is named, if any is.
fn revision(fields: &mut Fields, revision: i32) -> Option<Option<i32>> {
    if revision < 0 {
        fields.refuse("revision", "must not be negative");
        return None;
    }
    Some((revision != 0).then_some(revision))
}

/// A member, named in any way but by a code, which is for verifying only.
pub(super) fn reference(
    fields: &mut Fields,
    member: Option<wire::MemberReference>,
    (caller, today): (&Caller, BusinessDay),
) -> Option<MemberReference> {
    let member = fields.required("member", member.and_then(|member| member.reference))?;
    match member {
        Reference::MemberId(text) => {
            fields.parse("member.member_id", &text).map(MemberReference::Id)
        }
        Reference::IdNumber(text) => {
            let document = IdDocument::parse(&text, today.date());
            fields.take("member.id_number", document).map(MemberReference::Document)
        }
        Reference::CardNumber(text) => {
            fields.parse("member.card_number", &text).map(MemberReference::CardNumber)
        }
        Reference::LinkedAccount(linked) => {
            card_decode::account(fields, &linked, caller).map(MemberReference::Account)
        }
        Reference::CardCode(_) => {
            fields.refuse("member.card_code", "a code is verified, and names nobody here");
            None
        }
    }
}

fn business_day(fields: &mut Fields, text: &str) -> Option<BusinessDay> {
    let text = fields.required("business_day", (!text.is_empty()).then_some(text))?;
    fields.take("business_day", BusinessDay::parse(text))
}

/// Six digits exactly: a name would do in a roster, but not where a program writes.
fn region_code(text: &str) -> Result<RegionCode, member_identity::RegionProblem> {
    RegionCode::parse(text)
}

fn text(fields: &mut Fields, path: &str, text: String, chars_max: usize) -> Option<String> {
    let chars = text.chars().count();
    if text.trim().is_empty() || chars > chars_max {
        fields.refuse(path, format!("must be 1 to {chars_max} characters"));
        return None;
    }
    Some(text)
}

fn refuse_at(fields: &mut Fields, list: &str, position: usize, problem: &dyn std::fmt::Display) {
    fields.refuse(format!("{list}[{position}]"), problem);
}
