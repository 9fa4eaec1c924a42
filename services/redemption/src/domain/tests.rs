use std::collections::HashMap;
use std::time::Duration;

use benefit::{
    Basket, Category, Fen, Hours, Kind, Line, Portion, RefundRule, ShopScope, Stacking, Terms,
    TermsParts, UseLimit, UsePeriod, Uses,
};
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{AuthorizationId, OrganizationPath, PersonKey, RegionCode, VoucherId};

use super::shops::{Place, Registrations};
use super::*;

mod parts;

fn at(minute: u16) -> Timestamp {
    day("2022-07-22").at_minute(minute, &Zone::shanghai())
}

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn breakfast() -> Campaign {
    breakfast_with(Uses::ONCE)
}

fn breakfast_with(uses: Uses) -> Campaign {
    let parts = TermsParts {
        kind: Kind::AmountOff { threshold: Fen(600), amount: Fen(599) },
        uses,
        goods_categories: vec![Category::parse("breakfast").expect("a category")],
        excluded_categories: Vec::new(),
        regions: vec![RegionCode::parse("440000").expect("a region")],
        shops: ShopScope::Any,
        hours: vec![Hours::parse("06:00-10:00").expect("hours")],
        stacking: Stacking::default(),
        rechecks_membership: false,
        refund_rule: RefundRule::RightReturns,
        returns_max: 100,
        zone: Zone::shanghai(),
    };
    Campaign {
        campaign_id: "breakfast".parse().expect("a key"),
        organization: OrganizationPath::parse("gd/dongguan").expect("a path"),
        state: CampaignState::Active,
        policy_id: String::new(),
        terms: Terms::new(parts).expect("terms"),
        title_zh: String::new(),
        title_en: String::new(),
        position: 1,
    }
}

fn voucher(n: u8) -> WalletVoucher {
    WalletVoucher {
        voucher_id: VoucherId::from_bytes([n; 16]),
        person: PersonKey::from_bytes([1; 16]),
        campaign_id: "breakfast".parse().expect("a key"),
        stage: VoucherStage::Available,
        uses_left: 1,
        balance_left: None,
        spent: Fen::ZERO,
        returns: 0,
        counted: None,
        valid_from: at(300),
        valid_until: at(1_200),
        is_closed: false,
        closing_due: None,
    }
}

fn order(category: &str, fen: i64, region: &str) -> Order {
    let line = Line { category: Category::parse(category).expect("a category"), amount: Fen(fen) };
    let region = RegionCode::parse(region).expect("a region");
    let basket = Basket::new(vec![line], region).expect("a basket");
    Order::plain("o1".parse().expect("a key"), basket, "s1".parse().expect("a key"))
}

fn here(order: &Order) -> Place {
    order.place(&"wepay".parse().expect("a key"))
}

fn select(
    vouchers: &[WalletVoucher],
    order: &Order,
    wanted: &Wanted,
    now: Timestamp,
) -> Result<VoucherId, Reason> {
    let campaigns = HashMap::from([("breakfast".parse().expect("a key"), breakfast())]);
    let vouchers: Vec<_> = vouchers.iter().collect();
    let checks = Checks::default();
    let (nothing, place) = (Registrations::default(), here(order));
    let premises = nothing.at(&place);
    let wallet = Wallet { vouchers: &vouchers, campaigns: &campaigns, checks: &checks, premises };
    let selected = wallet.select(order, wanted, now);
    selected.map(|applied| applied[0].voucher_id).map_err(|refusal| refusal.reason)
}

