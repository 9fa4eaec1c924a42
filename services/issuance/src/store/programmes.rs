//! Campaign rows, and the programmes in them: parsed once a file, not once a read.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use benefit::programme::{Programme, parse};
use sql::StoreError;

use super::rows::{self, Columns, Detailed};
use super::{CampaignAt, Issued};
use crate::domain::{Campaign, CampaignId};

/// Parsed programmes that are kept, and as many campaigns; a campaign has one.
const KEPT_MAX: usize = 1_024;

/// Programmes by the digest of their file, and campaigns as they were read last.
#[derive(Default)]
pub(super) struct Programmes {
    parsed: Mutex<HashMap<[u8; 32], Arc<Programme>>>,
    campaigns: Mutex<HashMap<CampaignId, Campaign>>,
}

impl Programmes {
    /// The campaign in a row of `campaign`.
    pub fn campaign(&self, row: &impl Columns) -> Result<Campaign, StoreError> {
        let campaign = rows::read_row("campaign", row, "campaign_id", |row| {
            Ok(Campaign {
                campaign_id: row.parsed("campaign_id")?,
                programme: self.programme(row)?,
                state: rows::campaign_state(row)?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            })
        })?;
        keep(&self.campaigns, &campaign.campaign_id, &campaign);
        Ok(campaign)
    }

    /// The campaign as it was in the last row that was read of it: it may have changed since.
    pub fn last_read(&self, campaign_id: &CampaignId) -> Option<Campaign> {
        lock(&self.campaigns).get(campaign_id).cloned()
    }

    /// The campaign as it became, in a row of `campaign_feed` with its programme.
    pub fn campaign_at(&self, row: &impl Columns) -> Result<CampaignAt, StoreError> {
        rows::read_row("campaign_feed", row, "campaign_id", |row| {
            let entry = rows::campaign_entry(row)?;
            let campaign = Campaign {
                campaign_id: row.parsed("campaign_id")?,
                programme: self.programme(row)?,
                state: entry.state,
                created_at: entry.at,
                updated_at: entry.at,
            };
            Ok(CampaignAt { campaign, entry })
        })
    }

    /// The voucher in a row of `voucher` with its programme.
    pub fn issued(&self, row: &impl Columns) -> Result<Issued, StoreError> {
        rows::read_row("voucher", row, "voucher_id", |row| {
            Ok(Issued { voucher: rows::voucher(row)?, programme: self.programme(row)? })
        })
    }

    /// The programme in a row that has the columns of `campaign`.
    fn programme(&self, row: &impl Columns) -> Detailed<Arc<Programme>> {
        let digest = rows::digest(row, "digest")?;
        if let Some(programme) = lock(&self.parsed).get(&digest) {
            return Ok(Arc::clone(programme));
        }
        let programme = parse(row.text("programme")?)
            .map_err(|problems| format!("its programme has {} problems", problems.len()))?;
        let programme = Arc::new(programme);
        keep(&self.parsed, &digest, &programme);
        Ok(programme)
    }
}

fn keep<K: Clone + Eq + Hash, V: Clone>(kept: &Mutex<HashMap<K, V>>, key: &K, value: &V) {
    let mut kept = lock(kept);
    if kept.len() >= KEPT_MAX {
        kept.clear();
    }
    kept.insert(key.clone(), value.clone());
}

fn lock<T>(kept: &Mutex<T>) -> MutexGuard<'_, T> {
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}
