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

#[cfg(test)]
mod tests {
    use super::*;

    fn sent(kind: wire::terms::Kind) -> wire::Terms {
        wire::Terms {
            kind: Some(kind),
            excluded_categories: vec![String::from("taxi")],
            refund_rule: wire::RefundRule::RightReturnsWithGrace.into(),
            grace_days: 3,
            returns_max: 2,
            shops: wire::ShopScope::Listed.into(),
            rechecks_membership: true,
            uses: Some(wire::Uses { total: 1, ..wire::Uses::default() }),
            stacking: Some(wire::Stacking {
                combines: true,
                group: String::from("travel"),
                sequence: 7,
                own_funder_only: true,
                order_cap_percent: 60,
            }),
            zone: String::from("Asia/Shanghai"),
            ..wire::Terms::default()
        }
    }

    fn waiver() -> wire::terms::Kind {
        wire::terms::Kind::Waiver(wire::Waiver { cap_fen: 200 })
    }

    #[test]
    fn terms_of_every_kind_are_read_with_all_their_parts() {
        use wire::terms::Kind as Sent;
        let percent = wire::PercentOff { threshold_fen: 5, percent: 30, cap_fen: 90 };
        let off = wire::AmountOff { threshold_fen: 300, amount_fen: 299 };
        let kinds = [
            (Sent::AmountOff(off), Kind::AmountOff { threshold: Fen(300), amount: Fen(299) }),
            (
                Sent::PercentOff(percent),
                Kind::PercentOff { threshold: Fen(5), percent: 30, cap: Fen(90) },
            ),
            (waiver(), Kind::Waiver { cap: Fen(200) }),
            (Sent::Balance(wire::Balance { value_fen: 50 }), Kind::Balance { value: Fen(50) }),
        ];
        for (kind, expected) in kinds {
            let terms = decode(sent(kind)).expect("good terms");
            assert_eq!(terms.kind(), expected);
            assert_eq!(terms.refund_rule(), RefundRule::RightReturnsWithGrace(3));
            assert_eq!((terms.returns_max(), terms.shops()), (2, ShopScope::Listed));
            assert_eq!(terms.excluded_categories()[0].as_str(), "taxi");
            assert!(terms.rechecks_membership());
            let stacking = terms.stacking();
            assert_eq!(stacking.group.as_deref(), Some("travel"));
            assert_eq!((stacking.sequence, stacking.order_cap_percent), (7, Some(60)));
            assert!(stacking.combines && stacking.own_funder_only);
        }
        let service = sent(wire::terms::Kind::Service(wire::Service {}));
        let service = wire::Terms {
            goods_categories: vec![String::from("check-up")],
            excluded_categories: Vec::new(),
            stacking: Some(wire::Stacking::default()),
            ..service
        };
        let service = decode(service).expect("good terms");
        assert_eq!(service.kind(), Kind::Service);
        assert_eq!(service.goods_categories()[0].as_str(), "check-up");
    }

    #[test]
    fn uses_are_read_by_their_period() {
        use wire::UsePeriod as Sent;
        for (period, expected) in [
            (Sent::Day, UsePeriod::Day),
            (Sent::Month, UsePeriod::Month),
            (Sent::Year, UsePeriod::Year),
        ] {
            let uses = wire::Uses { total: 100, per_period: 2, period: period.into() };
            let refund_rule = wire::RefundRule::RightReturns.into();
            let terms =
                wire::Terms { uses: Some(uses), refund_rule, grace_days: 0, ..sent(waiver()) };
            let limit = Some(UseLimit { count: 2, period: expected });
            assert_eq!(decode(terms).expect("good terms").uses(), Uses { total: 100, limit });
        }
    }

    #[test]
    fn terms_that_lack_a_part_or_contradict_themselves_are_not_read() {
        let half = wire::Uses { total: 5, per_period: 2, ..wire::Uses::default() };
        let spent = wire::RefundRule::RightIsSpent.into();
        let wrong = [
            wire::Terms { kind: None, ..sent(waiver()) },
            wire::Terms { uses: None, ..sent(waiver()) },
            wire::Terms { stacking: None, ..sent(waiver()) },
            wire::Terms { shops: 0, ..sent(waiver()) },
            wire::Terms { refund_rule: 0, ..sent(waiver()) },
            wire::Terms { refund_rule: spent, ..sent(waiver()) },
            wire::Terms { grace_days: -1, ..sent(waiver()) },
            wire::Terms { uses: Some(half), ..sent(waiver()) },
            wire::Terms { returns_max: -1, ..sent(waiver()) },
        ];
        for terms in wrong {
            assert!(decode(terms.clone()).is_err(), "{terms:?}");
        }
    }
}
