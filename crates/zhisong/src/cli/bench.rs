use std::path::PathBuf;

use clap::Args;

use super::Problem;
use crate::bench::{self, Options, StoreKind, Workload};

/// How to measure.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong bench claim --store postgres --seconds 8 --rounds 5 --json
  zhisong bench verify --plot verify.svg")]
pub(super) struct Bench {
    /// What is measured.
    workload: Workload,
    /// What the services keep their data in.
    #[arg(long, value_enum, default_value = "postgres")]
    store: StoreKind,
    /// How long each timed run lasts at most, in seconds.
    #[arg(long, default_value_t = 5)]
    seconds: u64,
    /// How often the workload and its controls are measured, in turn.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
    /// Made-up members.
    #[arg(long, default_value_t = 100_000)]
    members: usize,
    /// Calls under way at a time.
    #[arg(long, default_value_t = 2_048)]
    in_flight: usize,
    /// Writes a plot as an SVG file.
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Bench {
    pub(super) async fn run(self) -> Result<(), Problem> {
        let options = Options {
            workload: self.workload,
            store: self.store,
            seconds: self.seconds,
            rounds: self.rounds,
            members: self.members,
            in_flight: self.in_flight,
        };
        let report = bench::run(options).await?;
        match self.json {
            true => println!("{}", report.json),
            false => println!("{}", report.table),
        }
        if let Some(file) = &self.plot {
            std::fs::write(file, &report.svg)?;
        }
        match report.is_valid {
            true => Ok(()),
            false => Err("a round had dropped calls or broken laws: no figure of it counts".into()),
        }
    }
}
