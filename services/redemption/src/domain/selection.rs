use std::cmp::Reverse;
use std::collections::HashMap;

use benefit::{Candidate, Discount, OrderRefusal, RefundRule, Terms};
use clock::Timestamp;
use member_identity::VoucherId;

use super::{
    AppliedVoucher, Campaign, CampaignId, Detail, Order, Reason, Refusal, VoucherStage,
    WalletVoucher, Wanted,
};

/// What an order would use, and why it would not use the person's other vouchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    /// The voucher that applies; `None` when none does.
    pub applied: Option<AppliedVoucher>,
    /// The vouchers that do not apply.
    pub unused: Vec<Unused>,
}

/// A voucher that does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unused {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// Its campaign.
    pub campaign_id: CampaignId,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
    /// Why.
    pub why: UnusedReason,
}

/// Why a voucher does not apply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnusedReason {
    /// It could not be used for this order.
    Refused(Refusal),
    /// Another takes off as much or more.
    BetterChosen,
}

/// The person's vouchers and what they are worth.
#[derive(Clone, Copy, Debug)]
pub struct Wallet<'a> {
    /// The vouchers, by id.
    pub vouchers: &'a [&'a WalletVoucher],
    /// The campaigns of all of them.
    pub campaigns: &'a HashMap<CampaignId, Campaign>,
}

impl Wallet<'_> {
    /// What `order` would use at `now`.
    pub fn quote(
        &self,
        order: &Order,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Quotation, Refusal> {
        let vouchers = self.wanted(wanted)?;
        let (free, mut unused) = sort_out(&vouchers, now);
        let candidates: Vec<_> = free.iter().map(|voucher| self.candidate(voucher)).collect();
        let choice = benefit::choose(&candidates, &order.basket, now);
        let applied = choice.chosen.map(|(index, discount)| applied(free[index], discount));
        unused.extend(choice.unused.into_iter().map(|(index, why)| {
            let voucher = free[index];
            explained(voucher, order_reason(voucher, why))
        }));
        Ok(Quotation { applied, unused })
    }

    /// The voucher to hold for `order`, or why there is none: of the vouchers that do not apply,
    /// the one that comes closest gives the reason.
    pub fn select(
        &self,
        order: &Order,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<AppliedVoucher, Refusal> {
        let quotation = self.quote(order, wanted, now)?;
        if let Some(applied) = quotation.applied {
            return Ok(applied);
        }
        let closest = quotation.unused.into_iter().min_by_key(distance).map(|unused| unused.why);
        match closest {
            Some(UnusedReason::Refused(refusal)) => Err(refusal),
            Some(UnusedReason::BetterChosen) | None => Err(Refusal::new(Reason::NoVoucher)),
        }
    }

    fn wanted(&self, wanted: &Wanted) -> Result<Vec<&WalletVoucher>, Refusal> {
        match wanted {
            Wanted::Best => Ok(self.vouchers.to_vec()),
            Wanted::Named(ids) => match ids.as_slice() {
                [id] => {
                    let own = self.vouchers.iter().find(|own| own.voucher_id == *id);
                    let unknown = || named(Reason::VoucherUnknown, *id);
                    Ok(vec![*own.ok_or_else(unknown)?])
                }
                _ => Err(Refusal::new(Reason::NotCombinable)),
            },
        }
    }

    fn candidate(&self, voucher: &WalletVoucher) -> Candidate<'_> {
        let campaign = self.campaigns.get(&voucher.campaign_id);
        let campaign = campaign.expect("the store reads the campaign of every voucher");
        let WalletVoucher { valid_from, valid_until, .. } = *voucher;
        Candidate { terms: &campaign.terms, valid_from, valid_until }
    }
}

/// Whether the right to use a voucher comes back after a full refund.
pub fn right_returns(terms: &Terms) -> bool {
    match terms.refund_rule() {
        RefundRule::RightReturns => true,
        RefundRule::RightIsSpent => false,
    }
}

