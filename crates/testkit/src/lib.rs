//! What tests and benchmarks share; nothing of it is in a service.
//!
//! | module | what |
//! |---|---|
//! | [`postgres`] | a throw-away PostgreSQL server, or one that the environment names |

pub mod postgres;
