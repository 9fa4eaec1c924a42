use benefit::{ShopScope, TermsParts};
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::check_terminal_request::Taken;
use contracts::redemption::v1::import_shops_request::Part;
use contracts::redemption::v1::merchant_service_client::MerchantServiceClient;
use contracts::redemption::v1::stop_scope::Scope;
use contracts::redemption::v1::terminal_service_client::TerminalServiceClient;
use member_identity::OrganizationPath;
use redemption::domain::Campaign;
use redemption::store::conformance::{RETURNS, campaign_of, cool_drinks};
use rpc::PeerChannel;
use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::bench::{Bench, by_id, reason};

pub type Merchants = MerchantServiceClient<PeerChannel>;

/// The ops of an organization.
pub fn ops(bench: &Bench, organization: &str) -> Merchants {
    let scopes = ["shops.write", "shops.read"];
    MerchantServiceClient::new(bench.caller("ops", &scopes, organization))
}

pub fn key(shop_id: &str) -> Option<wire::ShopKey> {
    Some(wire::ShopKey { platform: String::from("wepay"), shop_id: shop_id.to_owned() })
}

pub fn put(request_id: &str, shop_id: &str, version: i64) -> wire::PutShopRequest {
    wire::PutShopRequest {
        request_id: request_id.to_owned(),
        key: key(shop_id),
        organization: String::from("gd"),
        title_zh: String::from("天河一店"),
        region_code: String::from("440106"),
        chain: String::from("tea-co"),
        version,
    }
}

fn scope(scope: Scope) -> Option<wire::StopScope> {
    Some(wire::StopScope { scope: Some(scope) })
}

pub fn stop(request_id: &str, scoped: Scope) -> wire::StopRedeemingRequest {
    wire::StopRedeemingRequest {
        request_id: request_id.to_owned(),
        organization: String::from("gd"),
        scope: scope(scoped),
        text_zh: String::from("系统升级，请稍后"),
        text_en: String::from("we will be back"),
    }
}

/// Asks as `wepay` whether its till `t1` of `shop-1` takes something.
pub async fn check(bench: &Bench, region: &str, taken: Taken) -> wire::CheckTerminalResponse {
    let mut tills = TerminalServiceClient::new(bench.platform("wepay", "gd"));
    let request = wire::CheckTerminalRequest {
        shop_id: String::from("shop-1"),
        terminal_id: String::from("t1"),
        region_code: region.to_owned(),
        taken: Some(taken),
    };
    tills.check_terminal(request).await.expect("it is answered").into_inner()
}

fn of_cool_drinks() -> Taken {
    Taken::CampaignId(String::from(RETURNS))
}

/// Reasons, each with its texts in both languages.
fn told(obstacles: &[wire::Obstacle]) -> Vec<(&str, &str, &str)> {
    obstacles.iter().map(|told| (&*told.reason, &*told.text_zh, &*told.text_en)).collect()
}

#[tokio::test]
async fn a_till_is_told_all_that_stands_against_it_in_both_languages() {
    let bench = Bench::open().await;
    let mut ops = ops(&bench, "gd");
    let free = check(&bench, "440106", of_cool_drinks()).await;
    assert!(free.taken && free.campaigns[0].taken, "{free:?}");
    ops.put_shop(put("p1", "shop-1", 0)).await.expect("it is registered");
    let block = wire::BlockShopRequest { request_id: String::from("b1"), key: key("shop-1") };
    ops.block_shop(block).await.expect("it is blocked");
    let terminal = wire::PutTerminalRequest {
        request_id: String::from("t1"),
        key: key("shop-1"),
        terminal_id: String::from("t1"),
        state: wire::put_terminal_request::State::Blocked.into(),
    };
    ops.put_terminal(terminal).await.expect("it is blocked");
    ops.stop_redeeming(stop("s1", Scope::RegionCode(String::from("430000")))).await.expect("stops");

    let check = check(&bench, "430102", of_cool_drinks()).await;
    assert!(!check.taken && !check.campaigns[0].taken);
    let expected = [
        ("SHOP_BLOCKED", "该门店已停用", "the shop takes no vouchers"),
        ("TERMINAL_BLOCKED", "该收银终端已停用", "the till takes no vouchers"),
        (
            "SHOP_REGION_DIFFERS",
            "门店所在地区与登记不符",
            "the shop is registered in another region than the order says",
        ),
        ("REDEEMING_STOPPED", "系统升级，请稍后", "we will be back"),
        ("REGION_NOT_COVERED", "该门店不在适用地区内", "the shop is outside the voucher's regions"),
    ];
    assert_eq!(told(&check.campaigns[0].obstacles), expected);
}

