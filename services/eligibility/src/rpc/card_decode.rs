//! Requests about cards, accounts and grants, as the domain means them.

use clock::{BusinessDay, Timestamp};
use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::grant::{Claim as WireClaim, Reference as WireReference};
use contracts::eligibility::v1::member_reference::Reference;
use member_identity::{CardId, LinkId, MemberId, OrganizationPath};
use rpc::{Caller, Fields, Problem, RequestId};

use super::decode;
use crate::domain::account::{Account, AccountId};
use crate::domain::card::{CardTarget, CardVerb};
use crate::domain::card_code::CardCode;
use crate::domain::grant::{Chosen, Claim, Grant, GrantKey, Listed, ReferenceKind};
use crate::domain::{Refusal, Slug};
use crate::usecase::{CardRequest, Failure, Subject, VerificationRequest};

/// A request to issue a card.
pub(super) fn issue(request: &wire::IssueCardRequest) -> Result<CardRequest, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let member_id = fields.parse("member_id", &request.member_id);
    let value = request_id.zip(member_id);
    fields.finish(value.map(|(request_id, member_id)| CardRequest {
        request_id,
        verb: CardVerb::Issue,
        target: CardTarget::Member(member_id),
        states_honour: request.states_honour,
    }))
}

/// A request that names a card.
pub(super) fn change(
    verb: CardVerb,
    request_id: &str,
    card_id: &str,
) -> Result<CardRequest, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", request_id);
    let card_id = fields.parse("card_id", card_id);
    let value = request_id.zip(card_id);
    fields.finish(value.map(|(request_id, card_id)| CardRequest {
        request_id,
        verb,
        target: CardTarget::Card(card_id),
        states_honour: false,
    }))
}

pub(super) fn card_id(text: &str) -> Result<CardId, Problem> {
    let mut fields = Fields::new();
    let card_id = fields.parse("card_id", text);
    fields.finish(card_id)
}

pub(super) fn member_id(text: &str) -> Result<MemberId, Problem> {
    let mut fields = Fields::new();
    let member_id = fields.parse("member_id", text);
    fields.finish(member_id)
}

/// A partner's question. A text that is no code is refused as a code that is not ours is.
pub(super) fn verification(
    request: wire::VerifyMembershipRequest,
    caller: &Caller,
    today: BusinessDay,
) -> Result<Result<VerificationRequest, Failure>, Problem> {
    let wire::VerifyMembershipRequest { member, purpose, terminal_id } = request;
    let mut fields = Fields::new();
    let subject = match member {
        Some(wire::MemberReference { reference: Some(Reference::CardCode(text)) }) => {
            let code = fields.parse("member.card_code", &text);
            code.map(|text: CodeText| code_of(&text.0).map(Subject::Code))
        }
        member => {
            let member = decode::reference(&mut fields, member, (caller, today));
            member.map(|member| Ok(Subject::Reference(member)))
        }
    };
    let purpose = fields.parse::<Slug>("purpose", &purpose);
    let terminal = fields.optional::<RequestId>("terminal_id", &terminal_id);
    let (subject, purpose) = fields.finish(subject.zip(purpose).filter(|_| terminal.is_some()))?;
    let terminal = terminal_id;
    Ok(subject.map(|subject| VerificationRequest { subject, purpose, terminal }))
}

/// A text that is there; whether it is a code is the business's to say.
struct CodeText(String);

impl std::str::FromStr for CodeText {
    type Err = std::convert::Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

fn code_of(text: &str) -> Result<CardCode, Failure> {
    CardCode::parse(text).map_err(|_| Refusal::CodeInvalid.into())
}

/// What a request to link names.
pub(super) struct Link {
    pub(super) request_id: RequestId,
    pub(super) account_id: AccountId,
    pub(super) code: Result<CardCode, Failure>,
}

pub(super) fn link(request: &wire::LinkAccountRequest) -> Result<Link, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let account_id = fields.parse("account_id", &request.account_id);
    let code = fields.parse("card_code", &request.card_code);
    let value = request_id.zip(account_id).zip(code);
    fields.finish(value.map(|((request_id, account_id), code): (_, CodeText)| Link {
        request_id,
        account_id,
        code: code_of(&code.0),
    }))
}

