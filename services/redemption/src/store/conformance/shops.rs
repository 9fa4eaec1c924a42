//! Shops, tills, lists, mappings and stops: what ops said is what the next order meets, at every
//! replica.

use std::collections::{BTreeMap, BTreeSet};

use benefit::Category;
use futures::future::join_all;
use member_identity::{OrganizationPath, RegionCode};

use super::till::{RETURNS, SPENT, Till, campaign_of, cool_drinks, key};
use super::{Case, case};
use crate::domain::shops::{
    GoodsText, ImportBatch, Place, PutShop, Registrations, Shop, ShopAction, ShopCommand,
    ShopImport, ShopKey, ShopRefusal, ShopStage, StopKey, StopScope, StopTexts, WrittenShop,
};
use crate::domain::{Campaign, Detail, Reason};
use crate::store::{PlacesAsked, ShopAnswer, ShopQuery, StoreError};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("A1", a_verb_on_a_shop_under_the_same_id_has_one_effect_and_the_same_answer),
        case!("A1", the_same_verb_at_two_replicas_at_once_has_one_effect),
        case!("shops", a_shop_is_replaced_only_at_the_version_that_was_read),
        case!("shops", a_shop_is_seen_and_changed_within_the_subtree_of_its_organization_only),
        case!("shops", a_block_of_a_shop_or_a_till_is_met_at_every_replica_at_once),
        case!("shops", what_an_organization_says_of_a_shop_concerns_its_own_campaigns_only),
        case!("shops", a_campaign_lists_all_of_the_shops_or_none),
        case!("shops", a_shops_own_mapping_comes_before_its_platforms),
        case!("shops", shops_are_listed_by_key_page_by_page_and_by_each_filter),
        case!("stops", a_stop_is_met_until_it_is_resumed_and_concerns_its_organizations_campaigns),
        case!("stops", a_stop_of_what_is_not_the_organizations_is_refused),
        case!("stops", stops_at_two_replicas_at_once_are_each_a_version_of_their_scope),
        case!("imports", good_rows_go_in_and_bad_ones_are_kept_with_line_and_reason),
        case!("imports", an_import_goes_on_behind_what_is_committed_and_the_same_file_is_unchanged),
        case!("imports", one_import_at_two_replicas_at_once_counts_each_row_once),
        case!("imports", an_import_id_is_one_headers),
    ]
}

/// The region of the shops here: 天河区.
const TIANHE: &str = "440106";

impl Till {
    /// One verb of the ops of `gd`.
    pub(super) async fn ops(&self, request_id: &str, action: ShopAction) -> ShopAnswer {
        self.ops_of(Some("gd"), request_id, action).await
    }

    /// One verb of the ops of an organization, or of those who are bound to none.
    pub(super) async fn ops_of(
        &self,
        within: Option<&str>,
        request_id: &str,
        action: ShopAction,
    ) -> ShopAnswer {
        let command = ShopCommand {
            subject: key("ops"),
            within: within.map(path),
            request_id: key(request_id),
            action,
            at: self.now(),
        };
        for _ in 0..20 {
            match self.store.shops().change_shops(command.clone()).await {
                Err(StoreError::Conflict) => {}
                answer => return answer.expect("the store is there"),
            }
        }
        panic!("conflicts do not end");
    }

    /// Registers a shop of `gd` in Tianhe.
    pub(super) async fn register(&self, shop_id: &str) {
        let done = self.ops(&format!("put-{shop_id}"), put(shop_id, 0)).await;
        assert_eq!(done, Ok(1));
    }

    /// What is registered of the place of an order in a shop of this platform.
    async fn registered(&self, place: &Place, texts: &[&str]) -> Registrations {
        let texts = texts.iter().map(|text| (place.shop.clone(), key::<GoodsText>(text)));
        let asked = PlacesAsked { places: BTreeSet::from([place.clone()]), texts: texts.collect() };
        self.store.shops().registrations(&asked).await.expect("the store is there")
    }

