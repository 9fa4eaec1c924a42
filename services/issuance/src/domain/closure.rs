//! What redemption says of vouchers that are over, and what it does to their funds.
//!
//! A fund bounds what may be spent out of it, whichever campaign does. So what of a voucher's
//! liability will never be spent is free again for every campaign that draws on the voucher's fund;
//! what was spent stays taken for good. A campaign without a fund has nothing to give back: of its
//! vouchers only the closure is kept. Quotas are not concerned: a closed voucher was given out.

use std::collections::{BTreeMap, HashMap};

use benefit::Fen;
use clock::Timestamp;
use member_identity::VoucherId;

use super::{Epoch, Fund, FundId};

/// What a voucher has come to. A later closure of the same voucher has a higher version and says
/// both figures anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closure {
    /// The voucher.
    pub voucher_id: VoucherId,
    /// Higher for each later closure of the voucher.
    pub version: u32,
    /// What was spent of it.
    pub spent: Fen,
    /// What of its liability will never be spent.
    pub unspent: Fen,
}

/// Consecutive positions of redemption's feed, one closure a position.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureBatch {
    /// The store that sent it.
    pub epoch: Epoch,
    /// The first position.
    pub first_position: i64,
    /// The closures; none in a message that only says that there is nothing more.
    pub closures: Vec<Closure>,
}

/// How far the closures were taken in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClosureCursor {
    /// The store that is followed; none before the first message.
    pub epoch: Option<Epoch>,
    /// The last position.
    pub position: i64,
    /// When redemption was last heard; none when it never was.
    pub heard_at: Option<Timestamp>,
}

/// A voucher that a batch closes, as it is known here.
#[derive(Clone, Debug)]
pub struct ClosedVoucher {
    /// The most that it can cost.
    pub liability: Fen,
    /// The fund that it was given out of.
    pub fund_id: Option<FundId>,
    /// The last closure of it that was taken in.
    pub last: Option<Closure>,
}

/// What a batch is decided on: everything as stored, locked.
#[derive(Clone, Debug, Default)]
pub struct ClosureState {
    /// How far it was before.
    pub cursor: ClosureCursor,
    /// The batch's vouchers.
    pub vouchers: HashMap<VoucherId, ClosedVoucher>,
    /// Their funds.
    pub funds: BTreeMap<FundId, Fund>,
}

/// What a batch came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureEffects {
    /// The last closure of each voucher that has a new one, with its position.
    pub closures: Vec<(i64, Closure)>,
    /// The funds whose figures changed, as they became, by id.
    pub funds: Vec<Fund>,
    /// The last position.
    pub position: i64,
}

/// Why a batch cannot be taken in. The follower stops, loudly: money would be lost or doubled.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ClosureProblem {
    /// Another store than the one that was followed, as after a restored backup.
    #[error("the closures come from another store than before")]
    OtherEpoch,
    /// Positions are missing.
    #[error("the closures go on at {first_position} but the cursor is at {cursor}")]
    Gap {
        /// Where the batch begins.
        first_position: i64,
        /// The last position taken in.
        cursor: i64,
    },
    /// A voucher that was never given out here.
    #[error("voucher {0} was closed, but was never given out here")]
    UnknownVoucher(VoucherId),
    /// A closure says more than the voucher can cost.
    #[error("voucher {0} came to more than it can cost")]
    AboveLiability(VoucherId),
    /// Money that had come back and was given out again is wanted back.
    #[error("fund {0} has not enough to take back what had returned to it")]
    Overdrawn(FundId),
}

impl ClosureCursor {
    /// The closures of a batch that are new, with their positions. What another replica has taken
    /// in is left out; a gap is refused.
    fn after(self, batch: &ClosureBatch) -> Result<Vec<(i64, Closure)>, ClosureProblem> {
        if self.epoch.is_some_and(|own| own != batch.epoch) {
            return Err(ClosureProblem::OtherEpoch);
        }
        let ClosureBatch { first_position, closures, .. } = batch;
        if *first_position > self.position + 1 {
            let (first_position, cursor) = (*first_position, self.position);
            return Err(ClosureProblem::Gap { first_position, cursor });
        }
        let numbered = (*first_position..).zip(closures.iter().copied());
        Ok(numbered.filter(|(position, _)| *position > self.position).collect())
    }
}

/// Decides what a batch of closures does: each voucher's last one replaces what was known of it,
/// and the difference moves within its fund.
pub fn decide_closures(
    state: &ClosureState,
    batch: &ClosureBatch,
) -> Result<ClosureEffects, ClosureProblem> {
    let new = state.cursor.after(batch)?;
    let position = new.last().map_or(state.cursor.position, |(position, _)| *position);
    let mut latest: BTreeMap<VoucherId, (i64, Closure)> = BTreeMap::new();
    let mut funds = state.funds.clone();
    for (position, closure) in new {
        let known = state.vouchers.get(&closure.voucher_id);
        let known = known.ok_or(ClosureProblem::UnknownVoucher(closure.voucher_id))?;
        if closure.spent.0 + closure.unspent.0 > known.liability.0 {
            return Err(ClosureProblem::AboveLiability(closure.voucher_id));
        }
        let last = latest.get(&closure.voucher_id).map(|(_, last)| *last).or(known.last);
        if last.is_some_and(|last| last.version >= closure.version) {
            continue;
        }
        latest.insert(closure.voucher_id, (position, closure));
        if let Some(fund) = known.fund_id.as_ref().and_then(|fund_id| funds.get_mut(fund_id)) {
            let (spent, unspent) = last.map_or((0, 0), |last| (last.spent.0, last.unspent.0));
            fund.settle(closure.spent.0 - spent, closure.unspent.0 - unspent);
        }
    }
    if let Some(fund) = funds.values().find(|fund| fund.free() < Fen(0)) {
        return Err(ClosureProblem::Overdrawn(fund.fund_id.clone()));
    }
    let funds = funds.into_values().filter(|fund| state.funds.get(&fund.fund_id) != Some(fund));
    Ok(ClosureEffects {
        closures: latest.into_values().collect(),
        funds: funds.collect(),
        position,
    })
}
