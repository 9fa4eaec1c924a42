//! Orders meet what ops said of shops, tills, lists, stops and goods, at every replica, and what
//! was held before goes on.

use std::collections::BTreeMap;

use benefit::{Fen, ShopScope, TermsParts};
use member_identity::RegionCode;

use super::shops::{goods, keys, put_shop, set_stage, shop_key, stop_key, texts};
use super::till::{
    RETURNS, SPENT, Till, campaign_of, cold_drink, cool_drinks, key, made, person, reason,
};
use super::{Case, case};
use crate::domain::shops::{PutShop, ShopAction, ShopStage, StopScope};
use crate::domain::{Answer, Detail, Order, Reason, Stage, Wanted};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("shops", a_blocked_shop_refuses_new_orders_and_its_holds_go_on),
        case!("shops", a_blocked_till_and_an_order_from_elsewhere_are_refused),
        case!("shops", a_listed_campaign_is_taken_in_listed_shops_alone_from_the_next_order_on),
        case!("shops", lines_are_judged_by_what_their_texts_stand_for),
        case!("stops", a_stop_refuses_new_orders_with_its_texts_and_its_holds_go_on),
        case!("stops", a_voucher_whose_campaign_is_stopped_is_left_out_and_another_applies),
    ]
}

/// The shop of the orders here.
const SHOP: &str = "shop-1";

impl Till {
    /// Authorizes an order of person 1.
    async fn order(&self, request_id: &str, order: Order) -> Answer {
        self.one(self.authorize_order(request_id, person(1), (order, Wanted::Best))).await
    }
}

/// A cold drink of 5.00.
fn drink(number: &str) -> Order {
    cold_drink(number, Fen(500))
}

async fn a_blocked_shop_refuses_new_orders_and_its_holds_go_on(till: Till) {
    let other = till.replica().await;
    till.register(SHOP).await;
    till.give(person(1), RETURNS).await;
    till.give(person(1), RETURNS).await;
    let held = made(till.order("a1", drink("o1")).await);
    till.ops("b1", set_stage(SHOP, ShopStage::Blocked)).await.expect("it is blocked");
    let refused = other.order("a2", drink("o2")).await;
    assert_eq!(reason(&refused), Reason::ShopBlocked);
    assert_eq!(made(other.order("a1", drink("o1")).await), held, "it was answered before");
    let captured = made(other.one(other.capture("c1", held.authorization_id)).await);
    assert!(matches!(captured.stage, Stage::Captured(_)));
    made(till.one(till.refund("r1", held.authorization_id)).await);
    till.ops("u1", set_stage(SHOP, ShopStage::Open)).await.expect("it is open");
    assert_eq!(till.order("a2", drink("o2")).await, refused, "the answer stands for ever");
    made(till.order("a3", drink("o2")).await);
}

async fn a_blocked_till_and_an_order_from_elsewhere_are_refused(till: Till) {
    till.register(SHOP).await;
    till.give(person(1), RETURNS).await;
    till.give(person(1), RETURNS).await;
    let block = ShopAction::PutTerminal(shop_key(SHOP), key("t1"), ShopStage::Blocked);
    till.ops("t1", block).await.expect("it is blocked");
    let at = |terminal: &str| Order { terminal: Some(key(terminal)), ..drink("o1") };
    assert_eq!(reason(&till.order("a1", at("t1")).await), Reason::TerminalBlocked);
    let reused = till.order("a1", at("t2")).await;
    assert_eq!(reason(&reused), Reason::RequestIdReused);
    let field = reused.expect_err("it is refused");
    assert_eq!(field.detail(Detail::Field), Some("order.shop.terminal_id"));
    made(till.order("a2", at("t2")).await);
    let moved = PutShop { region: region("440103"), ..put_shop(SHOP, 1) };
    till.ops("p2", ShopAction::Put(moved)).await.expect("it has moved");
    let elsewhere = till.order("a3", drink("o3")).await;
    assert_eq!(reason(&elsewhere), Reason::ShopRegionDiffers);
    let registered = elsewhere.expect_err("it is refused");
    assert_eq!(registered.detail(Detail::Region), Some("440103"));
}