    /// Why a campaign's vouchers are not taken there.
    async fn taken(&self, place: &Place, campaign: &str) -> Result<(), Reason> {
        let ids = BTreeSet::from([key(campaign)]);
        let known = self.store.shops().campaigns(&ids).await.expect("the store is there");
        let registered = self.registered(place, &[]).await;
        let taken = registered.at(place).takes(&known[&key(campaign)]);
        taken.map_err(|refusal| {
            if refusal.reason == Reason::RedeemingStopped {
                assert_eq!(refusal.detail(Detail::TextZh), Some("系统维护"));
                assert_eq!(refusal.detail(Detail::TextEn), Some("maintenance"));
            }
            refusal.reason
        })
    }

    async fn shops(&self, query: &ShopQuery) -> Vec<String> {
        let (mut ids, mut after) = (Vec::new(), None);
        loop {
            let page = self.store.shops().list_shops(query, after.as_ref(), 2).await;
            let page = page.expect("the store is there");
            let Some(last) = page.last() else { return ids };
            after = Some(last.key.clone());
            ids.extend(page.iter().map(|shop| shop.key.to_string()));
        }
    }

    async fn shop(&self, shop_id: &str) -> Shop {
        let all = self.store.shops().list_shops(&ShopQuery::default(), None, 100).await;
        let mut all = all.expect("the store is there").into_iter();
        all.find(|shop| shop.key == shop_key(shop_id)).expect("it is registered")
    }

    async fn import(
        &self,
        import_id: &str,
        campaign: Option<&str>,
        rows: &[WrittenShop],
    ) -> ShopImport {
        self.begin(import_id, "gd/guangzhou", campaign).await.expect("it begins");
        self.take(import_id, rows).await
    }

    /// Takes in rows of an import that was begun.
    async fn take(&self, import_id: &str, rows: &[WrittenShop]) -> ShopImport {
        let rows = rows.iter().map(WrittenShop::read).collect();
        let batch = ImportBatch { import_id: key(import_id), rows, at: self.now() };
        for _ in 0..20 {
            match self.store.shops().import_shops(batch.clone()).await {
                Err(StoreError::Conflict) => {}
                taken => return taken.expect("the store is there"),
            }
        }
        panic!("conflicts do not end");
    }

    async fn begin(
        &self,
        import_id: &str,
        organization: &str,
        campaign: Option<&str>,
    ) -> Result<ShopImport, ShopRefusal> {
        let new = ShopImport {
            import_id: key(import_id),
            organization: path(organization),
            platform: key("wepay"),
            campaign_id: campaign.map(key),
            committed_line: 0,
            added: 0,
            changed: 0,
            unchanged: 0,
            listed: 0,
            bad: 0,
            updated_at: self.now(),
        };
        loop {
            match self.store.shops().begin_shop_import(new.clone(), Some(path("gd"))).await {
                Err(StoreError::Conflict) => {}
                begun => return begun.expect("the store is there"),
            }
        }
    }
}

async fn a_verb_on_a_shop_under_the_same_id_has_one_effect_and_the_same_answer(till: Till) {
    till.register("s1").await;
    assert_eq!(till.ops("put-s1", put("s1", 0)).await, Ok(1), "it is answered as it was");
    assert_eq!(till.ops("b1", set_stage("s1", ShopStage::Blocked)).await, Ok(2));
    assert_eq!(till.ops("u1", set_stage("s1", ShopStage::Open)).await, Ok(3));
    assert_eq!(
        till.ops("b1", set_stage("s1", ShopStage::Blocked)).await,
        Ok(2),
        "and changes nothing"
    );
    assert_eq!(till.shop("s1").await.stage, ShopStage::Open);
    let other = till.ops("put-s1", put("s2", 0)).await;
    assert_eq!(other, Err(ShopRefusal::RequestIdReused("key")));
    let other = till.ops("put-s1", put("s1", 1)).await;
    assert_eq!(other, Err(ShopRefusal::RequestIdReused("version")));
    assert_eq!(till.ops("b1", set_stage("s9", ShopStage::Open)).await, Err(not_found("shop")));
    till.register("s9").await;
    let anew = till.ops("b1", set_stage("s9", ShopStage::Open)).await;
    assert_eq!(anew, Ok(1), "a refusal is not remembered, and another verb has its own ids");
}

