//! Rows as both databases have them, and what they are in the domain.

use std::fmt::Display;

use clock::Timestamp;
use member_identity::{
    CardId, Employment, Honours, LinkId, MemberId, OrganizationPath, PersonKey, RegionCode, Trade,
};
use sql::StoreError;

use super::columns::Columns;
use super::{CodeSeen, CodeUse, StoredCard, StoredHandle, StoredMember};
use crate::domain::SlugProblem;
use crate::domain::account::{EarlierAccount, KnownLink, Link, Linked};
use crate::domain::card::{Card, CardState, EarlierCard};
use crate::domain::grant::{Chosen, Grant, GrantKey};
use crate::domain::keyring::{Blind, WrappedKey};
use crate::domain::member::{Member, Registration, State};
use crate::domain::organization::Organization;
use crate::domain::policy::{Criterion, Policy, PolicyDraft};
use crate::domain::registry::Handle;
use crate::domain::roster::{KeptProblem, KnownMember, KnownPerson, RosterImport};

pub(super) fn member(row: &impl Columns) -> Result<Member, StoreError> {
    let member_id = MemberId::try_from(row.bytes("member_id")?);
    let member_id = member_id.map_err(|why| corrupt("member", "?", why))?;
    let broken = |why: &dyn Display| corrupt("member", member_id, why);
    let person = PersonKey::try_from(row.bytes("person_key")?).map_err(|why| broken(&why))?;
    let state = State::parse(row.text("state")?).ok_or_else(|| broken(&"not a state"))?;
    let registration = Registration {
        organization: row.text("organization")?.parse().map_err(|why| broken(&why))?,
        trade: Trade::parse(row.text("trade")?).map_err(|why| broken(&why))?,
        employment: Employment::parse(row.text("employment")?).map_err(|why| broken(&why))?,
        region: RegionCode::parse(row.text("region_code")?).map_err(|why| broken(&why))?,
        honours: Honours::parse(row.text("honours")?).map_err(|why| broken(&why))?,
    };
    Ok(Member {
        member_id,
        person,
        registration,
        state,
        version: row.number("version")?,
        updated_at: Timestamp::from_micros(row.number("updated_at")?),
    })
}

pub(super) fn stored_member(row: &impl Columns) -> Result<StoredMember, StoreError> {
    let owned = |bytes: Option<&[u8]>| bytes.map(<[u8]>::to_vec);
    Ok(StoredMember {
        member: member(row)?,
        shard_version: row.number("shard_version")?,
        key: wrapped_key(row)?,
        sex: owned(row.optional_bytes("sex_enc")?),
        birth: owned(row.optional_bytes("birth_enc")?),
        blind: row.optional_bytes("blind")?.map(blind).transpose()?,
    })
}

/// A person by one of their blind indexes, with their live membership if they have one.
pub(super) fn known_person(row: &impl Columns) -> Result<(Blind, KnownPerson), StoreError> {
    let live = match row.optional_bytes("member_id")? {
        None => None,
        Some(_) => Some(KnownMember {
            member: member(row)?,
            tag: blind(row.bytes("content_tag")?)?,
            created_at: Timestamp::from_micros(row.number("created_at")?),
        }),
    };
    let person = PersonKey::try_from(row.bytes("person_key")?);
    let person = person.map_err(|why| corrupt("person", "?", why))?;
    Ok((blind(row.bytes("blind")?)?, KnownPerson { person, key: wrapped_key(row)?, live }))
}

fn wrapped_key(row: &impl Columns) -> Result<WrappedKey, StoreError> {
    let version = row.small("key_version")?;
    let version = u32::try_from(version).map_err(|why| corrupt("person", "?", why))?;
    Ok(WrappedKey { version, sealed: row.bytes("wrapped_key")?.to_vec() })
}

fn blind(bytes: &[u8]) -> Result<Blind, StoreError> {
    bytes.try_into().map_err(|why| corrupt("blind_index", "?", why))
}

pub(super) fn organization(row: &impl Columns) -> Result<Organization, StoreError> {
    let path = row.text("path")?;
    let broken = |why: &dyn Display| corrupt("organization", path, why);
    Ok(Organization {
        path: OrganizationPath::parse(path).map_err(|why| broken(&why))?,
        region: RegionCode::parse(row.text("region_code")?).map_err(|why| broken(&why))?,
        name: row.text("name")?.to_owned(),
    })
}

