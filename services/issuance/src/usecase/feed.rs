//! Following the voucher feed.

use std::sync::Arc;
use std::time::Duration;

use super::signal::CommitWaiter;
use super::{Failure, Issuance, require_everywhere};
use crate::domain::{Caller, Epoch, FeedCursors, StockKey, VoucherEntries};
use crate::store::{CampaignAt, Store};

/// Campaign changes in one message; terms are at most some kilobytes each.
const CAMPAIGNS_MAX: u32 = 100;
/// Vouchers in one message, as the contract states.
const VOUCHERS_MAX: u32 = 2_000;
/// How often a level follower looks for what other processes committed.
pub(super) const POLL: Duration = Duration::from_millis(250);

/// One message of the feed: campaign changes, or vouchers of one stock, or neither.
#[derive(Clone, Debug)]
pub struct FeedMessage {
    /// This store.
    pub epoch: Epoch,
    /// Changes of campaigns, by position.
    pub campaigns: Vec<CampaignAt>,
    /// Vouchers of one stock.
    pub vouchers: Option<VoucherEntries>,
    /// Nothing more was committed when this message was made.
    pub level: bool,
}

/// One call that follows the feed.
pub struct Follower {
    store: Arc<dyn Store>,
    waiter: CommitWaiter,
    epoch: Epoch,
    cursors: FeedCursors,
    turns: Turns,
    told_level: bool,
}

impl Issuance {
    /// Begins to follow after the cursors, if they are of this store. The feed holds the vouchers
    /// of everybody, so only a caller without a limit may.
    pub async fn follow(&self, caller: &Caller, cursors: FeedCursors) -> Result<Follower, Failure> {
        require_everywhere(caller)?;
        let store = Arc::clone(&self.surroundings.store);
        let waiter = self.surroundings.signal.subscribe();
        let epoch = store.epoch().await?;
        cursors.check(epoch, &store.feed_heads().await?)?;
        Ok(Follower { store, waiter, epoch, cursors, turns: Turns::default(), told_level: false })
    }
}

impl Follower {
    /// The next message, as soon as there is one; none when the service stops. Campaign changes
    /// come before the vouchers issued under them.
    pub async fn next(&mut self) -> Result<Option<FeedMessage>, Failure> {
        while self.waiter.note() {
            if let Some(message) = self.pending().await? {
                self.told_level = false;
                return Ok(Some(message));
            }
            if !self.told_level {
                self.told_level = true;
                return Ok(Some(FeedMessage { level: true, ..self.empty() }));
            }
            self.waiter.wait(POLL).await;
        }
        Ok(None)
    }

    /// What comes after the cursors, if anything does; moves them.
    async fn pending(&mut self) -> Result<Option<FeedMessage>, Failure> {
        let heads = self.store.feed_heads().await?;
        self.cursors.check(self.epoch, &heads)?;
        let after = self.cursors.campaign_position;
        if after < heads.campaign_position {
            let campaigns = self.store.campaign_feed(after, CAMPAIGNS_MAX).await?;
            let last = campaigns.last().map_or(after, |change| change.entry.position);
            self.cursors.campaign_position = last;
            return Ok(Some(FeedMessage { campaigns, ..self.empty() }));
        }
        let vouchers = self.turns.next(&*self.store, &mut self.cursors, &heads.stocks).await?;
        Ok(vouchers.map(|entries| FeedMessage { vouchers: Some(entries), ..self.empty() }))
    }

    fn empty(&self) -> FeedMessage {
        FeedMessage { epoch: self.epoch, campaigns: Vec::new(), vouchers: None, level: false }
    }
}

/// Sends stocks in turn, so that a long one does not keep the others back.
#[derive(Default)]
pub(super) struct Turns {
    /// The stock that was sent last: the others come before it does again.
    last: Option<StockKey>,
}

impl Turns {
    /// The next vouchers after the cursors of these stocks, if there are any; moves the cursors.
    pub(super) async fn next(
        &mut self,
        store: &dyn Store,
        cursors: &mut FeedCursors,
        heads: &[(StockKey, i64)],
    ) -> Result<Option<VoucherEntries>, Failure> {
        let Some(stock) = self.behind(cursors, heads) else { return Ok(None) };
        let after = cursors.position(&stock);
        let entries = store.voucher_feed(&stock, after, VOUCHERS_MAX).await?;
        let sent = i64::try_from(entries.vouchers.len()).expect("one message is small");
        cursors.stocks.insert(stock.clone(), after + sent);
        self.last = Some(stock);
        Ok(Some(entries))
    }

    /// A stock with more to send: the next one after the last, in turn.
    fn behind(&self, cursors: &FeedCursors, heads: &[(StockKey, i64)]) -> Option<StockKey> {
        let behind = |(key, head): &&(StockKey, i64)| *head > cursors.position(key);
        let after_last = |(key, _): &&(StockKey, i64)| Some(key) > self.last.as_ref();
        let mut stocks = heads.iter().filter(behind);
        let next = stocks.clone().find(after_last).or_else(|| stocks.next());
        next.map(|(key, _)| key.clone())
    }
}
