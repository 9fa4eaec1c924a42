//! Law R5: statements of chains of shops.

use benefit::{Fen, Portion};
use member_identity::{AuthorizationId, OrganizationPath};

use super::offers::{DISTRICT, PROVINCE, amount, cart};
use super::shops::put_shop;
use super::till::{OFF, RETURNS, SPENT, Till, key, made, person};
use super::{Case, case};
use crate::domain::shops::{PutShop, ShopAction, ShopKey};
use crate::domain::{Counterparty, StatementFormat, Wanted};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R5", a_chain_has_one_statement_over_the_platforms_of_its_shops),
        case!("R5", what_is_sold_in_a_shop_without_a_chain_is_in_no_chains_statement),
        case!("R5", a_capture_is_the_chains_that_the_shop_belongs_to_at_that_moment),
        case!("R5", a_refund_goes_off_the_chain_that_had_the_capture),
        case!("R5", a_chains_statement_of_a_closed_day_never_changes),
        case!("R5", what_comes_late_is_in_the_chains_next_statement_with_a_reference),
        case!("R5", a_chain_concerns_what_its_organization_and_those_below_pay_for),
        case!("R5", the_same_name_with_another_organization_is_another_chain),
        case!("R5", the_totals_of_an_open_day_are_read_of_each_kind_of_counterparty),
        case!("R5", all_kinds_of_statement_come_to_the_same),
    ]
}

/// The day of the cases.
const TODAY: &str = "2022-07-22";

impl Till {
    /// Registers a shop of an organization, or moves it, to a chain or out of all.
    async fn put_in(&self, shop: &str, organization: &str, chain: Option<&str>, version: i64) {
        let (platform, shop_id) = shop.split_once('/').expect("a platform and a shop id");
        let put = PutShop {
            key: ShopKey { platform: key(platform), shop_id: key(shop_id) },
            organization: OrganizationPath::parse(organization).expect("a path"),
            chain: chain.map(key),
            ..put_shop(shop_id, version)
        };
        let request_id = format!("{platform}-{shop_id}-{version}");
        let done = self.ops_of(None, &request_id, ShopAction::Put(put)).await;
        assert_eq!(done, Ok(version + 1));
    }

    /// A person buys a drink in a shop: held, not yet paid.
    async fn hold_in(&self, n: u8, shop: &str, campaign: &str) -> AuthorizationId {
        let (platform, shop_id) = shop.split_once('/').expect("a platform and a shop id");
        self.give(person(n), campaign).await;
        let mut order = super::cold_drink(&format!("o{n}"), Fen(500));
        order.shop_id = key(shop_id);
        let wish = (order, Wanted::Best);
        let mut command = self.authorize_order(&format!("a{n}"), person(n), wish);
        command.partner = key(platform);
        made(self.one(command).await).authorization_id
    }

    async fn pay(&self, n: u8, shop: &str, id: AuthorizationId) {
        let (platform, _) = shop.split_once('/').expect("a platform and a shop id");
        let mut capture = self.capture(&format!("c{n}"), id);
        capture.partner = key(platform);
        made(self.one(capture).await);
    }

    async fn buy_in(&self, n: u8, shop: &str, campaign: &str) -> AuthorizationId {
        let id = self.hold_in(n, shop, campaign).await;
        self.pay(n, shop, id).await;
        id
    }

    /// Rows, captured and refunded of a chain's statement; none when it has none.
    async fn figures(&self, date: &str, chain: &str) -> Option<(i64, i64, i64)> {
        let whose = of_chain(chain);
        let day = super::till::day(date);
        self.store.statement(day, &whose).await.expect("the store is there")?;
        let (_, head) = self.statement_of(date, &whose).await;
        Some((head.rows, head.captured.0, head.refunded.0))
    }

    async fn end(&self, next_day: &str) {
        self.move_to(next_day, 0);
        self.close().await;
    }
}

fn of_chain(chain: &str) -> Counterparty {
    Counterparty::Chain(chain.parse().expect("a chain"))
}

