use benefit::{Fen, Terms};
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
    /// How often it may still be used; of a balance 1 until it is gone.
    pub uses_left: u32,
    /// What it has left, for a kind that is spent in parts.
    pub balance_left: Option<Fen>,
    /// What of it was captured and not given back.
    pub spent: Fen,
    /// How often the right came back.
    pub returns: u32,
    /// The period of its last use, and the uses in it; none before the first, and for terms
    /// without a limit.
    pub counted: Option<PeriodCount>,
    /// The first instant of its validity.
    pub valid_from: Timestamp,
    /// The first instant after its validity.
    pub valid_until: Timestamp,
    /// Whether its validity's end was acted upon: what it had left is its fund's again.
    pub is_closed: bool,
    /// When it has to be looked at for closing because of what became of it; none when that is as
    /// it was. Only written.
    pub closing_due: Option<Timestamp>,
}

/// Uses in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeriodCount {
    /// The period, as `2022-07-22`, `2022-07` or `2022`.
    pub period: String,
    /// Uses that count in it.
    pub uses: u32,
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
    /// Has no use left, or nothing of its balance.
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

/// The period in which a use that was authorized at `at` counts; none for terms without a limit.
pub fn use_period(terms: &Terms, at: Timestamp) -> Option<String> {
    terms.uses().limit.map(|limit| limit.period.of(at, terms.zone()))
}

impl WalletVoucher {
    /// Whether an order holds it at `now`. A hold that has run out holds nothing, swept or not.
    pub fn is_held(&self, now: Timestamp) -> bool {
        matches!(self.stage, VoucherStage::Held { until, .. } if until > now)
    }

    /// Whether `now` is within its validity.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.valid_from <= now && !self.is_over(now)
    }

    /// Whether its validity is over. Who closes vouchers may be ahead of who judges orders: what is
    /// closed is over for both.
    pub fn is_over(&self, now: Timestamp) -> bool {
        self.is_closed || self.valid_until <= now
    }

    /// The stage that its owner is shown.
    pub fn shown(&self, now: Timestamp) -> ShownStage {
        match self.stage {
            VoucherStage::Used => ShownStage::Used,
            _ if self.is_held(now) => ShownStage::Held,
            _ if self.is_over(now) => ShownStage::Expired,
            _ => ShownStage::Available,
        }
    }

    /// The period of `now`, when it was used in it as often as its terms allow.
    pub fn spent_period(&self, terms: &Terms, now: Timestamp) -> Option<&PeriodCount> {
        let (limit, period) = (terms.uses().limit?, use_period(terms, now)?);
        self.counted.as_ref().filter(|count| count.period == period && count.uses >= limit.count)
    }

    /// Held for an order.
    pub fn hold(self, by: AuthorizationId, until: Timestamp) -> Self {
        Self { stage: VoucherStage::Held { by, until }, ..self }
    }

    /// Let go by its order, unused.
    pub fn let_go(self) -> Self {
        Self { stage: VoucherStage::Available, ..self }
    }

    /// Used once by the order that held it, or `amount` of its balance (law R1). The use counts in
    /// `period`.
    pub fn spend(self, amount: Fen, period: Option<String>) -> Self {
        let balance_left = self.balance_left.map(|left| Fen(left.0 - amount.0));
        let uses_left = match balance_left {
            Some(left) => u32::from(left > Fen::ZERO),
            None => self.uses_left.saturating_sub(1),
        };
        let stage = if uses_left == 0 { VoucherStage::Used } else { VoucherStage::Available };
        let counted = period.map(|period| match self.counted {
            Some(count) if count.period == period => PeriodCount { period, uses: count.uses + 1 },
            Some(_) | None => PeriodCount { period, uses: 1 },
        });
        let spent = Fen(self.spent.0 + amount.0);
        Self { stage, uses_left, balance_left, spent, counted, ..self }
    }

    /// `amount` of what was captured went back at `now`, with or without the right. What issuance
    /// was told of it may not hold any more.
    pub fn refunded(self, amount: Fen, now: Timestamp) -> Self {
        let spent = Fen(self.spent.0 - amount.0);
        Self { spent, closing_due: Some(now), ..self }
    }

    /// The right returned: one more use, or `amount` of the balance, until `valid_until`. In its
    /// `period` the use does not count any more, while that is still the last one.
    pub fn give_back(self, amount: Fen, period: Option<&str>, valid_until: Timestamp) -> Self {
        let balance_left = self.balance_left.map(|left| Fen(left.0 + amount.0));
        let uses_left = balance_left.map_or(self.uses_left + 1, |_| 1);
        let stage = match self.stage {
            VoucherStage::Used => VoucherStage::Available,
            stage @ (VoucherStage::Available | VoucherStage::Held { .. }) => stage,
        };
        let uncount = |count: PeriodCount| match period == Some(&count.period) {
            true => PeriodCount { uses: count.uses.saturating_sub(1), ..count },
            false => count,
        };
        let (returns, counted) = (self.returns + 1, self.counted.map(uncount));
        let back = Self { stage, uses_left, balance_left, returns, counted, ..self };
        Self { valid_until, is_closed: false, ..back }
    }
}
