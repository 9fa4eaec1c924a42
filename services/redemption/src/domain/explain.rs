//! Why a voucher does not apply, and what would change it.

use std::cmp::Reverse;

use benefit::{Hours, OrderRefusal};
use clock::Timestamp;
use member_identity::{RegionCode, VoucherId};

use super::shops::Premises;
use super::{
    Campaign, CampaignId, Checks, Detail, Reason, Refusal, Standing, VoucherStage, WalletVoucher,
};

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
    /// Others that it does not go together with take off as much or more.
    BetterChosen,
}

/// What keeps a voucher from every order at `now`, whatever is bought: it is used up or held, it is
/// not its time, or the period is spent. What the terms say of hours comes last.
pub fn hindrance(voucher: &WalletVoucher, campaign: &Campaign, now: Timestamp) -> Option<Refusal> {
    let hours = campaign.terms.hours();
    let is_closed = !benefit::is_open(hours, now, campaign.terms.zone());
    taken(voucher, now)
        .or_else(|| out_of_time(voucher, now))
        .or_else(|| spent(voucher, campaign, now))
        .or_else(|| is_closed.then(|| outside_hours(hours)))
}

/// What keeps a voucher from being a candidate: an order has it, its period is spent, the shop does
/// not take it, or its owner does not qualify any more. Validity and the order are judged after
/// that.
pub(super) fn not_free(
    voucher: &WalletVoucher,
    campaign: &Campaign,
    (checks, premises): (&Checks, &Premises<'_>),
    now: Timestamp,
) -> Option<Refusal> {
    if let Some(refusal) = taken(voucher, now) {
        return Some(refusal);
    }
    match voucher.is_valid(now) {
        true => spent(voucher, campaign, now)
            .or_else(|| premises.takes(campaign).err())
            .or_else(|| unqualified(voucher, campaign, checks)),
        // Who chooses would find it valid if it was closed by somebody ahead in time.
        false => voucher.is_closed.then(|| expired(voucher.voucher_id, voucher.valid_until)),
    }
}

fn taken(voucher: &WalletVoucher, now: Timestamp) -> Option<Refusal> {
    match voucher.stage {
        VoucherStage::Used => Some(named(Reason::VoucherUsed, voucher.voucher_id)),
        VoucherStage::Held { .. } if voucher.is_held(now) => {
            Some(named(Reason::VoucherHeld, voucher.voucher_id))
        }
        VoucherStage::Held { .. } | VoucherStage::Available => None,
    }
}

fn out_of_time(voucher: &WalletVoucher, now: Timestamp) -> Option<Refusal> {
    let WalletVoucher { voucher_id, valid_from, valid_until, .. } = *voucher;
    if now < valid_from {
        return Some(not_yet_valid(voucher_id, valid_from));
    }
    voucher.is_over(now).then(|| expired(voucher_id, valid_until))
}

fn spent(voucher: &WalletVoucher, campaign: &Campaign, now: Timestamp) -> Option<Refusal> {
    let count = voucher.spent_period(&campaign.terms, now)?;
    let refusal = named(Reason::UsesOfPeriodSpent, voucher.voucher_id);
    Some(refusal.with(Detail::Period, &count.period).with(Detail::Uses, count.uses))
}

fn unqualified(voucher: &WalletVoucher, campaign: &Campaign, checks: &Checks) -> Option<Refusal> {
    if !campaign.terms.rechecks_membership() {
        return None;
    }
    match checks.of(&campaign.policy_id)? {
        Standing::Qualifies => None,
        Standing::Fails { criterion } => {
            let refusal = named(Reason::NoLongerEligible, voucher.voucher_id);
            Some(refusal.with(Detail::Criterion, criterion))
        }
        Standing::Untold => Some(Refusal::new(Reason::BenefitNotAvailableNow)),
    }
}

pub(super) fn explained(voucher: &WalletVoucher, why: UnusedReason) -> Unused {
    Unused {
        voucher_id: voucher.voucher_id,
        campaign_id: voucher.campaign_id.clone(),
        valid_until: voucher.valid_until,
        why,
    }
}

/// How far a voucher is from applying: one that `covers` goods of the order, in its region, comes
/// before any other, whatever keeps it. Then what the next moment may change comes first, then what
/// another basket or shop could, then what the organization has stopped, then what another order
/// has, then what time will change, then what is over. Within these the one that expires first; of
/// those that are over, the latest.
pub(super) fn distance(unused: &Unused, covers: bool) -> (bool, u8, Timestamp, Reverse<Timestamp>) {
    let never = Timestamp::from_micros(i64::MAX);
    let is_off = !covers;
    let soonest = |rank| (is_off, rank, unused.valid_until, Reverse(never));
    let latest = |rank| (is_off, rank, never, Reverse(unused.valid_until));
    match &unused.why {
        UnusedReason::BetterChosen => soonest(1),
        UnusedReason::Refused(refusal) => match refusal.reason {
            Reason::BenefitNotAvailableNow => soonest(0),
            Reason::BelowThreshold
            | Reason::GoodsNotCovered
            | Reason::RegionNotCovered
            | Reason::OutsideHours
            | Reason::ShopUnknown
            | Reason::ShopBlocked
            | Reason::TerminalBlocked
            | Reason::ShopRegionDiffers
            | Reason::ShopNotListed
            | Reason::NothingLeft
            | Reason::OrderCapReached => soonest(1),
            Reason::RedeemingStopped => soonest(2),
            Reason::VoucherHeld => soonest(3),
            Reason::VoucherNotYetValid | Reason::UsesOfPeriodSpent => soonest(4),
            Reason::NoLongerEligible => soonest(5),
            Reason::VoucherUsed => latest(6),
            Reason::VoucherExpired => latest(7),
            // No voucher is left out for these: they are of an order, a request or a wallet.
            Reason::NoVoucher
            | Reason::VoucherUnknown
            | Reason::CampaignUnknown
            | Reason::NotCombinable
            | Reason::OrderAlreadyAuthorized
            | Reason::AlreadyVoided
            | Reason::AlreadyCaptured
            | Reason::HoldExpired
            | Reason::AlreadyRefunded
            | Reason::NotCaptured
            | Reason::VoidedBeforeAuthorize
            | Reason::AuthorizationUnknown
            | Reason::RequestIdReused
            | Reason::PortionAboveOrder
            | Reason::PortionLineUnknown
            | Reason::TooManyRefunds => latest(8),
        },
    }
}

pub(super) fn order_reason(voucher: &WalletVoucher, why: benefit::Unused) -> UnusedReason {
    let id = voucher.voucher_id;
    UnusedReason::Refused(match why {
        benefit::Unused::BetterChosen => return UnusedReason::BetterChosen,
        benefit::Unused::NotYetValid { valid_from } => not_yet_valid(id, valid_from),
        benefit::Unused::Expired { valid_until } => expired(id, valid_until),
        benefit::Unused::Order(refusal) => order_refusal(id, &refusal),
    })
}

fn order_refusal(id: VoucherId, refusal: &OrderRefusal) -> Refusal {
    match refusal {
        OrderRefusal::RegionNotCovered { regions } => region_not_covered(regions),
        OrderRefusal::OutsideHours { hours } => outside_hours(hours),
        OrderRefusal::GoodsNotCovered => Refusal::new(Reason::GoodsNotCovered),
        OrderRefusal::BelowThreshold { threshold, covered } => Refusal::new(Reason::BelowThreshold)
            .with(Detail::ThresholdFen, threshold)
            .with(Detail::CoveredFen, covered),
        OrderRefusal::NothingLeft => named(Reason::NothingLeft, id),
        OrderRefusal::OrderCapReached { percent } => {
            Refusal::new(Reason::OrderCapReached).with(Detail::Percent, percent)
        }
    }
}

/// The order or the till is in none of the regions.
pub(super) fn region_not_covered(regions: &[RegionCode]) -> Refusal {
    Refusal::new(Reason::RegionNotCovered).with(Detail::Regions, listed(regions))
}

/// It is not one of the hours.
pub(super) fn outside_hours(hours: &[Hours]) -> Refusal {
    Refusal::new(Reason::OutsideHours).with(Detail::Hours, listed(hours))
}

fn not_yet_valid(id: VoucherId, valid_from: Timestamp) -> Refusal {
    named(Reason::VoucherNotYetValid, id).with(Detail::ValidFrom, valid_from)
}

fn expired(id: VoucherId, valid_until: Timestamp) -> Refusal {
    named(Reason::VoucherExpired, id).with(Detail::ValidUntil, valid_until)
}

pub(super) fn named(reason: Reason, id: VoucherId) -> Refusal {
    Refusal::new(reason).with(Detail::VoucherId, id)
}

/// A list in one text, joined by commas.
fn listed<T: ToString>(parts: &[T]) -> String {
    parts.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
