use std::io;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

use crate::demo::{self, EvidenceFiles, Options, Report};
use crate::installation::Installation;
use crate::suite;
use clap::Args;
use clock::{Clock, ManualClock};
use tokio::sync::{Notify, oneshot};

use super::Problem;

/// Members and checkouts of the whole demonstration.
const MEMBERS: usize = 60_000;
const CHECKOUTS: usize = 20_000;

/// How to play the demonstration.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong demo --once --json --members 2000")]
pub(crate) struct Demo {
    /// Made-up members.
    #[arg(long, default_value_t = MEMBERS)]
    members: usize,
    /// Checkouts after the rush.
    #[arg(long, default_value_t = CHECKOUTS)]
    checkouts: usize,
    /// The data folder, which must not exist yet; a new one beside this when absent.
    #[arg(long)]
    data: Option<PathBuf>,
    /// The same seed makes the same members.
    #[arg(long, default_value_t = 2022)]
    seed: u64,
    /// Where to listen; any free port when absent.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// Ends after the demonstration instead of going on serving.
    #[arg(long)]
    once: bool,
    /// Prints one JSON object instead of a table.
    #[arg(long)]
    json: bool,
}

impl Default for Demo {
    fn default() -> Self {
        Self {
            members: MEMBERS,
            checkouts: CHECKOUTS,
            data: None,
            seed: 2022,
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            once: false,
            json: false,
        }
    }
}

impl Demo {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let telemetry = super::quiet_logs()?;
        let folder = self.folder()?;
        let installation = Arc::new(Installation::open(&folder)?);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(demo::opening()));
        let done = Arc::new(Notify::new());
        let stop = {
            let done = Arc::clone(&done);
            async move {
                tokio::select! {
                    () = done.notified() => {}
                    _ = tokio::signal::ctrl_c() => {}
                }
            }
        };
        let (ready, bound) = oneshot::channel();
        let serving = tokio::spawn({
            let (installation, clock) = (Arc::clone(&installation), Arc::clone(&clock));
            async move {
                let tell = |address| {
                    // Whoever waits for the address is this very command.
                    let _ = ready.send(address);
                };
                suite::serve(&installation, self.listen, clock, stop, tell).await
            }
        });
        let Ok(address) = bound.await else {
            serving.await??;
            return Err("the services ended before they served".into());
        };
        let options = Options {
            members: self.members,
            checkouts: self.checkouts,
            seed: self.seed,
            progress: !self.json,
        };
        let mut report = demo::play(&installation, address, &clock, options).await?;
        let violations = prove(&folder, &mut report, options.progress).await?;
        match self.json {
            true => println!("{}", report.json()),
            false => println!("{}", report.table()),
        }
        if self.once {
            done.notify_one();
        } else {
            eprintln!("still serving at {address} from {}; Ctrl-C ends it", folder.display());
        }
        serving.await??;
        telemetry.flush().await;
        match violations {
            0 => Ok(()),
            _ => Err(format!("the laws are broken: {violations} violations").into()),
        }
    }

    /// A demonstration never touches data that exist.
    fn folder(&self) -> Result<PathBuf, Problem> {
        if let Some(folder) = &self.data {
            return match folder.exists() {
                true => {
                    Err(format!("{} exists: a demo needs a fresh folder", folder.display()).into())
                }
                false => Ok(folder.clone()),
            };
        }
        let fresh = (1..1_000).map(|n| PathBuf::from(format!("zhisong-data/demo-{n}")));
        let fresh = fresh.into_iter().find(|folder| !folder.exists());
        fresh.ok_or_else(|| "zhisong-data is full of demos: remove it".into())
    }
}

/// Has the laws checked from outside, while the services serve: by a process of its own, which
/// shares neither memory nor file locks with them. Gives how often one was found broken.
async fn prove(folder: &Path, report: &mut Report, shown: bool) -> Result<u64, Problem> {
    let spinner = demo::spinner("laws", shown);
    let files = report.evidence.write(&evidence_folder(folder)?)?;
    let folder = folder.to_owned();
    let checked = tokio::task::spawn_blocking(move || check_laws(&folder, &files)).await??;
    spinner.finish_and_clear();
    let told = serde_json::from_slice(&checked.stdout).ok();
    let violations = told.and_then(|told| report.take_laws(&told));
    let said = || format!("the laws: {}", String::from_utf8_lossy(&checked.stderr));
    violations.ok_or_else(|| said().into())
}

/// Beside the data folder and not in it: all of that is searched for the canaries.
fn evidence_folder(folder: &Path) -> Result<PathBuf, Problem> {
    let mut name = folder.file_name().ok_or("the data folder has no name")?.to_owned();
    name.push("-evidence");
    Ok(folder.with_file_name(name))
}

fn check_laws(folder: &Path, files: &EvidenceFiles) -> io::Result<Output> {
    let mut laws = Command::new(std::env::current_exe()?);
    laws.args(["laws", "--json", "--data"]).arg(folder);
    laws.arg("--acks").arg(&files.acks).arg("--canaries").arg(&files.canaries);
    laws.output()
}
