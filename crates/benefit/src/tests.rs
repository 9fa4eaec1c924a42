use clock::{BusinessDay, Timestamp, Zone};
use member_identity::RegionCode;

use super::*;

mod choosing;
mod ordering;
mod values;

/// 299 fen off cold drinks for 300 fen, in Guangdong, 06:00 to 10:00 and 11:00 to 12:00.
fn cool_drinks() -> TermsParts {
    TermsParts {
        kind: amount_off(300, 299),
        goods_categories: vec![category("cold-drink")],
        regions: vec![region("440000")],
        hours: vec![hours("06:00-10:00"), hours("11:00-12:00")],
        refund_rule: RefundRule::RightReturns,
        zone: Zone::shanghai(),
    }
}

/// Off all goods, in every shop, all day.
fn everywhere(threshold: i64, amount: i64) -> Terms {
    let parts = TermsParts {
        kind: amount_off(threshold, amount),
        goods_categories: Vec::new(),
        regions: Vec::new(),
        hours: Vec::new(),
        ..cool_drinks()
    };
    Terms::new(parts).expect("good terms")
}

fn amount_off(threshold: i64, amount: i64) -> Kind {
    Kind::AmountOff { threshold: Fen(threshold), amount: Fen(amount) }
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
