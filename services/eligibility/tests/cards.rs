//! Cards, codes, accounts and grants through gRPC: every verb once as it is meant, and every reason
//! it answers.

#[expect(dead_code, reason = "each test file uses its part of the support")]
mod support;

use std::collections::BTreeSet;
use std::time::Duration;

use contracts::eligibility::v1 as wire;
use contracts::eligibility::v1::card::State;
use contracts::eligibility::v1::grant::{Claim, Reference as By};
use rpc::DocumentKey;
use support::{
    Caller, Server, UNKNOWNS_PER_MINUTE, by_account, by_card, by_code, by_id, by_number, id_number,
    refusal, row, violations,
};
use tempfile::TempDir;
use tonic::{Code, Status};

/// A province with two cities, and two couriers of Guangzhou, of whom the second is a model worker
/// of the city.
async fn guangdong(folder: &TempDir) -> (Server, Caller, [String; 2]) {
    let server = Server::start(folder.path()).await;
    let mut office = server.caller("office", None);
    for (path, region) in [("gd", "440000"), ("gd/guangzhou", "440100"), ("gd/shenzhen", "440300")]
    {
        office.create(path, region).await.expect("the tree grows");
    }
    let honoured = wire::RosterRow { honours: String::from("市级劳模"), ..row(2, 2) };
    office.import("first", "gd/guangzhou", vec![row(1, 1), honoured]).await.expect("is imported");
    let mut ids = [String::new(), String::new()];
    for (id, number) in ids.iter_mut().zip(1..) {
        *id = office.resolve(&id_number(number)).await.expect("is known").member_id;
    }
    (server, office, ids)
}

fn folder() -> TempDir {
    tempfile::tempdir().expect("a folder")
}

fn reason<T: std::fmt::Debug>(answer: Result<T, Status>) -> (Code, String) {
    let (code, reason, _) = refusal(&answer.expect_err("is refused"));
    (code, reason)
}

fn failed(reason: &str) -> (Code, String) {
    (Code::FailedPrecondition, reason.to_owned())
}

const ALL: [By; 5] = [By::MemberId, By::IdNumber, By::CardCode, By::CardNumber, By::LinkedAccount];

fn named(card: &wire::Card) -> String {
    card.card_id.clone()
}

async fn lose(office: &mut Caller, request_id: &str, card_id: &str) -> Result<wire::Card, Status> {
    let (request_id, card_id) = (request_id.to_owned(), card_id.to_owned());
    let request = wire::ReportCardLostRequest { request_id, card_id };
    let answer = office.cards.report_card_lost(request).await?.into_inner();
    Ok(answer.card.expect("an answer has its card"))
}

async fn reissue(
    office: &mut Caller,
    request_id: &str,
    card_id: &str,
) -> Result<wire::Card, Status> {
    let (request_id, card_id) = (request_id.to_owned(), card_id.to_owned());
    let request = wire::ReissueCardRequest { request_id, card_id };
    let answer = office.cards.reissue_card(request).await?.into_inner();
    Ok(answer.card.expect("an answer has its card"))
}

async fn revoke(
    office: &mut Caller,
    request_id: &str,
    card_id: &str,
) -> Result<wire::Card, Status> {
    let (request_id, card_id) = (request_id.to_owned(), card_id.to_owned());
    let request = wire::RevokeCardRequest { request_id, card_id };
    let answer = office.cards.revoke_card(request).await?.into_inner();
    Ok(answer.card.expect("an answer has its card"))
}

