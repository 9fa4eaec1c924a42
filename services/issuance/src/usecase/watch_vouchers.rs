//! Watching the vouchers of one campaign.

use std::sync::Arc;

use benefit::programme::Programme;

use super::feed::{POLL, Turns};
use super::signal::CommitWaiter;
use super::{Failure, Issuance};
use crate::domain::{Caller, CampaignId, Epoch, FeedCursors, FeedHeads, VoucherEntries};
use crate::store::Store;

/// One call that watches a campaign's vouchers.
pub struct VoucherWatcher {
    store: Arc<dyn Store>,
    waiter: CommitWaiter,
    campaign_id: CampaignId,
    programme: Arc<Programme>,
    epoch: Epoch,
    cursors: FeedCursors,
    turns: Turns,
}

impl Issuance {
    /// Begins to watch after the cursors, which are of the campaign's stocks. Who it was issued to is
    /// shown, so it must be a campaign of the caller's own organization or of one below it.
    pub async fn watch_vouchers(
        &self,
        caller: &Caller,
        campaign_id: CampaignId,
        cursors: FeedCursors,
    ) -> Result<VoucherWatcher, Failure> {
        let store = Arc::clone(&self.surroundings.store);
        let waiter = self.surroundings.signal.subscribe();
        let campaign = store.campaign(&campaign_id).await?;
        let programme = campaign.ok_or(Failure::NotFound("campaign"))?.programme;
        if !caller.acts_for(&programme.organization) {
            return Err(Failure::OutsideSubtree);
        }
        let epoch = store.epoch().await?;
        cursors.check(epoch, &store.feed_heads().await?)?;
        let turns = Turns::default();
        Ok(VoucherWatcher { store, waiter, campaign_id, programme, epoch, cursors, turns })
    }
}

impl VoucherWatcher {
    /// The programme, whose terms are those of the vouchers.
    pub fn programme(&self) -> Arc<Programme> {
        Arc::clone(&self.programme)
    }

    /// The next vouchers, as soon as there are some; none when the service stops.
    pub async fn next(&mut self) -> Result<Option<VoucherEntries>, Failure> {
        while self.waiter.note() {
            let FeedHeads { mut stocks, campaign_position } = self.store.feed_heads().await?;
            stocks.retain(|(stock, _)| stock.campaign_id == self.campaign_id);
            let heads = FeedHeads { stocks, campaign_position };
            self.cursors.check(self.epoch, &heads)?;
            let next = self.turns.next(&*self.store, &mut self.cursors, &heads.stocks).await?;
            if next.is_some() {
                return Ok(next);
            }
            self.waiter.wait(POLL).await;
        }
        Ok(None)
    }
}
