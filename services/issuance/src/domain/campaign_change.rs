//! What a campaign verb does, and when it is refused.

use std::sync::Arc;

use aws_lc_rs::digest::{SHA256, digest};
use benefit::programme::Programme;
use clock::Timestamp;

use super::{
    Caller, Campaign, CampaignId, CampaignState, CampaignVerb, Fund, FundId, RefusedTransition,
    RequestId,
};

/// One campaign verb, as somebody asked for it.
#[derive(Clone, Debug)]
pub struct CampaignCommand {
    /// Who asks.
    pub caller: Caller,
    /// The id of the request.
    pub request_id: RequestId,
    /// What is asked for.
    pub action: CampaignAction,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum CampaignAction {
    /// Create it, or replace its draft.
    Apply {
        /// The name that the file gives it.
        campaign_id: CampaignId,
        /// What the file says.
        programme: Arc<Programme>,
        /// The file itself.
        source: Arc<str>,
    },
    /// Move it to another stage.
    Move {
        /// Which.
        campaign_id: CampaignId,
        /// How.
        verb: CampaignVerb,
    },
}

/// Stands for the content of a request: two requests of one id must have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fingerprint(pub [u8; 32]);

/// A request that took effect before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RememberedChange {
    /// What it said.
    pub fingerprint: Fingerprint,
    /// The stage that it was answered with.
    pub state: CampaignState,
    /// When the campaign had last changed, as it was answered.
    pub updated_at: Timestamp,
}

/// What a verb came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignChange {
    /// This request took effect before: its answer again, nothing to write.
    Replayed(Campaign),
    /// The campaign is as asked for already: only the request is to be remembered.
    Unchanged(Campaign),
    /// The campaign as it is now to be written.
    Changed(Campaign),
}

/// Why a campaign verb is refused, in the order of the checks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CampaignRefusal {
    /// The request id was used with other content in this field.
    RequestIdReused {
        /// The field that differs.
        field: &'static str,
    },
    /// There is no such campaign.
    NotFound,
    /// The campaign's organization is not the caller's to act for.
    OutsideSubtree,
    /// No fund of that name is of the campaign's organization or one above it.
    FundUnknown {
        /// The name in the file.
        fund_id: FundId,
    },
    /// The verb does not go from its stage.
    Transition(RefusedTransition),
    /// It is no longer a draft and the file says something else.
    Immutable {
        /// Its stage.
        state: CampaignState,
    },
}

impl CampaignAction {
    /// The campaign that it is about.
    pub fn campaign_id(&self) -> &CampaignId {
        match self {
            Self::Apply { campaign_id, .. } | Self::Move { campaign_id, .. } => campaign_id,
        }
    }

    /// The verb that scopes request ids.
    pub fn verb_name(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "APPLY",
            Self::Move { verb, .. } => verb.name(),
        }
    }

    /// Stands for everything it says.
    pub fn fingerprint(&self) -> Fingerprint {
        match self {
            Self::Apply { source, .. } => Fingerprint::of(source),
            Self::Move { campaign_id, .. } => Fingerprint::of(campaign_id.as_str()),
        }
    }

    /// The fund that the campaign is to draw on.
    pub fn fund_id(&self) -> Option<FundId> {
        match self {
            Self::Apply { programme, .. } => FundId::of(programme),
            Self::Move { .. } => None,
        }
    }

    /// The only field that two requests of one verb can differ in.
    fn field(&self) -> &'static str {
        match self {
            Self::Apply { .. } => "programme_toml",
            Self::Move { .. } => "campaign_id",
        }
    }
}

impl Fingerprint {
    /// Stands for a text: its SHA-256.
    pub fn of(text: &str) -> Self {
        let mut bytes = [0; 32];
        bytes.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
        Self(bytes)
    }
}

/// What a campaign verb is decided on: everything as stored.
#[derive(Clone, Debug, Default)]
pub struct ChangeState {
    /// The campaign.
    pub campaign: Option<Campaign>,
    /// The fund that the action names.
    pub fund: Option<Fund>,
    /// What is remembered of the request.
    pub remembered: Option<RememberedChange>,
}

/// Decides a campaign verb.
pub fn decide_change(
    state: ChangeState,
    command: &CampaignCommand,
    at: Timestamp,
) -> Result<CampaignChange, CampaignRefusal> {
    let ChangeState { campaign: stored, fund, remembered } = state;
    if let Some(remembered) = remembered {
        return replay(stored, &remembered, &command.action).map(CampaignChange::Replayed);
    }
    let caller = &command.caller;
    if stored.as_ref().is_some_and(|stored| !caller.acts_for(&stored.programme.organization)) {
        return Err(CampaignRefusal::OutsideSubtree);
    }
    match &command.action {
        CampaignAction::Apply { campaign_id, programme, .. } => {
            if !caller.acts_for(&programme.organization) {
                return Err(CampaignRefusal::OutsideSubtree);
            }
            check_fund(programme, fund.as_ref())?;
            apply(stored, campaign_id, programme, at)
        }
        CampaignAction::Move { verb, .. } => {
            let stored = stored.ok_or(CampaignRefusal::NotFound)?;
            let before = stored.state;
            let moved = stored.moved(*verb, at).map_err(CampaignRefusal::Transition)?;
            Ok(match moved.state == before {
                true => CampaignChange::Unchanged(moved),
                false => CampaignChange::Changed(moved),
            })
        }
    }
}

fn check_fund(programme: &Programme, fund: Option<&Fund>) -> Result<(), CampaignRefusal> {
    match FundId::of(programme) {
        Some(fund_id) if !fund.is_some_and(|fund| fund.is_for(&programme.organization)) => {
            Err(CampaignRefusal::FundUnknown { fund_id })
        }
        _ => Ok(()),
    }
}

/// The first answer again. Terms that were replaced since are those of the request itself; other
/// verbs end the draft, after which terms never change.
fn replay(
    stored: Option<Campaign>,
    remembered: &RememberedChange,
    action: &CampaignAction,
) -> Result<Campaign, CampaignRefusal> {
    if remembered.fingerprint != action.fingerprint() {
        return Err(CampaignRefusal::RequestIdReused { field: action.field() });
    }
    let stored = stored.ok_or(CampaignRefusal::NotFound)?;
    let programme = match action {
        CampaignAction::Apply { programme, .. } => Arc::clone(programme),
        CampaignAction::Move { .. } => Arc::clone(&stored.programme),
    };
    let (state, updated_at) = (remembered.state, remembered.updated_at);
    Ok(Campaign { programme, state, updated_at, ..stored })
}

fn apply(
    stored: Option<Campaign>,
    campaign_id: &CampaignId,
    programme: &Arc<Programme>,
    at: Timestamp,
) -> Result<CampaignChange, CampaignRefusal> {
    let new = || Campaign::draft(campaign_id.clone(), Arc::clone(programme), at);
    match stored {
        None => Ok(CampaignChange::Changed(new())),
        Some(stored) if stored.programme == *programme => Ok(CampaignChange::Unchanged(stored)),
        Some(stored) => match stored.state {
            CampaignState::Draft => {
                Ok(CampaignChange::Changed(Campaign { created_at: stored.created_at, ..new() }))
            }
            state @ (CampaignState::Active | CampaignState::Paused | CampaignState::Ended) => {
                Err(CampaignRefusal::Immutable { state })
            }
        },
    }
}