async fn a_chain_has_one_statement_over_the_platforms_of_its_shops(till: Till) {
    till.put_in("wepay/s1", "gd", Some("corner"), 0).await;
    till.put_in("alipay/s7", "gd", Some("corner"), 0).await;
    till.buy_in(1, "wepay/s1", RETURNS).await;
    till.buy_in(2, "alipay/s7", SPENT).await;
    till.end("2022-07-23").await;
    let (file, head) = till.statement_of(TODAY, &of_chain("gd:corner")).await;
    assert_eq!((head.rows, head.captured, head.refunded), (2, Fen(2 * OFF.0), Fen::ZERO));
    assert_eq!(head.format, StatementFormat::OfShops);
    let shops = file.lines().skip(1).map(|line| cell(line, 4) + "/" + &cell(line, 5));
    let shops: Vec<_> = shops.collect();
    assert_eq!(shops, ["alipay/s7", "wepay/s1"], "by platform, then in time");
}

fn cell(line: &str, at: usize) -> String {
    line.split(',').nth(at).expect("a cell").to_owned()
}

async fn what_is_sold_in_a_shop_without_a_chain_is_in_no_chains_statement(till: Till) {
    till.put_in("wepay/s1", "gd", Some("corner"), 0).await;
    till.put_in("wepay/s2", "gd", None, 0).await;
    for (n, shop) in [(1, "wepay/s1"), (2, "wepay/s2"), (3, "wepay/unregistered")] {
        till.buy_in(n, shop, RETURNS).await;
    }
    till.end("2022-07-23").await;
    assert_eq!(till.figures(TODAY, "gd:corner").await, Some((1, OFF.0, 0)));
    let (_, head) = till.statement(TODAY).await;
    assert_eq!(head.rows, 3, "the platform's has them all");
}

async fn a_capture_is_the_chains_that_the_shop_belongs_to_at_that_moment(till: Till) {
    let shop = "wepay/s1";
    till.put_in(shop, "gd", Some("first"), 0).await;
    let before = till.hold_in(1, shop, RETURNS).await;
    till.buy_in(2, shop, RETURNS).await;
    till.put_in(shop, "gd", Some("second"), 1).await;
    till.pay(1, shop, before).await;
    till.put_in(shop, "gd", None, 2).await;
    till.buy_in(3, shop, RETURNS).await;
    let of_second = till.stored(before).await.chain;
    assert_eq!(of_second.map(|chain| chain.to_string()).as_deref(), Some("gd:second"));
    till.end("2022-07-23").await;
    assert_eq!(till.figures(TODAY, "gd:first").await, Some((1, OFF.0, 0)));
    assert_eq!(till.figures(TODAY, "gd:second").await, Some((1, OFF.0, 0)));
}

async fn a_refund_goes_off_the_chain_that_had_the_capture(till: Till) {
    let shop = "wepay/s1";
    till.put_in(shop, "gd", Some("first"), 0).await;
    let id = till.buy_in(1, shop, RETURNS).await;
    till.put_in(shop, "gd", Some("second"), 1).await;
    made(till.one(till.refund_part("r1", id, amount(200))).await);
    till.end("2022-07-23").await;
    made(till.one(till.refund_part("r2", id, Portion::Whole)).await);
    till.end("2022-07-24").await;
    let (rows, captured, first) = till.figures(TODAY, "gd:first").await.expect("it sold");
    assert_eq!((rows, captured), (2, OFF.0), "never netted");
    let (rows, captured, rest) = till.figures("2022-07-23", "gd:first").await.expect("it gave");
    assert_eq!((rows, captured, first + rest), (1, 0, OFF.0));
    assert_eq!(till.figures(TODAY, "gd:second").await, None);
    assert_eq!(till.figures("2022-07-23", "gd:second").await, None);
}

async fn a_chains_statement_of_a_closed_day_never_changes(till: Till) {
    let shop = "wepay/s1";
    till.put_in(shop, "gd", Some("corner"), 0).await;
    let id = till.buy_in(1, shop, RETURNS).await;
    till.buy_in(2, shop, RETURNS).await;
    till.end("2022-07-23").await;
    let statement = till.statement_of(TODAY, &of_chain("gd:corner")).await;
    till.put_in(shop, "gd", Some("other"), 1).await;
    made(till.one(till.refund("r1", id)).await);
    till.end("2022-07-25").await;
    assert_eq!(till.statement_of(TODAY, &of_chain("gd:corner")).await, statement, "byte for byte");
    let replica = till.replica().await;
    assert_eq!(replica.statement_of(TODAY, &of_chain("gd:corner")).await, statement);
}

