//! Terms as issuance sends them.

use benefit::{
    Category, Fen, Hours, Kind, RefundRule, ShopScope, Stacking, Terms, TermsParts, UseLimit,
    UsePeriod, Uses,
};
use clock::Zone;
use contracts::issuance::v1 as wire;
use member_identity::RegionCode;

use super::issuance_peer::read;

/// Reads terms, or says what is wrong with them.
pub(super) fn decode(terms: wire::Terms) -> Result<Terms, String> {
    let goods = terms.goods_categories.iter().map(|key| Category::parse(key));
    let excluded = terms.excluded_categories.iter().map(|key| Category::parse(key));
    let regions = terms.regions.iter().map(|code| RegionCode::parse(code));
    let parts = TermsParts {
        goods_categories: read("goods_categories", goods.collect())?,
        excluded_categories: read("excluded_categories", excluded.collect())?,
        regions: read("regions", regions.collect())?,
        shops: shops(terms.shops())?,
        hours: terms.hours.iter().map(hours).collect::<Result<_, _>>()?,
        rechecks_membership: terms.rechecks_membership,
        refund_rule: refund_rule(terms.refund_rule(), terms.grace_days)?,
        returns_max: read("returns_max", u32::try_from(terms.returns_max))?,
        zone: read("zone", Zone::parse(&terms.zone))?,
        kind: kind(terms.kind.ok_or("terms without a kind")?)?,
        uses: uses(&terms.uses.ok_or("terms without uses")?)?,
        stacking: stacking(terms.stacking.ok_or("terms without stacking")?)?,
    };
    read("terms", Terms::new(parts))
}

fn kind(kind: wire::terms::Kind) -> Result<Kind, String> {
    use wire::terms::Kind as Sent;
    Ok(match kind {
        Sent::AmountOff(off) => {
            Kind::AmountOff { threshold: Fen(off.threshold_fen), amount: Fen(off.amount_fen) }
        }
        Sent::PercentOff(off) => Kind::PercentOff {
            threshold: Fen(off.threshold_fen),
            percent: read("percent", u8::try_from(off.percent))?,
            cap: Fen(off.cap_fen),
        },
        Sent::Waiver(waiver) => Kind::Waiver { cap: Fen(waiver.cap_fen) },
        Sent::Balance(balance) => Kind::Balance { value: Fen(balance.value_fen) },
        Sent::Service(wire::Service {}) => Kind::Service,
    })
}

fn uses(uses: &wire::Uses) -> Result<Uses, String> {
    let period = match uses.period() {
        wire::UsePeriod::Unspecified => None,
        wire::UsePeriod::Day => Some(UsePeriod::Day),
        wire::UsePeriod::Month => Some(UsePeriod::Month),
        wire::UsePeriod::Year => Some(UsePeriod::Year),
    };
    let count = read("per_period", u32::try_from(uses.per_period))?;
    if period.is_none() != (count == 0) {
        return Err(String::from("uses of a period without the other half"));
    }
    let limit = period.map(|period| UseLimit { count, period });
    Ok(Uses { total: read("total", u32::try_from(uses.total))?, limit })
}

fn stacking(stacking: wire::Stacking) -> Result<Stacking, String> {
    let wire::Stacking { combines, group, sequence, own_funder_only, order_cap_percent } = stacking;
    let cap = read("order_cap_percent", u8::try_from(order_cap_percent))?;
    Ok(Stacking {
        combines,
        group: (!group.is_empty()).then_some(group),
        sequence: read("sequence", u8::try_from(sequence))?,
        own_funder_only,
        order_cap_percent: (cap > 0).then_some(cap),
    })
}

fn shops(shops: wire::ShopScope) -> Result<ShopScope, String> {
    match shops {
        wire::ShopScope::Any => Ok(ShopScope::Any),
        wire::ShopScope::Listed => Ok(ShopScope::Listed),
        wire::ShopScope::Unspecified => Err(String::from("terms without shops")),
    }
}

fn refund_rule(rule: wire::RefundRule, grace_days: i32) -> Result<RefundRule, String> {
    let days = read("grace_days", u16::try_from(grace_days))?;
    let rule = match rule {
        wire::RefundRule::RightIsSpent => RefundRule::RightIsSpent,
        wire::RefundRule::RightReturns => RefundRule::RightReturns,
        wire::RefundRule::RightReturnsWithGrace => RefundRule::RightReturnsWithGrace(days),
        wire::RefundRule::Unspecified => return Err(String::from("terms without a refund rule")),
    };
    match rule.grace_days() == days {
        true => Ok(rule),
        false => Err(String::from("grace without its refund rule")),
    }
}

fn hours(hours: &wire::Hours) -> Result<Hours, String> {
    let from = read("from_minute", u16::try_from(hours.from_minute))?;
    let until = read("until_minute", u16::try_from(hours.until_minute))?;
    read("hours", Hours::new(from, until))
}
