use std::collections::HashMap;

use benefit::{Candidate, Discount, NotTogether};
use clock::Timestamp;

use super::explain::{distance, explained, named, not_free, order_reason};
use super::shops::Premises;
use super::{
    AppliedVoucher, Campaign, CampaignId, Checks, Order, Reason, Refusal, Unused, UnusedReason,
    WalletVoucher, Wanted,
};

/// What an order would use, and why it would not use the person's other vouchers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Quotation {
    /// The vouchers that apply together, in the order of their turns; empty when none does.
    pub applied: Vec<AppliedVoucher>,
    /// The vouchers that do not apply.
    pub unused: Vec<Unused>,
    /// Whether the terms of one that applies ask how its owner stands to a policy, which was not
    /// asked: only with an answer is the quotation true.
    pub wants_checks: bool,
}

/// The person's vouchers and what they are worth.
#[derive(Clone, Copy, Debug)]
pub struct Wallet<'a> {
    /// The vouchers, by id.
    pub vouchers: &'a [&'a WalletVoucher],
    /// The campaigns of all of them.
    pub campaigns: &'a HashMap<CampaignId, Campaign>,
    /// How the person stands to the policies that were asked about.
    pub checks: &'a Checks,
    /// Where the order is, by what is registered and what is stopped.
    pub premises: Premises<'a>,
}

impl<'a> Wallet<'a> {
    /// What `order` would use at `now`.
    pub fn quote(
        &self,
        order: &Order,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Quotation, Refusal> {
        let basket = order.basket_at(&self.premises);
        let (free, unused) = self.sort_out(&self.wanted(wanted)?, now);
        let candidates: Vec<_> = free.iter().map(|voucher| self.candidate(voucher)).collect();
        let (chosen, not_chosen) = match wanted {
            Wanted::Best => {
                let choice = benefit::choose(&candidates, &basket, now);
                (choice.chosen, choice.unused)
            }
            // All of them or none: one that is not free has said why.
            Wanted::Named(_) if !unused.is_empty() => (Vec::new(), Vec::new()),
            Wanted::Named(_) => match benefit::combine(&candidates, &basket, now) {
                Ok(together) => (together, Vec::new()),
                Err(NotTogether::Unused(index, why)) => (Vec::new(), vec![(index, why)]),
                Err(NotTogether::Rules) => return Err(Refusal::new(Reason::NotCombinable)),
            },
        };
        let why = |(index, why)| {
            let voucher: &WalletVoucher = free[index];
            explained(voucher, order_reason(voucher, why))
        };
        let unused = unused.into_iter().chain(not_chosen.into_iter().map(why)).collect();
        let wants_check = |(index, _): &(usize, Discount)| self.wants_check(free[*index]);
        let wants_checks = chosen.iter().any(wants_check);
        let applied =
            chosen.into_iter().map(|(index, discount)| self.applied(free[index], discount));
        Ok(Quotation { applied: applied.collect(), unused, wants_checks })
    }

    /// The vouchers to hold for `order`, or why there are none: of the vouchers that do not apply,
    /// the one that comes closest gives the reason.
    pub fn select(
        &self,
        order: &Order,
        wanted: &Wanted,
        now: Timestamp,
    ) -> Result<Vec<AppliedVoucher>, Refusal> {
        let quotation = self.quote(order, wanted, now)?;
        if quotation.wants_checks {
            return Err(Refusal::new(Reason::BenefitNotAvailableNow));
        }
        if !quotation.applied.is_empty() {
            return Ok(quotation.applied);
        }
        let basket = order.basket_at(&self.premises);
        let covers = |unused: &Unused| self.campaign_of(&unused.campaign_id).terms.covers(&basket);
        let unused = quotation.unused.into_iter();
        let closest = unused.min_by_key(|unused| distance(unused, covers(unused)));
        match closest.map(|unused| unused.why) {
            Some(UnusedReason::Refused(refusal)) => Err(refusal),
            Some(UnusedReason::BetterChosen) | None => Err(Refusal::new(Reason::NoVoucher)),
        }
    }

    /// The vouchers to look at, in the wallet's order however they are named: which of two of one
    /// turn comes first must not depend on that.
    fn wanted(&self, wanted: &Wanted) -> Result<Vec<&'a WalletVoucher>, Refusal> {
        let Wanted::Named(ids) = wanted else { return Ok(self.vouchers.to_vec()) };
        let is_own = |id: &_| self.vouchers.iter().any(|own| own.voucher_id == *id);
        if let Some(unknown) = ids.iter().find(|id| !is_own(id)) {
            return Err(named(Reason::VoucherUnknown, *unknown));
        }
        let vouchers = self.vouchers.iter().copied();
        Ok(vouchers.filter(|own| ids.contains(&own.voucher_id)).collect())
    }

    /// The vouchers that may be used, and the others with the reason.
    fn sort_out(
        &self,
        vouchers: &[&'a WalletVoucher],
        now: Timestamp,
    ) -> (Vec<&'a WalletVoucher>, Vec<Unused>) {
        let (mut free, mut unused) = (Vec::new(), Vec::new());
        for voucher in vouchers {
            let judged_by = (self.checks, &self.premises);
            match not_free(voucher, self.campaign(voucher), judged_by, now) {
                None => free.push(*voucher),
                Some(refusal) => unused.push(explained(voucher, UnusedReason::Refused(refusal))),
            }
        }
        (free, unused)
    }

    fn wants_check(&self, voucher: &WalletVoucher) -> bool {
        let campaign = self.campaign(voucher);
        campaign.terms.rechecks_membership() && self.checks.of(&campaign.policy_id).is_none()
    }

    fn candidate(&self, voucher: &WalletVoucher) -> Candidate<'a> {
        let campaign = self.campaign(voucher);
        let WalletVoucher { balance_left: balance, valid_from, valid_until, .. } = *voucher;
        Candidate {
            terms: &campaign.terms,
            campaign: campaign.campaign_id.as_str(),
            funder: campaign.organization.as_str(),
            balance,
            valid_from,
            valid_until,
        }
    }

    fn applied(&self, voucher: &WalletVoucher, discount: Discount) -> AppliedVoucher {
        AppliedVoucher {
            voucher_id: voucher.voucher_id,
            campaign_id: voucher.campaign_id.clone(),
            organization: self.campaign(voucher).organization.clone(),
            discount: discount.total,
            line_discounts: discount.lines,
        }
    }

    fn campaign(&self, voucher: &WalletVoucher) -> &'a Campaign {
        self.campaign_of(&voucher.campaign_id)
    }

    fn campaign_of(&self, campaign_id: &CampaignId) -> &'a Campaign {
        let campaign = self.campaigns.get(campaign_id);
        campaign.expect("the store reads the campaign of every voucher")
    }
}
