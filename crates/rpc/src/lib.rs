//! The edge of every service, once: who calls, what a refusal looks like, how fields and pages are
//! read, and how a service calls its peers.
//!
//! - [`CallerLayer`] stands before every handler: it checks the caller's token against the scope
//!   that the method's proto states, bounds what is taken on ([`Admission`]), keeps the caller's deadline and
//!   records outcome and duration.
//! - [`Problem`] is every refusal; its reason decides code and texts in one table.
//! - [`Fields`] reads a request and lists all that is wrong with it.
//! - [`DocumentSigner`] signs what others keep, and [`key_set`] tells the keys.
//! - [`Peer`] is a channel to another service, with a token and trace context on each call.
//!
//! **Invariant:** a method that states no scope cannot be called (those that the contract says are
//! public, health and reflection are the exceptions). **Invariant:** no driver text, token or personal value is ever sent.

mod admission;
mod caller;
mod credential;
mod document;
mod fields;
mod layer;
mod page;
mod peer;
mod problem;
mod reasons;
mod token;
mod trace_context;

pub use admission::Admission;
pub use caller::{Caller, caller, deadline};
pub use contracts::common::v1::ErrorReason;
pub use credential::Credential;
pub use document::{DocumentKey, DocumentSigner, key_set};
pub use fields::{Fields, RequestId, decode_timestamp, encode_timestamp};
pub use layer::{CallerLayer, CallerService};
pub use page::{PageToken, page_size};
pub use peer::{Peer, PeerChannel, PeerConfig, PeerProblem};
pub use problem::Problem;
pub use token::{Grant, KeyProblem, Signer, Verifier};

#[cfg(test)]
mod tests;