#[tokio::test]
async fn a_till_is_told_about_a_members_campaigns_and_nothing_of_the_member() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    let (without, _) = bench.member(2, "gd");
    let of = |member_id| Taken::Member(by_id(member_id).expect("a reference"));
    let taken = check(&bench, "440106", of(member_id)).await;
    let campaigns: Vec<_> = taken.campaigns.iter().map(|one| one.campaign_id.as_str()).collect();
    assert_eq!((taken.taken, campaigns), (true, vec![RETURNS]));
    assert!(!format!("{taken:?}").contains(&member_id.to_string()));
    let none = check(&bench, "440106", of(without)).await;
    assert_eq!((none.taken, none.campaigns.len()), (false, 0));
    bench.move_to("2022-07-23", 1);
    let over = check(&bench, "440106", of(member_id)).await;
    assert_eq!((over.taken, over.campaigns.len()), (false, 0), "what is over counts no more");

    let unknown = check(&bench, "440106", Taken::CampaignId(String::from("nowhere"))).await;
    let expected = [("CAMPAIGN_UNKNOWN", "没有该活动", "there is no campaign of that name")];
    assert_eq!(told(&unknown.campaigns[0].obstacles), expected);
}

#[tokio::test]
async fn a_shop_that_another_organization_blocked_takes_vouchers_all_the_same() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    let mut city = ops(&bench, "gd/zhuhai");
    let first = wire::PutShopRequest {
        organization: String::from("gd/zhuhai"),
        region_code: String::from("440402"),
        ..put("p1", "shop-1", 0)
    };
    city.put_shop(first).await.expect("it is theirs");
    let block = wire::BlockShopRequest { request_id: String::from("b1"), key: key("shop-1") };
    city.block_shop(block).await.expect("it is blocked");
    assert!(check(&bench, "440106", of_cool_drinks()).await.taken, "it is the province's");
    bench.authorize("a1", member_id, "o1").await.expect("it is held");
}

#[tokio::test]
async fn a_till_is_told_of_all_campaigns_of_a_member_as_authorize_would_take_them() {
    let bench = Bench::open().await;
    let elsewhere = campaign_of("elsewhere", cool_drinks(), 3);
    let organization = OrganizationPath::parse("hn").expect("a path");
    bench.till.offer(vec![Campaign { organization, ..elsewhere }]).await;
    let (member_id, person) = bench.member(1, "gd");
    bench.till.give(person, "elsewhere").await;
    let told = check(&bench, "440106", Taken::Member(by_id(member_id).expect("a reference"))).await;
    let campaigns: Vec<_> = told.campaigns.iter().map(|one| one.campaign_id.as_str()).collect();
    assert_eq!((told.taken, campaigns), (true, vec!["elsewhere"]));
    bench.authorize("a1", member_id, "o1").await.expect("it is held");
    let alone = check(&bench, "440106", Taken::CampaignId(String::from("elsewhere"))).await;
    assert_eq!(alone.campaigns[0].obstacles[0].reason, "CAMPAIGN_UNKNOWN", "it is not theirs");
}

