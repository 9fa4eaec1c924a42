//! What the suite promises when things go wrong, held against the real process.
//!
//! Each test starts the command line as a program, hurts it, and ends with the law check. Sizes are
//! such that the whole folder takes less than a minute in the dev profile on two cores: a rush of
//! 3,000, of whom 400 wait for an answer at a time, is at least eight commits, so that a kill after
//! a random number of answers meets every part of it.
//!
//! | file | fault |
//! |---|---|
//! | `kill` | `kill -9` in the middle of the rush, and of the checkouts, ten times over |
//! | `list` | `kill -9` in the middle of a list that vouchers are given to, five times over |
//! | `twice` | the same request ten times at once |
//! | `cancel` | three calls of ten are cancelled at random moments |
//! | `disk` | a full disk or a read-only folder at start; a disk that fills up in flight |
//! | `drain` | SIGTERM in the middle of the rush |
//! | `apart` | one of three processes is gone |
//! | `wayback` | `kill -9` of issuance while money comes back to its fund, five times over |

mod apart;
mod cancel;
mod disk;
mod drain;
mod kill;
mod list;
mod twice;
mod wayback;

/// The command line as a program.
const ZHISONG: &str = env!("CARGO_BIN_EXE_zhisong-under-test");
/// Each service as a program.
const PROGRAMS: [&str; 3] = [
    env!("CARGO_BIN_EXE_eligibility-under-test"),
    env!("CARGO_BIN_EXE_issuance-under-test"),
    env!("CARGO_BIN_EXE_redemption-under-test"),
];
