//! The command line as people use it: the real binary against the real services.

mod bench;
mod cards;
mod day;
mod lists;
#[cfg(feature = "parquet")]
mod parquet;
mod parts;
mod readme;
mod refusals;
mod roster;
mod settlement;
mod shops;