#[test]
fn each_reason_is_the_answer_where_it_is_the_first_to_hold() {
    let good = || order("breakfast", 600, "441900");
    let used = WalletVoucher { stage: VoucherStage::Used, uses_left: 0, ..voucher(1) };
    let id = AuthorizationId::from_bytes([9; 16]);
    let held = voucher(1).hold(id, at(500));
    let early = WalletVoucher { valid_from: at(500), ..voucher(1) };
    let over = WalletVoucher { valid_until: at(400), ..voucher(1) };
    let named =
        |n: &[u8]| Wanted::Named(n.iter().map(|n| VoucherId::from_bytes([*n; 16])).collect());
    let best = || Wanted::Best;
    let rows = [
        (vec![], good(), best(), 480, Reason::NoVoucher),
        (vec![voucher(1)], good(), named(&[1, 2]), 480, Reason::VoucherUnknown),
        (vec![voucher(1), voucher(2)], good(), named(&[1, 2]), 480, Reason::NotCombinable),
        (vec![used], good(), best(), 480, Reason::VoucherUsed),
        (vec![held], good(), best(), 480, Reason::VoucherHeld),
        (vec![early], good(), best(), 480, Reason::VoucherNotYetValid),
        (vec![over], good(), best(), 480, Reason::VoucherExpired),
        (vec![voucher(1)], order("tea", 1, "110101"), best(), 700, Reason::RegionNotCovered),
        (vec![voucher(1)], order("tea", 1, "441900"), best(), 700, Reason::OutsideHours),
        (vec![voucher(1)], order("tea", 1, "441900"), best(), 480, Reason::GoodsNotCovered),
        (vec![voucher(1)], order("breakfast", 599, "441900"), best(), 480, Reason::BelowThreshold),
    ];
    for (vouchers, order, wanted, minute, reason) in rows {
        assert_eq!(select(&vouchers, &order, &wanted, at(minute)), Err(reason));
    }
    assert_eq!(select(&[voucher(1)], &good(), &best(), at(480)), Ok(voucher(1).voucher_id));
}

#[test]
fn the_voucher_that_comes_closest_gives_the_reason() {
    let used = WalletVoucher { stage: VoucherStage::Used, uses_left: 0, ..voucher(1) };
    let over = WalletVoucher { valid_until: at(400), ..voucher(2) };
    let cheap = order("breakfast", 1, "441900");
    let wallet = [used.clone(), over.clone(), voucher(3)];
    assert_eq!(select(&wallet, &cheap, &Wanted::Best, at(480)), Err(Reason::BelowThreshold));
    let gone = [over, used];
    assert_eq!(select(&gone, &cheap, &Wanted::Best, at(480)), Err(Reason::VoucherUsed));
}

#[test]
fn of_vouchers_that_take_off_the_same_the_first_to_expire_is_used_and_the_other_explained() {
    let later = WalletVoucher { valid_until: at(1_300), ..voucher(1) };
    let wallet = [later, voucher(2)];
    let campaigns = HashMap::from([("breakfast".parse().expect("a key"), breakfast())]);
    let vouchers: Vec<_> = wallet.iter().collect();
    let checks = Checks::default();
    let good = order("breakfast", 700, "441900");
    let (nothing, place) = (Registrations::default(), here(&good));
    let premises = nothing.at(&place);
    let wallet = Wallet { vouchers: &vouchers, campaigns: &campaigns, checks: &checks, premises };
    let quotation = wallet.quote(&good, &Wanted::Best, at(480)).expect("it can be quoted");
    let applied: Vec<_> = quotation.applied.iter().map(|one| one.voucher_id).collect();
    assert_eq!(applied, [voucher(2).voucher_id]);
    let unused: Vec<_> = quotation.unused.iter().map(|one| (one.voucher_id, &one.why)).collect();
    assert_eq!(unused, [(voucher(1).voucher_id, &UnusedReason::BetterChosen)]);
}

#[test]
fn a_hold_that_ran_out_holds_nothing() {
    let id = AuthorizationId::from_bytes([9; 16]);
    let held = voucher(1).hold(id, at(480));
    assert!(held.is_held(at(479)));
    assert!(!held.is_held(at(480)));
    assert_eq!(held.shown(at(479)), ShownStage::Held);
    assert_eq!(held.shown(at(480)), ShownStage::Available);
    assert_eq!(held.shown(at(1_200)), ShownStage::Expired);
    assert_eq!(held.spend(Fen::ZERO, None).shown(at(1_200)), ShownStage::Used);
}

#[test]
fn a_day_that_is_closed_takes_nothing_more() {
    let (today, next) = (day("2022-07-22"), day("2022-07-23"));
    let open = DayState { closed: false, next_open: Some(next), last: Some(next) };
    assert_eq!(book(today, open), Booking { day: today, late_of: None });
    let closed = DayState { closed: true, ..open };
    assert_eq!(book(today, closed), Booking { day: next, late_of: Some(today) });
    let all_closed = DayState { closed: true, next_open: None, last: Some(next) };
    let after = Booking { day: day("2022-07-24"), late_of: Some(today) };
    assert_eq!(book(today, all_closed), after);
}