async fn the_same_verb_at_two_replicas_at_once_has_one_effect(till: Till) {
    let other = till.replica().await;
    let same = async |till: &Till| join_all((0..10).map(|_| till.ops("p1", put("s1", 0)))).await;
    let (here, there) = futures::future::join(same(&till), same(&other)).await;
    for answer in here.into_iter().chain(there) {
        assert_eq!(answer, Ok(1));
    }
    assert_eq!(till.shop("s1").await.version, 1);
}

async fn a_shop_is_replaced_only_at_the_version_that_was_read(till: Till) {
    till.register("s1").await;
    let refused = till.ops("p2", put("s1", 0)).await;
    assert_eq!(refused, Err(ShopRefusal::ShopChanged(1)));
    assert_eq!(till.ops("p2", put("s1", 1)).await, Ok(2), "a refusal is not remembered");
    assert_eq!(till.ops("p3", put("s2", 7)).await, Err(ShopRefusal::ShopChanged(0)));
    till.ops("b1", set_stage("s1", ShopStage::Blocked)).await.expect("it is blocked");
    assert_eq!(till.ops("p4", put("s1", 3)).await, Ok(4));
    assert_eq!(till.shop("s1").await.stage, ShopStage::Blocked, "its state stays as it is");
    let writers = (0..6).map(|n| {
        let till = &till;
        async move { till.ops(&format!("w{n}"), put("s1", 4)).await }
    });
    let done = join_all(writers).await;
    assert_eq!(done.iter().filter(|answer| **answer == Ok(5)).count(), 1, "{done:?}");
}

async fn a_shop_is_seen_and_changed_within_the_subtree_of_its_organization_only(till: Till) {
    till.register("s1").await;
    let outside = Err(ShopRefusal::OutsideSubtree);
    let city = Some("gd/guangzhou");
    assert_eq!(till.ops_of(city, "p1", put("s2", 0)).await, outside, "it would be the province's");
    assert_eq!(till.ops_of(city, "b1", set_stage("s1", ShopStage::Blocked)).await, outside);
    let terminal = ShopAction::PutTerminal(shop_key("s1"), key("t1"), ShopStage::Blocked);
    assert_eq!(till.ops_of(city, "t1", terminal).await, outside);
    let list = ShopAction::List(key(RETURNS), keys(&["s1"]));
    assert_eq!(till.ops_of(city, "l1", list).await, outside, "nor is the campaign theirs");
    let text = BTreeMap::from([(key("x"), None)]);
    let map = |shop_id| ShopAction::MapCategories(key("wepay"), shop_id, text.clone());
    for whose in [Some(key("s1")), None] {
        let mapped = till.ops_of(Some("gd"), "m1", map(whose)).await;
        assert_eq!(mapped, outside, "what goods are is so for everybody's campaigns");
    }
    assert_eq!(till.ops_of(None, "m1", map(None)).await, Ok(0));
    let query = ShopQuery { below: Some(path("gd/guangzhou")), ..ShopQuery::default() };
    assert_eq!(till.shops(&query).await, Vec::<String>::new());
}