#[tokio::test]
async fn a_card_is_issued_once_replaced_when_lost_and_ended_for_good() {
    let folder = folder();
    let (server, mut office, [man, _]) = guangdong(&folder).await;
    let card = office.issue("i-1", &man).await.expect("is issued");
    assert_eq!((card.state(), &card.member_id), (State::Active, &man));
    assert!(card.card_number.parse::<member_identity::CardNumber>().is_ok());
    assert_eq!(office.issue("i-1", &man).await.expect("is remembered"), card);
    let again = office.issue("i-2", &man).await.expect_err("has one");
    let (code, exists, metadata) = refusal(&again);
    assert_eq!((code, &*exists), (Code::FailedPrecondition, "CARD_EXISTS"));
    assert_eq!(metadata, [("card_id".to_owned(), named(&card))]);
    let lost = lose(&mut office, "l-1", &card.card_id).await.expect("is lost");
    assert_eq!((lost.state(), &lost.card_number), (State::Lost, &card.card_number));
    let new = reissue(&mut office, "n-1", &card.card_id).await.expect("is reissued");
    assert_eq!((new.state(), new.states_honour), (State::Active, true));
    assert_ne!((&new.card_id, &new.card_number), (&card.card_id, &card.card_number));
    let old = lose(&mut office, "l-2", &card.card_id).await.expect_err("is replaced");
    let (_, state, metadata) = refusal(&old);
    let expected = [("state", "REPLACED"), ("verb", "REPORT_LOST")];
    let expected = expected.map(|(key, value)| (key.to_owned(), value.to_owned()));
    assert_eq!((&*state, metadata), ("CARD_STATE", expected.to_vec()));
    let revoked = revoke(&mut office, "r-1", &new.card_id).await.expect("is revoked");
    assert_eq!(revoked.state(), State::Revoked);
    let request = wire::GetCardRequest { card_id: named(&card) };
    let got = office.cards.get_card(request).await.expect("is there").into_inner().card;
    assert_eq!(got.expect("a card").state(), State::Replaced);
    let list =
        wire::ListCardsRequest { member_id: man.clone(), page_size: 1, ..Default::default() };
    let first = office.cards.list_cards(list.clone()).await.expect("a page").into_inner();
    let list = wire::ListCardsRequest { page_token: first.next_page_token, ..list };
    let second = office.cards.list_cards(list).await.expect("a page").into_inner();
    let listed: BTreeSet<_> = first.cards.iter().chain(&second.cards).map(named).collect();
    assert_eq!(listed, BTreeSet::from([named(&card), named(&new)]));

    let mut shenzhen = server.caller("shenzhen", Some("gd/shenzhen"));
    let outside = (Code::PermissionDenied, "OUTSIDE_SUBTREE".to_owned());
    assert_eq!(reason(shenzhen.issue("i-1", &man).await), outside);
    assert_eq!(reason(lose(&mut shenzhen, "l-1", &new.card_id).await), outside);
    assert_eq!(reason(shenzhen.present(&man).await), outside);
    let nobody = "mem_00000000000000000000000000000000";
    let unknown = (Code::NotFound, "MEMBER_UNKNOWN".to_owned());
    assert_eq!(reason(office.issue("i-9", nobody).await), unknown);
    let nothing = "crd_00000000000000000000000000000000";
    let missing = (Code::NotFound, "NOT_FOUND".to_owned());
    assert_eq!(reason(revoke(&mut office, "r-9", nothing).await), missing);
    let wrong = office.issue("", "man").await.expect_err("is malformed");
    assert_eq!(violations(&wrong), ["request_id", "member_id"]);
}