pub(super) fn roster_import(row: &impl Columns) -> Result<RosterImport, StoreError> {
    let import_id = row.text("import_id")?;
    let organization = OrganizationPath::parse(row.text("organization")?);
    Ok(RosterImport {
        import_id: import_id.to_owned(),
        organization: organization.map_err(|why| corrupt("roster_import", import_id, why))?,
        committed_line: row.number("committed_line")?,
        added: row.number("added")?,
        changed: row.number("changed")?,
        unchanged: row.number("unchanged")?,
        bad: row.number("bad")?,
        updated_at: Timestamp::from_micros(row.number("updated_at")?),
    })
}

/// The problems of an import: a JSON array of line, column and reason.
pub(super) fn kept_problems(row: &impl Columns) -> Result<Vec<KeptProblem>, StoreError> {
    let rows: Vec<(i64, String, String)> = serde_json::from_str(row.text("problems")?)
        .map_err(|_| corrupt("roster_problem", "?", "not a list of problems"))?;
    let problem = |(line, column, reason)| KeptProblem { line, column, reason };
    Ok(rows.into_iter().map(problem).collect())
}

/// A revision with its criteria: a JSON array of name, expression, and text in two languages.
pub(super) fn policy(row: &impl Columns) -> Result<Policy, StoreError> {
    let policy_id = row.text("policy_id")?;
    let broken = |why: &dyn Display| corrupt("policy", policy_id, why);
    let criteria: Vec<[String; 4]> = serde_json::from_str(row.text("criteria")?)
        .map_err(|_| broken(&"its criteria are not a list"))?;
    let criteria = criteria.into_iter().map(criterion).collect::<Result<_, _>>();
    Ok(Policy {
        revision: row.small("revision")?,
        content: PolicyDraft {
            policy_id: policy_id.parse().map_err(|why| broken(&why))?,
            organization: row.text("organization")?.parse().map_err(|why| broken(&why))?,
            criteria: criteria.map_err(|why| broken(&why))?,
        },
        published_at: Timestamp::from_micros(row.number("published_at")?),
    })
}

pub(super) fn published_policy(row: &impl Columns) -> Result<(i64, Policy), StoreError> {
    Ok((row.number("policy_version")?, policy(row)?))
}

fn criterion(row: [String; 4]) -> Result<Criterion, SlugProblem> {
    let [criterion_id, expression, text_zh, text_en] = row;
    Ok(Criterion { criterion_id: criterion_id.parse()?, expression, text_zh, text_en })
}

pub(super) fn card_id(row: &impl Columns) -> Result<CardId, StoreError> {
    CardId::try_from(row.bytes("card_id")?).map_err(|why| corrupt("card", "?", why))
}

pub(super) fn card(row: &impl Columns) -> Result<Card, StoreError> {
    let card_id = card_id(row)?;
    let broken = |why: &dyn Display| corrupt("card", card_id, why);
    let state = CardState::parse(row.text("state")?).ok_or_else(|| broken(&"not a state"))?;
    Ok(Card {
        card_id,
        member_id: MemberId::try_from(row.bytes("member_id")?).map_err(|why| broken(&why))?,
        state,
        states_honour: row.small("states_honour")? != 0,
        version: row.number("version")?,
        issued_at: Timestamp::from_micros(row.number("issued_at")?),
        updated_at: Timestamp::from_micros(row.number("updated_at")?),
    })
}

pub(super) fn earlier_card(row: &impl Columns) -> Result<EarlierCard, StoreError> {
    let target = row.bytes("target")?.to_vec();
    let states_honour = row.small("asked_honour")? != 0;
    Ok(EarlierCard { target, states_honour, card: card(row)? })
}

pub(super) fn stored_card(row: &impl Columns) -> Result<StoredCard, StoreError> {
    let card = card(row)?;
    let broken = |why: &dyn Display| corrupt("card", card.card_id, why);
    Ok(StoredCard {
        number: row.bytes("number_enc")?.to_vec(),
        organization: row.text("organization")?.parse().map_err(|why| broken(&why))?,
        person: PersonKey::try_from(row.bytes("person_key")?).map_err(|why| broken(&why))?,
        key: wrapped_key(row)?,
        card,
    })
}

/// A person with their data key, as what is sealed for them needs it.
pub(super) fn person(row: &impl Columns) -> Result<(PersonKey, WrappedKey), StoreError> {
    let person = PersonKey::try_from(row.bytes("person_key")?);
    Ok((person.map_err(|why| corrupt("person", "?", why))?, wrapped_key(row)?))
}

