//! Shops and tills, judged without a store.

use benefit::{
    Category, Fen, Hours, Kind, RefundRule, ShopScope, Stacking, Terms, TermsParts, Uses,
};
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{OrganizationPath, RegionCode};

use super::*;
use crate::domain::{Campaign, CampaignState, Reason};

/// A breakfast in the shops of Guangzhou, of the city's union.
fn breakfast() -> Campaign {
    breakfast_in(ShopScope::Any)
}

fn breakfast_in(shops: ShopScope) -> Campaign {
    let parts = TermsParts {
        kind: Kind::AmountOff { threshold: Fen(600), amount: Fen(599) },
        uses: Uses::ONCE,
        goods_categories: vec![Category::parse("breakfast").expect("a category")],
        excluded_categories: Vec::new(),
        regions: vec![region("440100")],
        shops,
        hours: vec![Hours::parse("06:00-10:00").expect("hours")],
        stacking: Stacking::default(),
        rechecks_membership: false,
        refund_rule: RefundRule::RightReturns,
        returns_max: 100,
        zone: Zone::shanghai(),
    };
    Campaign {
        campaign_id: "breakfast".parse().expect("a key"),
        organization: path("gd/guangzhou"),
        state: CampaignState::Active,
        policy_id: String::from("members"),
        terms: Terms::new(parts).expect("terms"),
        title_zh: String::new(),
        title_en: String::new(),
        position: 1,
    }
}

fn at(minute: u16) -> Timestamp {
    BusinessDay::parse("2022-07-22").expect("a day").at_minute(minute, &Zone::shanghai())
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region")
}

fn path(text: &str) -> OrganizationPath {
    OrganizationPath::parse(text).expect("a path")
}

fn shop_key() -> ShopKey {
    let (platform, shop_id) = ("wepay".parse(), "s1".parse());
    ShopKey { platform: platform.expect("a key"), shop_id: shop_id.expect("a key") }
}

fn place(code: &str) -> Place {
    let terminal = Some("t1".parse().expect("a key"));
    Place { shop: shop_key(), terminal, region: region(code) }
}

fn stop(organization: &str, scope: StopScope) -> Stop {
    let texts =
        StopTexts { zh: "维护".parse().expect("a text"), en: "ill".parse().expect("text") };
    let stopped_by = "ops".parse().expect("a key");
    let key = StopKey { organization: path(organization), scope };
    Stop { key, texts, version: 1, stopped_by, stopped_at: at(0) }
}

fn all_reasons(registered: &Registrations, place: &Place, minute: u16) -> Vec<Reason> {
    let obstacles = registered.at(place).obstacles_to(&breakfast(), at(minute));
    obstacles.into_iter().map(|obstacle| obstacle.refusal.reason).collect()
}

/// A shop in Tianhe, of an organization.
fn shop(organization: &str, stage: ShopStage) -> ShopHere {
    ShopHere { organization: path(organization), region: region("440106"), stage }
}

#[test]
fn reasons_come_in_the_documented_order_and_all_of_them_are_told() {
    let mut registered = Registrations::default();
    registered.shops.insert(shop_key(), shop("gd", ShopStage::Blocked));
    registered.terminals.insert((shop_key(), "t1".parse().expect("a key")), ShopStage::Blocked);
    registered.stops.push(stop("gd", StopScope::Shop(shop_key())));
    let expected = [
        Reason::ShopBlocked,
        Reason::TerminalBlocked,
        Reason::ShopRegionDiffers,
        Reason::RedeemingStopped,
        Reason::RegionNotCovered,
        Reason::OutsideHours,
    ];
    let far = place("440304");
    assert_eq!(all_reasons(&registered, &far, 700), expected);
    let first = registered.at(&far).takes(&breakfast()).expect_err("it is refused");
    assert_eq!(first.reason, Reason::ShopBlocked);
}

#[test]
fn a_shop_says_nothing_about_campaigns_that_are_not_its_organizations() {
    let terminal = (shop_key(), "t1".parse().expect("a key"));
    let far = place("440304");
    for (organization, concerns) in
        [("gd", true), ("gd/guangzhou", true), ("gd/guangzhou/sf", false), ("gd/shenzhen", false)]
    {
        let mut registered = Registrations::default();
        registered.shops.insert(shop_key(), shop(organization, ShopStage::Blocked));
        registered.terminals.insert(terminal.clone(), ShopStage::Blocked);
        let taken = registered.at(&far).takes(&breakfast());
        assert_eq!(taken.is_err(), concerns, "{organization}: {taken:?}");
    }
}

