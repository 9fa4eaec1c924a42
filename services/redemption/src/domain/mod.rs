//! The rules of redemption, as pure functions of state, command and time.
//!
//! - [`Desk`] judges a batch of checkout verbs; [`Authorization`] is the life cycle they move.
//! - [`Wallet`] finds the voucher for an order and explains those that do not apply.
//! - [`book`] assigns the business day, [`Transaction`] is what the journal records, and
//!   [`StatementWriter`] makes the file of a closed day.
//! - [`shops`] judges shops and tills, for an order and for the verbs of ops.
//! - [`advance`] decides what of a message of the voucher feed is taken in.

mod authorization;
mod campaign;
mod command;
mod day;
mod desk;
mod entropy;
mod feed;
mod fingerprint;
mod journal;
mod keys;
mod order;
mod refusal;
mod selection;
pub mod shops;
mod statement;
mod verb;
mod voucher;

pub use authorization::{AppliedVoucher, Authorization, Booked, Stage};
pub use campaign::{Campaign, CampaignState};
pub use command::{
    Action, Answer, AuthorizeOrder, Command, OrderHold, Receipt, Remembered, VoidTarget,
};
pub use day::{Booking, DayState, book, business_day, gap};
pub use desk::{Changes, Desk, Laid, Moment, OrderKey, RequestKey};
pub use entropy::Entropy;
pub use feed::{
    Advance, FeedBatch, FeedCursors, FeedProblem, Found, IssuedVoucher, StockBatch, StockKey,
    advance,
};
pub use fingerprint::Fingerprint;
pub use journal::{Account, Entry, Transaction, TransactionKind};
pub use keys::{
    CampaignId, ChainId, KeyProblem, OrderNumber, Partner, RequestId, ShopId, Subject, TerminalId,
};
pub use order::{Order, Wanted};
pub use refusal::{Detail, Reason, Refusal};
use selection::listed;
pub use selection::{Quotation, Unused, UnusedReason, Wallet, right_returns};
pub use statement::{DailyTotal, StatementHead, StatementRow, StatementWriter};
pub use verb::Verb;
pub use voucher::{ShownStage, VoucherStage, WalletVoucher};

#[cfg(test)]
mod tests;