#[tokio::test]
async fn an_order_is_refused_where_its_shop_is_not_on_the_list_in_both_languages() {
    let bench = Bench::open().await;
    let parts = TermsParts { shops: ShopScope::Listed, ..cool_drinks() };
    bench.till.offer(vec![campaign_of("listed", parts, 3)]).await;
    let (member_id, person) = bench.member(1, "gd");
    bench.till.give(person, "listed").await;
    let refused = bench.authorize("a1", member_id, "o1").await.expect_err("nobody knows the shop");
    assert_eq!(reason(&refused).0, "SHOP_UNKNOWN");
    let expected =
        ["该门店未登记，不能使用此优惠券", "the shop is not registered for this voucher"];
    assert_eq!(texts(&refused), expected);
    let mut ops = ops(&bench, "gd");
    ops.put_shop(put("p1", "shop-1", 0)).await.expect("it is registered");
    let refused = bench.authorize("a2", member_id, "o1").await.expect_err("it is not listed");
    assert_eq!(reason(&refused).0, "SHOP_NOT_LISTED");
    let expected = ["该门店不在活动门店名单内", "the shop is not on the campaign's list"];
    assert_eq!(texts(&refused), expected);
    let unlisted = check(&bench, "440106", Taken::CampaignId(String::from("listed"))).await;
    assert_eq!(told(&unlisted.campaigns[0].obstacles)[0].0, "SHOP_NOT_LISTED");
    let list = wire::ListOnCampaignRequest {
        request_id: String::from("l1"),
        campaign_id: String::from("listed"),
        shops: key("shop-1").into_iter().collect(),
    };
    ops.list_on_campaign(list).await.expect("it is listed");
    assert!(check(&bench, "440106", Taken::CampaignId(String::from("listed"))).await.taken);
    bench.authorize("a3", member_id, "o1").await.expect("it is held");
}

#[tokio::test]
async fn a_stop_and_a_blocked_till_reach_quote_and_authorize() {
    let bench = Bench::open().await;
    let member_id = bench.member_with_voucher(1).await;
    let mut ops = ops(&bench, "gd");
    ops.put_shop(put("p1", "shop-1", 0)).await.expect("it is registered");
    let terminal = wire::PutTerminalRequest {
        request_id: String::from("t1"),
        key: key("shop-1"),
        terminal_id: String::from("t1"),
        state: wire::put_terminal_request::State::Blocked.into(),
    };
    ops.put_terminal(terminal).await.expect("it is blocked");
    let mut order = crate::bench::order("o1").expect("an order");
    order.shop.as_mut().expect("a shop").terminal_id = String::from("t1");
    let mut quote = wire::QuoteRequest {
        member: by_id(member_id),
        order: Some(order),
        voucher_ids: Vec::new(),
    };
    let quoted = bench.checkout().quote(quote.clone()).await.expect("it is quoted").into_inner();
    assert_eq!((&*quoted.unused[0].reason, quoted.discount_fen), ("TERMINAL_BLOCKED", 0));
    quote.order = crate::bench::order("o1");
    ops.stop_redeeming(stop("s1", Scope::CampaignId(String::from(RETURNS)))).await.expect("stops");
    let quoted = bench.checkout().quote(quote.clone()).await.expect("it is quoted").into_inner();
    let unused = &quoted.unused[0];
    assert_eq!(unused.reason, "REDEEMING_STOPPED");
    assert_eq!((&*unused.text_zh, &*unused.text_en), ("系统升级，请稍后", "we will be back"));
    let refused = bench.authorize("a1", member_id, "o1").await.expect_err("it is stopped");
    assert_eq!(reason(&refused).1["stopped"], "CAMPAIGN");
    assert_eq!(texts(&refused), ["系统升级，请稍后", "we will be back"]);

    let lines = &mut quote.order.as_mut().expect("an order").lines;
    lines[0].category = String::from("a\tb");
    let refused = bench.checkout().quote(quote).await.expect_err("no text has tabs");
    assert_eq!(fields(&refused), ["order.lines[0].category"]);
}

