//! Vouchers that are over, and what of their money was spent: what issuance is told, so that
//! money that will never be spent is free again in its fund.
//!
//! A voucher is *over* when it cannot be used as it stands: its validity has ended, or it is used
//! up, and no order holds it. What it can still cost then is what a right that comes back could
//! cost, and the rest of its liability is unspent for good:
//!
//! - terms whose right is spent, and terms whose right returns once the validity is over, give
//!   nothing back that could be used: all that was not spent is unspent;
//! - terms whose right returns keep the whole rest of a used voucher while its validity goes on,
//!   and terms with a grace keep it for ever: the next refund may make the voucher usable again.
//!   Of a voucher that was never used, nothing can come back.
//!
//! So what was once told to be unspent can never be spent: a refund only makes more of it.

use std::collections::HashMap;
use std::time::Duration;

use benefit::{Fen, RefundRule, Terms};
use clock::Timestamp;
use member_identity::VoucherId;

use super::{CampaignId, Laid, VoucherStage, WalletVoucher};

/// After how long a voucher is looked at again whose hold ran out and is not swept yet.
const AGAIN: Duration = Duration::from_secs(1);

/// What a voucher that is over has come to. A later one of the same voucher has a higher version
/// and says all of it anew, also that the voucher can be used again (nothing of it unspent).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// 1 for the first closure of the voucher, one more for each later one.
    pub version: u32,
    /// What was captured and not given back.
    pub spent: Fen,
    /// What of its liability can never be spent any more.
    pub unspent: Fen,
}

/// How far the closures go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosureHead {
    /// Tells this store from any other.
    pub epoch: [u8; 16],
    /// The last position; 0 for none.
    pub position: i64,
}

/// Consecutive positions, one closure a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureEntries {
    /// The first position.
    pub first_position: i64,
    /// The closures.
    pub closures: Vec<Closure>,
}

/// What looking at a voucher came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Looked {
    /// What issuance is told; none when it knows that.
    pub closure: Option<Closure>,
    /// When it has to be looked at again, if nothing happens before; never when absent: the end of
    /// its validity was acted upon.
    pub due: Option<Timestamp>,
}

impl WalletVoucher {
    /// What there is to say of the voucher at `now`, after what was said `last`.
    pub fn look(&self, terms: &Terms, last: Option<&Closure>, now: Timestamp) -> Looked {
        if let VoucherStage::Held { until, .. } = self.stage {
            // A hold that ran out may yet be captured by who is behind in time, until it is
            // written down that it ran out.
            return Looked { closure: None, due: Some(until.max(now.plus(AGAIN))) };
        }
        let is_over = self.valid_until <= now || self.stage == VoucherStage::Used;
        let can_cost_more = !is_over || self.may_come_back(terms, now);
        let unspent = match can_cost_more {
            true => Fen::ZERO,
            false => Fen((terms.liability().0 - self.spent.0).max(0)),
        };
        let is_news =
            last.map_or(is_over, |last| (last.spent, last.unspent) != (self.spent, unspent));
        let closure = is_news.then(|| Closure {
            voucher_id: self.voucher_id,
            campaign_id: self.campaign_id.clone(),
            version: last.map_or(1, |last| last.version + 1),
            spent: self.spent,
            unspent,
        });
        // What is used up before its validity ends is looked at once more then.
        Looked { closure, due: (self.valid_until > now).then_some(self.valid_until) }
    }

    /// Whether a refund could make it usable again.
    fn may_come_back(&self, terms: &Terms, now: Timestamp) -> bool {
        let returns = match terms.refund_rule() {
            RefundRule::RightIsSpent => false,
            RefundRule::RightReturns => self.valid_until > now,
            RefundRule::RightReturnsWithGrace(_) => true,
        };
        returns && self.returns < terms.returns_max() && self.was_used(terms)
    }

    /// Whether a use of it, or a part of its balance, has not come back.
    fn was_used(&self, terms: &Terms) -> bool {
        match self.balance_left {
            Some(left) => left < terms.liability(),
            None => self.uses_left < terms.uses().total,
        }
    }
}

impl Laid {
    /// Looks at every voucher that is laid out, with its campaign, after what was said last of it.
    pub fn look(
        &self,
        told: &HashMap<VoucherId, Closure>,
        now: Timestamp,
    ) -> Vec<(VoucherId, Looked)> {
        let look = |voucher: &WalletVoucher| {
            let campaign = self.campaigns.get(&voucher.campaign_id);
            let terms = &campaign.expect("the store lays out the campaign of every voucher").terms;
            let id = voucher.voucher_id;
            (id, voucher.look(terms, told.get(&id), now))
        };
        self.vouchers.values().map(look).collect()
    }
}
