//! Campaign rows, and the programmes in them: parsed once a file, not once a read.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use benefit::programme::{Programme, parse};
use sql::StoreError;
use sqlx::sqlite::SqliteRow;

use super::rows::{self, Columns, Detailed};
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
    pub fn campaign(&self, row: &SqliteRow) -> Result<Campaign, StoreError> {
        rows::read_row("campaign", row, "campaign_id", |row| self.read(row))
    }

    /// The programme in a row that has the columns of `campaign`.
    pub fn programme(&self, row: Columns<'_>) -> Detailed<Arc<Programme>> {
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

    fn read(&self, row: Columns<'_>) -> Detailed<Campaign> {
        Ok(Campaign {
            campaign_id: row.parsed("campaign_id")?,
            programme: self.programme(row)?,
            state: rows::campaign_state(row)?,
            created_at: row.time("created_at")?,
            updated_at: row.time("updated_at")?,
        })
    }

    fn kept(&self) -> std::sync::MutexGuard<'_, HashMap<[u8; 32], Arc<Programme>>> {
        self.parsed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
