use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clock::{BusinessDay, Clock, ManualClock, SystemClock, Zone};
use config::{Config, Environment, File, FileFormat};
use rpc::Admission;
use serde::Deserialize;
use serde::de::DeserializeOwned;

/// What a service's configuration must tell the runtime.
pub trait ServiceConfig: DeserializeOwned + std::fmt::Debug + Send + 'static {
    /// The part that is the same in every service.
    fn process(&self) -> &ProcessConfig;

    /// Everything that is wrong beyond its form, each with what to do.
    fn problems(&self) -> Vec<String>;
}

/// What kind of installation this is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// Members' benefits depend on it.
    #[default]
    Production,
    /// A demonstration or a test: business time may be moved.
    Test,
}

/// How a process listens, keeps time, logs, and whom it lets in.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ProcessConfig {
    /// What kind of installation this is.
    pub profile: Profile,
    /// Where gRPC is served.
    pub listen: SocketAddr,
    /// Serves plaintext beyond loopback. For a network that encrypts by itself.
    pub plaintext_beyond_loopback: bool,
    /// Where Prometheus metrics are served; nowhere when absent.
    pub metrics_listen: Option<SocketAddr>,
    /// Calls that somebody waits for, in flight at most; one more is refused at once.
    pub in_flight_max: usize,
    /// Imports and other streams, in flight at most.
    pub bulk_in_flight_max: usize,
    /// Calls that somebody waits for, begun in a second at most; no limit when absent.
    pub rate_max: Option<u32>,
    /// How long calls may go on after SIGTERM, in milliseconds, before they are cut off.
    pub drain_timeout_ms: u64,
    /// Business time.
    pub clock: ClockConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// Whose tokens are let in.
    pub callers: CallersConfig,
}

impl Default for ProcessConfig {
    fn default() -> Self {
        Self {
            profile: Profile::default(),
            listen: SocketAddr::from(([127, 0, 0, 1], 7000)),
            plaintext_beyond_loopback: false,
            metrics_listen: None,
            in_flight_max: Admission::default().in_flight_max,
            bulk_in_flight_max: Admission::default().bulk_in_flight_max,
            rate_max: None,
            drain_timeout_ms: 10_000,
            clock: ClockConfig::default(),
            telemetry: TelemetryConfig::default(),
            callers: CallersConfig::default(),
        }
    }
}

impl ProcessConfig {
    /// Everything that is wrong, each with what to do.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if !self.listen.ip().is_loopback() && !self.plaintext_beyond_loopback {
            problems.push(format!(
                "process.listen = {} would serve plaintext beyond loopback: bind loopback, or set \
                 process.plaintext_beyond_loopback = true on a network that encrypts by itself",
                self.listen
            ));
        }
        let bounds = [
            ("in_flight_max", self.in_flight_max),
            ("bulk_in_flight_max", self.bulk_in_flight_max),
            ("rate_max", self.rate_max.map_or(1, |rate| rate as usize)),
        ];
        let below_one = bounds.into_iter().filter(|(_, bound)| *bound == 0);
        problems.extend(below_one.map(|(key, _)| format!("process.{key} must be 1 or more")));
        if self.clock.mode == ClockMode::Manual && self.profile != Profile::Test {
            problems.push(
                "process.clock.mode = \"manual\" needs process.profile = \"test\"".to_owned(),
            );
        }
        if self.clock.start_day().is_none() {
            problems.push("process.clock.start must be a day, as 2022-07-22".to_owned());
        }
        if !(0.0..=1.0).contains(&self.telemetry.trace_ratio) {
            problems.push("process.telemetry.trace_ratio must lie between 0 and 1".to_owned());
        }
        if self.callers.keys.is_empty() {
            problems.push(
                "process.callers.keys is empty, so nobody could call: name a key_id and a \
                 public_key_file"
                    .to_owned(),
            );
        }
        problems
    }

    /// How much the process takes on at a time.
    pub fn admission(&self) -> Admission {
        Admission {
            in_flight_max: self.in_flight_max,
            bulk_in_flight_max: self.bulk_in_flight_max,
            rate_max: self.rate_max,
        }
    }

    /// The clock that the configuration asks for.
    pub fn clock(&self) -> Arc<dyn Clock> {
        match (self.clock.mode, self.clock.start_day()) {
            (ClockMode::Manual, Some(day)) => {
                Arc::new(ManualClock::at(day.start(&Zone::shanghai())))
            }
            _ => Arc::new(SystemClock),
        }
    }
}

/// Where business time comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClockMode {
    /// The machine's clock.
    #[default]
    System,
    /// Stands still until `ClockService.SetTime` moves it.
    Manual,
}

/// Business time.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClockConfig {
    /// Where it comes from.
    pub mode: ClockMode,
    /// The day at whose midnight (Asia/Shanghai) a manual clock starts.
    pub start: String,
}

impl Default for ClockConfig {
    fn default() -> Self {
        Self { mode: ClockMode::System, start: "2022-07-22".to_owned() }
    }
}

impl ClockConfig {
    fn start_day(&self) -> Option<BusinessDay> {
        BusinessDay::parse(&self.start).ok()
    }
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line, for machines.
    #[default]
    Json,
    /// For a person at a terminal.
    Text,
}

/// Logs and traces.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TelemetryConfig {
    /// How log lines look.
    pub log_format: LogFormat,
    /// Which lines, as `info` or `warn,issuance=debug`.
    pub log_filter: String,
    /// Where spans are sent by OTLP over gRPC, as `http://collector:4317`; nowhere when absent.
    pub otlp_endpoint: Option<String>,
    /// The share of traces begun here that is kept, 0 to 1. A caller's decision is followed.
    pub trace_ratio: f64,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            log_format: LogFormat::default(),
            log_filter: "info".to_owned(),
            otlp_endpoint: None,
            trace_ratio: 0.01,
        }
    }
}

/// Whose tokens are let in.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CallersConfig {
    /// The public keys of those who may sign tokens.
    pub keys: Vec<TrustedKey>,
}

/// A key that may sign tokens.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrustedKey {
    /// The `kid` of its tokens.
    pub key_id: String,
    /// File with the Ed25519 public key in PEM.
    pub public_key_file: PathBuf,
}

/// Why a configuration was refused: every problem, each with what to do.
#[derive(Debug, thiserror::Error)]
pub enum ConfigProblem {
    /// It could not be read at all.
    #[error("cannot read the configuration: {0}")]
    Form(#[from] config::ConfigError),
    /// It was read and is wrong.
    #[error("the configuration has {} problem(s):\n  - {}", .0.len(), .0.join("\n  - "))]
    Content(Vec<String>),
}

/// Reads a service's configuration: defaults in code, then the file, then environment variables as
/// `ZHISONG_ISSUANCE__DATABASE__URL`. Unknown keys are refused.
pub fn load<C: ServiceConfig>(service: &str, file: Option<&Path>) -> Result<C, ConfigProblem> {
    let mut layers = Config::builder();
    if let Some(file) = file {
        layers = layers.add_source(File::from(file).format(FileFormat::Toml));
    }
    let prefix = format!("ZHISONG_{}", service.to_ascii_uppercase());
    let environment = Environment::with_prefix(&prefix).prefix_separator("__").separator("__");
    let layers = layers.add_source(environment.try_parsing(true)).build()?;
    let read: C = layers.try_deserialize()?;
    match read.problems() {
        problems if problems.is_empty() => Ok(read),
        problems => Err(ConfigProblem::Content(problems)),
    }
}