#[tokio::test]
async fn a_partner_learns_what_it_is_granted_and_nothing_else() {
    let folder = folder();
    let (server, mut office, [_, woman]) = guangdong(&folder).await;
    let card = office.issue("i-1", &woman).await.expect("is issued");
    let mut bus = server.caller("bus", Some("gd"));
    let code = office.present(&woman).await.expect("is shown");
    let ways =
        [by_id(&woman), by_number(&id_number(2)), by_card(&card.card_number), by_code(&code)];
    for way in &ways {
        let told = bus.verify_at(way.clone(), "gate-1").await.expect("is answered");
        assert!(!told.is_member && told.claims.is_none(), "nothing is granted");
    }
    office.may(&ALL, &[Claim::ModelWorkerLevel]).await.expect("is another partner's");
    assert!(!bus.verify(ways[0].clone()).await.expect("is answered"));
    bus.may(&[By::CardCode, By::CardNumber], &[]).await.expect("is granted");
    let mut told = Vec::new();
    for way in &ways {
        told.push(bus.verify_at(way.clone(), "gate-1").await.expect("is answered").is_member);
    }
    assert_eq!(told, [false, false, true, true]);
    let elsewhere = wire::VerifyMembershipRequest {
        member: Some(by_card(&card.card_number)),
        purpose: String::from("advertising"),
        terminal_id: String::new(),
    };
    let told = bus.partners.verify_membership(elsewhere).await.expect("is answered").into_inner();
    assert!(!told.is_member, "another purpose");
    bus.may(&[By::CardNumber], &[Claim::ModelWorkerLevel, Claim::Trade]).await.expect("granted");
    let told = bus.verify_at(by_card(&card.card_number), "").await.expect("is answered");
    let claims = wire::MemberClaims {
        model_worker_level: String::from("CITY_MODEL_WORKER"),
        trade: String::from("COURIER"),
        region_code: String::new(),
    };
    assert_eq!((told.is_member, told.claims), (true, Some(claims)));
    let spaced: Vec<&str> = (0..4).map(|at| &card.card_number[4 * at..4 * at + 4]).collect();
    assert!(bus.verify(by_card(&spaced.join(" "))).await.expect("is answered"));
    office.suspend("s-1", &woman).await.expect("is suspended");
    let told = bus.verify_at(by_card(&card.card_number), "").await.expect("is answered");
    assert!(!told.is_member && told.claims.is_none(), "E2");
    bus.may(&[], &[]).await.expect("is taken away");
    let listed = office.grants.list_grants(wire::ListGrantsRequest::default()).await;
    let partners: Vec<_> =
        listed.expect("a page").into_inner().grants.into_iter().map(|one| one.partner).collect();
    assert_eq!(partners, ["office"]);
}

#[tokio::test]
async fn a_code_lives_a_minute_passes_one_terminal_and_is_nobodys_once_its_card_is_not_active() {
    let folder = folder();
    let (server, mut office, [man, _]) = guangdong(&folder).await;
    let card = office.issue("i-1", &man).await.expect("is issued");
    office.may(&ALL, &[]).await.expect("is granted");
    let [code, other] = [office.present(&man).await, office.present(&man).await];
    let [code, other] = [code, other].map(|code| code.expect("is shown"));
    assert_ne!(code, other, "each is another");
    assert!(office.verify_at(by_code(&code), "gate-1").await.expect("passes").is_member);
    assert!(office.verify_at(by_code(&code), "gate-1").await.expect("may retry").is_member);
    let replayed = failed("CARD_CODE_REPLAYED");
    assert_eq!(reason(office.verify_at(by_code(&code), "gate-2").await), replayed);
    let mut bus = server.caller("bus", None);
    assert_eq!(reason(bus.verify_at(by_code(&code), "gate-1").await), replayed);
    server.pass(Duration::from_secs(60));
    let expired = failed("CARD_CODE_EXPIRED");
    assert_eq!(reason(office.verify_at(by_code(&other), "gate-1").await), expired);
    let code = office.present(&man).await.expect("is shown");
    let invalid = failed("CARD_CODE_INVALID");
    let last = if code.ends_with('0') { "1" } else { "0" };
    let altered = format!("{}{last}", &code[..code.len() - 1]);
    for text in [&altered, &code[..code.len() - 1], "ZS1:", "11010519491231002X", "你好"] {
        assert_eq!(reason(office.verify_at(by_code(text), "gate-1").await), invalid, "{text}");
    }
    lose(&mut office, "l-1", &card.card_id).await.expect("is lost");
    assert!(!office.verify_at(by_code(&code), "gate-1").await.expect("is answered").is_member);
    let missing = (Code::NotFound, "NOT_FOUND".to_owned());
    assert_eq!(reason(office.present(&man).await), missing);
    reissue(&mut office, "n-1", &card.card_id).await.expect("is reissued");
    let code = office.present(&man).await.expect("is shown");
    assert!(office.verify_at(by_code(&code), "gate-1").await.expect("passes").is_member);
    let code = office.present(&man).await.expect("is shown");
    office.suspend("s-1", &man).await.expect("is suspended");
    assert_eq!(reason(office.present(&man).await), failed("MEMBER_SUSPENDED"));
    assert!(!office.verify_at(by_code(&code), "gate-1").await.expect("is answered").is_member);
    let named = office.verdicts.resolve(wire::ResolveRequest { member: Some(by_code(&code)) });
    assert_eq!(violations(&named.await.expect_err("is verified only")), ["member.card_code"]);
}

