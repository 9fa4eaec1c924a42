//! A province's cold-drink morning, from roster to statement, over gRPC.
//!
//! | module | what |
//! |---|---|
//! | `office` | the union office: organizations, roster, policy, campaign |
//! | `rush` | ten o'clock: every member claims |
//! | `tills` | the checkouts of the day |
//! | `settle` | midnight: the closed day's statement |
//! | `evidence` | what the services are held to afterwards: answers and canaries |

mod clients;
mod evidence;
mod office;
mod progress;
mod report;
mod rush;
mod settle;
mod tills;

use std::net::SocketAddr;
use std::sync::Arc;

use clock::{BusinessDay, Clock, Timestamp, Zone};
use member_identity::OrganizationPath;

use crate::installation::Installation;
use clients::Clients;
pub use clients::DemoProblem;
pub use evidence::{Evidence, EvidenceFiles};
pub(crate) use progress::spinner;
pub use report::Report;

/// The programme that is played.
const PROGRAMME: &str =
    include_str!("../../../../deploy/programmes/guangdong-cool-drinks-2022.toml");
/// The day that is played.
const DAY: &str = "2022-07-22";
/// The minute of the day at which the rush begins.
const TEN_O_CLOCK: u16 = 600;
/// The union that offers the programme.
const UNION: &str = "gd";

/// What may be changed about the demonstration.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Made-up members.
    pub members: usize,
    /// Checkouts after the rush.
    pub checkouts: usize,
    /// The same seed makes the same members.
    pub seed: u64,
    /// Shows progress bars on standard error.
    pub progress: bool,
}

/// When the demonstration's clock begins to stand.
pub fn opening() -> Timestamp {
    day().start(&Zone::shanghai())
}

fn day() -> BusinessDay {
    BusinessDay::parse(DAY).expect("the constant is a day")
}

/// Plays the morning against the services at `address`.
pub async fn play(
    installation: &Installation,
    address: SocketAddr,
    clock: &Arc<dyn Clock>,
    options: Options,
) -> Result<Report, DemoProblem> {
    let union = OrganizationPath::parse(UNION).expect("the constant is a path");
    let clients = Clients::connect(installation, address, &union, clock.wall()).await?;
    let programme = benefit::programme::parse(PROGRAMME).expect("the shipped programme is tested");
    let zone = Zone::shanghai();

    let (members, canaries) = office::prepare(&clients, &programme, options).await?;
    clients.set_time(day().at_minute(TEN_O_CLOCK, &zone)).await?;
    let mut rush = rush::play(&clients, &programme, &members, options).await?;
    let stock = clients.stock(&programme.campaign_id, DAY).await?;
    let mut tills = tills::play(&clients, &rush.winners, options).await?;
    clients.set_time(day().next().at_minute(1, &zone)).await?;
    let statement = settle::close(&clients, DAY).await?;
    let mut acks = std::mem::take(&mut rush.acks);
    acks.append(&mut tills.acks);
    Ok(Report {
        evidence: Evidence { acks, canaries },
        laws: None,
        members: members.len(),
        quota: stock.quota,
        issued: stock.issued,
        rush,
        tills,
        statement,
    })
}
