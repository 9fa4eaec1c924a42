use std::path::PathBuf;

use group_commit::LaneOptions;
use rpc::PeerConfig;
use serde::Deserialize;
use sql::DatabaseConfig;

use crate::domain::webhooks::Reach;

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
    /// Who issues the vouchers.
    pub issuance: PeerConfig,
    /// Bounds of the checkout.
    pub checkout: CheckoutConfig,
    /// The keys of statements.
    pub settlement: SettlementConfig,
    /// Where events are sent.
    pub webhooks: WebhooksConfig,
}

/// Where events are sent.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WebhooksConfig {
    /// File with what the secrets of webhooks are derived from: 32 bytes or more, as hexadecimal
    /// digits. Never made by the service: replicas sign with the same one.
    pub secret_path: PathBuf,
    /// Whether receivers may be at addresses that are not public, and be spoken to without TLS. Only
    /// with the test profile.
    pub allow_private: bool,
}

/// The keys of statements.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SettlementConfig {
    /// File with the Ed25519 private key in PEM that signs heads of statements. Never made by the
    /// service: replicas sign with the same one.
    pub signing_key_path: PathBuf,
    /// Files with the public keys in PEM of those that signed before. What they signed stays
    /// valid.
    pub retired_key_paths: Vec<PathBuf>,
}

/// Bounds of the checkout.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CheckoutConfig {
    /// Checkouts that may wait to be judged; more are refused as overload.
    pub queue_max: usize,
    /// Checkouts that are judged in one commit.
    pub batch_max: usize,
    /// Batches that may be judged side by side, each of other persons: while one waits for the
    /// database, another is judged. SQLite writes one at a time all the same.
    pub lanes: usize,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            process: runtime::ProcessConfig::default(),
            database: DatabaseConfig::at("sqlite://redemption.db"),
            eligibility: PeerConfig::default(),
            issuance: PeerConfig::default(),
            checkout: CheckoutConfig::default(),
            settlement: SettlementConfig::default(),
            webhooks: WebhooksConfig::default(),
        }
    }
}

impl Default for SettlementConfig {
    fn default() -> Self {
        let signing_key_path = PathBuf::from("redemption-settlement.pem");
        Self { signing_key_path, retired_key_paths: Vec::new() }
    }
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self { secret_path: PathBuf::from("redemption-webhooks.key"), allow_private: false }
    }
}

impl WebhooksConfig {
    pub(crate) fn reach(&self) -> Reach {
        if self.allow_private { Reach::Anywhere } else { Reach::Public }
    }
}

impl Default for CheckoutConfig {
    fn default() -> Self {
        Self { queue_max: 8_192, batch_max: 512, lanes: 2 }
    }
}

impl CheckoutConfig {
    pub(crate) fn lane(&self) -> LaneOptions {
        let Self { queue_max, batch_max, lanes: _ } = *self;
        LaneOptions { name: "checkout", queue_max, batch_max }
    }
}

impl runtime::ServiceConfig for Config {
    fn process(&self) -> &runtime::ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.process.problems();
        problems.extend(self.database.problems(self.process.profile == runtime::Profile::Test));
        if self.webhooks.allow_private && self.process.profile != runtime::Profile::Test {
            problems.push(String::from("webhooks.allow_private needs the test profile"));
        }
        if self.webhooks.secret_path.as_os_str().is_empty() {
            problems.push(String::from("webhooks.secret_path is empty: name the file of a key"));
        }
        let checkout = &self.checkout;
        let bounds = [
            ("checkout.queue_max", checkout.queue_max),
            ("checkout.batch_max", checkout.batch_max),
            ("checkout.lanes", checkout.lanes),
        ];
        let below_one = bounds.into_iter().filter(|(_, bound)| *bound == 0);
        problems.extend(below_one.map(|(key, _)| format!("{key} must be 1 or more")));
        if self.settlement.signing_key_path.as_os_str().is_empty() {
            let problem = "settlement.signing_key_path is empty: name the file of a key";
            problems.push(String::from(problem));
        }
        problems
    }
}
