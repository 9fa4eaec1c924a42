use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use crate::bench;

/// Which service, and how it is configured.
#[derive(Debug, Args)]
#[command(after_help = "Example: zhisong service issuance --config deploy/config/issuance.toml")]
pub(super) struct Service {
    /// The service.
    name: Name,
    /// Its configuration file; every key can also be set by environment.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Name {
    /// Who is a member, and who qualifies.
    Eligibility,
    /// Who gets a voucher.
    Issuance,
    /// What a voucher is worth at the till.
    Redemption,
    /// Answers at once without work: the benchmark's control.
    Echo,
    /// Keeps claims in Redis by a script: the benchmark's other control.
    Redis,
}

impl Service {
    /// The whole life of the process; it makes its own runtime.
    pub(super) fn run(self) -> ExitCode {
        let config = self.config.as_deref();
        match self.name {
            Name::Eligibility => runtime::run_with("eligibility", config, eligibility::build),
            Name::Issuance => runtime::run_with("issuance", config, issuance::build),
            Name::Redemption => runtime::run_with("redemption", config, redemption::build),
            Name::Echo => runtime::run_with("echo", config, bench::echo::build),
            Name::Redis => runtime::run_with("redis", config, bench::redis::build),
        }
    }
}
