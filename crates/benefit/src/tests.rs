use clock::{BusinessDay, Timestamp, Zone};
use member_identity::RegionCode;

use super::*;

mod choosing;
mod choosing_exactly;
mod choosing_fast;
mod kinds;
mod ordering;
mod portions;
mod stacks;
mod terms;
mod values;

/// 299 fen off cold drinks for 300 fen, in Guangdong, 06:00 to 10:00 and 11:00 to 12:00.
fn cool_drinks() -> TermsParts {
    TermsParts {
        kind: amount_off(300, 299),
        uses: Uses::ONCE,
        goods_categories: vec![category("cold-drink")],
        excluded_categories: Vec::new(),
        regions: vec![region("440000")],
        shops: ShopScope::Any,
        hours: vec![hours("06:00-10:00"), hours("11:00-12:00")],
        stacking: Stacking::default(),
        rechecks_membership: false,
        refund_rule: RefundRule::RightReturns,
        returns_max: 3,
        zone: Zone::shanghai(),
    }
}

/// Off all goods, in every shop, all day.
fn everywhere(kind: Kind) -> TermsParts {
    TermsParts {
        kind,
        goods_categories: Vec::new(),
        regions: Vec::new(),
        hours: Vec::new(),
        ..cool_drinks()
    }
}

/// What a voucher under these terms takes off an order alone.
fn off_alone(
    terms: &Terms,
    order: &Basket,
    balance: Option<Fen>,
    at: Timestamp,
) -> Result<Discount, OrderRefusal> {
    let valid_until = Timestamp::from_micros(at.as_micros() + 1);
    let (campaign, funder) = ("alone", "gd");
    let voucher = Candidate { terms, campaign, funder, balance, valid_from: at, valid_until };
    match combine(&[voucher], order, at) {
        Ok(mut alone) => Ok(alone.remove(0).1),
        Err(NotTogether::Unused(_, Unused::Order(refusal))) => Err(refusal),
        Err(other) => panic!("one voucher that is valid goes together with itself: {other:?}"),
    }
}

fn terms(parts: TermsParts) -> Terms {
    Terms::new(parts).expect("good terms")
}

/// What goes together with everything else that does.
fn combining() -> Stacking {
    Stacking { combines: true, ..Stacking::default() }
}

fn amount_off(threshold: i64, amount: i64) -> Kind {
    Kind::AmountOff { threshold: Fen(threshold), amount: Fen(amount) }
}

fn uses(total: u32, limit: Option<(u32, UsePeriod)>) -> Uses {
    Uses { total, limit: limit.map(|(count, period)| UseLimit { count, period }) }
}

fn percent_off(threshold: i64, percent: u8, cap: i64) -> Kind {
    Kind::PercentOff { threshold: Fen(threshold), percent, cap: Fen(cap) }
}

fn waiver(cap: i64) -> Kind {
    Kind::Waiver { cap: Fen(cap) }
}

fn balance(value: i64) -> Kind {
    Kind::Balance { value: Fen(value) }
}

/// A check-up: the goods categories name what is done.
fn check_up() -> TermsParts {
    TermsParts { goods_categories: vec![category("check-up")], ..everywhere(Kind::Service) }
}

fn category(key: &str) -> Category {
    Category::parse(key).expect("a slug")
}

fn region(code: &str) -> RegionCode {
    RegionCode::parse(code).expect("a region of GB/T 2260")
}

fn hours(text: &str) -> Hours {
    Hours::parse(text).expect("hours")
}

fn line(key: &str, fen: i64) -> Line {
    Line { category: category(key), amount: Fen(fen) }
}

fn basket(lines: &[(&str, i64)], shop: &str) -> Basket {
    let lines = lines.iter().map(|(key, fen)| line(key, *fen)).collect();
    Basket::new(lines, region(shop)).expect("a good basket")
}

/// That time of 2022-07-22 in Shanghai.
fn at(hour: u16, minute: u16) -> Timestamp {
    let day = BusinessDay::parse("2022-07-22").expect("a day");
    day.at_minute(hour * 60 + minute, &Zone::shanghai())
}
