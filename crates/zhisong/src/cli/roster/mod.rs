use clap::{Args, Subcommand};

use super::Problem;

mod generate;
mod header;
mod import;
mod rows;

/// Rosters of members, as CSV files.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong roster generate --members 1000 --headers zh --encoding gb18030 roster.csv
  zhisong roster import roster.csv --organization gd")]
pub(crate) struct Roster {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Writes a made-up roster: no row is a person, and every row is well formed.
    Generate(generate::Generate),
    /// Takes in a roster: good rows go in, bad rows are reported. Safe to repeat, and resumable.
    Import(import::Import),
}

impl Roster {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        match self.verb {
            Verb::Generate(generate) => generate.run(),
            Verb::Import(import) => import.run().await,
        }
    }
}
