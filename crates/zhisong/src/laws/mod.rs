//! The laws, proved from outside the services.
//!
//! | module | what |
//! |---|---|
//! | [`acks`] | the answers that callers hold in their hands, as a file |
//! | `verdict` | what is said of a law: holds, broken, not checked, with figures |
//! | `snapshot` | one read-only snapshot of one database, SQLite or PostgreSQL |
//! | `stocks` | I1 and I5: quotas, serials, the feed's positions; money |
//! | `limits` | I2: how many a person has |
//! | `closures` | I6: the ledgers of funds, and what came back to them of closed vouchers |
//! | `claims` | I3 and I4: what was acknowledged is there, and "sold out" was true |
//! | `uses`, `amounts`, `lifecycle` | R1, R2, R3: the right, the money and the stages of a checkout |
//! | `periods` | R1: how often each voucher was used in a period, counted from the orders |
//! | `order_audit` | R2: what was captured and given back of each order, worked out anew |
//! | `journal`, `trial_balance`, `statements` | R4 and R5: the entries, the days and their files |
//! | `requests` | A1: the remembered answers of the checkout |
//! | `events` | every step of an authorization is told once, in a stream without a gap |
//! | `feed` | what redemption took in is what issuance gave out, up to redemption's cursors |
//! | `secrecy` | E3: nothing personal in the clear in any file |
//!
//! **Invariant:** nothing here calls the services or their domains to decide. It is SQL and
//! arithmetic over the tables; of the shared crates it uses only what reads a programme file, a
//! calendar and an id. **Invariant:** no query is answered by more rows in memory than there are
//! campaigns, stocks, statements or business days; everything else is counted by the database or
//! streamed. (The acknowledged answers of sold-out stocks are the exception: their members are
//! kept, 16 bytes each.) The queries keep to what SQLite and PostgreSQL both understand.

pub mod acks;

mod amounts;
mod campaigns;
mod claims;
mod closures;
mod events;
mod feed;
mod journal;
mod lifecycle;
mod limits;
mod order_audit;
mod periods;
mod requests;
mod secrecy;
mod snapshot;
mod statement_file;
mod statement_sums;
mod statements;
mod stocks;
mod trial_balance;
mod uses;
mod verdict;

use std::path::{Path, PathBuf};

pub use acks::{Ack, AckWriter, CheckoutAck, ClaimAck, OK};
pub use verdict::{Finding, Law, Report, State, Verdict};

use acks::Acks;
use campaigns::Campaigns;
use snapshot::Snapshot;