#[tokio::test]
async fn the_verbs_of_ops_are_answered_with_versions_and_numbers() {
    let bench = Bench::open().await;
    let mut ops = ops(&bench, "gd");
    for shop_id in ["shop-1", "shop-2"] {
        let done = ops.put_shop(put(&format!("p-{shop_id}"), shop_id, 0)).await;
        assert_eq!(done.expect("it is registered").into_inner().version, 1);
    }
    let refused = ops.put_shop(put("p3", "shop-1", 0)).await.expect_err("it is at version 1");
    assert_eq!(refused.code(), Code::FailedPrecondition);
    assert_eq!(reason(&refused).1["version"], "1");
    assert_eq!(
        texts(&refused),
        ["门店信息已被更改，请重新读取", "the shop was changed, read it again"]
    );

    let list = wire::ListOnCampaignRequest {
        request_id: String::from("l1"),
        campaign_id: String::from(RETURNS),
        shops: key("shop-1").into_iter().chain(key("shop-2")).collect(),
    };
    let listed = ops.list_on_campaign(list.clone()).await.expect("both are there").into_inner();
    assert_eq!(listed.listed, 2);
    let unlist = wire::UnlistFromCampaignRequest {
        request_id: String::from("l1"),
        campaign_id: String::from(RETURNS),
        shops: key("shop-2").into_iter().collect(),
    };
    let unlisted = ops.unlist_from_campaign(unlist).await.expect("it is there").into_inner();
    assert_eq!(unlisted.unlisted, 1);
    let mapping =
        wire::CategoryMapping { text: String::from("10000045"), category: String::from("tea") };
    let map = wire::MapCategoriesRequest {
        request_id: String::from("m1"),
        platform: String::from("wepay"),
        shop_id: String::from("shop-1"),
        mappings: vec![mapping],
    };
    let refused = ops.map_categories(map.clone()).await.expect_err("goods are everybody's");
    assert_eq!(reason(&refused).0, "OUTSIDE_SUBTREE");
    let mut unbound = MerchantServiceClient::new(bench.unbound("ops", &["shops.write"]));
    assert_eq!(unbound.map_categories(map).await.expect("it is mapped").into_inner().changed, 1);

    let mut request = wire::ListShopsRequest {
        region_code: String::from("440100"),
        chain: String::from("tea-co"),
        page_size: 1,
        ..wire::ListShopsRequest::default()
    };
    let mut ids = Vec::new();
    loop {
        let page = ops.list_shops(request.clone()).await.expect("it is listed").into_inner();
        ids.extend(page.shops.into_iter().filter_map(|shop| Some(shop.key?.shop_id)));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(ids, ["shop-1", "shop-2"]);
}

#[tokio::test]
async fn stops_are_listed_page_by_page_until_they_are_resumed() {
    let bench = Bench::open().await;
    let mut ops = ops(&bench, "gd");
    let scopes = [
        Scope::Shop(key("shop-1").expect("a key")),
        Scope::CampaignId(String::from(RETURNS)),
        Scope::RegionCode(String::from("440106")),
    ];
    for (n, scoped) in scopes.iter().enumerate() {
        let done = ops.stop_redeeming(stop(&format!("s{n}"), scoped.clone())).await;
        assert_eq!(done.expect("it is stopped").into_inner().version, 1);
    }
    let mut request = wire::ListStopsRequest { page_size: 1, page_token: String::new() };
    let mut found = Vec::new();
    loop {
        let page = ops.list_stops(request.clone()).await.expect("it is listed").into_inner();
        found.extend(page.stops.into_iter().filter_map(|stop| stop.scope?.scope));
        request.page_token = page.next_page_token;
        if request.page_token.is_empty() {
            break;
        }
    }
    assert_eq!(found, [scopes[1].clone(), scopes[2].clone(), scopes[0].clone()]);
    let resume = wire::ResumeRedeemingRequest {
        request_id: String::from("r1"),
        organization: String::from("gd"),
        scope: scope(scopes[0].clone()),
    };
    assert_eq!(ops.resume_redeeming(resume).await.expect("it goes on").into_inner().version, 2);
    let left = ops.list_stops(wire::ListStopsRequest::default()).await.expect("it is listed");
    assert_eq!(left.into_inner().stops.len(), 2);
}

#[tokio::test]
async fn an_import_reports_bad_rows_and_is_found_again() {
    let bench = Bench::open().await;
    let mut ops = ops(&bench, "gd");
    let header = Part::Header(wire::ShopsHeader {
        import_id: String::from("i1"),
        organization: String::from("gd/guangzhou"),
        platform: String::from("wepay"),
        campaign_id: String::from(RETURNS),
    });
    let row = |line, shop_id: &str, region: &str| wire::ShopRow {
        line,
        shop_id: shop_id.to_owned(),
        title_zh: String::from("分店"),
        region: region.to_owned(),
        chain: String::new(),
    };
    let rows = |rows| Part::Rows(wire::ShopRows { rows });
    let sent = |parts: Vec<Part>| {
        tokio_stream::iter(
            parts.into_iter().map(|part| wire::ImportShopsRequest { part: Some(part) }),
        )
    };
    let first = rows(vec![row(2, "shop-1", "广州市天河区"), row(3, "shop-2", "火星")]);
    let second = rows(vec![row(4, "shop-3", "440103")]);
    let parts = vec![header.clone(), first, second];
    let import = ops.import_shops(sent(parts.clone())).await.expect("it goes in").into_inner();
    let import = import.shop_import.expect("an import");
    assert_eq!((import.added, import.listed, import.bad, import.committed_line), (2, 2, 1, 4));
    assert_eq!(import.problems[0].reason, "REGION_UNKNOWN");
    let again = ops.import_shops(sent(parts)).await.expect("it is passed over").into_inner();
    assert_eq!(again.shop_import.as_ref(), Some(&import));
    let request = wire::GetShopImportRequest { import_id: String::from("i1") };
    let found = ops.get_shop_import(request.clone()).await.expect("it is there").into_inner();
    assert_eq!(found.shop_import, Some(import));
    let refused = self::ops(&bench, "hn").get_shop_import(request).await;
    assert_eq!(reason(&refused.expect_err("it is not theirs")).0, "OUTSIDE_SUBTREE");

    let unordered = rows(vec![row(9, "shop-9", "440103"), row(8, "shop-8", "440103")]);
    let refused = ops.import_shops(sent(vec![header, unordered])).await.expect_err("not in order");
    assert_eq!(refused.code(), Code::InvalidArgument);
    assert_eq!(fields(&refused), ["rows.rows[1].line"]);
}

#[tokio::test]
async fn what_does_not_read_is_listed_field_by_field() {
    let bench = Bench::open().await;
    let mut ops = ops(&bench, "gd");
    let wrong = wire::PutShopRequest {
        key: key("shop 1"),
        organization: String::from("Gd"),
        title_zh: String::new(),
        region_code: String::from("44"),
        chain: String::from("tea co"),
        version: -1,
        ..put("", "shop-1", 0)
    };
    let refused = ops.put_shop(wrong).await.expect_err("it is wrong");
    let expected = [
        "request_id",
        "key.shop_id",
        "organization",
        "title_zh",
        "region_code",
        "chain",
        "version",
    ];
    assert_eq!(fields(&refused), expected);
    let twice = wire::ListOnCampaignRequest {
        request_id: String::from("l1"),
        campaign_id: String::from(RETURNS),
        shops: key("s1").into_iter().chain(key("s1")).collect(),
    };
    let refused = ops.list_on_campaign(twice).await.expect_err("it stands twice");
    assert_eq!(fields(&refused), ["shops[1]"]);
    let refused = ops.stop_redeeming(wire::StopRedeemingRequest::default()).await;
    let expected = ["request_id", "organization", "scope", "text_zh", "text_en"];
    assert_eq!(fields(&refused.expect_err("it is empty")), expected);
    let mut tills = TerminalServiceClient::new(bench.platform("wepay", "gd"));
    let refused = tills.check_terminal(wire::CheckTerminalRequest::default()).await;
    assert_eq!(fields(&refused.expect_err("it is empty")), ["shop_id", "region_code", "taken"]);
}

fn fields(status: &Status) -> Vec<String> {
    let details = status.get_error_details();
    let violations = &details.bad_request().expect("it lists fields").field_violations;
    violations.iter().map(|violation| violation.field.clone()).collect()
}

/// The texts in Chinese and English.
fn texts(status: &Status) -> Vec<String> {
    let details = status.get_error_details_vec().into_iter();
    let texts = details.filter_map(|detail| match detail {
        tonic_types::ErrorDetail::LocalizedMessage(text) => Some(text.message),
        _ => None,
    });
    texts.collect()
}
