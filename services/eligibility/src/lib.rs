//! The real-name registry: who is a member of which union, and who qualifies for what.
//!
//! | folder | holds |
//! |---|---|
//! | `domain` | members, rosters, policies and criteria, the key ring; what is decided about them |
//! | `usecase` | the verbs, one a file; the registry in memory that verdicts are taken from |
//! | `store` | what the store promises, its backends, and the suite that holds them to it |
//! | `rpc` | the gRPC edge |
//!
//! **Invariant (E1):** a verdict is true of the registry at a time and says how long ago that was:
//! when this replica last began a look for changes that it then took in.
//! **Invariant (E2):** a change is in memory before it is answered, so that a suspended member
//! passes no later check of this replica, and none of another once the bound has passed. **Invariant (E3):** identity numbers, phones and names are sealed under
//! a data key a person, found by keyed blind indexes, and nowhere in the clear: not in a database
//! file, a log or an error. **Invariant:** a natural person has at most one live membership.
//!
//! **Invariant:** a member has at most one card that is active or lost; no
//! code passes an online check once its card is neither, or its member is suspended; a partner learns
//! what it is granted for a purpose, and without a grant the same `no` as of nobody.
//!
//! Absent on purpose: anything that shows personal data but the number of a card to its office.
//! Nothing here can read a name back yet.

mod config;
pub mod domain;
mod rpc;
mod service;
pub mod store;
pub mod usecase;

pub use config::{CardsConfig, Config, KeysConfig, RegistryConfig, VerificationConfig};
pub use domain::keyring;
pub use service::build;

/// The whole `main` of the service as a process of its own.
pub fn main() -> std::process::ExitCode {
    runtime::run("eligibility", build)
}