pub(super) fn unlink(
    request: &wire::UnlinkAccountRequest,
) -> Result<(RequestId, AccountId), Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let account_id = fields.parse("account_id", &request.account_id);
    fields.finish(request_id.zip(account_id))
}

pub(super) fn withdraw(
    request: &wire::WithdrawLinkRequest,
) -> Result<(RequestId, LinkId), Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let link_id = fields.parse("link_id", &request.link_id);
    fields.finish(request_id.zip(link_id))
}

/// An account of the caller's; of another partner's only for who is bound to no organization.
pub(super) fn account(
    fields: &mut Fields,
    linked: &wire::LinkedAccount,
    caller: &Caller,
) -> Option<Account> {
    let account_id = fields.parse("member.linked_account.account_id", &linked.account_id);
    let partner = match linked.partner.as_str() {
        "" => Some(caller.subject.clone()),
        own if own == caller.subject => Some(caller.subject.clone()),
        _ if caller.organization.is_some() => {
            let problem = "must be empty: a partner names its own accounts only";
            fields.refuse("member.linked_account.partner", problem);
            None
        }
        other => subject(fields, "member.linked_account.partner", other),
    };
    partner.zip(account_id).map(|(partner, account_id)| Account { partner, account_id })
}

/// Subjects of tokens are made as request ids are.
fn subject(fields: &mut Fields, path: &str, text: &str) -> Option<String> {
    fields.parse::<RequestId>(path, text).map(|subject| subject.as_str().to_owned())
}

pub(super) fn grant(grant: Option<wire::Grant>) -> Result<Grant, Problem> {
    let mut fields = Fields::new();
    let Some(grant) = fields.required("grant", grant) else { return fields.finish(None) };
    let partner = subject(&mut fields, "grant.partner", &grant.partner);
    let purpose = fields.parse("grant.purpose", &grant.purpose);
    let organization = fields.parse::<OrganizationPath>("grant.organization", &grant.organization);
    let references: Vec<_> = grant.references().map(reference_kind).collect();
    let references = chosen(&mut fields, "grant.references", &references);
    let claims: Vec<_> = grant.claims().map(claim).collect();
    let claims = chosen(&mut fields, "grant.claims", &claims);
    let key = partner.zip(purpose).zip(organization);
    let key =
        key.map(|((partner, purpose), organization)| GrantKey { partner, purpose, organization });
    let value = key.zip(references).zip(claims);
    let updated_at = Timestamp::from_micros(0);
    fields.finish(value.map(|((key, references), claims)| Grant {
        key,
        references,
        claims,
        updated_at,
    }))
}

/// Each word once, and none that is not known.
fn chosen<T: Listed>(fields: &mut Fields, path: &str, words: &[Option<T>]) -> Option<Chosen<T>> {
    let known: Vec<T> = words.iter().copied().flatten().collect();
    let chosen = Chosen::of(&known);
    if chosen.words().len() != words.len() {
        fields.refuse(path, "must be of the listed values, each once");
        return None;
    }
    Some(chosen)
}

const fn reference_kind(wire: WireReference) -> Option<ReferenceKind> {
    match wire {
        WireReference::Unspecified => None,
        WireReference::MemberId => Some(ReferenceKind::MemberId),
        WireReference::IdNumber => Some(ReferenceKind::IdNumber),
        WireReference::CardCode => Some(ReferenceKind::CardCode),
        WireReference::CardNumber => Some(ReferenceKind::CardNumber),
        WireReference::LinkedAccount => Some(ReferenceKind::LinkedAccount),
    }
}

const fn claim(wire: WireClaim) -> Option<Claim> {
    match wire {
        WireClaim::Unspecified => None,
        WireClaim::ModelWorkerLevel => Some(Claim::ModelWorkerLevel),
        WireClaim::Trade => Some(Claim::Trade),
        WireClaim::Region => Some(Claim::Region),
    }
}

/// Where a list of grants goes on: partner, purpose and organization, none of which has a blank.
pub(super) fn grant_key(bytes: &[u8]) -> Option<GrantKey> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = text.splitn(3, ' ');
    Some(GrantKey {
        partner: parts.next()?.to_owned(),
        purpose: parts.next()?.parse().ok()?,
        organization: parts.next()?.parse().ok()?,
    })
}
