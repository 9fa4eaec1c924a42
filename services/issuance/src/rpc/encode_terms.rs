//! Terms as the contract has them.

use benefit::{Fen, Kind, RefundRule, ShopScope, Stacking, Terms, UsePeriod, Uses};
use contracts::issuance::v1 as wire;

pub(super) fn terms(terms: &Terms) -> wire::Terms {
    wire::Terms {
        kind: Some(kind(terms.kind())),
        goods_categories: texts(terms.goods_categories()),
        regions: texts(terms.regions()),
        hours: terms.hours().iter().copied().map(hours).collect(),
        refund_rule: refund_rule(terms.refund_rule()).into(),
        zone: terms.zone().name().to_owned(),
        uses: Some(uses(terms.uses())),
        excluded_categories: texts(terms.excluded_categories()),
        shops: shops(terms.shops()).into(),
        stacking: Some(stacking(terms.stacking())),
        rechecks_membership: terms.rechecks_membership(),
        grace_days: terms.refund_rule().grace_days().into(),
        returns_max: count(terms.returns_max()),
    }
}

fn kind(kind: Kind) -> wire::terms::Kind {
    match kind {
        Kind::AmountOff { threshold: Fen(threshold_fen), amount: Fen(amount_fen) } => {
            wire::terms::Kind::AmountOff(wire::AmountOff { threshold_fen, amount_fen })
        }
        Kind::PercentOff { threshold: Fen(threshold_fen), percent, cap: Fen(cap_fen) } => {
            let percent = percent.into();
            wire::terms::Kind::PercentOff(wire::PercentOff { threshold_fen, percent, cap_fen })
        }
        Kind::Waiver { cap: Fen(cap_fen) } => wire::terms::Kind::Waiver(wire::Waiver { cap_fen }),
        Kind::Balance { value: Fen(value_fen) } => {
            wire::terms::Kind::Balance(wire::Balance { value_fen })
        }
        Kind::Service => wire::terms::Kind::Service(wire::Service {}),
    }
}

fn uses(Uses { total, limit }: Uses) -> wire::Uses {
    let period = limit.map_or(wire::UsePeriod::Unspecified, |limit| match limit.period {
        UsePeriod::Day => wire::UsePeriod::Day,
        UsePeriod::Month => wire::UsePeriod::Month,
        UsePeriod::Year => wire::UsePeriod::Year,
    });
    let per_period = limit.map_or(0, |limit| limit.count);
    wire::Uses { total: count(total), per_period: count(per_period), period: period.into() }
}

fn stacking(stacking: &Stacking) -> wire::Stacking {
    let Stacking { combines, group, sequence, own_funder_only, order_cap_percent } = stacking;
    wire::Stacking {
        combines: *combines,
        group: group.clone().unwrap_or_default(),
        sequence: (*sequence).into(),
        own_funder_only: *own_funder_only,
        order_cap_percent: order_cap_percent.map_or(0, i32::from),
    }
}

fn shops(scope: ShopScope) -> wire::ShopScope {
    match scope {
        ShopScope::Any => wire::ShopScope::Any,
        ShopScope::Listed => wire::ShopScope::Listed,
    }
}

fn hours(hours: benefit::Hours) -> wire::Hours {
    wire::Hours {
        from_minute: hours.from_minute().into(),
        until_minute: hours.until_minute().into(),
    }
}

fn refund_rule(rule: RefundRule) -> wire::RefundRule {
    match rule {
        RefundRule::RightIsSpent => wire::RefundRule::RightIsSpent,
        RefundRule::RightReturns => wire::RefundRule::RightReturns,
        RefundRule::RightReturnsWithGrace(_) => wire::RefundRule::RightReturnsWithGrace,
    }
}

/// A number of uses or of returns.
fn count(count: u32) -> i32 {
    i32::try_from(count).expect("terms count at most to 10,000")
}

fn texts<T: ToString>(list: &[T]) -> Vec<String> {
    list.iter().map(ToString::to_string).collect()
}
