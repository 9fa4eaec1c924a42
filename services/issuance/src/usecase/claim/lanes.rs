use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use group_commit::{Lane, LaneOptions, LaneProblem};
use tokio::time::Instant;

use super::Wish;
use super::lane::{ClaimAnswer, ClaimStages};
use crate::domain::CampaignId;
use crate::usecase::{Failure, Surroundings};

/// Members of a campaign that its lane remembers, in each of two generations.
const MEMBERS_MAX: usize = 50_000;

/// The bounds of each campaign's lane.
#[derive(Clone, Copy, Debug)]
pub struct LaneLimits {
    /// Claims in one batch, 1 to 1,024: eligibility judges no more in one round.
    pub batch_max: usize,
    /// Claims that may wait; one more is refused at once.
    pub queue_max: usize,
}

/// The lane of a campaign, and what is remembered beside it.
pub(in crate::usecase) struct ClaimLane {
    lane: Lane<Wish, ClaimAnswer>,
    stages: Arc<ClaimStages>,
}

impl ClaimLane {
    fn begin(options: LaneOptions, stages: ClaimStages) -> Self {
        let stages = Arc::new(stages);
        Self { lane: Lane::spawn(options, Arc::clone(&stages)), stages }
    }

    /// The answer, from memory when it is there.
    pub async fn answer(
        &self,
        wish: Wish,
        deadline: Option<Instant>,
    ) -> Result<ClaimAnswer, LaneProblem> {
        match self.stages.tell(&wish).await {
            Some(answer) => Ok(answer),
            None => self.lane.submit(wish, deadline).await,
        }
    }
}

/// One lane a campaign, begun with the first claim.
pub(in crate::usecase) struct Lanes {
    surroundings: Surroundings,
    options: LaneOptions,
    open: Mutex<HashMap<CampaignId, Arc<ClaimLane>>>,
}

impl Lanes {
    pub fn new(surroundings: Surroundings, limits: LaneLimits) -> Self {
        let LaneLimits { batch_max, queue_max } = limits;
        let options = LaneOptions { name: "claim", queue_max, batch_max };
        Self { surroundings, options, open: Mutex::default() }
    }

    /// The lane of a campaign, which must be there: made-up names begin no lanes.
    pub async fn of(&self, campaign_id: &CampaignId) -> Result<Arc<ClaimLane>, Failure> {
        if let Some(lane) = self.open().get(campaign_id) {
            return Ok(Arc::clone(lane));
        }
        let campaign = self.surroundings.store.campaign(campaign_id).await?;
        if campaign.is_none() {
            return Err(Failure::NotFound("campaign"));
        }
        let begin = || {
            let surroundings = self.surroundings.clone();
            let stages = ClaimStages::new(campaign_id.clone(), surroundings, MEMBERS_MAX);
            Arc::new(ClaimLane::begin(self.options, stages))
        };
        let mut open = self.open();
        Ok(Arc::clone(open.entry(campaign_id.clone()).or_insert_with(begin)))
    }

    /// After a problem: a lane that ended makes room for a new one.
    pub fn settle(&self, campaign_id: &CampaignId, lane: &Arc<ClaimLane>, problem: LaneProblem) {
        let mut open = self.open();
        let same = open.get(campaign_id).is_some_and(|known| Arc::ptr_eq(known, lane));
        if problem == LaneProblem::Closed && same {
            open.remove(campaign_id);
        }
    }

    /// Finishes what was accepted.
    pub async fn close(&self) {
        let lanes: Vec<_> = self.open().values().cloned().collect();
        for lane in lanes {
            lane.lane.close().await;
        }
    }

    fn open(&self) -> std::sync::MutexGuard<'_, HashMap<CampaignId, Arc<ClaimLane>>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
