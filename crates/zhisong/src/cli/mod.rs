//! What can be said to `zhisong`.

mod demo;
mod up;

use clap::{Parser, Subcommand};

/// What went wrong, in words for a person.
pub(crate) type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Issues and redeems welfare benefits for trade-union members.
#[derive(Debug, Parser)]
#[command(name = "zhisong", version, after_help = "Example: zhisong demo --once --json")]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a province's cold-drink morning on a fresh data folder, then keeps serving.
    Demo(demo::Demo),
    /// Serves eligibility, issuance and redemption in one process on SQLite.
    Up(up::Up),
}

/// Runs a command; plain `zhisong` is the demonstration.
pub(crate) async fn run(cli: Cli) -> Result<(), Problem> {
    match cli.command.unwrap_or_else(|| Command::Demo(demo::Demo::default())) {
        Command::Demo(demo) => demo.run().await,
        Command::Up(up) => up.run().await,
    }
}

/// Logs of the embedded mode: warnings only, as text.
fn quiet_logs() -> Result<runtime::TelemetryGuard, Problem> {
    let config = runtime::TelemetryConfig {
        log_format: runtime::LogFormat::Text,
        log_filter: std::env::var("ZHISONG_LOG").unwrap_or_else(|_| "warn".to_owned()),
        ..runtime::TelemetryConfig::default()
    };
    Ok(runtime::start_telemetry("zhisong", &config)?)
}
