use clock::Timestamp;
use member_identity::{AuthorizationId, PersonKey, VoucherId};

use super::CampaignId;

/// A voucher in a wallet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WalletVoucher {
    /// Its id.
    pub voucher_id: VoucherId,
    /// Whose it is.
    pub person: PersonKey,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// The stage.
    pub stage: VoucherStage,
    /// How often it may still be used.
    pub uses_left: u32,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
}

/// The stage of a voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VoucherStage {
    /// Can be used, within its validity.
    Available,
    /// Held by an authorization until then.
    Held {
        /// The authorization.
        by: AuthorizationId,
        /// When the hold runs out.
        until: Timestamp,
    },
    /// Has no use left.
    Used,
}

/// The stage of a voucher as its owner sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShownStage {
    /// Can be used, within its validity.
    Available,
    /// Held by an order.
    Held,
    /// Used.
    Used,
    /// Its validity is over.
    Expired,
}

impl WalletVoucher {
    /// Whether an order holds it at `now`. A hold that has run out holds nothing, swept or not.
    pub fn is_held(&self, now: Timestamp) -> bool {
        matches!(self.stage, VoucherStage::Held { until, .. } if until > now)
    }

    /// The stage that its owner is shown.
    pub fn shown(&self, now: Timestamp) -> ShownStage {
        match self.stage {
            VoucherStage::Used => ShownStage::Used,
            _ if self.is_held(now) => ShownStage::Held,
            _ if self.valid_until <= now => ShownStage::Expired,
            _ => ShownStage::Available,
        }
    }

    /// Held for an order.
    pub fn hold(self, by: AuthorizationId, until: Timestamp) -> Self {
        Self { stage: VoucherStage::Held { by, until }, ..self }
    }

    /// Let go by its order, unused.
    pub fn let_go(self) -> Self {
        Self { stage: VoucherStage::Available, ..self }
    }

    /// Used once by the order that held it (law R1).
    pub fn spend(self) -> Self {
        let uses_left = self.uses_left.saturating_sub(1);
        let stage = if uses_left == 0 { VoucherStage::Used } else { VoucherStage::Available };
        Self { stage, uses_left, ..self }
    }

    /// The right returned: one more use, within the validity it had.
    pub fn give_back(self) -> Self {
        let stage = match self.stage {
            VoucherStage::Used => VoucherStage::Available,
            stage => stage,
        };
        Self { stage, uses_left: self.uses_left + 1, ..self }
    }
}
