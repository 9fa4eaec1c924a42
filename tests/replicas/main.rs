//! Several processes over one PostgreSQL, which is killed or paused, or whose replicas are.
//!
//! Without PostgreSQL the trials are shown as ignored, with the reason; with
//! `ZHISONG_REQUIRE_POSTGRES` they fail. Each trial has a server of its own with fsync on.

mod cancelled;
mod database;
mod issuing;
mod lists;
mod redeeming;
mod stage;

use std::process::ExitCode;

use futures::future::LocalBoxFuture;
use libtest_mimic::{Arguments, Failed, Trial};
use testkit::postgres::{Missing, Postgres, Settings};

/// A trial: its sentence and what it does.
type Case = (&'static str, fn() -> LocalBoxFuture<'static, ()>);

const CASES: &[Case] = &[
    ("two_replicas_of_which_one_is_killed_and_one_paused_give_out_exactly_the_quota", || {
        Box::pin(issuing::killed_and_paused())
    }),
    ("two_lists_at_two_replicas_and_claims_share_one_stock_exactly_though_one_is_killed", || {
        Box::pin(lists::with_claims())
    }),
    ("two_tills_of_which_one_is_killed_book_every_acknowledged_order_once", || {
        Box::pin(redeeming::killed())
    }),
    ("a_database_that_is_killed_in_the_rush_costs_no_answer_and_no_time", || {
        Box::pin(database::killed())
    }),
    ("cancelled_calls_over_one_connection_leave_no_transaction_open", || {
        Box::pin(cancelled::over_one_connection())
    }),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // Whether there is one is found out once; each trial then hurts its own.
    let missing = Postgres::start_if_present(Settings { fsync: true }).map(drop).err();
    // They take turns: each uses the whole machine.
    let arguments = Arguments { test_threads: Some(1), ..arguments };
    let trials = CASES.iter().map(|(name, case)| match missing.clone() {
        None => Trial::test(*name, || {
            let runtime = tokio::runtime::Runtime::new()?;
            runtime.block_on(case());
            Ok(())
        }),
        Some(Missing::Ignored(why)) => {
            eprintln!("ignored: {name}: {why}");
            Trial::test(*name, || Ok(())).with_ignored_flag(true)
        }
        Some(Missing::Failure(why)) => Trial::test(*name, || Err(Failed::from(why))),
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}
