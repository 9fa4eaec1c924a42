//! `CardService`, `AccountService` and `GrantService`, and what of cards everybody may know.

use contracts::common::v1::ErrorReason;
use contracts::eligibility::v1 as wire;
use tonic::Code;

use super::{Row, answered, outside, refused};
use crate::raw::{ask, read};
use crate::world::{City, ISSUED, REISSUED, World};

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        get_card(own, foreign),
        list_cards(own, foreign),
        present_card(own, foreign),
        issue_card(own, foreign),
        reissue_card(own, foreign),
        link_account(own, foreign),
        unlink_account(own, foreign),
        list_links(own, foreign),
        withdraw_link(own, foreign),
        report_card_lost(own, foreign),
        revoke_card(own, foreign),
        set_grant(own, foreign),
        list_grants(own),
        Row::public(
            "/zhisong.eligibility.v1.VerificationService/GetCardKeys",
            ask(&wire::GetCardKeysRequest {}),
        ),
        Row::public(
            "/zhisong.eligibility.v1.VerificationService/GetCardRevocations",
            ask(&wire::GetCardRevocationsRequest {}),
        ),
    ]
}

fn get_card(own: &City, foreign: &City) -> Row {
    let get = |city: &City| ask(&wire::GetCardRequest { card_id: city.card_id.clone() });
    Row::new(
        "/zhisong.eligibility.v1.CardService/GetCard",
        get(own),
        vec![outside("another's card", get(foreign))],
    )
}

fn list_cards(own: &City, foreign: &City) -> Row {
    let list = |city: &City| {
        ask(&wire::ListCardsRequest { member_id: city.member_id.clone(), ..Default::default() })
    };
    Row::new(
        "/zhisong.eligibility.v1.CardService/ListCards",
        list(own),
        vec![outside("another's member", list(foreign))],
    )
}

fn present_card(own: &City, foreign: &City) -> Row {
    let present =
        |city: &City| ask(&wire::PresentCardRequest { member_id: city.member_id.clone() });
    Row::new(
        "/zhisong.eligibility.v1.CardService/PresentCard",
        present(own),
        vec![outside("another's member", present(foreign))],
    )
}

fn issue_card(own: &City, foreign: &City) -> Row {
    let issue = |request_id: &str, city: &City| {
        let (request_id, member_id) = (request_id.to_owned(), city.member_id.clone());
        ask(&wire::IssueCardRequest { request_id, member_id, states_honour: false })
    };
    Row::new(
        "/zhisong.eligibility.v1.CardService/IssueCard",
        issue(ISSUED, own),
        vec![outside("another's member", issue("theirs", foreign))],
    )
}

fn reissue_card(own: &City, foreign: &City) -> Row {
    let reissue = |request_id: &str, card_id: &str| {
        let (request_id, card_id) = (request_id.to_owned(), card_id.to_owned());
        ask(&wire::ReissueCardRequest { request_id, card_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.CardService/ReissueCard",
        reissue(REISSUED, &own.first_card_id),
        vec![outside("another's card", reissue("theirs", &foreign.card_id))],
    )
}

fn report_card_lost(own: &City, foreign: &City) -> Row {
    let lost = |city: &City| {
        let (request_id, card_id) = ("lost".to_owned(), city.card_id.clone());
        ask(&wire::ReportCardLostRequest { request_id, card_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.CardService/ReportCardLost",
        lost(own),
        vec![outside("another's card", {
            let (request_id, card_id) = ("lost-theirs".to_owned(), foreign.card_id.clone());
            ask(&wire::ReportCardLostRequest { request_id, card_id })
        })],
    )
}

fn revoke_card(own: &City, foreign: &City) -> Row {
    let revoke = |request_id: &str, city: &City| {
        let (request_id, card_id) = (request_id.to_owned(), city.card_id.clone());
        ask(&wire::RevokeCardRequest { request_id, card_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.CardService/RevokeCard",
        revoke("revoke", own),
        vec![outside("another's card", revoke("revoke-theirs", foreign))],
    )
}

fn link_account(own: &City, foreign: &City) -> Row {
    let link = |request_id: &str, city: &City| {
        ask(&wire::LinkAccountRequest {
            request_id: request_id.to_owned(),
            account_id: "user-1".to_owned(),
            card_code: city.card_code.clone(),
        })
    };
    let unknown = (Code::NotFound, ErrorReason::MemberUnknown);
    Row::new(
        "/zhisong.eligibility.v1.AccountService/LinkAccount",
        link("link", own),
        // Whose card it is, is not told.
        vec![refused("another's member", link("link-theirs", foreign), unknown.0, unknown.1)],
    )
}

fn unlink_account(own: &City, foreign: &City) -> Row {
    let unlink = |request_id: &str, account_id: &str| {
        let (request_id, account_id) = (request_id.to_owned(), account_id.to_owned());
        ask(&wire::UnlinkAccountRequest { request_id, account_id })
    };
    let missing = (Code::NotFound, ErrorReason::NotFound);
    let theirs = unlink("unlink-theirs", &foreign.account_id);
    Row::new(
        "/zhisong.eligibility.v1.AccountService/UnlinkAccount",
        unlink("unlink", &own.account_id),
        // An account is the caller's: another's of that name is not meant.
        vec![refused("another's account", theirs, missing.0, missing.1)],
    )
}

fn list_links(own: &City, foreign: &City) -> Row {
    let list = |city: &City| {
        ask(&wire::ListLinksRequest { member_id: city.member_id.clone(), ..Default::default() })
    };
    Row::new(
        "/zhisong.eligibility.v1.AccountService/ListLinks",
        list(own),
        vec![outside("another's member", list(foreign))],
    )
}

fn withdraw_link(own: &City, foreign: &City) -> Row {
    let withdraw = |request_id: &str, city: &City| {
        let (request_id, link_id) = (request_id.to_owned(), city.link_id.clone());
        ask(&wire::WithdrawLinkRequest { request_id, link_id })
    };
    Row::new(
        "/zhisong.eligibility.v1.AccountService/WithdrawLink",
        withdraw("withdraw", own),
        vec![outside("another's link", withdraw("withdraw-theirs", foreign))],
    )
}

fn set_grant(own: &City, foreign: &City) -> Row {
    let set = |organization: &str| {
        let grant = wire::Grant {
            partner: own.subject.clone(),
            purpose: "bus-fare".to_owned(),
            organization: organization.to_owned(),
            references: vec![wire::grant::Reference::CardCode.into()],
            ..wire::Grant::default()
        };
        ask(&wire::SetGrantRequest { grant: Some(grant) })
    };
    Row::new(
        "/zhisong.eligibility.v1.GrantService/SetGrant",
        set(&own.organization),
        vec![
            outside("of another's members", set(&foreign.organization)),
            outside("of everybody's members", set("gd")),
        ],
    )
}

fn list_grants(own: &City) -> Row {
    let list = || ask(&wire::ListGrantsRequest::default());
    let within = own.organization.clone();
    Row::new(
        "/zhisong.eligibility.v1.GrantService/ListGrants",
        list(),
        vec![answered("whatever there is", list(), move |answer| {
            let listed = read::<wire::ListGrantsResponse>(answer).grants;
            listed.len() == 1 && listed[0].organization == within
        })],
    )
}
