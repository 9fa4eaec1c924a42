//! `MerchantService` and `TerminalService`.

use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::check_terminal_request::Taken;
use contracts::redemption::v1::stop_scope::Scope;
use tonic::Code;

use super::{Row, answered, outside, refused};
use crate::raw::{Ask, ask, ask_stream, read};
use crate::world::{City, World};

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        put_shop(own, foreign),
        block_shop(own, foreign),
        unblock_shop(own, foreign),
        put_terminal(own, foreign),
        list_shops(own, foreign),
        list_on_campaign(own, foreign),
        unlist_from_campaign(own, foreign),
        map_categories(own),
        import_shops(own, foreign),
        get_shop_import(own, foreign),
        stop_redeeming(own, foreign),
        resume_redeeming(own, foreign),
        list_stops(own),
        check_terminal(own, foreign),
    ]
}

fn put_shop(own: &City, foreign: &City) -> Row {
    let put = |request_id: &str, platform: &City, shop_id: &str, owner: &City| {
        ask(&wire::PutShopRequest {
            request_id: request_id.to_owned(),
            key: Some(platform.shop_key(shop_id)),
            organization: owner.organization.clone(),
            title_zh: "门店".to_owned(),
            region_code: own.region.to_owned(),
            chain: String::new(),
            version: 0,
        })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/PutShop",
        put("own", own, "shop-2", own),
        vec![
            outside("a shop for another organization", put("for", own, "shop-3", foreign)),
            outside("another's shop", put("theirs", foreign, "shop-1", own)),
        ],
    )
}

fn block_shop(own: &City, foreign: &City) -> Row {
    let block = |city: &City| {
        let request_id = city.name.to_owned();
        ask(&wire::BlockShopRequest { request_id, key: Some(city.shop_key("shop-1")) })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/BlockShop",
        block(own),
        vec![outside("another's shop", block(foreign))],
    )
}

fn unblock_shop(own: &City, foreign: &City) -> Row {
    let unblock = |city: &City| {
        let request_id = city.name.to_owned();
        ask(&wire::UnblockShopRequest { request_id, key: Some(city.shop_key("shop-1")) })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/UnblockShop",
        unblock(own),
        vec![outside("another's shop", unblock(foreign))],
    )
}

fn put_terminal(own: &City, foreign: &City) -> Row {
    let put = |city: &City| {
        ask(&wire::PutTerminalRequest {
            request_id: city.name.to_owned(),
            key: Some(city.shop_key("shop-1")),
            terminal_id: "till-1".to_owned(),
            state: wire::put_terminal_request::State::Blocked.into(),
        })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/PutTerminal",
        put(own),
        vec![outside("a till of another's shop", put(foreign))],
    )
}

fn list_shops(own: &City, foreign: &City) -> Row {
    let list = |below: &str| {
        ask(&wire::ListShopsRequest {
            below: below.to_owned(),
            ..wire::ListShopsRequest::default()
        })
    };
    let organization = own.organization.clone();
    Row::new(
        "/zhisong.redemption.v1.MerchantService/ListShops",
        list(""),
        vec![
            outside("another organization's", list(&foreign.organization)),
            answered("whatever there is", list(""), move |answer| {
                let shops = read::<wire::ListShopsResponse>(answer).shops;
                shops.len() == 2 && shops.iter().all(|shop| shop.organization == organization)
            }),
        ],
    )
}

fn list_on_campaign(own: &City, foreign: &City) -> Row {
    let list = |request_id: &str, lister: &City, shop: &City| {
        ask(&wire::ListOnCampaignRequest {
            request_id: request_id.to_owned(),
            campaign_id: lister.campaign_id.clone(),
            shops: vec![shop.shop_key("shop-1")],
        })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/ListOnCampaign",
        list("own", own, own),
        vec![
            outside("another's campaign", list("their-list", foreign, own)),
            outside("another's shop", list("their-shop", own, foreign)),
        ],
    )
}

fn unlist_from_campaign(own: &City, foreign: &City) -> Row {
    let unlist = |request_id: &str, lister: &City, shop: &City| {
        ask(&wire::UnlistFromCampaignRequest {
            request_id: request_id.to_owned(),
            campaign_id: lister.campaign_id.clone(),
            shops: vec![shop.shop_key("shop-1")],
        })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/UnlistFromCampaign",
        unlist("own", own, own),
        vec![
            outside("another's campaign", unlist("their-list", foreign, own)),
            outside("another's shop", unlist("their-shop", own, foreign)),
        ],
    )
}

