use std::fmt;
use std::sync::Arc;

use benefit::programme::Programme;
use clock::Timestamp;

use super::CampaignId;

/// A benefit offered by an organization, as its programme file declares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Campaign {
    /// Its name.
    pub campaign_id: CampaignId,
    /// Everything its file says.
    pub programme: Arc<Programme>,
    /// The stage.
    pub state: CampaignState,
    /// When it was first applied.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// The stage of a campaign: DRAFT, then ACTIVE, which may be PAUSED and ACTIVE again; ENDED is
/// final.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CampaignState {
    /// Being prepared: gives out nothing, may be replaced.
    Draft,
    /// Gives out vouchers, within its dates and hours.
    Active,
    /// Gives out nothing until resumed.
    Paused,
    /// Over for good.
    Ended,
}

/// What moves a campaign from stage to stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CampaignVerb {
    /// DRAFT to ACTIVE.
    Activate,
    /// ACTIVE to PAUSED.
    Pause,
    /// PAUSED to ACTIVE.
    Resume,
    /// Any stage to ENDED.
    End,
}

/// The verb does not go from that stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{verb} does not go from {state}")]
pub struct RefusedTransition {
    /// The stage.
    pub state: CampaignState,
    /// The verb.
    pub verb: CampaignVerb,
}

impl CampaignState {
    /// Every stage.
    pub const ALL: [Self; 4] = [Self::Draft, Self::Active, Self::Paused, Self::Ended];

    /// The stage after a verb. A verb whose stage is reached already changes nothing.
    pub fn after(self, verb: CampaignVerb) -> Result<Self, RefusedTransition> {
        use CampaignState::{Active, Draft, Ended, Paused};
        use CampaignVerb::{Activate, End, Pause, Resume};
        match (verb, self) {
            (Activate, Draft | Active) | (Resume, Paused | Active) => Ok(Active),
            (Pause, Active | Paused) => Ok(Paused),
            (End, Draft | Active | Paused | Ended) => Ok(Ended),
            (Activate, Paused | Ended) | (Resume, Draft | Ended) | (Pause, Draft | Ended) => {
                Err(RefusedTransition { state: self, verb })
            }
        }
    }

    /// The name in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Active => "ACTIVE",
            Self::Paused => "PAUSED",
            Self::Ended => "ENDED",
        }
    }

    /// The stage of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

impl CampaignVerb {
    /// The name in tables and answers.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Activate => "ACTIVATE",
            Self::Pause => "PAUSE",
            Self::Resume => "RESUME",
            Self::End => "END",
        }
    }
}

impl fmt::Display for CampaignState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl fmt::Display for CampaignVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Campaign {
    /// A new draft.
    pub fn draft(campaign_id: CampaignId, programme: Arc<Programme>, at: Timestamp) -> Self {
        let state = CampaignState::Draft;
        Self { campaign_id, programme, state, created_at: at, updated_at: at }
    }

    /// Moves it on; a verb that has taken effect leaves it as it is.
    pub fn moved(self, verb: CampaignVerb, at: Timestamp) -> Result<Self, RefusedTransition> {
        match self.state.after(verb)? {
            state if state == self.state => Ok(self),
            state => Ok(Self { state, updated_at: at, ..self }),
        }
    }
}