async fn a_block_of_a_shop_or_a_till_is_met_at_every_replica_at_once(till: Till) {
    let other = till.replica().await;
    let (here, at_till) = (place("s1", None), place("s1", Some("t1")));
    assert_eq!(other.taken(&at_till, RETURNS).await, Ok(()), "a shop need not be registered");
    till.register("s1").await;
    assert_eq!(other.taken(&at_till, RETURNS).await, Ok(()), "nor a till");
    let elsewhere = Place { region: region("440103"), ..here.clone() };
    assert_eq!(other.taken(&elsewhere, RETURNS).await, Err(Reason::ShopRegionDiffers));
    let terminal = |stage| ShopAction::PutTerminal(shop_key("s1"), key("t1"), stage);
    assert_eq!(till.ops("t1", terminal(ShopStage::Blocked)).await, Ok(1));
    assert_eq!(other.taken(&at_till, RETURNS).await, Err(Reason::TerminalBlocked));
    assert_eq!(other.taken(&here, RETURNS).await, Ok(()));
    assert_eq!(till.ops("t2", terminal(ShopStage::Blocked)).await, Ok(1), "nothing changes");
    assert_eq!(other.ops("b1", set_stage("s1", ShopStage::Blocked)).await, Ok(2));
    assert_eq!(
        till.taken(&elsewhere, RETURNS).await,
        Err(Reason::ShopBlocked),
        "the shop comes first"
    );
    assert_eq!(till.ops("u1", set_stage("s1", ShopStage::Open)).await, Ok(3));
    assert_eq!(till.ops("t3", terminal(ShopStage::Open)).await, Ok(2));
    assert_eq!(other.taken(&at_till, RETURNS).await, Ok(()));
}

async fn what_an_organization_says_of_a_shop_concerns_its_own_campaigns_only(till: Till) {
    let own = Campaign { organization: path("gd/zhuhai"), ..campaign_of("own", cool_drinks(), 3) };
    till.offer(vec![own]).await;
    let (city, elsewhere) = (Some("gd/zhuhai"), region("440103"));
    let first = PutShop { organization: path("gd/zhuhai"), ..put_shop("s1", 0) };
    let first = PutShop { region: elsewhere, ..first };
    assert_eq!(till.ops_of(city, "p1", ShopAction::Put(first)).await, Ok(1));
    let at_till = place("s1", Some("t1"));
    assert_eq!(till.taken(&at_till, "own").await, Err(Reason::ShopRegionDiffers));
    let terminal = ShopAction::PutTerminal(shop_key("s1"), key("t1"), ShopStage::Blocked);
    assert_eq!(till.ops_of(city, "t1", terminal).await, Ok(1));
    assert_eq!(till.taken(&at_till, "own").await, Err(Reason::TerminalBlocked));
    let block = set_stage("s1", ShopStage::Blocked);
    assert_eq!(till.ops_of(city, "b1", block).await, Ok(2));
    assert_eq!(till.taken(&at_till, "own").await, Err(Reason::ShopBlocked));
    assert_eq!(till.taken(&at_till, RETURNS).await, Ok(()), "it is the province's");
}

async fn a_campaign_lists_all_of_the_shops_or_none(till: Till) {
    till.register("s1").await;
    till.register("s2").await;
    let listed = async |shop_id: &str| {
        let place = place(shop_id, None);
        let registered = till.registered(&place, &[]).await;
        registered.at(&place).is_listed(&key(RETURNS)).map_err(|refusal| refusal.reason)
    };
    let list = |shops: &[&str]| ShopAction::List(key(RETURNS), keys(shops));
    assert_eq!(till.ops("l1", list(&["s1", "s3"])).await, Err(not_found("shop")));
    assert_eq!(listed("s1").await, Err(Reason::ShopNotListed));
    assert_eq!(listed("s3").await, Err(Reason::ShopUnknown));
    let nowhere = ShopAction::List(key("nowhere"), keys(&["s1"]));
    assert_eq!(till.ops("l1", nowhere).await, Err(not_found("campaign")));
    assert_eq!(till.ops("l1", list(&["s1"])).await, Ok(1));
    assert_eq!(till.ops("l2", list(&["s1", "s2"])).await, Ok(1), "one of them is new");
    assert_eq!(till.ops("l2", list(&["s1", "s2"])).await, Ok(1), "as it was answered");
    assert_eq!((listed("s1").await, listed("s2").await), (Ok(()), Ok(())));
    let query = ShopQuery { campaign_id: Some(key(RETURNS)), ..ShopQuery::default() };
    assert_eq!(till.shops(&query).await, ["wepay/s1", "wepay/s2"]);
    let unlist = ShopAction::Unlist(key(RETURNS), keys(&["s1"]));
    assert_eq!(till.ops("x1", unlist.clone()).await, Ok(1));
    assert_eq!(till.ops("x2", unlist).await, Ok(0), "it is off it already");
    assert_eq!(listed("s1").await, Err(Reason::ShopNotListed));
    assert_eq!(listed("s2").await, Ok(()));
}

