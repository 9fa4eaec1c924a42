use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::installation::Installation;
use crate::suite;
use crate::tokens::Role;
use clap::Args;
use clock::{BusinessDay, Clock, ManualClock, SystemClock, Zone};
use member_identity::OrganizationPath;

use super::Problem;

/// How to serve.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong up --data ./zhisong-data --organization gd")]
pub(crate) struct Up {
    /// The data folder; made on first use.
    #[arg(long, default_value = "zhisong-data")]
    data: PathBuf,
    /// Where to listen. Plaintext, so loopback only.
    #[arg(long, default_value = "127.0.0.1:7000")]
    listen: SocketAddr,
    /// The organization whose subtree the printed tokens are for.
    #[arg(long, default_value = "gd")]
    organization: String,
    /// A test: business time stands at midnight of this day (as 2022-07-22) until it is moved.
    #[arg(long, value_name = "DAY")]
    manual_clock: Option<String>,
}

impl Up {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        if !self.listen.ip().is_loopback() {
            return Err("up serves plaintext, so --listen must be a loopback address".into());
        }
        let clock: Arc<dyn Clock> = match &self.manual_clock {
            None => Arc::new(SystemClock),
            Some(day) => {
                Arc::new(ManualClock::at(BusinessDay::parse(day)?.start(&Zone::shanghai())))
            }
        };
        let union = OrganizationPath::parse(&self.organization)?;
        let telemetry = super::quiet_logs()?;
        let installation = Installation::open(&self.data)?;
        let ready = |address| print_tokens(&installation, address, &union, clock.as_ref());
        let stop = runtime::stop_signal()?;
        let served =
            suite::serve(&installation, self.listen, Arc::clone(&clock), stop, ready).await;
        telemetry.flush().await;
        Ok(served?)
    }
}

fn print_tokens(
    installation: &Installation,
    address: SocketAddr,
    union: &OrganizationPath,
    clock: &dyn Clock,
) {
    println!("serving gRPC at {address}; tokens for {union} and below, valid for a day:");
    for role in Role::ALL {
        match role.token(&installation.signer(), union, clock.wall()) {
            Ok(token) => println!("{} {token}", role.subject()),
            Err(problem) => eprintln!("{}: {problem}", role.subject()),
        }
    }
}
