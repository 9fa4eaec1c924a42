//! What can be said to `zhisong`.

mod arguments;
mod asked;
mod bench;
mod campaign;
mod card;
mod checkout;
mod claim;
mod clock;
mod connection;
mod demo;
mod difference;
mod events;
mod explain;
mod failure;
mod fund;
mod grant;
mod issue;
mod laws;
mod member;
mod organization;
mod output;
mod reconcile;
mod roster;
mod service;
mod sheet;
mod shops;
mod statement;
mod token;
mod trial_balance;
mod up;
mod watch_vouchers;
mod webhooks;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// What went wrong, in words for a person.
pub(crate) type Problem = Box<dyn std::error::Error + Send + Sync>;

/// Issues and redeems welfare benefits for trade-union members.
#[derive(Debug, Parser)]
#[command(name = "zhisong", version, after_help = "Example: zhisong demo --once --json")]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Plays a province's cold-drink morning on a fresh data folder, then keeps serving.
    Demo(demo::Demo),
    /// Serves eligibility, issuance and redemption in one process on SQLite.
    Up(up::Up),
    /// Proves the laws of the suite from outside, on a data folder or on databases.
    Laws(laws::Laws),
    /// Measures a workload beside its controls, on separate processes and a throw-away database.
    Bench(bench::Bench),
    /// Serves one service as a process of its own.
    Service(service::Service),
    Organization(organization::Organization),
    Roster(roster::Roster),
    Member(member::Member),
    Card(card::Card),
    Grant(grant::Grant),
    Campaign(campaign::Campaign),
    Fund(fund::Fund),
    Explain(explain::Explain),
    Claim(claim::Claim),
    Issue(issue::Issue),
    Voucher(claim::Voucher),
    Wallet(claim::Wallet),
    Checkout(checkout::Checkout),
    Shops(shops::Shops),
    Events(events::Events),
    Webhooks(webhooks::Webhooks),
    Statement(statement::Statement),
    Totals(statement::Totals),
    Reconcile(reconcile::Reconcile),
    Difference(difference::Difference),
    TrialBalance(trial_balance::TrialBalance),
    Clock(clock::Clock),
    Token(token::Token),
}

/// The whole `main` of the command line: 0 when the command did what it was asked to, 1 when not,
/// 2 when it was not understood.
pub fn main() -> ExitCode {
    let command = Cli::parse().command.unwrap_or_else(|| Command::Demo(demo::Demo::default()));
    let command = match command {
        // A service makes its own runtime.
        Command::Service(service) => return service.run(),
        command => command,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.expect("the process may start its worker threads");
    match runtime.block_on(run(command)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(problem) => {
            if !problem.is::<output::Said>() {
                eprintln!("zhisong: {problem}");
            }
            ExitCode::FAILURE
        }
    }
}

/// Runs a command.
async fn run(command: Command) -> Result<(), Problem> {
    match command {
        Command::Demo(demo) => demo.run().await,
        Command::Up(up) => up.run().await,
        Command::Laws(laws) => laws.run().await,
        Command::Bench(bench) => bench.run().await,
        Command::Service(_) => unreachable!("it was run without this runtime"),
        Command::Organization(organization) => organization.run().await,
        Command::Roster(roster) => roster.run().await,
        Command::Member(member) => member.run().await,
        Command::Card(card) => card.run().await,
        Command::Grant(grant) => grant.run().await,
        Command::Campaign(campaign) => campaign.run().await,
        Command::Fund(fund) => fund.run().await,
        Command::Explain(explain) => explain.run().await,
        Command::Claim(claim) => claim.run().await,
        Command::Issue(issue) => issue.run().await,
        Command::Voucher(voucher) => voucher.run().await,
        Command::Wallet(wallet) => wallet.run().await,
        Command::Checkout(checkout) => checkout.run().await,
        Command::Shops(shops) => shops.run().await,
        Command::Events(events) => events.run().await,
        Command::Webhooks(webhooks) => webhooks.run().await,
        Command::Statement(statement) => statement.run().await,
        Command::Totals(totals) => totals.run().await,
        Command::Reconcile(reconcile) => reconcile.run().await,
        Command::Difference(difference) => difference.run().await,
        Command::TrialBalance(balance) => balance.run().await,
        Command::Clock(clock) => clock.run().await,
        Command::Token(token) => token.run(),
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

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::Cli;

    #[test]
    fn every_command_explains_itself_and_shows_an_example() {
        let cli = Cli::command();
        cli.clone().debug_assert();
        for command in cli.get_subcommands() {
            let name = command.get_name();
            assert!(command.get_about().is_some(), "{name} says nothing about itself");
            let after = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            assert!(after.contains(&format!("zhisong {name}")), "{name} shows no example");
        }
    }
}
