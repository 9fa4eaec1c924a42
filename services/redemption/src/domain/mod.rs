//! The rules of redemption, as pure functions of state, command and time.
//!
//! - [`Desk`] judges a batch of checkout verbs; [`Authorization`] is the life cycle they move, and
//!   [`RefundPart`] what goes back of it.
//! - [`Wallet`] finds the vouchers for an order and explains those that do not apply; [`Checks`] is
//!   what eligibility says of the member, for terms that ask.
//! - [`book`] assigns the business day, [`Transaction`] is what the journal records, and
//!   [`StatementWriter`] makes the file of a closed day for a [`Counterparty`].
//! - [`PartnerFile`] reads a platform's own file of a day, [`Reconciliation`] is how far the two
//!   were compared, and [`Difference`] is what they do not say alike.
//! - [`NewEvent`] is a step in the life of an authorization, and [`number`] its place in the stream
//!   that its platform watches.
//! - [`webhooks`] sends that stream to platforms that do not watch it.
//! - [`shops`] judges shops and tills, for an order and for the verbs of ops.
//! - [`Closure`] is what issuance is told of a voucher that is over: what was spent, and what
//!   never will be.
//! - [`advance`] decides what of a message of the voucher feed is taken in.

mod authorization;
mod balance;
mod campaign;
mod chain;
mod checks;
mod closure;
mod command;
mod counterparty;
mod day;
mod desk;
mod difference;
mod entropy;
mod event;
mod explain;
mod feed;
mod fingerprint;
mod journal;
mod keys;
mod order;
mod partner_file;
mod reconciliation;
mod refund;
mod refusal;
mod selection;
pub mod shops;
mod statement;
mod verb;
mod voucher;
pub mod webhooks;

pub use authorization::{AppliedVoucher, Authorization, Booked, REFUNDS_MAX, Stage};
pub use balance::{AccountBalance, BalanceTotals};
pub use campaign::{Campaign, CampaignState};
pub use chain::{ChainProblem, ShopChain};
pub use checks::{Checks, Standing};
pub use closure::{Closure, ClosureEntries, ClosureHead, Looked};
pub use command::{
    Action, Answer, AuthorizeOrder, Command, OrderHold, OrderPart, Receipt, Remembered, VoidTarget,
};
pub use counterparty::{Counterparty, PayoutId};
pub use day::{Booking, ClosedDay, DayState, book, business_day, gap};
pub use desk::{Changes, Desk, Laid, Moment, NewRefund, OrderKey, RequestKey};
pub use difference::{
    Difference, DifferenceKind, DifferenceState, Resolution, ResolutionAction, Resolve,
    ResolveProblem, Resolved, Side,
};
pub use entropy::Entropy;
pub use event::{Event, EventKind, NewEvent, number};
pub use explain::{Unused, UnusedReason, hindrance};
use explain::{outside_hours, region_not_covered};
pub use feed::{
    Advance, FeedBatch, FeedCursors, FeedProblem, Found, IssuedVoucher, StockBatch, StockKey,
    advance,
};
pub use fingerprint::Fingerprint;
pub use journal::{Account, AccountProblem, Entry, Transaction, TransactionKind};
pub use keys::{
    CampaignId, ChainId, KeyProblem, OrderNumber, Partner, RequestId, ShopId, Subject, TerminalId,
    WebhookId,
};
pub use order::{Order, Wanted};
pub use partner_file::{BadRow, FileBatch, FileRow, HeaderProblem, PART_RECORDS, PartnerFile};
pub use reconciliation::{
    ItemPart, Phase, Reconciliation, ReconciliationKey, SideTotals, Taken, items_if_named,
    our_parts, their_parts,
};
pub use refund::RefundPart;
pub use refusal::{Detail, Reason, Refusal};
pub use selection::{Quotation, Wallet};
pub use statement::{DailyTotal, StatementFormat, StatementHead, StatementRow, StatementWriter};
pub use verb::Verb;
pub use voucher::{PeriodCount, ShownStage, VoucherStage, WalletVoucher, use_period};

#[cfg(test)]
mod tests;
