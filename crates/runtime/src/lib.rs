//! How a service starts, serves, drains and ends, once for all services.
//!
//! [`run`] is a service's whole `main`, in this order: read the whole configuration and list all
//! its problems before a port is bound; start telemetry; log one start line; build the service
//! (open the store, check its schema); serve with health NOT_SERVING, then SERVING; on SIGTERM or
//! SIGINT stop accepting, drain within a hard limit, finish the lanes, flush telemetry, and answer
//! with an exit code. A service supplies its configuration and its `build`.
//!
//! [`serve`] is the part between, for a process that holds several services.
//!
//! **Invariant:** plaintext is bound to loopback unless the configuration says otherwise.
//! **Invariant:** the manual clock is refused unless `profile = "test"`.

mod clock_service;
mod configuration;
mod process;
mod serve;
mod telemetry;

pub use configuration::{
    CallersConfig, ClockConfig, ClockMode, ConfigProblem, LogFormat, ProcessConfig, Profile,
    ServiceConfig, TelemetryConfig, TrustedKey, load,
};
pub use process::{run, run_with, stop_signal};
pub use serve::{Context, Part, ServeOptions, StartProblem, serve};
pub use telemetry::{TelemetryGuard, start_telemetry};

#[cfg(test)]
mod tests;