async fn what_comes_late_is_in_the_chains_next_statement_with_a_reference(till: Till) {
    let shop = "wepay/s1";
    till.put_in(shop, "gd", Some("corner"), 0).await;
    till.buy_in(1, shop, RETURNS).await;
    till.end("2022-07-23").await;
    till.move_to(TODAY, 700);
    till.buy_in(2, shop, RETURNS).await;
    till.end("2022-07-24").await;
    assert_eq!(till.figures(TODAY, "gd:corner").await, Some((1, OFF.0, 0)));
    let (file, head) = till.statement_of("2022-07-23", &of_chain("gd:corner")).await;
    assert_eq!(head.rows, 1);
    let row = file.lines().nth(1).expect("one row");
    assert!(row.ends_with(",2022-07-22"), "the row names the day that it missed");
}

async fn a_chain_concerns_what_its_organization_and_those_below_pay_for(till: Till) {
    till.offer_double().await;
    let ann = person(1);
    till.give(ann, DISTRICT).await;
    till.give(ann, PROVINCE).await;
    till.put_in("wepay/shop-1", "gd/zhuhai", Some("corner"), 0).await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    assert_eq!(held.vouchers.len(), 2, "of the province and of the district");
    till.captured(held.authorization_id, Portion::Whole).await;
    till.end("2022-07-23").await;
    assert_eq!(till.figures(TODAY, "gd/zhuhai:corner").await, Some((1, 50, 0)));
    let (_, head) = till.statement(TODAY).await;
    assert_eq!((head.rows, head.captured), (2, Fen(150)));
}

async fn the_same_name_with_another_organization_is_another_chain(till: Till) {
    till.put_in("wepay/s1", "gd", Some("corner"), 0).await;
    till.put_in("wepay/s2", "gd/zhuhai", Some("corner"), 0).await;
    till.buy_in(1, "wepay/s1", RETURNS).await;
    till.buy_in(2, "wepay/s2", RETURNS).await;
    till.end("2022-07-23").await;
    assert_eq!(till.figures(TODAY, "gd:corner").await, Some((1, OFF.0, 0)));
    assert_eq!(till.figures(TODAY, "gd/zhuhai:corner").await, None, "the province pays");
}

async fn the_totals_of_an_open_day_are_read_of_each_kind_of_counterparty(till: Till) {
    till.put_in("wepay/s1", "gd", Some("corner"), 0).await;
    till.buy_in(1, "wepay/s1", RETURNS).await;
    till.buy_in(2, "wepay/s2", RETURNS).await;
    till.buy_in(3, "alipay/s3", RETURNS).await;
    for (whose, captures) in [
        (None, vec![1, 2]),
        (Some(Counterparty::Platform(key("wepay"))), vec![2]),
        (Some(Counterparty::Funder(OrganizationPath::parse("gd").expect("a path"))), vec![1, 2]),
        (Some(Counterparty::Funder(OrganizationPath::parse("hn").expect("a path"))), vec![]),
        (Some(of_chain("gd:corner")), vec![1]),
        (Some(of_chain("gd:other")), vec![]),
    ] {
        let today = super::till::day(TODAY);
        let totals = till.store.daily_totals(today, whose.as_ref()).await;
        let totals = totals.expect("the store is there");
        let found: Vec<_> = totals.iter().map(|total| total.captures).collect();
        assert_eq!(found, captures, "{whose:?}, by platform");
    }
}

async fn all_kinds_of_statement_come_to_the_same(till: Till) {
    till.put_in("wepay/s1", "gd", Some("first"), 0).await;
    till.put_in("alipay/s2", "gd", Some("second"), 0).await;
    till.buy_in(1, "wepay/s1", RETURNS).await;
    till.buy_in(2, "alipay/s2", SPENT).await;
    let id = till.buy_in(3, "wepay/s1", RETURNS).await;
    made(till.one(till.refund("r3", id)).await);
    till.end("2022-07-23").await;
    let mut sums = Vec::new();
    for kind in [
        vec![Counterparty::Platform(key("wepay")), Counterparty::Platform(key("alipay"))],
        vec![Counterparty::Funder(OrganizationPath::parse("gd").expect("a path"))],
        vec![of_chain("gd:first"), of_chain("gd:second")],
    ] {
        let mut sum = (0, 0, 0);
        for whose in kind {
            let (_, head) = till.statement_of(TODAY, &whose).await;
            sum = (sum.0 + head.rows, sum.1 + head.captured.0, sum.2 + head.refunded.0);
        }
        sums.push(sum);
    }
    assert_eq!(sums, [(4, 3 * OFF.0, OFF.0); 3]);
}
