//! `zhisong bench`: how fast, beside the controls, with the laws checked after every round.
//!
//! Services run as separate processes over a throw-away database; this process is the load
//! generator. In every round the workload and its controls run one after the other, so that the
//! machine's noise is in all of them, and a ratio is the median of the rounds' own ratios:
//! - *echo*: the same server stack, caller check and message sizes, without work: the ceiling;
//! - *naive*: the same service with one transaction a request, on the same database server.
//!
//! | module | what |
//! |---|---|
//! | `stage` | processes, database, callers |
//! | `load` | closed loop, open loop |
//! | `claims` `checkouts` `verify` `import` | the workloads |
//! | `figures` `plot` | what is reported |
//!
//! **Invariant:** a round with a dropped call or a broken law is reported as failed, never as a
//! figure.

mod checkouts;
mod claims;
pub(crate) mod echo;
mod figures;
mod import;
mod judge;
mod load;
mod machine;
mod members;
mod plot;
mod stage;
mod verify;

use std::time::Duration;

use serde_json::{Map, Value};

use figures::{Figures, Round};
use load::Load;
use stage::Stage;

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
    /// There is no database server.
    #[error("{0}")]
    Postgres(#[from] testkit::postgres::Problem),
    /// A service did not start.
    #[error("{0}")]
    Process(#[from] testkit::process::ProcessProblem),
    /// The database could not be asked.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A key could not be made.
    #[error("{0}")]
    Key(#[from] rpc::KeyProblem),
    /// A call that prepares the measurement was refused.
    #[error("preparing: {0}")]
    Refused(#[from] tonic::Status),
    /// A service was started before its peer.
    #[error("{0} must be started first")]
    Order(&'static str),
    /// The law check could not be run.
    #[error("the law check: {0}")]
    Laws(String),
}

/// What a benchmark came to.
pub struct Report(Figures);

impl Report {
    /// Whether every round is a figure.
    pub fn is_valid(&self) -> bool {
        self.0.are_valid()
    }

    /// One JSON object.
    pub fn json(&self) -> Value {
        self.0.json()
    }

    /// A table for people.
    pub fn table(&self) -> String {
        self.0.table()
    }

    /// A plot as an SVG file.
    pub fn svg(&self) -> String {
        self.0.svg()
    }
}

/// Runs a benchmark.
pub async fn run(options: Options) -> Result<Report, BenchProblem> {
    let mut stage = Stage::prepare(options.store)?;
    let mut extra = Map::new();
    let rounds: Vec<Round> = match options.workload {
        Workload::Verify => verify::rounds(&mut stage, options, &mut extra).await?,
        Workload::Claim => claims::claim_rounds(&mut stage, options, &mut extra).await?,
        Workload::Reject => claims::reject_rounds(&mut stage, options).await?,
        Workload::Authorize | Workload::Capture | Workload::Checkout => {
            checkouts::rounds(&mut stage, options).await?
        }
        Workload::Import => import::rounds(&mut stage, options).await?,
    };
    extra.insert("members".to_owned(), options.members.into());
    Ok(Report(Figures {
        workload: options.workload.name(),
        store: match options.store {
            StoreKind::Sqlite => "sqlite",
            StoreKind::Postgres => "postgres",
        },
        machine: machine::describe(),
        durability: judge::durability(&stage, options.store).await?,
        extra,
        rounds,
    }))
}