async fn a_shops_own_mapping_comes_before_its_platforms(till: Till) {
    till.register("s1").await;
    let category = async |shop_id: &str, text: &str| {
        let place = place(shop_id, None);
        let registered = till.registered(&place, &[text]).await;
        registered.at(&place).category(&key(text)).to_string()
    };
    assert_eq!(category("s1", "cold-drink").await, "cold-drink", "a key of ours is itself");
    assert_eq!(category("s1", "冰镇饮料").await, "unmapped");
    let map = |shop_id: Option<&str>, text: &str, category: &str| {
        let category = (!category.is_empty()).then(|| goods(category));
        let mappings = BTreeMap::from([(key(text), category)]);
        ShopAction::MapCategories(key("wepay"), shop_id.map(key), mappings)
    };
    assert_eq!(till.ops_of(None, "m1", map(None, "10000045", "cold-drink")).await, Ok(1));
    assert_eq!(category("s1", "10000045").await, "cold-drink");
    assert_eq!(category("s2", "10000045").await, "cold-drink", "registered or not");
    let own = |text, category| map(Some("s1"), text, category);
    assert_eq!(till.ops_of(None, "m2", own("10000045", "beer")).await, Ok(1));
    assert_eq!(till.ops_of(None, "m3", own("冰镇饮料", "cold-drink")).await, Ok(1));
    assert_eq!(category("s1", "10000045").await, "beer");
    assert_eq!(category("s2", "10000045").await, "cold-drink");
    assert_eq!(category("s1", "冰镇饮料").await, "cold-drink");
    assert_eq!(till.ops_of(None, "m4", own("10000045", "beer")).await, Ok(0), "as it is");
    assert_eq!(till.ops_of(None, "m5", own("10000045", "")).await, Ok(1), "and away");
    assert_eq!(category("s1", "10000045").await, "cold-drink");
    let nowhere = till.ops_of(None, "m6", map(Some("s9"), "x", "beer")).await;
    assert_eq!(nowhere, Err(not_found("shop")));
}

async fn shops_are_listed_by_key_page_by_page_and_by_each_filter(till: Till) {
    for shop_id in ["s3", "s1", "S2", "s10"] {
        till.register(shop_id).await;
    }
    let mut other = PutShop { chain: Some(key("tea-co")), ..put_shop("s2", 0) };
    (other.key.platform, other.region) = (key("alipay"), region("440304"));
    other.organization = path("gd/shenzhen");
    till.ops("put-other", ShopAction::Put(other)).await.expect("it is registered");
    let all = ["alipay/s2", "wepay/S2", "wepay/s1", "wepay/s10", "wepay/s3"];
    let query = ShopQuery::default;
    assert_eq!(till.shops(&query()).await, all, "in the order of their bytes");
    let only = ["alipay/s2"];
    let filters = [
        ShopQuery { below: Some(path("gd/shenzhen")), ..query() },
        ShopQuery { platform: Some(key("alipay")), ..query() },
        ShopQuery { region: Some(region("440300")), ..query() },
        ShopQuery { chain: Some(key("tea-co")), ..query() },
    ];
    for filter in filters {
        assert_eq!(till.shops(&filter).await, only, "{filter:?}");
    }
    let province = ShopQuery { region: Some(region("440000")), ..query() };
    assert_eq!(till.shops(&province).await, all);
    let both = ShopQuery { region: Some(region("440100")), chain: Some(key("tea-co")), ..query() };
    assert_eq!(till.shops(&both).await, Vec::<String>::new());
}

