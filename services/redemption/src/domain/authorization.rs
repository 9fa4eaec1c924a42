use benefit::{Fen, Portion, PortionProblem};
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, OrganizationPath, PersonKey, VoucherId};

use super::{
    CampaignId, Detail, OrderNumber, Partner, Reason, RefundPart, Refusal, RequestId, ShopChain,
    ShopId, Verb,
};

/// The most refunds of one authorization.
pub const REFUNDS_MAX: usize = 50;

/// An order's hold on vouchers, and what became of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorization {
    /// Its id.
    pub authorization_id: AuthorizationId,
    /// Whose vouchers it holds.
    pub person: PersonKey,
    /// The platform whose order it is.
    pub partner: Partner,
    /// The order.
    pub order_number: OrderNumber,
    /// The platform's id of the shop; none when it was authorized before shops were kept.
    pub shop_id: Option<ShopId>,
    /// The request that made it.
    pub request_id: RequestId,
    /// What the order costs before the discount.
    pub order_amount: Fen,
    /// What each line of it costs; comes to `order_amount`.
    pub line_amounts: Vec<Fen>,
    /// The vouchers held or used, 1 to 3, with what each takes off, in the order of their turns.
    pub vouchers: Vec<AppliedVoucher>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the hold runs out, if nothing happens before.
    pub expires_at: Timestamp,
    /// The stage.
    pub stage: Stage,
    /// What of each line was captured; empty before.
    pub captured_amounts: Vec<Fen>,
    /// The chain that the shop belonged to when it was captured: a shop that moves takes nothing
    /// along, and what is given back goes off the chain that had it.
    pub chain: Option<ShopChain>,
    /// The refunds, at most [`REFUNDS_MAX`], in the order they were made.
    pub refunds: Vec<RefundPart>,
}

/// A voucher's part in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AppliedVoucher {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// The organization that pays, as it was when the order was authorized.
    pub organization: OrganizationPath,
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
    /// Used, and not given back in full.
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
        /// The last refund.
        refunded: Booked,
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

    /// As it was when `verb` was done under that id, which is what every replay of the request
    /// answers (law A1).
    pub fn as_of(self, verb: Verb, request_id: &RequestId) -> Self {
        match verb {
            Verb::Authorize => self.as_of_step(0),
            Verb::Capture => self.as_of_step(1),
            Verb::Void => self,
            Verb::Refund => {
                let of_request = |refund: &RefundPart| refund.request_id == *request_id;
                let place = self.refunds.iter().position(of_request);
                let count = place.map_or(self.refunds.len(), |place| place + 1);
                self.after_refunds(count)
            }
        }
    }

    /// As it was after that step of its life, from 0: made, then what ended the hold, then each
    /// refund.
    pub fn as_of_step(self, step: u32) -> Self {
        match step {
            0 => {
                let (captured_amounts, refunds) = (Vec::new(), Vec::new());
                Self { stage: Stage::Held, captured_amounts, chain: None, refunds, ..self }
            }
            step => {
                let refunds = usize::try_from(step - 1).expect("an authorization has few refunds");
                self.after_refunds(refunds)
            }
        }
    }

    /// Used, all of it or a part: the order was paid.
    pub fn capture(self, portion: &Portion, booked: Booked) -> Result<Self, Refusal> {
        self.require_held(booked.at)?;
        let captured_amounts = portion.of(&self.line_amounts).map_err(above_order)?;
        Ok(Self { stage: Stage::Captured(booked), captured_amounts, ..self })
    }

    /// Let go: the order was not paid.
    pub fn void(self, at: Timestamp) -> Result<Self, Refusal> {
        self.require_held(at)?;
        Ok(Self { stage: Stage::Voided { at }, ..self })
    }

    /// Given back, all that is left of it or a part. No right has returned yet.
    pub fn refund(
        mut self,
        request_id: RequestId,
        portion: &Portion,
        booked: Booked,
    ) -> Result<Self, Refusal> {
        self.require_captured()?;
        if self.refunds.len() >= REFUNDS_MAX {
            return Err(Refusal::new(Reason::TooManyRefunds));
        }
        let returned = portion.of(&self.left_amounts()).map_err(above_order)?;
        self.refunds.push(RefundPart { request_id, returned, rights: Vec::new(), booked });
        let count = self.refunds.len();
        Ok(self.after_refunds(count))
    }

    /// As it was after so many of its refunds; what was never captured had none.
    fn after_refunds(mut self, count: usize) -> Self {
        let captured = match self.stage {
            Stage::Captured(captured) | Stage::Refunded { captured, .. } => captured,
            Stage::Held | Stage::Voided { .. } | Stage::Expired { .. } => return self,
        };
        self.refunds.truncate(count);
        let is_left = self.left_amounts().iter().any(|left| *left > Fen::ZERO);
        let stage = match self.refunds.last() {
            Some(last) if !is_left => Stage::Refunded { captured, refunded: last.booked },
            Some(_) | None => Stage::Captured(captured),
        };
        Self { stage, ..self }
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

    fn require_captured(&self) -> Result<(), Refusal> {
        match self.stage {
            Stage::Captured(_) => Ok(()),
            Stage::Refunded { .. } => Err(Refusal::new(Reason::AlreadyRefunded)),
            Stage::Held | Stage::Voided { .. } | Stage::Expired { .. } => {
                Err(Refusal::new(Reason::NotCaptured))
            }
        }
    }
}

/// Decoding lets no portion through that is nothing; if one came, nothing would be left for it.
fn above_order(problem: PortionProblem) -> Refusal {
    match problem {
        PortionProblem::Line(line) => {
            Refusal::new(Reason::PortionLineUnknown).with(Detail::Line, line)
        }
        PortionProblem::AboveWhatIsLeft { left } => {
            Refusal::new(Reason::PortionAboveOrder).with(Detail::LeftFen, left)
        }
        PortionProblem::Nothing => {
            Refusal::new(Reason::PortionAboveOrder).with(Detail::LeftFen, Fen::ZERO)
        }
    }
}
