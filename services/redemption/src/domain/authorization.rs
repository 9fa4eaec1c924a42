use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, PersonKey, VoucherId};

use super::{CampaignId, Detail, OrderNumber, Partner, Reason, Refusal, RequestId, Verb};

/// An order's hold on a voucher, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub authorization_id: AuthorizationId,
    /// Whose voucher it holds.
    pub person: PersonKey,
    /// The platform whose order it is.
    pub partner: Partner,
    /// The order.
    pub order_number: OrderNumber,
    /// The request that made it.
    pub request_id: RequestId,
    /// What the order costs before the discount.
    pub order_amount: Fen,
    /// The vouchers held or used, with what each takes off.
    pub vouchers: Vec<AppliedVoucher>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the hold runs out, if nothing happens before.
    pub expires_at: Timestamp,
    /// The stage.
    pub stage: Stage,
}

/// A voucher's part in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedVoucher {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// What it takes off.
    pub discount: Fen,
    /// What it takes off each line; comes to `discount`.
    pub line_discounts: Vec<Fen>,
}

/// When something was booked, and on which business day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booked {
    /// When.
    pub at: Timestamp,
    /// The day of the ledger.
    pub on: BusinessDay,
}

/// The stage of an authorization (law R3: capture, void and expiry exclude one another).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Held.
    Held,
    /// Used.
    Captured(Booked),
    /// Let go.
    Voided {
        /// When.
        at: Timestamp,
    },
    /// Ran out.
    Expired {
        /// When that was written down; it ran out at `expires_at`.
        at: Timestamp,
    },
    /// Used and given back in full.
    Refunded {
        /// The capture.
        captured: Booked,
        /// The refund.
        refunded: Booked,
        /// Whether the person may use the voucher once more.
        right_returned: bool,
    },
}

impl Authorization {
    /// What is taken off.
    pub fn discount(&self) -> Fen {
        self.vouchers.iter().map(|voucher| voucher.discount).sum()
    }

    /// Whether the order number is taken by it.
    pub fn is_live(&self) -> bool {
        matches!(self.stage, Stage::Held | Stage::Captured(_))
    }

    /// Whether it is a hold whose time has run out, written down or not.
    pub fn has_lapsed(&self, now: Timestamp) -> bool {
        matches!(self.stage, Stage::Held) && self.expires_at <= now
    }

    /// As it is at `now`: a hold that ran out is expired, whether or not it was swept yet.
    pub fn at(self, now: Timestamp) -> Self {
        match self.has_lapsed(now) {
            true => Self { stage: Stage::Expired { at: now }, ..self },
            false => self,
        }
    }

    /// As it was when `verb` was done, which is what every replay of the verb answers (law A1).
    pub fn as_of(self, verb: Verb) -> Self {
        let stage = match (verb, self.stage) {
            (Verb::Authorize, _) => Stage::Held,
            (Verb::Capture, Stage::Refunded { captured, .. }) => Stage::Captured(captured),
            (Verb::Capture | Verb::Void | Verb::Refund, stage) => stage,
        };
        Self { stage, ..self }
    }

    /// Used: the order was paid.
    pub fn capture(self, booked: Booked) -> Result<Self, Refusal> {
        self.require_held(booked.at)?;
        Ok(Self { stage: Stage::Captured(booked), ..self })
    }

    /// Let go: the order was not paid.
    pub fn void(self, at: Timestamp) -> Result<Self, Refusal> {
        self.require_held(at)?;
        Ok(Self { stage: Stage::Voided { at }, ..self })
    }

    /// Used and given back.
    pub fn refund(self, refunded: Booked, right_returned: bool) -> Result<Self, Refusal> {
        match self.stage {
            Stage::Captured(captured) => {
                let stage = Stage::Refunded { captured, refunded, right_returned };
                Ok(Self { stage, ..self })
            }
            Stage::Refunded { .. } => Err(Refusal::new(Reason::AlreadyRefunded)),
            Stage::Held | Stage::Voided { .. } | Stage::Expired { .. } => {
                Err(Refusal::new(Reason::NotCaptured))
            }
        }
    }

    fn require_held(&self, now: Timestamp) -> Result<(), Refusal> {
        match self.stage {
            Stage::Held if !self.has_lapsed(now) => Ok(()),
            Stage::Held | Stage::Expired { .. } => {
                Err(Refusal::new(Reason::HoldExpired).with(Detail::ExpiredAt, self.expires_at))
            }
            Stage::Captured(_) => Err(Refusal::new(Reason::AlreadyCaptured)),
            Stage::Voided { .. } => Err(Refusal::new(Reason::AlreadyVoided)),
            Stage::Refunded { .. } => Err(Refusal::new(Reason::AlreadyRefunded)),
        }
    }
}