pub(super) fn stored_handle(row: &impl Columns) -> Result<StoredHandle, StoreError> {
    let broken = |why: &dyn Display| corrupt("handle", "?", why);
    let handle = Handle {
        key: row.bytes("handle")?.try_into().map_err(|why| broken(&why))?,
        member_id: MemberId::try_from(row.bytes("member_id")?).map_err(|why| broken(&why))?,
        is_live: row.small("is_live")? != 0,
        version: row.number("version")?,
    };
    Ok(StoredHandle { handle, shard_version: row.number("shard_version")? })
}

/// Who has used a code that is in use.
pub(super) fn code_seen(row: &impl Columns, used: &CodeUse) -> Result<CodeSeen, StoreError> {
    let by = (row.text("caller")?, row.text("terminal")?);
    Ok(match by == (&used.caller, &used.terminal) {
        true => CodeSeen::Again,
        false => CodeSeen::Elsewhere,
    })
}

pub(super) fn linked(row: &impl Columns) -> Result<Linked, StoreError> {
    let broken = |why: &dyn Display| corrupt("linked_account", "?", why);
    Ok(Linked {
        link_id: LinkId::try_from(row.bytes("link_id")?).map_err(|why| broken(&why))?,
        member_id: MemberId::try_from(row.bytes("member_id")?).map_err(|why| broken(&why))?,
        linked_at: Timestamp::from_micros(row.number("linked_at")?),
    })
}

pub(super) fn known_link(row: &impl Columns) -> Result<KnownLink, StoreError> {
    let broken = |why: &dyn Display| corrupt("linked_account", "?", why);
    Ok(KnownLink {
        organization: row.text("organization")?.parse().map_err(|why| broken(&why))?,
        unlinked_at: row.optional_number("unlinked_at")?.map(Timestamp::from_micros),
    })
}

pub(super) fn link(row: &impl Columns) -> Result<Link, StoreError> {
    let link_id = LinkId::try_from(row.bytes("link_id")?);
    Ok(Link {
        link_id: link_id.map_err(|why| corrupt("linked_account", "?", why))?,
        partner: row.text("partner")?.to_owned(),
        linked_at: Timestamp::from_micros(row.number("linked_at")?),
    })
}

pub(super) fn earlier_account(row: &impl Columns) -> Result<EarlierAccount, StoreError> {
    let card_id = row.optional_bytes("card_id")?.map(CardId::try_from).transpose();
    Ok(EarlierAccount {
        account: blind(row.bytes("account")?)?,
        card_id: card_id.map_err(|why| corrupt("account_request", "?", why))?,
        answered_at: Timestamp::from_micros(row.number("answered_at")?),
    })
}

pub(super) fn grant(row: &impl Columns) -> Result<Grant, StoreError> {
    let partner = row.text("partner")?;
    let broken = |why: &dyn Display| corrupt("partner_grant", partner, why);
    let unknown = || broken(&"not a list of known words");
    Ok(Grant {
        key: GrantKey {
            partner: partner.to_owned(),
            purpose: row.text("purpose")?.parse().map_err(|why| broken(&why))?,
            organization: row.text("organization")?.parse().map_err(|why| broken(&why))?,
        },
        references: Chosen::parse(row.text("reference_set")?).ok_or_else(unknown)?,
        claims: Chosen::parse(row.text("claim_set")?).ok_or_else(unknown)?,
        updated_at: Timestamp::from_micros(row.number("updated_at")?),
    })
}

pub(super) fn changed_grant(row: &impl Columns) -> Result<(i64, Grant), StoreError> {
    Ok((row.number("grant_version")?, grant(row)?))
}

/// The place after which a list of grants goes on: before all when there is none.
pub(super) fn grant_position(after: Option<GrantKey>) -> [String; 3] {
    after.map_or_else(Default::default, |key| {
        [key.partner, key.purpose.to_string(), key.organization.to_string()]
    })
}

/// The versions of shards, of the policies as shard -1, and of the grants as shard -2.
pub(super) fn versions<R: Columns>(rows: &[R]) -> Result<super::Versions, StoreError> {
    let mut versions = super::Versions::none();
    for row in rows {
        let (shard, version) = (row.small("shard")?, row.number("version")?);
        match usize::try_from(shard) {
            Ok(shard) => match versions.shards.get_mut(shard) {
                Some(known) => *known = version,
                None => return Err(corrupt("shard_version", shard, "not a shard")),
            },
            Err(_) if shard == -1 => versions.policies = version,
            Err(_) => versions.grants = version,
        }
    }
    Ok(versions)
}

pub(super) fn corrupt(table: &'static str, id: impl Display, why: impl Display) -> StoreError {
    StoreError::Corrupt { table, id: id.to_string(), detail: why.to_string() }
}