fn map_categories(own: &City) -> Row {
    let (text, category) = ("10000045".to_owned(), "cold-drink".to_owned());
    let map = ask(&wire::MapCategoriesRequest {
        request_id: "own".to_owned(),
        platform: own.subject.clone(),
        shop_id: "shop-1".to_owned(),
        mappings: vec![wire::CategoryMapping { text, category }],
    });
    Row::everywhere("/zhisong.redemption.v1.MerchantService/MapCategories", map)
}

fn import_shops(own: &City, foreign: &City) -> Row {
    Row::new(
        "/zhisong.redemption.v1.MerchantService/ImportShops",
        ask_stream(&own.shops("again", "shop-1", own)),
        vec![
            outside(
                "for another organization",
                ask_stream(&foreign.shops("theirs", "shop-9", own)),
            ),
            outside("on another's list", ask_stream(&own.shops("listed", "shop-1", foreign))),
            refused(
                "under another's import id",
                ask_stream(&own.shops(&foreign.shops_id(), "shop-1", own)),
                Code::AlreadyExists,
                ErrorReason::ImportIdReused,
            ),
        ],
    )
}

fn get_shop_import(own: &City, foreign: &City) -> Row {
    let get = |city: &City| ask(&wire::GetShopImportRequest { import_id: city.shops_id() });
    Row::new(
        "/zhisong.redemption.v1.MerchantService/GetShopImport",
        get(own),
        vec![outside("another's import", get(foreign))],
    )
}

/// One campaign of an organization.
fn of_campaign(campaign: &City) -> Option<wire::StopScope> {
    let scope = Scope::CampaignId(campaign.campaign_id.clone());
    Some(wire::StopScope { scope: Some(scope) })
}

fn stop_redeeming(own: &City, foreign: &City) -> Row {
    let their_campaign =
        wire::StopRedeemingRequest { scope: of_campaign(foreign), ..own.stop("their-campaign") };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/StopRedeeming",
        ask(&own.stop("own")),
        vec![
            outside("another's campaigns", ask(&foreign.stop("theirs"))),
            outside("another's campaign", ask(&their_campaign)),
        ],
    )
}

fn resume_redeeming(own: &City, foreign: &City) -> Row {
    let resume = |request_id: &str, city: &City, scope| {
        let (request_id, organization) = (request_id.to_owned(), city.organization.clone());
        ask(&wire::ResumeRedeemingRequest { request_id, organization, scope })
    };
    Row::new(
        "/zhisong.redemption.v1.MerchantService/ResumeRedeeming",
        resume("own", own, of_campaign(own)),
        vec![
            outside("another's stop", resume("theirs", foreign, foreign.stop("").scope)),
            outside("another's campaign", resume("campaign", own, of_campaign(foreign))),
        ],
    )
}

fn list_stops(own: &City) -> Row {
    let list = || ask(&wire::ListStopsRequest::default());
    let organization = own.organization.clone();
    Row::new(
        "/zhisong.redemption.v1.MerchantService/ListStops",
        list(),
        vec![answered("whatever there is", list(), move |answer| {
            let stops = read::<wire::ListStopsResponse>(answer).stops;
            stops.len() == 1 && stops[0].organization == organization
        })],
    )
}

fn check_terminal(own: &City, foreign: &City) -> Row {
    let check = |taken| -> Ask {
        ask(&wire::CheckTerminalRequest {
            shop_id: "shop-1".to_owned(),
            terminal_id: String::new(),
            region_code: own.region.to_owned(),
            taken: Some(taken),
        })
    };
    let theirs = Taken::CampaignId(foreign.campaign_id.clone());
    Row::new(
        "/zhisong.redemption.v1.TerminalService/CheckTerminal",
        check(Taken::CampaignId(own.campaign_id.clone())),
        vec![
            outside("another's member", check(Taken::Member(foreign.member()))),
            outside("another's member by ID number", check(Taken::Member(foreign.document()))),
            answered("another's campaign", check(theirs), |answer| {
                let check = read::<wire::CheckTerminalResponse>(answer);
                let told = check.campaigns.iter().flat_map(|campaign| &campaign.obstacles);
                let reasons: Vec<_> = told.map(|told| told.reason.as_str()).collect();
                !check.taken && reasons == ["CAMPAIGN_UNKNOWN"]
            }),
        ],
    )
}