#[tokio::test]
async fn the_keys_and_the_signed_revocation_list_are_for_everybody() {
    let folder = folder();
    let (server, mut office, [man, woman]) = guangdong(&folder).await;
    let mut stranger = server.stranger();
    let keys = stranger.get_card_keys(wire::GetCardKeysRequest {}).await;
    let keys = keys.expect("everybody may").into_inner().jwks;
    let card = office.issue("i-1", &man).await.expect("is issued");
    let other = office.issue("i-2", &woman).await.expect("is issued");
    let mut list = async || {
        let list = stranger.get_card_revocations(wire::GetCardRevocationsRequest {}).await;
        let list = list.expect("everybody may").into_inner();
        let key = DocumentKey::find(&keys, &list.key_id).expect("is published");
        let signed = [b"zhisong card revocations v1\n".as_slice(), &list.document].concat();
        assert!(key.verify(&signed, &list.signature));
        assert!(!key.verify(&list.document, &list.signature), "the context is signed as well");
        let read: serde_json::Value = serde_json::from_slice(&list.document).expect("is JSON");
        let cards = read["cards"].as_array().expect("a list").len();
        (cards, read["as_of"].as_i64().expect("seconds"))
    };
    let (cards, as_of) = list().await;
    assert_eq!((cards, as_of), (0, 1_658_419_200));
    lose(&mut office, "l-1", &card.card_id).await.expect("is lost");
    assert_eq!(list().await, (1, as_of), "at once");
    office.suspend("s-1", &woman).await.expect("is suspended");
    assert_eq!(list().await, (2, as_of));
    server.pass(Duration::from_secs(301));
    assert_eq!(list().await, (2, as_of + 301), "as long as any code may live, and a minute");
    server.pass(Duration::from_secs(60));
    assert_eq!(list().await, (0, as_of + 361), "every code of theirs has ended");
    assert_ne!(card.card_id, other.card_id);
}

