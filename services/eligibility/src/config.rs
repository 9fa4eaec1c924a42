use std::path::PathBuf;

use runtime::{ProcessConfig, ServiceConfig};
use serde::Deserialize;
use sql::DatabaseConfig;

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
}

impl Default for Config {
    fn default() -> Self {
        Self {
            process: ProcessConfig::default(),
            database: DatabaseConfig::at("sqlite://eligibility.db"),
            keys: KeysConfig::default(),
        }
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
        problems
    }
}
