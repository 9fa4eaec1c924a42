//! Issuance: campaigns, stocks and vouchers.
//!
//! Promises: never more vouchers than the quota and never more for one natural person than the
//! limit; an answer is sent after the commit that it reports; the same request gets the same
//! voucher for ever; "sold out" is said only when nothing is left; campaigns never take more out of
//! a fund than was pledged, and what will never be spent of vouchers comes back to it once (laws I1
//! to I6, A1 of the design).
//!
//! Map, from the edge inwards:
//! - `rpc`: decode, use case, map error, encode, and eligibility over gRPC, and
//!   redemption, behind [`usecase::EligibilityPeer`] and [`usecase::RedemptionPeer`]; alone names
//!   the contracts;
//! - [`usecase`]: one verb one file; claims go through one lane a campaign, lists through one a
//!   call, and those that get nothing for certain are answered from memory
//!   (`usecase/claim/shortcut.rs`);
//! - [`store`]: one method one atomic step over a batch, on SQLite and PostgreSQL; the
//!   conformance suite holds both to the same;
//! - [`domain`]: the rules, pure. Who gets a voucher is in `domain/claim.rs`.
//!
//! **Invariant:** business rules are decided in `domain` under the stock's lock, from what is
//! stored; nothing in memory ever grants a voucher, and what it refuses was so at most a second ago
//! (law I4). **Invariant:** a verdict that is older than a
//! second issues nothing (law E1). Absent on purpose: whether a voucher was used, which is
//! redemption's to say; ID numbers, names and phones, which never come here.

mod config;
pub mod domain;
mod rpc;
mod service;
pub mod store;
pub mod usecase;

pub use config::{ClaimConfig, Config};
pub use service::build;

/// The whole `main` of the service as a process of its own.
pub fn main() -> std::process::ExitCode {
    runtime::run("issuance", build)
}
