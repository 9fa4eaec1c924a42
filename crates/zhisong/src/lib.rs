//! The three services in one process on embedded SQLite, and the command line.
//!
//! | module | what |
//! |---|---|
//! | [`installation`] | a data folder: databases, keys, and the lock that keeps a second process out |
//! | [`suite`] | the three services on one port |
//! | [`tokens`] | who may do what: the ready tokens of the embedded mode |
//! | [`roster`] | made-up rosters |
//! | [`bench`] | how fast, beside the controls, with the laws checked after every round |
//! | [`cli`] | what can be said to `zhisong` |
//! | [`demo`] | a province's cold-drink morning, from roster to statement |
//! | [`laws`] | the laws of the suite, proved from outside the services |
//!
//! **Invariant:** the services speak gRPC to each other here as they do in containers.

pub mod bench;
mod channel;
pub mod cli;
pub mod demo;
mod hex;
pub mod installation;
pub mod laws;
mod policy;
pub mod roster;
pub mod suite;
pub mod tokens;
