//! `zhisong bench`: how fast, beside the controls, with the laws checked after every round.
//!
//! Services run as separate processes over a throw-away database; this process is the load
//! generator. In every round the workload and its controls run one after the other, so that the
//! machine's noise is in all of them, and a ratio is the median of the rounds' own ratios:
//! - *echo*: the same server stack, caller check and message sizes, without work: the ceiling;
//! - *naive*: the same service with one transaction a request, on the same database server;
//! - *copy*: the rows that were stored, copied into tables of the same shape by the database alone.
//! - *before*, for claims after others were cancelled: the same claims before that;
//! - *redis*, for claims and where it is installed: a script in Redis behind the same front.
//!
//! | module | what |
//! |---|---|
//! | `load` | closed loop, open loop |
//! | `claims` `checkouts` `verify` `import` `issue` | the workloads |
//! | `cancelled` `overload` | callers who go away; far too many of them |
//! | `drill` | a rehearsal of ten o'clock |
//! | `figures` `plot` | what is reported |
//!
//! **Invariant:** a round with a dropped call or a broken law is reported as failed, never as a
//! figure.

mod cancelled;
mod checkouts;
mod claims;
mod drill;
pub(crate) mod echo;
mod figures;
mod import;
mod issue;
mod judge;
mod load;
mod machine;
mod members;
mod overload;
mod plot;
pub(crate) mod redis;
mod verify;

use std::time::Duration;

use member_identity::OrganizationPath;
use serde_json::{Map, Value};

use crate::tokens::Role;
use figures::Figures;
use load::Load;
use testkit::deployment::{Deployment, DeploymentProblem, Plan};
use testkit::postgres::Settings;
use testkit::process::ProcessProblem;

/// The first day that is played; every round is a day of its own.
const FIRST_DAY: &str = "2022-07-22";

/// What is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Workload {
    /// A partner asks whether somebody is a member.
    Verify,
    /// Members take vouchers; eligibility is asked in its own process.
    Claim,
    /// Members who are too late, and members who have theirs.
    Reject,
    /// Tills hold vouchers.
    Authorize,
    /// Tills use what they hold.
    Capture,
    /// Authorize and capture of each order.
    Checkout,
    /// A union office imports a roster.
    Import,
    /// A union office gives everybody on a list a voucher.
    Issue,
    /// Members claim after three of ten callers went away, over one connection to the database.
    Cancelled,
    /// Twenty times what issuance admits, and how it comes back.
    Overload,
    /// A rehearsal: the real programme's 50,000 vouchers, every member within the given seconds.
    Drill,
}

impl Workload {
    const fn name(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Claim => "claim",
            Self::Reject => "reject",
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Checkout => "checkout",
            Self::Import => "import",
            Self::Issue => "issue",
            Self::Cancelled => "cancelled",
            Self::Overload => "overload",
            Self::Drill => "drill",
        }
    }
}

/// What the services keep their data in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum StoreKind {
    /// One file a service.
    Sqlite,
    /// A throw-away PostgreSQL server with fsync on, one database a service.
    Postgres,
}

impl StoreKind {
    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// How a benchmark is run.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// What is measured.
    pub workload: Workload,
    /// Where the data are.
    pub store: StoreKind,
    /// How long each timed run lasts at most.
    pub seconds: u64,
    /// How often everything is measured.
    pub rounds: usize,
    /// Made-up members.
    pub members: usize,
    /// Calls under way at a time.
    pub in_flight: usize,
}

impl Options {
    fn load(&self, calls: usize) -> Load {
        Load { in_flight: self.in_flight, duration: Duration::from_secs(self.seconds), calls }
    }
}

/// Why there are no figures.
#[derive(Debug, thiserror::Error)]
pub enum BenchProblem {
    /// A file could not be read or written, or a process not be started.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// The services do not stand.
    #[error("{0}")]
    Deployment(#[from] DeploymentProblem),
    /// A program beside the services did not start.
    #[error("{0}")]
    Process(#[from] ProcessProblem),
    /// The database could not be asked.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A call that prepares the measurement was refused.
    #[error("preparing: {0}")]
    Refused(#[from] tonic::Status),
    /// The law check could not be run.
    #[error("the law check: {0}")]
    Laws(String),
}

/// What a benchmark came to.
pub struct Report {
    /// One JSON object.
    pub json: Value,
    /// For people.
    pub table: String,
    /// A plot as an SVG file; empty when there is nothing to plot.
    pub svg: String,
    /// Whether what was measured counts: nothing dropped, no law broken.
    pub is_valid: bool,
}

/// Runs a benchmark.
pub async fn run(options: Options) -> Result<Report, BenchProblem> {
    let mut stage = Deployment::prepare(plan(options.store)?)?;
    let mut extra = Map::new();
    extra.insert("members".to_owned(), options.members.into());
    extra.insert("in_flight".to_owned(), options.in_flight.into());
    let rounds = match options.workload {
        Workload::Verify => verify::rounds(&mut stage, options, &mut extra).await?,
        Workload::Claim => claims::claim_rounds(&mut stage, options, &mut extra).await?,
        Workload::Reject => claims::reject_rounds(&mut stage, options).await?,
        Workload::Authorize | Workload::Capture | Workload::Checkout => {
            checkouts::rounds(&mut stage, options).await?
        }
        Workload::Import => import::rounds(&mut stage, options).await?,
        Workload::Issue => issue::rounds(&mut stage, options).await?,
        Workload::Cancelled => cancelled::rounds(&mut stage, options).await?,
        Workload::Overload => {
            let (json, is_valid) = overload::play(&mut stage, options).await?;
            return Ok(Report { table: figures::table(&json), json, svg: String::new(), is_valid });
        }
        Workload::Drill => {
            let (json, svg, is_valid) = drill::play(&mut stage, options).await?;
            return Ok(Report { table: figures::table(&json), json, svg, is_valid });
        }
    };
    let figures = Figures {
        workload: options.workload.name(),
        store: options.store.name(),
        machine: machine::describe(),
        durability: judge::durability(&stage, options.store).await?,
        extra,
        rounds,
    };
    let json = figures.json();
    let table = figures::table(&json);
    Ok(Report { table, svg: figures.svg(), is_valid: figures.are_valid(), json })
}

/// Every caller of the demonstration, and this very program for the services.
fn plan(store: StoreKind) -> Result<Plan, BenchProblem> {
    let union = OrganizationPath::parse(members::UNION).expect("the constant is a path");
    Ok(Plan {
        program: std::env::current_exe()?,
        key_ring: eligibility::keyring::generate(),
        callers: Role::ALL.iter().map(|role| role.grant(&union)).collect(),
        day: FIRST_DAY,
        postgres: match store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(Settings { fsync: true }),
        },
    })
}
