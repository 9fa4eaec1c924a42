//! What issuance can be asked to do: one file a noun, one method a verb.
//!
//! - `claim`: Claim, through one lane a campaign (design, section 4);
//! - `issue_to_list`: IssueToList, the same a chunk at a time, through one lane a call;
//! - `campaigns`: the campaign verbs, and reading campaigns and stocks;
//! - `funds`: creating and reading funds;
//! - `vouchers`: reading vouchers;
//! - `feed`: following the voucher feed;
//! - `follow_closures`: following redemption's closures, which give money back to funds.
//!
//! The rules are in [`crate::domain`]; here is only who asks whom in which order.

mod campaigns;
mod claim;
mod eligibility;
mod failure;
#[cfg(feature = "testing")]
pub mod fakes;
mod feed;
mod follow_closures;
mod funds;
mod issue_to_list;
mod members;
mod signal;
mod vouchers;
mod watch_vouchers;

use std::sync::Arc;

use clock::Clock;

pub use self::campaigns::StockFigures;
use self::claim::Lanes;
pub use self::claim::{Claim, LaneLimits};
pub use self::eligibility::{
    Checked, EligibilityPeer, Resolved, SelectedPage, SelectionQuery, SelectionRefusal, Unreachable,
};
pub use self::failure::Failure;
pub use self::feed::{FeedMessage, Follower};
pub use self::follow_closures::{ClosureFollower, FollowProblem, RedemptionPeer};
pub use self::issue_to_list::{
    CHUNK_MAX, CHUNKS_IN_FLIGHT, ChunkAnswer, Given, ListIssue, ListOrder, Selection,
};
use self::members::Members;
use self::signal::CommitSignal;
pub use self::vouchers::{Found, VoucherPage};
pub use self::watch_vouchers::VoucherWatcher;
use crate::domain::{Caller, Entropy};
use crate::store::Store;

/// What the use cases work with.
pub struct Parts {
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Verdicts.
    pub eligibility: Arc<dyn EligibilityPeer>,
    /// The random part of ids.
    pub entropy: Arc<dyn Entropy>,
}

/// The use cases of issuance.
pub struct Issuance {
    surroundings: Surroundings,
    lanes: Lanes,
    members: Members,
}

/// [`Parts`], and the signal that something was committed.
#[derive(Clone)]
struct Surroundings {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    eligibility: Arc<dyn EligibilityPeer>,
    entropy: Arc<dyn Entropy>,
    signal: Arc<CommitSignal>,
}

impl Issuance {
    /// The use cases over their parts.
    pub fn new(parts: Parts, limits: LaneLimits) -> Self {
        let Parts { store, clock, eligibility, entropy } = parts;
        let members = Members::new(Arc::clone(&eligibility));
        let signal = Arc::new(CommitSignal::new());
        let surroundings = Surroundings { store, clock, eligibility, entropy, signal };
        let lanes = Lanes::new(surroundings.clone(), limits);
        Self { surroundings, lanes, members }
    }

    /// Ends the calls that may go on for ever: those that follow the feed, and lists.
    pub fn end_streams(&self) {
        self.surroundings.signal.end();
    }

    /// Finishes every claim that was accepted; new ones are refused.
    pub async fn stop(&self) {
        self.lanes.close().await;
    }
}

/// Refuses a caller who is bound to a subtree what belongs to all of the tree.
fn require_everywhere(caller: &Caller) -> Result<(), Failure> {
    match caller.organization {
        None => Ok(()),
        Some(_) => Err(Failure::OutsideSubtree),
    }
}