async fn a_stop_is_met_until_it_is_resumed_and_concerns_its_organizations_campaigns(till: Till) {
    let other = till.replica().await;
    let here = place("s1", None);
    let scopes = [
        StopScope::Campaign(key(RETURNS)),
        StopScope::Region(region("440100")),
        StopScope::Shop(shop_key("s1")),
    ];
    for (n, scope) in scopes.into_iter().enumerate() {
        let stopped = stop_key("gd", scope);
        let stop = ShopAction::Stop(stopped.clone(), texts());
        assert_eq!(till.ops(&format!("s{n}"), stop.clone()).await, Ok(1));
        assert_eq!(other.taken(&here, RETURNS).await, Err(Reason::RedeemingStopped));
        assert_eq!(till.ops(&format!("again{n}"), stop).await, Ok(1), "nothing changes");
        let of_campaign = matches!(stopped.scope, StopScope::Campaign(_));
        assert_eq!(other.taken(&here, SPENT).await.is_ok(), of_campaign);
        let far = Place { region: region("440304"), ..place("s2", None) };
        assert_eq!(other.taken(&far, RETURNS).await.is_err(), of_campaign);
        let listed = till.store.shops().stops(Some(&path("gd")), None, 10).await;
        let listed = listed.expect("the store is there");
        assert_eq!(listed.iter().map(|stop| &stop.key).collect::<Vec<_>>(), [&stopped]);
        assert_eq!(listed[0].texts, texts());
        let below = till.store.shops().stops(Some(&path("gd/guangzhou")), None, 10).await;
        assert!(below.expect("the store is there").is_empty(), "it is the province's");
        let resume = ShopAction::Resume(stopped);
        assert_eq!(other.ops(&format!("r{n}"), resume.clone()).await, Ok(2));
        assert_eq!(till.taken(&here, RETURNS).await, Ok(()));
        assert_eq!(till.ops(&format!("rr{n}"), resume).await, Ok(2), "it goes on already");
    }
    let hunan = ShopAction::Stop(stop_key("hn", StopScope::Shop(shop_key("s1"))), texts());
    assert_eq!(till.ops_of(Some("hn"), "hn", hunan).await, Ok(1));
    assert_eq!(till.taken(&here, RETURNS).await, Ok(()), "it stops nobody else's campaigns");
}

async fn a_stop_of_what_is_not_the_organizations_is_refused(till: Till) {
    let stop = |organization, scope| ShopAction::Stop(stop_key(organization, scope), texts());
    let campaign = || StopScope::Campaign(key(RETURNS));
    let outside = Err(ShopRefusal::OutsideSubtree);
    assert_eq!(till.ops("s1", stop("hn", campaign())).await, outside, "it is not the caller's");
    assert_eq!(till.ops("s1", stop("gd/guangzhou", campaign())).await, outside, "nor the city's");
    let nowhere = StopScope::Campaign(key("nowhere"));
    assert_eq!(till.ops("s1", stop("gd", nowhere)).await, Err(not_found("campaign")));
    assert_eq!(till.ops("s1", stop("gd", campaign())).await, Ok(1));
    let resume = ShopAction::Resume(stop_key("gd", campaign()));
    assert_eq!(till.ops_of(Some("hn"), "r1", resume.clone()).await, outside);
    assert_eq!(till.ops("r1", resume).await, Ok(2));
    let never = ShopAction::Resume(stop_key("gd", StopScope::Region(region(TIANHE))));
    assert_eq!(till.ops("r2", never).await, Ok(0), "it never was");
}

