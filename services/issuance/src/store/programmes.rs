//! Campaign rows, and the programmes in them: parsed once a file, not once a read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use benefit::programme::{Programme, parse};
use sql::StoreError;

use super::rows::{self, Columns, Detailed};
use super::{CampaignAt, Issued};
use crate::domain::Campaign;

/// Parsed programmes that are kept; a campaign has one.
const KEPT_MAX: usize = 1_024;

/// Programmes by the digest of their file.
#[derive(Default)]
pub(super) struct Programmes {
    parsed: Mutex<HashMap<[u8; 32], Arc<Programme>>>,
}

impl Programmes {
    /// The campaign in a row of `campaign`.
    pub fn campaign(&self, row: &impl Columns) -> Result<Campaign, StoreError> {
        rows::read_row("campaign", row, "campaign_id", |row| {
            Ok(Campaign {
                campaign_id: row.parsed("campaign_id")?,
                programme: self.programme(row)?,
                state: rows::campaign_state(row)?,
                created_at: row.time("created_at")?,
                updated_at: row.time("updated_at")?,
            })
        })
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
        if let Some(programme) = self.kept().get(&digest) {
            return Ok(Arc::clone(programme));
        }
        let programme = parse(row.text("programme")?)
            .map_err(|problems| format!("its programme has {} problems", problems.len()))?;
        let programme = Arc::new(programme);
        let mut kept = self.kept();
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        kept.insert(digest, Arc::clone(&programme));
        Ok(programme)
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Programme>>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
