//! What tests and benchmarks share.
//!
//! | module | what |
//! |---|---|
//! | [`process`] | a program under test: started, listened to, ended one way or another |
//! | [`suite`] | the three services as one process, `zhisong up` |
//! | [`services`] | each service as a process of its own |
//! | [`deployment`] | any number of service processes: replicas, controls, a database server |
//! | [`clients`] | callers with their tokens, one channel a service |
//! | [`office`] | what a union office brings to a fresh suite |
//! | [`lists`] | how an office gives vouchers to the members of a list |
//! | [`answers`] | what a caller was told: done, refused, or nothing for certain |
//! | [`postgres`] | a throw-away PostgreSQL server, or one that the environment names |
//! | [`acks`] | every acknowledged answer, written down for the law check |
//!
//! **Invariant:** nothing here knows the command line's own code, so that the command line may use
//! it too; rosters, tokens and the path of the program are handed in.

pub mod acks;
pub mod answers;
pub mod clients;
pub mod deployment;
pub mod lists;
pub mod office;
pub mod postgres;
pub mod process;
pub mod services;
pub mod suite;