async fn stops_at_two_replicas_at_once_are_each_a_version_of_their_scope(till: Till) {
    let other = till.replica().await;
    let scope = || stop_key("gd", StopScope::Region(region(TIANHE)));
    let stop = async |till: &Till, n: usize| {
        let zh = format!("第{n}次");
        let texts = StopTexts { zh: key(&zh), en: key("maintenance") };
        till.ops(&format!("s{n}"), ShopAction::Stop(scope(), texts)).await.expect("it stops")
    };
    let here = join_all((0..5).map(|n| stop(&till, n)));
    let there = join_all((5..10).map(|n| stop(&other, n)));
    let (here, there) = futures::future::join(here, there).await;
    let versions: BTreeSet<i64> = here.into_iter().chain(there).collect();
    assert_eq!(versions, (1..=10).collect());
    let resumed = till.ops("r1", ShopAction::Resume(scope())).await;
    assert_eq!(resumed, Ok(11));
}

async fn good_rows_go_in_and_bad_ones_are_kept_with_line_and_reason(till: Till) {
    till.register("s4").await;
    let rows = [
        row(2, "s1", "一店", "广州市天河区", "tea-co"),
        row(3, "s 2", "二店", TIANHE, ""),
        row(4, "s3", "", TIANHE, ""),
        row(5, "s3", "三店", "火星", ""),
        row(6, "s4", "四店", TIANHE, ""),
        row(7, "s3", "三店", TIANHE, "tea co"),
        row(8, "s1", "一店", TIANHE, ""),
        row(9, " s5 ", " 五店 ", TIANHE, ""),
    ];
    let import = till.import("i1", Some(RETURNS), &rows).await;
    let counts = (import.added, import.changed, import.unchanged, import.listed, import.bad);
    assert_eq!((counts, import.committed_line), ((2, 1, 0, 2, 5), 9));
    let report = till.store.shops().shop_import(&key("i1")).await.expect("the store is there");
    let report = report.expect("it was begun");
    let problems = report.problems.iter();
    let problems: Vec<_> =
        problems.map(|bad| format!("{} {} {}", bad.line, bad.column, bad.reason)).collect();
    let expected = [
        "3 shop_id KEY_FORM",
        "4 title_zh TEXT_FORM",
        "5 region REGION_UNKNOWN",
        "6 shop_id SHOP_ELSEWHERE",
        "7 chain KEY_FORM",
    ];
    assert_eq!((problems, report.import), (expected.map(String::from).to_vec(), import));
    let first = till.shop("s1").await;
    assert_eq!((first.version, first.chain, first.organization), (2, None, path("gd/guangzhou")));
    assert_eq!(till.shop("s5").await.title.as_str(), "五店");
    let query = ShopQuery { campaign_id: Some(key(RETURNS)), ..ShopQuery::default() };
    assert_eq!(till.shops(&query).await, ["wepay/s1", "wepay/s5"]);
}

async fn an_import_goes_on_behind_what_is_committed_and_the_same_file_is_unchanged(till: Till) {
    let rows: Vec<_> =
        (1..=40).map(|n| row(n + 1, &format!("s{n}"), "分店", TIANHE, "tea-co")).collect();
    let first = till.import("i1", None, &rows[..25]).await;
    assert_eq!((first.added, first.committed_line), (25, 26));
    let begun = till.begin("i1", "gd/guangzhou", None).await;
    assert_eq!(begun, Ok(first), "it stands where it was left");
    let whole = till.import("i1", None, &rows).await;
    assert_eq!((whole.added, whole.unchanged, whole.committed_line), (40, 0, 41));
    let again = till.import("i2", Some(RETURNS), &rows).await;
    assert_eq!((again.added, again.unchanged, again.listed), (0, 40, 40));
    assert_eq!(till.shop("s1").await.version, 1);
    till.ops("b1", set_stage("s1", ShopStage::Blocked)).await.expect("it is blocked");
    let moved = row(2, "s1", "分店", "440103", "tea-co");
    let changed = till.import("i3", Some(RETURNS), &[moved]).await;
    assert_eq!((changed.changed, changed.listed), (1, 0));
    assert_eq!(till.shop("s1").await.stage, ShopStage::Blocked);
    let (other, half) = (till.replica().await, &rows[..20]);
    let both = futures::future::join(till.import("i4", None, half), async {
        other.begin("i4", "gd/guangzhou", None).await.expect("it begins")
    });
    assert_eq!(both.await.0.unchanged, 19, "one of them has moved");
}

