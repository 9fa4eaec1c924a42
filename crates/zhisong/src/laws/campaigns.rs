use std::collections::HashMap;

use benefit::programme::{self, Programme};
use futures::TryStreamExt as _;

use super::LawProblem;
use super::snapshot::Snapshot;
use super::verdict::Finding;

/// What each campaign allows, as its programme text says.
pub(super) struct Campaigns(HashMap<String, Option<Programme>>);

impl Campaigns {
    pub async fn read(issuance: &mut Snapshot) -> Result<Self, LawProblem> {
        let mut known = HashMap::new();
        let mut rows = issuance.rows("SELECT campaign_id, programme FROM campaign");
        while let Some(row) = rows.try_next().await? {
            let programme = programme::parse(row.get("programme")?).ok();
            known.insert(row.get("campaign_id")?, programme);
        }
        Ok(Self(known))
    }

    /// The programme of a campaign; none when there is no such campaign, or it cannot be read.
    pub fn programme(&self, campaign_id: &str) -> Option<&Programme> {
        self.0.get(campaign_id)?.as_ref()
    }

    /// The campaigns whose programme text cannot be read: nothing can be said of their vouchers.
    pub fn unreadable(&self) -> Finding {
        let mut finding = Finding::none_yet("campaigns whose programme does not read");
        let unreadable = self.0.iter().filter(|(_, programme)| programme.is_none());
        unreadable.for_each(|(campaign_id, _)| finding.add(|| campaign_id.clone()));
        finding
    }
}
