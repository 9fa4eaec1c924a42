use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::demo::{self, Options};
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
        let report = demo::play(&installation, address, &clock, options).await?;
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
        Ok(())
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
