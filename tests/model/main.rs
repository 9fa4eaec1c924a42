//! Redemption's store beside a small reference, through random operations, on fresh databases.
//!
//! Every episode prints its seed; `ZHISONG_MODEL_SEED` plays that one again, and
//! `ZHISONG_MODEL_OPERATIONS` says how many operations are played over each backend (10,000).
//! Not modelled, and left to tests of their own: shops and what is listed or blocked, stops, hours
//! and regions, re-checks at the till, changes of a campaign after it was first seen, and that one
//! replica works beside another.
//!
//! Without PostgreSQL its episodes are shown as ignored, with the reason; with
//! `ZHISONG_REQUIRE_POSTGRES` they fail.

mod choosing;
mod days;
mod episode;
mod money;
mod named;
mod reference;
mod rules;
mod steps;
mod tally;
mod till;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};
use sql::DatabaseConfig;
use testkit::postgres::{Missing, Postgres, Settings};

/// Operations of one episode: few, so that a failure is short and databases stay small.
const EPISODE: u64 = 1_000;
/// Operations over each backend when nobody says how many.
const OPERATIONS: u64 = 10_000;
/// The first seed; the others follow.
const SEED: u64 = 20_220_722;

/// What is played on a fresh database.
#[derive(Clone, Copy)]
enum Play {
    /// Random operations.
    Seed(u64),
    /// One that has a name.
    Named(&'static named::Case),
}

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    // Nothing here cuts the power.
    let server = Postgres::start_if_present(Settings { fsync: false }).map(Arc::new);
    let mut trials = Vec::new();
    for (name, play) in plays() {
        trials.push(Trial::test(format!("sqlite::{name}"), move || {
            let folder = tempfile::tempdir()?;
            let path = folder.path().join("redemption.db");
            run(play, format!("sqlite://{}", path.display()))
        }));
        let server = server.clone();
        let ignored = matches!(server, Err(Missing::Ignored(_)));
        let trial = Trial::test(format!("postgres::{name}"), move || match server {
            Ok(server) => {
                let runtime = tokio::runtime::Runtime::new()?;
                let url = runtime.block_on(server.database());
                run(play, url.map_err(|problem| Failed::from(problem.to_string()))?)
            }
            Err(Missing::Ignored(why) | Missing::Failure(why)) => Err(Failed::from(why)),
        });
        trials.push(trial.with_ignored_flag(ignored));
    }
    // The episodes of every run, whichever are asked for: of fewer it would not be true.
    trials.push(Trial::test("every_kind_of_answer_is_given_in_some_episode", || {
        tally::require_all(seeds(OPERATIONS), EPISODE);
        Ok(())
    }));
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The cases that have a name, and as many random episodes as are asked for.
fn plays() -> Vec<(String, Play)> {
    let number = |name: &str| {
        let text = std::env::var(name).ok()?;
        Some(text.parse::<u64>().unwrap_or_else(|_| panic!("{name} is not a number: {text}")))
    };
    let seeds: Vec<u64> = match number("ZHISONG_MODEL_SEED") {
        Some(seed) => vec![seed],
        None => seeds(number("ZHISONG_MODEL_OPERATIONS").unwrap_or(OPERATIONS)).collect(),
    };
    assert!(!seeds.is_empty(), "ZHISONG_MODEL_OPERATIONS: 0 operations prove nothing");
    let named = named::CASES.iter().map(|case| (case.name.to_owned(), Play::Named(case)));
    named.chain(seeds.iter().map(|seed| (format!("episode_{seed}"), Play::Seed(*seed)))).collect()
}

/// The seeds of as many episodes as so many operations need.
fn seeds(operations: u64) -> impl Iterator<Item = u64> {
    (SEED..).take(operations.div_ceil(EPISODE).try_into().unwrap_or(usize::MAX))
}

fn run(play: Play, url: String) -> Result<(), Failed> {
    let config = DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url) };
    let runtime = tokio::runtime::Runtime::new()?;
    runtime.block_on(async {
        let mut episode = episode::Episode::begin(config).await;
        match play {
            Play::Seed(seed) => {
                episode.play_random(seed, EPISODE).await;
                assert_ne!(episode.end().await, 0, "days that were closed");
            }
            Play::Named(case) => {
                episode.play_case(case).await;
                episode.end().await;
            }
        }
    });
    Ok(())
}