async fn one_import_at_two_replicas_at_once_counts_each_row_once(till: Till) {
    let other = till.replica().await;
    let rows: Vec<_> = (1..=60).map(|n| row(n + 1, &format!("s{n}"), "分店", TIANHE, "")).collect();
    till.begin("i1", "gd/guangzhou", Some(RETURNS)).await.expect("it begins");
    let stream = async |till: &Till| {
        for batch in rows.chunks(7) {
            till.take("i1", batch).await;
        }
    };
    futures::future::join(stream(&till), stream(&other)).await;
    let report = till.store.shops().shop_import(&key("i1")).await.expect("the store is there");
    let import = report.expect("it was begun").import;
    let counts = (import.added, import.changed, import.unchanged, import.listed, import.bad);
    assert_eq!((counts, import.committed_line), ((60, 0, 0, 60, 0), 61));
    assert_eq!(till.shop("s60").await.version, 1);
}

async fn an_import_id_is_one_headers(till: Till) {
    till.begin("i1", "gd/guangzhou", None).await.expect("it begins");
    let reused = Err(ShopRefusal::ImportIdReused);
    assert_eq!(till.begin("i1", "gd/shenzhen", None).await, reused);
    assert_eq!(till.begin("i1", "gd/guangzhou", Some(RETURNS)).await, reused);
    assert_eq!(till.begin("i2", "hn", None).await, Err(ShopRefusal::OutsideSubtree));
    assert_eq!(till.begin("i2", "gd", Some("nowhere")).await, Err(not_found("campaign")));
    let unknown = till.store.shops().shop_import(&key("i2")).await.expect("the store is there");
    assert_eq!(unknown, None);
}

pub(super) fn shop_key(shop_id: &str) -> ShopKey {
    ShopKey { platform: key("wepay"), shop_id: key(shop_id) }
}

pub(super) fn keys(shop_ids: &[&str]) -> BTreeSet<ShopKey> {
    shop_ids.iter().map(|id| shop_key(id)).collect()
}

fn place(shop_id: &str, terminal: Option<&str>) -> Place {
    Place { shop: shop_key(shop_id), terminal: terminal.map(key), region: region(TIANHE) }
}

pub(super) fn put_shop(shop_id: &str, version: i64) -> PutShop {
    PutShop {
        key: shop_key(shop_id),
        organization: path("gd"),
        title: key("分店"),
        region: region(TIANHE),
        chain: None,
        version,
    }
}

fn put(shop_id: &str, version: i64) -> ShopAction {
    ShopAction::Put(put_shop(shop_id, version))
}

pub(super) fn set_stage(shop_id: &str, stage: ShopStage) -> ShopAction {
    ShopAction::SetStage(shop_key(shop_id), stage)
}

pub(super) fn stop_key(organization: &str, scope: StopScope) -> StopKey {
    StopKey { organization: path(organization), scope }
}

pub(super) fn texts() -> StopTexts {
    StopTexts { zh: key("系统维护"), en: key("maintenance") }
}

fn row(line: i64, shop_id: &str, title: &str, region: &str, chain: &str) -> WrittenShop {
    WrittenShop {
        line,
        shop_id: shop_id.to_owned(),
        title: title.to_owned(),
        region: region.to_owned(),
        chain: chain.to_owned(),
    }
}

fn not_found(kind: &'static str) -> ShopRefusal {
    ShopRefusal::NotFound(kind)
}

pub(super) fn goods(category: &str) -> Category {
    Category::parse(category).expect("a category")
}

fn path(text: &str) -> OrganizationPath {
    OrganizationPath::parse(text).expect("a path")
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region")
}
