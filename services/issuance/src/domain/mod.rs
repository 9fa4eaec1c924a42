//! The rules of issuance, as pure functions of state, command and time.
//!
//! - [`decide_claims`] judges a batch of claims: the rule that a person gets one a day is there.
//! - [`Stock`] counts what is left; [`Voucher`] is what a claim gives.
//! - [`Campaign`] and [`CampaignState`] are the life cycle; [`decide_change`] judges its verbs.
//! - [`Fund`] is money that several campaigns draw on; [`decide_fund`] creates one.
//! - [`decide_closures`] takes in what redemption says of vouchers that are over, and gives what will
//!   never be spent back to its fund; a [`FundPosting`] is what the fund's journal keeps of it.
//! - [`FeedCursors`] decides whether a follower of the feed can go on.

mod caller;
mod campaign;
mod campaign_change;
mod claim;
mod closure;
mod entropy;
mod feed;
mod fund;
mod fund_posting;
mod keys;
mod stock;
mod verdict;
mod voucher;

pub use caller::Caller;
pub use campaign::{Campaign, CampaignState, CampaignVerb, RefusedTransition};
pub use campaign_change::{
    CampaignAction, CampaignChange, CampaignCommand, CampaignRefusal, ChangeState, Fingerprint,
    RememberedChange, decide_change,
};
pub use claim::{
    ClaimCommand, ClaimEffects, ClaimKey, ClaimRefusal, ClaimState, Winner, decide_claims,
};
pub use closure::{
    ClosedVoucher, Closure, ClosureBatch, ClosureCursor, ClosureEffects, ClosureProblem,
    ClosureState, decide_closures,
};
pub use entropy::Entropy;
pub use feed::{CampaignEntry, Epoch, FeedCursors, FeedHeads, ForeignCursors, VoucherEntries};
pub use fund::{Fund, FundChange, FundCommand, FundRefusal, PLEDGED_MAX, decide_fund};
pub use fund_posting::{FundPosting, FundPostingKind};
pub use keys::{CampaignId, FundId, KeyProblem, Partner, RequestId};
pub use stock::{Stock, StockKey, WHOLE};
pub use verdict::{FailedCriterion, JudgedBy, MemberVerdict};
pub use voucher::Voucher;

#[cfg(test)]
mod tests;
