//! Who may call what: every method of every service against every kind of caller, in one table.

mod raw;
mod table;
mod tokens;
mod world;

use std::collections::BTreeSet;

use contracts::METHOD_SCOPES;
use contracts::common::v1::GetTimeRequest;
use contracts::eligibility::v1 as registry;
use contracts::issuance::v1 as issuance;
use contracts::redemption::v1 as redemption;
use prost::bytes::Bytes;
use suite_tests::refusal::Refusal;
use tonic::{Code, Status};

use raw::{Ask, ask, call, name, read};
use table::{By, Case, Expect, Foreign, NotApplicable, Row};
use tokens::{BadToken, Tokens};
use world::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_method_refuses_every_caller_who_may_not_and_answers_the_one_who_may() {
    let world = World::build().await;
    let rows = table::rows(&world);
    assert_complete(&rows);
    let tokens = Tokens::of(&world);
    let mut wrong = Vec::new();
    for row in &rows {
        wrong.extend(bad_tokens(&world, &tokens, row).await);
        wrong.extend(right_caller(&world, &tokens, row).await);
        wrong.extend(foreign_calls(&world, &tokens, row).await);
    }
    assert!(wrong.is_empty(), "{} wrong answers:\n{}", wrong.len(), wrong.join("\n"));
    assert_nothing_foreign_changed(&world, &tokens).await;
}

/// The table has every method once, and leaves out foreign calls only where there can be none.
fn assert_complete(rows: &[Row]) {
    let paths: Vec<_> = rows.iter().map(|row| row.path).collect();
    let distinct: BTreeSet<_> = paths.iter().copied().collect();
    let methods: BTreeSet<_> = METHOD_SCOPES.iter().map(|method| method.path).collect();
    assert_eq!(distinct, methods);
    assert_eq!(paths.len(), methods.len(), "a method stands in the table twice");
    let none: Vec<_> = rows
        .iter()
        .filter_map(|row| match &row.foreign {
            Foreign::NotApplicable(why) => Some((row.path, *why)),
            Foreign::Cases(cases) => {
                assert!(!cases.is_empty(), "{} has no foreign call", row.path);
                None
            }
        })
        .collect();
    let time = NotApplicable::TimeHasNoOwner;
    let (keys, close) = (NotApplicable::IsPublic, NotApplicable::ClosesEveryDayThatIsOver);
    let expected = [
        ("/zhisong.common.v1.ClockService/GetTime", time),
        ("/zhisong.common.v1.ClockService/SetTime", time),
        ("/zhisong.eligibility.v1.VerificationService/GetCardKeys", keys),
        ("/zhisong.eligibility.v1.VerificationService/GetCardRevocations", keys),
        ("/zhisong.redemption.v1.SettlementService/GetSettlementKeys", keys),
        ("/zhisong.redemption.v1.SettlementService/CloseDays", close),
    ];
    assert_eq!(none, expected);
    let public = METHOD_SCOPES.iter().filter(|method| method.scope.is_none());
    let public: Vec<_> = public.map(|method| method.path).collect();
    let expected = [
        "/zhisong.eligibility.v1.VerificationService/GetCardKeys",
        "/zhisong.eligibility.v1.VerificationService/GetCardRevocations",
        "/zhisong.redemption.v1.SettlementService/GetSettlementKeys",
    ];
    assert_eq!(public, expected);
}

/// The scope of a method; `None` for a public one.
fn scope(path: &str) -> Option<&'static str> {
    let method = METHOD_SCOPES.iter().find(|method| method.path == path);
    method.expect("the table is complete").scope
}

/// No token, an expired one, a malformed one, one by another key, and one without the scope. A
/// public method is answered all the same.
async fn bad_tokens(world: &World, tokens: &Tokens<'_>, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let scope = scope(row.path);
    for BadToken { what, authorization, code, reason } in tokens.bad(scope.unwrap_or_default()) {
        let answer = call(&world.connection, row.path, authorization.as_deref(), &row.own).await;
        let found = refusal(answer);
        let expected = match scope {
            Some(_) => (code, name(reason).to_owned()),
            None => (Code::Ok, String::new()),
        };
        if found != expected {
            wrong.push(format!("{} with {what}: {found:?}", row.path));
        }
    }
    wrong
}

/// The call that may be made: it shows that the refusals are for the caller's sake alone.
async fn right_caller(world: &World, tokens: &Tokens<'_>, row: &Row) -> Option<String> {
    let only: Vec<_> = scope(row.path).into_iter().collect();
    let authorization = match row.by {
        By::Subtree => Some(tokens.within(&only)),
        By::Everywhere => Some(tokens.everywhere(&only)),
        By::Everybody => None,
    };
    let answer = call(&world.connection, row.path, authorization.as_deref(), &row.own).await;
    answer.err().map(|status| format!("{} by the right caller: {status:?}", row.path))
}

/// Calls that name what belongs to the other city, by a caller who may call the method.
async fn foreign_calls(world: &World, tokens: &Tokens<'_>, row: &Row) -> Vec<String> {
    let mut wrong = Vec::new();
    let Foreign::Cases(cases) = &row.foreign else { return wrong };
    for Case { what, ask, more_scopes, expect } in cases {
        let mut scopes: Vec<_> = scope(row.path).into_iter().collect();
        scopes.extend_from_slice(more_scopes);
        let authorization = tokens.within(&scopes);
        let answer = call(&world.connection, row.path, Some(&authorization), ask).await;
        let right = match (expect, &answer) {
            (Expect::Answered(check), Ok(answer)) => check(answer),
            (Expect::Answered(_), Err(_)) => false,
            (Expect::Refused(code, reason), _) => {
                refusal(answer.clone()) == (*code, name(*reason).to_owned())
            }
        };
        if !right {
            wrong.push(format!("{} for {what}: {answer:?}", row.path));
        }
    }
    wrong
}