#[test]
fn of_several_stops_that_of_the_highest_organization_is_told_whatever_their_order() {
    let own = || StopScope::Campaign("breakfast".parse().expect("a key"));
    let stops = [
        stop("gd", own()),
        stop("gd", StopScope::Region(region("440000"))),
        stop("gd", StopScope::Region(region("440106"))),
        stop("gd", StopScope::Shop(shop_key())),
        stop("gd/guangzhou", own()),
    ];
    let told = |n| StopTexts {
        zh: "维护".parse().expect("a text"),
        en: format!("no {n}").parse().expect("a text"),
    };
    let stops: Vec<_> = (0..).zip(stops).map(|(n, stop)| Stop { texts: told(n), ..stop }).collect();
    for first in 0..stops.len() {
        for backwards in [false, true] {
            let mut registered = Registrations::default();
            registered.stops.extend_from_slice(&stops[first..]);
            if backwards {
                registered.stops.reverse();
            }
            let refusal = registered.at(&place("440106")).takes(&breakfast());
            assert_eq!(refusal, Err(stops[first].refusal()));
        }
    }
}

#[test]
fn a_place_that_nobody_registered_takes_what_the_terms_allow() {
    let nothing = Registrations::default();
    assert_eq!(all_reasons(&nothing, &place("440106"), 400), []);
    assert_eq!(nothing.at(&place("440106")).takes(&breakfast()), Ok(()));
}

#[test]
fn terms_that_ask_for_listed_shops_are_taken_in_those_alone() {
    let (campaign, here) = (breakfast_in(ShopScope::Listed), place("440106"));
    let mut registered = Registrations::default();
    let taken = |registered: &Registrations| {
        registered.at(&here).takes(&campaign).map_err(|refusal| refusal.reason)
    };
    assert_eq!(taken(&registered), Err(Reason::ShopUnknown));
    registered.shops.insert(shop_key(), shop("hn", ShopStage::Open));
    assert_eq!(taken(&registered), Err(Reason::ShopNotListed));
    registered.listings.entry(shop_key()).or_default().insert(campaign.campaign_id.clone());
    assert_eq!(taken(&registered), Ok(()));
}

#[test]
fn outside_the_hours_it_is_told_when_they_begin_again() {
    let nothing = Registrations::default();
    let here = place("440106");
    let obstacles = nothing.at(&here).obstacles_to(&breakfast(), at(700));
    let tomorrow = BusinessDay::parse("2022-07-23").expect("a day");
    let opens_at = tomorrow.at_minute(360, &Zone::shanghai());
    assert_eq!(obstacles.len(), 1);
    assert_eq!(obstacles[0].opens_at, Some(opens_at));
    assert_eq!(obstacles[0].refusal.reason, Reason::OutsideHours);
}

#[test]
fn a_stop_concerns_its_organizations_campaigns_where_its_scope_is() {
    let campaign = breakfast();
    let own = StopScope::Campaign(campaign.campaign_id.clone());
    let other = StopScope::Campaign("lunch".parse().expect("a key"));
    let mut elsewhere = shop_key();
    elsewhere.platform = "alipay".parse().expect("a key");
    let rows = [
        ("gd", own.clone(), true),
        ("gd/guangzhou", own.clone(), true),
        ("gd/shenzhen", own.clone(), false),
        ("gd/guangzhou/sf", own, false),
        ("gd", other, false),
        ("gd", StopScope::Region(region("440000")), true),
        ("gd", StopScope::Region(region("440106")), true),
        ("gd", StopScope::Region(region("440103")), false),
        ("hn", StopScope::Region(region("440000")), false),
        ("gd", StopScope::Shop(shop_key()), true),
        ("gd", StopScope::Shop(elsewhere), false),
    ];
    for (organization, scope, expected) in rows {
        let stop = stop(organization, scope.clone());
        assert_eq!(stop.concerns(&campaign, &place("440106")), expected, "{stop:?}");
        let written = scope.to_string();
        assert_eq!(StopScope::read(scope.kind(), &written), Some(scope), "{written}");
    }
}

#[test]
fn texts_are_bounded_in_characters_and_have_no_control_characters() {
    let long = "店".repeat(101);
    assert_eq!("  茶饮店 ".parse::<ShopText>().expect("a text").as_str(), "茶饮店");
    assert!(long[..300].parse::<ShopText>().is_ok());
    for wrong in ["", "   ", "a\tb", "a\nb", &long] {
        assert!(wrong.parse::<ShopText>().is_err(), "{wrong:?}");
    }
    assert_eq!(" x ".parse::<GoodsText>().expect("a text").as_str(), " x ");
    assert!("物".repeat(64).parse::<GoodsText>().is_ok());
    assert!("物".repeat(65).parse::<GoodsText>().is_err());
    assert!("".parse::<GoodsText>().is_err());
}