async fn a_listed_campaign_is_taken_in_listed_shops_alone_from_the_next_order_on(till: Till) {
    let other = till.replica().await;
    let parts = TermsParts { shops: ShopScope::Listed, ..cool_drinks() };
    till.offer(vec![campaign_of("listed", parts, 3)]).await;
    till.give(person(1), "listed").await;
    assert_eq!(reason(&till.order("a1", drink("o1")).await), Reason::ShopUnknown);
    till.register(SHOP).await;
    assert_eq!(reason(&other.order("a2", drink("o1")).await), Reason::ShopNotListed);
    let list = ShopAction::List(key("listed"), keys(&[SHOP]));
    till.ops("l1", list).await.expect("it is listed");
    let held = made(other.order("a3", drink("o1")).await);
    let unlist = ShopAction::Unlist(key("listed"), keys(&[SHOP]));
    other.ops("x1", unlist).await.expect("it is off the list");
    made(till.one(till.void("v1", held.authorization_id)).await);
    assert_eq!(reason(&till.order("a4", drink("o1")).await), Reason::ShopNotListed);
}

async fn lines_are_judged_by_what_their_texts_stand_for(till: Till) {
    till.register(SHOP).await;
    till.give(person(1), RETURNS).await;
    till.give(person(1), RETURNS).await;
    let named = |number: &str, text: &str| Order { texts: vec![key(text)], ..drink(number) };
    let map = |text: &str, category: &str| {
        let mappings = BTreeMap::from([(key(text), Some(goods(category)))]);
        ShopAction::MapCategories(key("wepay"), Some(key(SHOP)), mappings)
    };
    till.ops_of(None, "m1", map("冰镇饮料", "cold-drink")).await.expect("it is mapped");
    made(till.order("a1", named("o1", "冰镇饮料")).await);
    till.ops_of(None, "m2", map("cold-drink", "beer")).await.expect("a key may be mapped too");
    let beer = till.order("a2", drink("o2")).await;
    assert_eq!(reason(&beer), Reason::GoodsNotCovered);
    let reused = till.order("a1", named("o1", "cold-drink")).await;
    assert_eq!(reason(&reused), Reason::RequestIdReused, "a request is what its lines say");
}

async fn a_stop_refuses_new_orders_with_its_texts_and_its_holds_go_on(till: Till) {
    let other = till.replica().await;
    let scopes = [
        StopScope::Campaign(key(RETURNS)),
        StopScope::Region(region("440100")),
        StopScope::Shop(shop_key(SHOP)),
    ];
    for (n, scope) in scopes.into_iter().enumerate() {
        till.give(person(1), RETURNS).await;
        till.give(person(1), RETURNS).await;
        let held = made(till.order(&format!("h{n}"), drink(&format!("h{n}"))).await);
        let kind = scope.kind();
        let stopped = stop_key("gd", scope);
        let stop = ShopAction::Stop(stopped.clone(), texts());
        till.ops(&format!("s{n}"), stop).await.expect("it is stopped");
        let refused = other.order(&format!("a{n}"), drink(&format!("a{n}"))).await;
        let refused = refused.expect_err("it is stopped");
        assert_eq!(refused.reason, Reason::RedeemingStopped);
        assert_eq!(refused.detail(Detail::Stopped), Some(kind));
        assert_eq!(refused.detail(Detail::TextZh), Some("系统维护"));
        assert_eq!(refused.detail(Detail::TextEn), Some("maintenance"));
        made(other.one(other.capture(&format!("c{n}"), held.authorization_id)).await);
        other.ops(&format!("r{n}"), ShopAction::Resume(stopped)).await.expect("it goes on");
        let again = till.order(&format!("a{n}"), drink(&format!("a{n}"))).await;
        assert_eq!(again, Err(refused), "with its texts, for ever");
        made(till.order(&format!("b{n}"), drink(&format!("a{n}"))).await);
    }
}

async fn a_voucher_whose_campaign_is_stopped_is_left_out_and_another_applies(till: Till) {
    till.give(person(1), RETURNS).await;
    till.give(person(1), SPENT).await;
    let stop = ShopAction::Stop(stop_key("gd", StopScope::Campaign(key(RETURNS))), texts());
    till.ops("s1", stop).await.expect("it is stopped");
    let held = made(till.order("a1", drink("o1")).await);
    assert_eq!(held.vouchers[0].campaign_id, key(SPENT));
    assert_eq!(reason(&till.order("a2", drink("o2")).await), Reason::RedeemingStopped);
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region")
}