/// The vouchers that no order has, and the others with the reason.
fn sort_out<'a>(
    vouchers: &[&'a WalletVoucher],
    now: Timestamp,
) -> (Vec<&'a WalletVoucher>, Vec<Unused>) {
    let mut free = Vec::new();
    let mut unused = Vec::new();
    for voucher in vouchers {
        let reason = match voucher.stage {
            VoucherStage::Used => Reason::VoucherUsed,
            VoucherStage::Held { .. } if voucher.is_held(now) => Reason::VoucherHeld,
            VoucherStage::Held { .. } | VoucherStage::Available => {
                free.push(*voucher);
                continue;
            }
        };
        let why = UnusedReason::Refused(named(reason, voucher.voucher_id));
        unused.push(explained(voucher, why));
    }
    (free, unused)
}

fn applied(voucher: &WalletVoucher, discount: Discount) -> AppliedVoucher {
    AppliedVoucher {
        voucher_id: voucher.voucher_id,
        campaign_id: voucher.campaign_id.clone(),
        discount: discount.total,
        line_discounts: discount.lines,
    }
}

fn explained(voucher: &WalletVoucher, why: UnusedReason) -> Unused {
    Unused {
        voucher_id: voucher.voucher_id,
        campaign_id: voucher.campaign_id.clone(),
        valid_until: voucher.valid_until,
        why,
    }
}

/// How far a voucher is from applying: what another basket could change comes first, then what
/// time will change, then what is over. Within these the one that expires first; of those that are
/// over, the latest.
fn distance(unused: &Unused) -> (u8, Timestamp, Reverse<Timestamp>) {
    let never = Timestamp::from_micros(i64::MAX);
    let soonest = |rank| (rank, unused.valid_until, Reverse(never));
    let latest = |rank| (rank, never, Reverse(unused.valid_until));
    match &unused.why {
        UnusedReason::BetterChosen => soonest(0),
        UnusedReason::Refused(refusal) => match refusal.reason {
            Reason::VoucherHeld => soonest(1),
            Reason::VoucherNotYetValid => soonest(2),
            Reason::VoucherUsed => latest(3),
            Reason::VoucherExpired => latest(4),
            _ => soonest(0),
        },
    }
}

fn order_reason(voucher: &WalletVoucher, why: benefit::Unused) -> UnusedReason {
    let id = voucher.voucher_id;
    let refusal = match why {
        benefit::Unused::BetterChosen => return UnusedReason::BetterChosen,
        benefit::Unused::NotYetValid { valid_from } => {
            named(Reason::VoucherNotYetValid, id).with(Detail::ValidFrom, valid_from)
        }
        benefit::Unused::Expired { valid_until } => {
            named(Reason::VoucherExpired, id).with(Detail::ValidUntil, valid_until)
        }
        benefit::Unused::Order(OrderRefusal::RegionNotCovered { regions }) => {
            Refusal::new(Reason::RegionNotCovered).with(Detail::Regions, listed(&regions))
        }
        benefit::Unused::Order(OrderRefusal::OutsideHours { hours }) => {
            Refusal::new(Reason::OutsideHours).with(Detail::Hours, listed(&hours))
        }
        benefit::Unused::Order(OrderRefusal::GoodsNotCovered) => {
            Refusal::new(Reason::GoodsNotCovered)
        }
        benefit::Unused::Order(OrderRefusal::BelowThreshold { threshold, covered }) => {
            Refusal::new(Reason::BelowThreshold)
                .with(Detail::ThresholdFen, threshold)
                .with(Detail::CoveredFen, covered)
        }
    };
    UnusedReason::Refused(refusal)
}

fn named(reason: Reason, id: VoucherId) -> Refusal {
    Refusal::new(reason).with(Detail::VoucherId, id)
}

/// A list in one text, joined by commas.
pub(super) fn listed<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
