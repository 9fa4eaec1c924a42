//! Answers about cards and grants, as the contract writes them.

use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::card::State as WireState;
use contracts::eligibility::v1::grant::{Claim as WireClaim, Reference as WireReference};
use member_identity::{Honour, Trade};
use rpc::encode_timestamp;

use crate::domain::account::Link;
use crate::domain::card::CardState;
use crate::domain::card_code::Level;
use crate::domain::grant::{Claim, Grant, GrantKey, ReferenceKind};
use crate::usecase::{Claims, Presented, RevocationList, ShownCard, Verification};

pub(super) fn card(shown: ShownCard) -> wire::Card {
    let ShownCard { card, number } = shown;
    let state = match card.state {
        CardState::Active => WireState::Active,
        CardState::Lost => WireState::Lost,
        CardState::Replaced => WireState::Replaced,
        CardState::Revoked => WireState::Revoked,
    };
    wire::Card {
        card_id: card.card_id.to_string(),
        member_id: card.member_id.to_string(),
        card_number: number.reveal().to_owned(),
        state: state.into(),
        states_honour: card.states_honour,
        issued_at: Some(encode_timestamp(card.issued_at)),
        updated_at: Some(encode_timestamp(card.updated_at)),
    }
}

pub(super) fn presented(presented: Presented) -> wire::PresentCardResponse {
    wire::PresentCardResponse {
        code: presented.text,
        issued_at: Some(encode_timestamp(presented.issued_at)),
        expires_at: Some(encode_timestamp(presented.expires_at)),
    }
}

pub(super) fn link(link: Link) -> wire::Link {
    wire::Link {
        link_id: link.link_id.to_string(),
        partner: link.partner,
        linked_at: Some(encode_timestamp(link.linked_at)),
    }
}

pub(super) fn revocations(list: &RevocationList) -> wire::GetCardRevocationsResponse {
    wire::GetCardRevocationsResponse {
        document: list.document.clone().into(),
        signature: list.signature.to_vec().into(),
        key_id: list.key_id.clone(),
    }
}

pub(super) fn verification(verification: Verification) -> wire::VerifyMembershipResponse {
    let Verification { is_member, claims, as_of } = verification;
    let told = (claims != Claims::default()).then(|| wire::MemberClaims {
        model_worker_level: claims
            .level
            .and_then(Level::honour)
            .map_or("", Honour::as_str)
            .to_owned(),
        trade: claims.trade.map_or("", Trade::as_str).to_owned(),
        region_code: claims.region.map(|region| region.to_string()).unwrap_or_default(),
    });
    wire::VerifyMembershipResponse { is_member, as_of: Some(encode_timestamp(as_of)), claims: told }
}

pub(super) fn grant(grant: Grant) -> wire::Grant {
    let GrantKey { partner, purpose, organization } = grant.key;
    let references = grant.references.words().iter();
    let claims = grant.claims.words().iter();
    wire::Grant {
        partner,
        purpose: purpose.to_string(),
        organization: organization.to_string(),
        references: references.map(|kind| reference(*kind).into()).collect(),
        claims: claims.map(|one| claim(*one).into()).collect(),
        updated_at: Some(encode_timestamp(grant.updated_at)),
    }
}

/// Where a list of grants goes on.
pub(super) fn grant_key(key: &GrantKey) -> Vec<u8> {
    format!("{} {} {}", key.partner, key.purpose, key.organization).into_bytes()
}

const fn reference(kind: ReferenceKind) -> WireReference {
    match kind {
        ReferenceKind::MemberId => WireReference::MemberId,
        ReferenceKind::IdNumber => WireReference::IdNumber,
        ReferenceKind::CardCode => WireReference::CardCode,
        ReferenceKind::CardNumber => WireReference::CardNumber,
        ReferenceKind::LinkedAccount => WireReference::LinkedAccount,
    }
}

const fn claim(claim: Claim) -> WireClaim {
    match claim {
        Claim::ModelWorkerLevel => WireClaim::ModelWorkerLevel,
        Claim::Trade => WireClaim::Trade,
        Claim::Region => WireClaim::Region,
    }
}
