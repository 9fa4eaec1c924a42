use std::path::PathBuf;

use clap::Args;

use super::Problem;
use crate::demo::spinner;
use crate::laws::{self, Inputs};

/// What to check.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong laws --data ./zhisong-data --acks acks.jsonl --json\n\n\
    Exit code: 0 when no law is broken, 1 when one is or could not be looked at. A law whose \
    check needs a file that was not given is `not checked`.")]
pub(crate) struct Laws {
    /// The data folder, being served, stopped or crashed.
    #[arg(long, default_value = "zhisong-data")]
    data: PathBuf,
    /// Acknowledged answers, one JSON object a line (laws I3, I4, A1).
    #[arg(long, value_name = "FILE")]
    acks: Option<PathBuf>,
    /// Personal data that must be found nowhere, one a line (law E3).
    #[arg(long, value_name = "FILE")]
    canaries: Option<PathBuf>,
    /// One more file or folder to look for them in, as logs; may be repeated.
    #[arg(long, value_name = "PATH")]
    scan: Vec<PathBuf>,
    /// Eligibility's database, sqlite://PATH or postgres://...; the one in --data when absent.
    #[arg(long, value_name = "URL")]
    eligibility_url: Option<String>,
    /// Issuance's.
    #[arg(long, value_name = "URL")]
    issuance_url: Option<String>,
    /// Redemption's.
    #[arg(long, value_name = "URL")]
    redemption_url: Option<String>,
    /// Prints one JSON object, law to state, figures and findings, instead of a table.
    #[arg(long)]
    json: bool,
}

impl Laws {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let json = self.json;
        let spinner = spinner("laws", !json);
        let begun = |law: laws::Law| {
            spinner.set_message(format!("{}: {}", law.name(), law.says()));
        };
        let report = laws::check(&self.inputs(), begun).await;
        spinner.finish_and_clear();
        let report = report?;
        match json {
            true => println!("{}", report.json()),
            false => println!("{}", report.table()),
        }
        let broken: Vec<_> = report.broken().into_iter().map(laws::Law::name).collect();
        match broken.is_empty() {
            true => Ok(()),
            false => Err(format!("broken: {}", broken.join(", ")).into()),
        }
    }

    fn inputs(self) -> Inputs {
        let Inputs { urls: [eligibility, issuance, redemption], mut scan, .. } =
            Inputs::of_folder(&self.data);
        // Without an embedded folder there is none to scan, only what --scan names.
        scan.retain(|folder| folder.exists());
        scan.extend(self.scan);
        let urls = [
            self.eligibility_url.unwrap_or(eligibility),
            self.issuance_url.unwrap_or(issuance),
            self.redemption_url.unwrap_or(redemption),
        ];
        Inputs { urls, acks: self.acks, canaries: self.canaries, scan }
    }
}