fn refusal(answer: Result<Bytes, Status>) -> (Code, String) {
    match answer {
        Ok(_) => (Code::Ok, String::new()),
        Err(status) => {
            let Refusal { code, reason, .. } = Refusal::of(&status);
            (code, reason)
        }
    }
}

/// The other city's things are as they were.
async fn assert_nothing_foreign_changed(world: &World, tokens: &Tokens<'_>) {
    let foreign = &world.foreign;
    let reads = [
        "registry.read",
        "card.read",
        "membership.verify",
        "campaign.read",
        "checkout.quote",
        "shops.read",
        "webhooks.manage",
        "ops.clock",
    ];
    let authorization = tokens.of_foreign(&reads);
    let get = async |path: &'static str, ask: Ask| {
        let answer = call(&world.connection, path, Some(&authorization), &ask).await;
        answer.expect("the other city reads its own")
    };
    let request = registry::GetMemberRequest { member: Some(foreign.member()) };
    let answer = get("/zhisong.eligibility.v1.RegistryService/GetMember", ask(&request)).await;
    let member = read::<registry::GetMemberResponse>(&answer).member.expect("a member");
    assert_eq!(member.state(), registry::member::State::Active);
    assert_eq!(member.organization, foreign.organization);

    assert_cards_unchanged(world, &authorization).await;

    let request = redemption::ListWebhooksRequest {};
    let path = "/zhisong.redemption.v1.WebhookService/ListWebhooks";
    let listed = read::<redemption::ListWebhooksResponse>(&get(path, ask(&request)).await);
    let ids: Vec<_> = listed.webhooks.iter().map(|webhook| &*webhook.webhook_id).collect();
    assert_eq!(ids, ["common", &*format!("of-{}", foreign.name)]);

    let request = registry::ListOrganizationsRequest::default();
    let path = "/zhisong.eligibility.v1.RegistryService/ListOrganizations";
    let listed = read::<registry::ListOrganizationsResponse>(&get(path, ask(&request)).await);
    assert_eq!(listed.organizations.len(), 1);

    let request = issuance::GetStockRequest {
        campaign_id: foreign.campaign_id.clone(),
        business_day: String::new(),
    };
    let answer = get("/zhisong.issuance.v1.CampaignService/GetStock", ask(&request)).await;
    assert_eq!(read::<issuance::GetStockResponse>(&answer).issued, 4);
    let request = issuance::ListCampaignsRequest::default();
    let answer = get("/zhisong.issuance.v1.CampaignService/ListCampaigns", ask(&request)).await;
    let listed = read::<issuance::ListCampaignsResponse>(&answer).campaigns;
    let states: Vec<_> = listed.iter().map(issuance::Campaign::state).collect();
    assert_eq!(states, [issuance::campaign::State::Active]);

    use redemption::authorization::State;
    let orders = [(&foreign.held[0], State::Held), (&foreign.held[1], State::Held)];
    for (id, state) in orders.into_iter().chain([(&foreign.captured, State::Captured)]) {
        let key = redemption::get_authorization_request::Key::AuthorizationId(id.clone());
        let request = redemption::GetAuthorizationRequest { key: Some(key) };
        let path = "/zhisong.redemption.v1.CheckoutService/GetAuthorization";
        let answer = read::<redemption::GetAuthorizationResponse>(&get(path, ask(&request)).await);
        assert_eq!(answer.authorization.expect("an authorization").state(), state);
    }

    let request = redemption::ListShopsRequest::default();
    let answer = get("/zhisong.redemption.v1.MerchantService/ListShops", ask(&request)).await;
    let shops = read::<redemption::ListShopsResponse>(&answer).shops;
    let shops: Vec<_> = shops.iter().map(|shop| (shop.version, shop.state())).collect();
    assert_eq!(shops, [(1, redemption::registered_shop::State::Open)]);
    let request = redemption::ListStopsRequest::default();
    let answer = get("/zhisong.redemption.v1.MerchantService/ListStops", ask(&request)).await;
    let stops = read::<redemption::ListStopsResponse>(&answer).stops;
    assert_eq!(stops.iter().map(|stop| stop.version).collect::<Vec<_>>(), [1]);
    get("/zhisong.common.v1.ClockService/GetTime", ask(&GetTimeRequest {})).await;
}

/// The other city's card is active, and its account is linked.
async fn assert_cards_unchanged(world: &World, authorization: &str) {
    let foreign = &world.foreign;
    let get = async |path: &'static str, ask: Ask| {
        let answer = call(&world.connection, path, Some(authorization), &ask).await;
        answer.expect("the other city reads its own")
    };
    let request = registry::GetCardRequest { card_id: foreign.card_id.clone() };
    let answer = get("/zhisong.eligibility.v1.CardService/GetCard", ask(&request)).await;
    let card = read::<registry::GetCardResponse>(&answer).card.expect("a card");
    assert_eq!(card.state(), registry::card::State::Active);
    let request = registry::VerifyMembershipRequest {
        member: Some(foreign.account()),
        purpose: "bus-fare".to_owned(),
        terminal_id: String::new(),
    };
    let path = "/zhisong.eligibility.v1.VerificationService/VerifyMembership";
    let answer = get(path, ask(&request)).await;
    assert!(read::<registry::VerifyMembershipResponse>(&answer).is_member, "is linked still");
}