#[test]
fn a_gap_is_every_day_between_and_no_more_than_the_latest() {
    let days = gap(Some(day("2022-07-29")), day("2022-08-02"), 10);
    let texts: Vec<_> = days.iter().map(ToString::to_string).collect();
    assert_eq!(texts, ["2022-07-30", "2022-07-31", "2022-08-01"]);
    assert_eq!(gap(Some(day("2022-07-29")), day("2022-08-02"), 1), [day("2022-08-01")]);
    assert!(gap(None, day("2022-08-02"), 10).is_empty());
    assert!(gap(Some(day("2022-08-01")), day("2022-08-02"), 10).is_empty());
}

#[test]
fn a_fingerprint_names_the_first_field_that_differs() {
    let print = Fingerprint::of(&["ann", "o1", "tea 300"]);
    assert_eq!(print.first_difference(&Fingerprint::of(&["ann", "o1", "tea 300"])), None);
    assert_eq!(print.first_difference(&Fingerprint::of(&["bob", "o2", "tea 300"])), Some(0));
    let other_member = Fingerprint::of(&["", "o2", "tea 300"]);
    assert_eq!(print.first_difference_from(Fingerprint::MEMBER + 1, &other_member), Some(1));
    for verb in Verb::ALL {
        assert_eq!(Verb::from_name(verb.name()), Some(verb));
    }
}

#[test]
fn the_answer_to_a_verb_is_the_authorization_as_of_that_verb() {
    let booked = |minute| Booked { at: at(minute), on: day("2022-07-22") };
    let held = Authorization {
        authorization_id: AuthorizationId::from_bytes([9; 16]),
        person: PersonKey::from_bytes([9; 16]),
        partner: "wepay".parse().expect("a key"),
        order_number: "o1".parse().expect("a key"),
        shop_id: Some("s1".parse().expect("a key")),
        request_id: "a1".parse().expect("a key"),
        order_amount: Fen(600),
        line_amounts: vec![Fen(600)],
        vouchers: Vec::new(),
        created_at: at(480),
        expires_at: at(480).plus(Duration::from_secs(300)),
        stage: Stage::Held,
        captured_amounts: Vec::new(),
        chain: None,
        refunds: Vec::new(),
    };
    let (whole, half, id) = (Portion::Whole, Portion::Amount(Fen(300)), |n: &str| n.parse());
    let id = |text: &str| id(text).expect("a key");
    let captured = held.clone().capture(&whole, booked(481)).expect("it is held");
    let reduced = captured.clone().refund(id("r1"), &half, booked(482)).expect("it is captured");
    let refunded = reduced.clone().refund(id("r2"), &whole, booked(483)).expect("some is left");
    assert_eq!(refunded.clone().as_of(Verb::Authorize, &id("a1")), held);
    assert_eq!(refunded.clone().as_of(Verb::Capture, &id("c1")), captured);
    assert_eq!(refunded.clone().as_of(Verb::Refund, &id("r1")), reduced);
    assert_eq!(refunded.clone().as_of(Verb::Refund, &id("r2")), refunded);
    assert!(reduced.is_live());
    assert!(!refunded.is_live() && captured.is_live());
    let voided = held.clone().void(at(481)).expect("it is held");
    let rows = [
        (voided.clone().capture(&whole, booked(482)), Reason::AlreadyVoided),
        (voided.clone().void(at(482)), Reason::AlreadyVoided),
        (voided.refund(id("r3"), &whole, booked(482)), Reason::NotCaptured),
        (captured.clone().void(at(482)), Reason::AlreadyCaptured),
        (captured.capture(&whole, booked(482)), Reason::AlreadyCaptured),
        (refunded.clone().void(at(483)), Reason::AlreadyRefunded),
        (refunded.refund(id("r3"), &whole, booked(483)), Reason::AlreadyRefunded),
        (held.clone().capture(&whole, booked(485)), Reason::HoldExpired),
        (held.void(at(486)), Reason::HoldExpired),
    ];
    for (refused, reason) in rows {
        assert_eq!(refused.expect_err("the stage forbids it").reason, reason);
    }
}
