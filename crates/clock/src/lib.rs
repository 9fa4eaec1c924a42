//! Time as an argument.
//!
//! Everything in Zhisong that needs to know the time is handed a [`Timestamp`] or a [`Clock`];
//! nothing else in the workspace reads the machine's clock (`.clippy.toml` forbids it).
//!
//! Two kinds of time are kept apart (design: section 3):
//! - **business time** decides days, validity and hold expiry as members and tills see them, and
//!   may be moved by hand in the test profile ([`ManualClock`]);
//! - **wall time** decides whether a caller's token has expired, and is never moved.
//!
//! Deadlines and durations are monotonic and use `tokio::time` where they are measured.
//!
//! **Invariant:** a business day is stored as a day key and never computed by SQL.

mod clocks;
mod day;
mod timestamp;

pub use clocks::{Clock, ManualClock, SystemClock};
pub use day::{BusinessDay, DayProblem, Zone};
pub use timestamp::Timestamp;

#[cfg(test)]
mod tests;
