//! What a voucher is worth, where and when: shared by issuance and redemption.
//!
//! Map:
//! - [`Fen`]: money, always whole fen.
//! - [`Terms`] and its parts: what a voucher is worth ([`Kind`]), for which goods, in which shops,
//!   at which [`Hours`].
//! - [`Basket`] and [`Candidate`]: an order, and a voucher that could be used for it.
//! - [`choose`]: the best vouchers together for one order, and why not the others, of each the one
//!   [`OrderRefusal`] that comes first; [`combine`]: exactly the named ones.
//! - [`Portion`]: which part of an order is captured or returned; [`shares`]: what of the
//!   discounts goes with it.
//! - [`Validity`]: from when until when a voucher can be used.
//! - [`programme`]: the files in `deploy/programmes` that declare a campaign.
//!
//! **Invariant:** a [`Discount`]'s lines add up to its total to the fen, and no line costs less
//! than nothing after it.
//!
//! **Invariant:** the same arguments give the same answer. There is no I/O, no clock and no
//! randomness here; absent on purpose are also serialization (rows and messages have their own
//! types) and the policies' expressions, which only eligibility evaluates.

mod basket;
mod choice;
mod class;
mod fen;
mod goods;
mod hours;
mod kind;
mod order;
mod period;
mod portion;
pub mod programme;
mod refund_rule;
mod scope;
mod search;
mod slug;
mod stacking;
mod terms;
mod terms_problem;
mod uses;
mod validity;

pub use basket::{Basket, BasketProblem, LINES_MAX, Line};
pub use choice::{Candidate, Choice, NotTogether, Unused, VOUCHERS_MAX, choose, combine};
pub use fen::Fen;
pub use hours::{Hours, HoursProblem, is_open, next_opening};
pub use kind::Kind;
pub use order::{Discount, OrderRefusal};
pub use period::{LimitPeriod, StockPeriod};
pub use portion::{Portion, PortionProblem, shares};
pub use refund_rule::RefundRule;
pub use scope::{Category, CategoryProblem, ShopScope};
pub use slug::is_slug;
pub use stacking::Stacking;
pub use terms::{Terms, TermsParts};
pub use terms_problem::TermsProblem;
pub use uses::{UseLimit, UsePeriod, Uses};
pub use validity::Validity;

#[cfg(test)]
mod tests;
