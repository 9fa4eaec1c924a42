use crate::terms::{THRESHOLD_MAX, broken};
use crate::{Fen, TermsProblem};

/// What a voucher is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Money off an order whose covered goods come to at least the threshold.
    AmountOff {
        /// What the covered goods must come to; at least the amount.
        threshold: Fen,
        /// What is taken off; 1 fen or more.
        amount: Fen,
    },
    /// A part of what the covered goods cost.
    PercentOff {
        /// What the covered goods must come to; zero means anything.
        threshold: Fen,
        /// The part that is taken off, 1 to 100 percent, rounded down to the fen.
        percent: u8,
        /// The most that is taken off at once; 1 fen or more.
        cap: Fen,
    },
    /// All that the covered goods cost, as a bus fare or a registration fee.
    Waiver {
        /// The most that is taken off at once; 1 fen or more.
        cap: Fen,
    },
    /// Money that is spent in parts, over several orders, until it is gone.
    Balance {
        /// What there is at first; 1 fen or more.
        value: Fen,
    },
    /// No money: something that is done for the member, as a check-up. Its goods categories name
    /// what; it is never used together with another voucher.
    Service,
}

impl Kind {
    /// The name in programme files and tables, as `AMOUNT_OFF`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::AmountOff { .. } => "AMOUNT_OFF",
            Self::PercentOff { .. } => "PERCENT_OFF",
            Self::Waiver { .. } => "WAIVER",
            Self::Balance { .. } => "BALANCE",
            Self::Service => "SERVICE",
        }
    }

    pub(crate) fn problems(self) -> Vec<TermsProblem> {
        let is_money = |fen: Fen| (Fen(1)..=THRESHOLD_MAX).contains(&fen);
        let is_threshold = |fen: Fen| (Fen::ZERO..=THRESHOLD_MAX).contains(&fen);
        match self {
            Self::AmountOff { threshold, amount } => broken([
                (amount < Fen(1), TermsProblem::AmountBelowOne),
                (amount > threshold, TermsProblem::AmountAboveThreshold(threshold)),
                (!is_threshold(threshold), TermsProblem::ThresholdTooHigh),
            ]),
            Self::PercentOff { threshold, percent, cap } => broken([
                (!is_threshold(threshold), TermsProblem::ThresholdTooHigh),
                (!(1..=100).contains(&percent), TermsProblem::PercentOutOfRange),
                (!is_money(cap), TermsProblem::CapOutOfRange),
            ]),
            Self::Waiver { cap } => broken([(!is_money(cap), TermsProblem::CapOutOfRange)]),
            Self::Balance { value } => broken([(!is_money(value), TermsProblem::ValueOutOfRange)]),
            Self::Service => Vec::new(),
        }
    }
}
