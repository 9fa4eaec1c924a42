use rpc::PeerConfig;
use serde::Deserialize;
use sql::DatabaseConfig;

use crate::usecase::LaneLimits;

/// The most claims that eligibility judges in one round.
const BATCH_MAX: usize = 1_024;

/// Everything that can be configured.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// The process: where it listens, who may call, its clock.
    pub process: runtime::ProcessConfig,
    /// Where the data are.
    pub database: DatabaseConfig,
    /// Who knows the members.
    pub eligibility: PeerConfig,
    /// Who says which vouchers are over and what was spent of them. Without it no money comes back
    /// to funds.
    pub redemption: Option<PeerConfig>,
    /// Bounds of Claim.
    pub claim: ClaimConfig,
}

/// Bounds of Claim, for each campaign.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimConfig {
    /// Claims that may wait to be decided; more are refused as overload.
    pub queue_max: usize,
    /// Claims that are decided in one commit, 1 to 1,024.
    pub batch_max: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            process: runtime::ProcessConfig::default(),
            database: DatabaseConfig::at("sqlite://issuance.db"),
            eligibility: PeerConfig::default(),
            redemption: None,
            claim: ClaimConfig::default(),
        }
    }
}

impl Default for ClaimConfig {
    fn default() -> Self {
        Self { queue_max: 20_000, batch_max: BATCH_MAX }
    }
}

impl ClaimConfig {
    pub(crate) fn limits(&self) -> LaneLimits {
        let Self { queue_max, batch_max } = *self;
        LaneLimits { batch_max, queue_max }
    }
}

impl runtime::ServiceConfig for Config {
    fn process(&self) -> &runtime::ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.process.problems();
        problems.extend(self.database.problems(self.process.profile == runtime::Profile::Test));
        if self.claim.queue_max == 0 {
            problems.push(String::from("claim.queue_max must be 1 or more"));
        }
        if !(1..=BATCH_MAX).contains(&self.claim.batch_max) {
            problems.push(format!("claim.batch_max must be 1 to {BATCH_MAX}"));
        }
        problems
    }
}
