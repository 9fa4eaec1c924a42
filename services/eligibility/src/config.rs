use std::path::PathBuf;
use std::time::Duration;

use runtime::{ProcessConfig, ServiceConfig};
use serde::Deserialize;
use sql::DatabaseConfig;

use crate::domain::card_code::{LIFE_MAX, LIFE_MIN};
use crate::usecase::Pace;

/// What the service is told at start.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How the process listens, keeps time, logs, and whom it lets in.
    pub process: ProcessConfig,
    /// Where the registry is kept.
    pub database: DatabaseConfig,
    /// What personal data is sealed with.
    pub keys: KeysConfig,
    /// How closely the registry in memory follows the database.
    pub registry: RegistryConfig,
    /// Card codes.
    pub cards: CardsConfig,
    /// What partners ask.
    pub verification: VerificationConfig,
}

/// Card codes.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CardsConfig {
    /// File with the Ed25519 private key in PEM that signs card codes and revocation lists. Never
    /// made by the service: replicas sign with the same one.
    pub signing_key_path: PathBuf,
    /// Files with public keys in PEM that are published besides: those that signed before, until
    /// the last of their codes has ended, and those that will sign next.
    pub published_key_paths: Vec<PathBuf>,
    /// How long a code lives, in seconds.
    pub code_life_s: u64,
}

impl Default for CardsConfig {
    fn default() -> Self {
        Self {
            signing_key_path: PathBuf::from("eligibility-cards.pem"),
            published_key_paths: Vec::new(),
            code_life_s: 60,
        }
    }
}

/// What partners ask.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct VerificationConfig {
    /// How often a partner may be told no within a minute by one replica: who is told no more often
    /// is told nothing.
    pub unknowns_per_minute: u32,
}

impl Default for VerificationConfig {
    fn default() -> Self {
        Self { unknowns_per_minute: 600 }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            process: ProcessConfig::default(),
            database: DatabaseConfig::at("sqlite://eligibility.db"),
            keys: KeysConfig::default(),
            registry: RegistryConfig::default(),
            cards: CardsConfig::default(),
            verification: VerificationConfig::default(),
        }
    }
}

/// How closely the registry in memory follows the database.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct RegistryConfig {
    /// How long after one look for other replicas' changes the next one begins, in milliseconds.
    pub poll_every_ms: u64,
    /// How old the registry in memory may be where the asker is not told its age, in milliseconds:
    /// how long a suspended member may still be verified.
    pub age_max_ms: u64,
}

impl Default for RegistryConfig {
    fn default() -> Self {
        let Pace { poll_every, age_max } = Pace::default();
        let millis = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Self { poll_every_ms: millis(poll_every), age_max_ms: millis(age_max) }
    }
}

impl RegistryConfig {
    pub(crate) fn pace(&self) -> Pace {
        let [poll_every, age_max] =
            [self.poll_every_ms, self.age_max_ms].map(Duration::from_millis);
        Pace { poll_every, age_max }
    }
}

/// What personal data is sealed with.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct KeysConfig {
    /// File with the key ring, as [`crate::keyring::generate`] writes it. Never made by the
    /// service: a new ring over a registry that exists could not open it.
    pub ring_file: PathBuf,
}

impl Default for KeysConfig {
    fn default() -> Self {
        Self { ring_file: PathBuf::from("eligibility-keys.toml") }
    }
}

impl ServiceConfig for Config {
    fn process(&self) -> &ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        let mut problems = self.process.problems();
        problems.extend(self.database.problems(self.process.profile == runtime::Profile::Test));
        if self.keys.ring_file.as_os_str().is_empty() {
            problems.push(String::from("keys.ring_file is empty: name the key ring's file"));
        }
        if self.registry.poll_every_ms < 10 {
            problems.push(String::from("registry.poll_every_ms must be at least 10"));
        }
        if self.registry.age_max_ms <= self.registry.poll_every_ms {
            let problem = "registry.age_max_ms must be more than registry.poll_every_ms";
            problems.push(String::from(problem));
        }
        if self.cards.signing_key_path.as_os_str().is_empty() {
            let problem = "cards.signing_key_path is empty: name the file of a key";
            problems.push(String::from(problem));
        }
        let lives = LIFE_MIN.as_secs()..=LIFE_MAX.as_secs();
        if !lives.contains(&self.cards.code_life_s) {
            problems.push(String::from("cards.code_life_s must be 15 to 300"));
        }
        if self.verification.unknowns_per_minute == 0 {
            let problem = "verification.unknowns_per_minute must be 1 or more";
            problems.push(String::from(problem));
        }
        problems
    }
}