/// Why the laws could not be checked. It says nothing about whether they hold.
#[derive(Debug, thiserror::Error)]
pub enum LawProblem {
    /// There is no such database, or it cannot be read.
    #[error("cannot read the {service} database: {source}")]
    Database {
        /// Whose.
        service: &'static str,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// A table is not as the laws know it.
    #[error("a table is not as this version knows it: {0}")]
    Column(sqlx::Error),
    /// The file of a database is not there.
    #[error("{0} is not there: name the data folder with --data, or the database by its URL")]
    Missing(PathBuf),
    /// The URL names no store that we have.
    #[error("{0:?} is not supported: use sqlite://PATH or postgres://...")]
    Url(String),
    /// A file cannot be read.
    #[error("cannot read {path}: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A line of a file means nothing.
    #[error("{path} line {line}: {problem}")]
    Line {
        /// The file.
        path: PathBuf,
        /// Which line, from 1.
        line: u64,
        /// What is wrong; never the line itself, which may be personal.
        problem: String,
    },
}

/// What is checked.
#[derive(Clone, Debug)]
pub struct Inputs {
    /// The databases of eligibility, issuance and redemption, each `sqlite://PATH` or
    /// `postgres://...`.
    pub urls: [String; 3],
    /// Acknowledged answers, one [`Ack`] a line.
    pub acks: Option<PathBuf>,
    /// Personal data that must be found nowhere, one a line.
    pub canaries: Option<PathBuf>,
    /// Files and folders to look for them in.
    pub scan: Vec<PathBuf>,
}

impl Inputs {
    /// The databases of an embedded data folder, which is also what is scanned.
    pub fn of_folder(folder: &Path) -> Self {
        let url = |service: &str| format!("sqlite://{}", folder.join(service).display());
        Self {
            urls: [url("eligibility.db"), url("issuance.db"), url("redemption.db")],
            acks: None,
            canaries: None,
            scan: vec![folder.to_owned()],
        }
    }
}

/// Checks every law. `begun` is told each one before its turn.
pub async fn check(inputs: &Inputs, begun: impl Fn(Law)) -> Result<Report, LawProblem> {
    // The files are scanned, and closed again, before SQLite opens any of them here: closing a file
    // drops every POSIX lock that the process has on it, those of SQLite's own among them. Another
    // process that serves them is not concerned: locks are a process's own.
    begun(Law::E3);
    let secrecy = secrecy::check(inputs.canaries.as_deref(), &inputs.scan).await?;
    // An answer is acknowledged after its commit, so what stands in the file now is in every
    // snapshot that begins later; what is added to it from now on is not looked at.
    let acks = inputs.acks.as_deref().map(Acks::open).transpose()?;

    let [eligibility, issuance, redemption] = &inputs.urls;
    // Redemption's snapshot comes first, so that issuance's is never behind it, and eligibility's
    // comes last for the same reason.
    let mut redemption = Snapshot::open("redemption", redemption).await?;
    let mut issuance = Snapshot::open("issuance", issuance).await?;
    let mut eligibility = Snapshot::open("eligibility", eligibility).await?;
    let campaigns = Campaigns::read(&mut issuance).await?;

    let mut verdicts = vec![secrecy];
    begun(Law::I1);
    verdicts.push(stocks::exact(&mut issuance).await?);
    begun(Law::I2);
    verdicts.push(limits::check(&mut issuance, &mut eligibility, &campaigns).await?);
    begun(Law::I3);
    verdicts.push(claims::kept(&mut issuance, acks.as_ref()).await?);
    begun(Law::I4);
    verdicts.push(claims::sold_out(&mut issuance, acks.as_ref()).await?);
    begun(Law::I5);
    verdicts.push(stocks::money(&mut issuance, &campaigns).await?);
    begun(Law::I6);
    verdicts.push(closures::check(&mut redemption, &mut issuance).await?);
    verdicts.extend(checkout(&mut redemption, &begun).await?);
    begun(Law::A1);
    verdicts.push(requests::check(&mut redemption, acks.as_ref()).await?);
    begun(Law::Feed);
    verdicts.push(feed::check(&mut redemption, &mut issuance).await?);
    for snapshot in [redemption, issuance, eligibility] {
        snapshot.close().await?;
    }
    Ok(Report::new(verdicts))
}

/// Checks the laws of the checkout, R1 to R5, over redemption's database alone.
pub async fn check_checkout(url: &str) -> Result<Report, LawProblem> {
    let mut redemption = Snapshot::open("redemption", url).await?;
    let verdicts = checkout(&mut redemption, &|_| {}).await?;
    redemption.close().await?;
    Ok(Report::new(verdicts))
}

async fn checkout(
    redemption: &mut Snapshot,
    begun: &impl Fn(Law),
) -> Result<Vec<Verdict>, LawProblem> {
    begun(Law::R1);
    let mut verdicts = vec![uses::check(redemption).await?];
    begun(Law::R2);
    let amounts = amounts::check(redemption).await?;
    let net_fen = amounts::net_fen(&amounts);
    verdicts.push(amounts);
    begun(Law::R3);
    verdicts.push(lifecycle::check(redemption).await?);
    begun(Law::R4);
    let mut balanced = journal::check(redemption).await?;
    trial_balance::add(redemption, &mut balanced).await?;
    verdicts.push(balanced);
    begun(Law::R5);
    verdicts.push(statements::check(redemption, net_fen).await?);
    begun(Law::Events);
    verdicts.push(events::check(redemption).await?);
    Ok(verdicts)
}