#[tokio::test]
async fn an_account_is_linked_with_the_member_who_shows_a_code_until_it_is_unlinked() {
    let folder = folder();
    let (server, mut office, [man, woman]) = guangdong(&folder).await;
    office.issue("i-1", &man).await.expect("is issued");
    office.issue("i-2", &woman).await.expect("is issued");
    let mut pay = server.caller("pay", Some("gd"));
    pay.may(&[By::LinkedAccount], &[]).await.expect("is granted");
    assert!(!pay.verify(by_account("u-1")).await.expect("is answered"));
    let link = |request_id: &str, account_id: &str, code: &str| wire::LinkAccountRequest {
        request_id: request_id.to_owned(),
        account_id: account_id.to_owned(),
        card_code: code.to_owned(),
    };
    let code = office.present(&man).await.expect("is shown");
    let first = pay.accounts.link_account(link("l-1", "u-1", &code)).await.expect("is linked");
    server.pass(Duration::from_secs(100));
    let again = pay.accounts.link_account(link("l-1", "u-1", &code)).await.expect("remembered");
    assert_eq!(again.into_inner(), first.into_inner(), "long after the code has ended");
    assert!(pay.verify(by_account("u-1")).await.expect("is answered"));
    let resolved = |account: wire::MemberReference| wire::ResolveRequest { member: Some(account) };
    let found = pay.verdicts.resolve(resolved(by_account("u-1"))).await.expect("is known");
    assert_eq!(found.into_inner().member_id, man);
    let expired = pay.accounts.link_account(link("l-2", "u-2", &code)).await;
    assert_eq!(reason(expired), failed("CARD_CODE_EXPIRED"));
    let hers = office.present(&woman).await.expect("is shown");
    let taken = pay.accounts.link_account(link("l-3", "u-1", &hers)).await;
    assert_eq!(reason(taken), failed("ACCOUNT_LINKED"));
    let twice = pay.accounts.link_account(link("l-4", "u-2", &hers)).await;
    assert_eq!(reason(twice), failed("CARD_CODE_REPLAYED"), "a code consents to one link");
    let reused = pay.accounts.link_account(link("l-1", "u-2", &hers)).await;
    assert_eq!(reason(reused), (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
    // Another partner's user of the same name is another account, and nobody asks for another's.
    let mut shop = server.caller("shop", Some("gd"));
    shop.may(&[By::LinkedAccount], &[]).await.expect("is granted");
    assert!(!shop.verify(by_account("u-1")).await.expect("is answered"));
    let theirs = wire::LinkedAccount { partner: "pay".to_owned(), account_id: "u-1".to_owned() };
    let theirs = wire::MemberReference {
        reference: Some(wire::member_reference::Reference::LinkedAccount(theirs)),
    };
    let foreign = shop.verify(theirs.clone()).await.expect_err("is bound to an organization");
    assert_eq!(violations(&foreign), ["member.linked_account.partner"]);
    let mut service = server.caller("redemption", None);
    let found = service.verdicts.resolve(resolved(theirs)).await.expect("asks on its behalf");
    assert_eq!(found.into_inner().member_id, man);
    let unlink = |request_id: &str, account_id: &str| wire::UnlinkAccountRequest {
        request_id: request_id.to_owned(),
        account_id: account_id.to_owned(),
    };
    pay.accounts.unlink_account(unlink("u-1", "u-1")).await.expect("is unlinked");
    pay.accounts.unlink_account(unlink("u-1", "u-1")).await.expect("is remembered");
    assert!(!pay.verify(by_account("u-1")).await.expect("is answered"));
    let missing = (Code::NotFound, "NOT_FOUND".to_owned());
    assert_eq!(reason(pay.accounts.unlink_account(unlink("u-2", "u-1")).await), missing);
    let hers = office.present(&woman).await.expect("is shown");
    pay.accounts.link_account(link("l-5", "u-1", &hers)).await.expect("may be another's then");
    let list = wire::ListLinksRequest { member_id: woman.clone(), ..Default::default() };
    let listed = office.accounts.list_links(list.clone()).await.expect("a page").into_inner();
    let [linked] = &listed.links[..] else { panic!("one link: {listed:?}") };
    assert_eq!(linked.partner, "pay");
    let (request_id, link_id) = ("w-1".to_owned(), linked.link_id.clone());
    let withdraw = wire::WithdrawLinkRequest { request_id, link_id };
    office.accounts.withdraw_link(withdraw).await.expect("is ended");
    assert!(!pay.verify(by_account("u-1")).await.expect("is answered"));
    let listed = office.accounts.list_links(list).await.expect("a page").into_inner();
    assert!(listed.links.is_empty());
    let mut shenzhen = server.caller("shenzhen-pay", Some("gd/shenzhen"));
    let hers = office.present(&woman).await.expect("is shown");
    let outside = shenzhen.accounts.link_account(link("l-1", "u-1", &hers)).await;
    assert_eq!(reason(outside), (Code::NotFound, "MEMBER_UNKNOWN".to_owned()));
}

#[tokio::test]
async fn who_is_told_no_too_often_is_told_nothing_whomever_it_asks_for() {
    let folder = folder();
    let (server, mut office, [man, _]) = guangdong(&folder).await;
    let mut trying = server.caller("trying", Some("gd"));
    trying.may(&[By::IdNumber, By::MemberId], &[]).await.expect("is granted");
    let sequence = u16::try_from(UNKNOWNS_PER_MINUTE).expect("a few");
    // Time goes on meanwhile: a few more are told than the bound.
    let mut refused = None;
    for sequence in 10..10 + 3 * sequence {
        match trying.verify(by_number(&id_number(sequence))).await {
            Ok(told) => assert!(!told),
            Err(status) => {
                refused = Some(status);
                break;
            }
        }
    }
    let (code, reason, _) = refusal(&refused.expect("is refused at last"));
    assert_eq!((code, &*reason), (Code::FailedPrecondition, "VERIFICATION_LIMITED"));
    let member = trying.verify(by_id(&man)).await;
    assert!(member.is_err(), "a refusal tells nothing of who is a member");
    office.may(&ALL, &[]).await.expect("is granted");
    assert!(office.verify(by_id(&man)).await.expect("others are not to blame"));
}
