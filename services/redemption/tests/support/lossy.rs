use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use clock::{BusinessDay, Timestamp};
use member_identity::{OrganizationPath, PersonKey, VoucherId};
use redemption::domain::{
    AccountBalance, Answer, Authorization, BadRow, ClosedDay, Command, Counterparty, DailyTotal,
    Difference, Event, FeedBatch, FeedCursors, FeedProblem, FileBatch, Found, Moment, Partner,
    Reconciliation, ReconciliationKey, RequestKey, Resolution, Resolve, ResolveProblem,
    StatementHead, StatementRow, Taken,
};
use redemption::store::{
    AuthorizationKey, ClosureStore, Recalled, ShopStore, StatementPosition, Store, StoreError,
    WalletRead, WebhookStore,
};

/// What goes wrong with one batch.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Nothing is done, and the error is answered.
    Before(StoreError),
    /// It is done, and the error is answered all the same.
    After(StoreError),
}

/// A store whose checkout fails as it is told, batch by batch, and which counts batches.
pub struct Lossy {
    inner: Arc<dyn Store>,
    faults: Mutex<VecDeque<Fault>>,
    /// A request whose batches always conflict.
    pub poison: Mutex<Option<String>>,
    /// The sizes of the batches so far.
    pub batches: Mutex<Vec<usize>>,
}

impl Lossy {
    /// A store that does not fail yet.
    pub fn over(inner: Arc<dyn Store>) -> Self {
        let (faults, poison, batches) = Default::default();
        Self { inner, faults, poison, batches }
    }

    /// The next batches fail so, in this order.
    pub fn fail(&self, faults: impl IntoIterator<Item = Fault>) {
        self.faults.lock().expect("no panic holds it").extend(faults);
    }

    fn is_poisoned(&self, commands: &[Command]) -> bool {
        let poison = self.poison.lock().expect("no panic holds it");
        poison.as_ref().is_some_and(|id| commands.iter().any(|one| one.request_id.as_str() == id))
    }
}

type Kept<T> = Result<T, StoreError>;

#[async_trait]
impl Store for Lossy {
    async fn checkout_batch(&self, commands: Vec<Command>, moment: Moment) -> Kept<Vec<Answer>> {
        self.batches.lock().expect("no panic holds it").push(commands.len());
        if self.is_poisoned(&commands) {
            return Err(StoreError::Conflict);
        }
        let fault = self.faults.lock().expect("no panic holds it").pop_front();
        match fault {
            None => self.inner.checkout_batch(commands, moment).await,
            Some(Fault::Before(error)) => Err(error),
            Some(Fault::After(error)) => {
                self.inner.checkout_batch(commands, moment).await.and(Err(error))
            }
        }
    }

    async fn expire_holds(&self, moment: Moment, max: u32) -> Kept<u32> {
        self.inner.expire_holds(moment, max).await
    }

    async fn recall(&self, key: &RequestKey) -> Kept<Option<Recalled>> {
        self.inner.recall(key).await
    }

    async fn wallet(
        &self,
        person: PersonKey,
        named: &[VoucherId],
        now: Timestamp,
    ) -> Kept<WalletRead> {
        self.inner.wallet(person, named, now).await
    }

    async fn wallet_page(
        &self,
        person: PersonKey,
        before: Option<VoucherId>,
        limit: u32,
    ) -> Kept<WalletRead> {
        self.inner.wallet_page(person, before, limit).await
    }

    async fn authorization(
        &self,
        partner: &Partner,
        key: &AuthorizationKey,
    ) -> Kept<Option<Authorization>> {
        self.inner.authorization(partner, key).await
    }

    async fn seal_events(&self, max: u32) -> Kept<u32> {
        self.inner.seal_events(max).await
    }

    async fn event_head(&self, partner: &Partner) -> Kept<i64> {
        self.inner.event_head(partner).await
    }

    async fn events(&self, partner: &Partner, after: i64, limit: u32) -> Kept<Vec<Event>> {
        self.inner.events(partner, after, limit).await
    }

    async fn feed_cursors(&self) -> Kept<FeedCursors> {
        self.inner.feed_cursors().await
    }

    async fn apply_feed(&self, batch: FeedBatch) -> Kept<Result<(), FeedProblem>> {
        self.inner.apply_feed(batch).await
    }

    async fn apply_found(&self, found: Found) -> Kept<()> {
        self.inner.apply_found(found).await
    }

    async fn close_days(&self, today: BusinessDay, at: Timestamp) -> Kept<Vec<BusinessDay>> {
        self.inner.close_days(today, at).await
    }

    async fn closed_day(&self, day: BusinessDay) -> Kept<Option<ClosedDay>> {
        self.inner.closed_day(day).await
    }

    async fn daily_totals(
        &self,
        day: BusinessDay,
        whose: Option<&Counterparty>,
    ) -> Kept<Vec<DailyTotal>> {
        self.inner.daily_totals(day, whose).await
    }

    async fn organizations_of(
        &self,
        day: BusinessDay,
        platform: &Partner,
    ) -> Kept<Vec<OrganizationPath>> {
        self.inner.organizations_of(day, platform).await
    }

    async fn statement(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
    ) -> Kept<Option<StatementHead>> {
        self.inner.statement(day, counterparty).await
    }

    async fn statement_rows(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
        after: Option<StatementPosition>,
        limit: u32,
    ) -> Kept<Vec<StatementRow>> {
        self.inner.statement_rows(day, counterparty, after, limit).await
    }

    async fn trial_balance(&self) -> Kept<Vec<AccountBalance>> {
        self.inner.trial_balance().await
    }

    async fn begin_reconciliation(
        &self,
        key: &ReconciliationKey,
        day: BusinessDay,
    ) -> Kept<Reconciliation> {
        self.inner.begin_reconciliation(key, day).await
    }

    async fn reconciliation(&self, key: &ReconciliationKey) -> Kept<Option<Reconciliation>> {
        self.inner.reconciliation(key).await
    }

    async fn stage_part(
        &self,
        key: &ReconciliationKey,
        part: FileBatch,
    ) -> Kept<(Taken, Reconciliation)> {
        self.inner.stage_part(key, part).await
    }

    async fn advance_reconciliation(
        &self,
        key: &ReconciliationKey,
        at: Timestamp,
    ) -> Kept<Reconciliation> {
        self.inner.advance_reconciliation(key, at).await
    }

    async fn bad_rows(&self, key: &ReconciliationKey) -> Kept<Vec<BadRow>> {
        self.inner.bad_rows(key).await
    }

    async fn differences(
        &self,
        key: &ReconciliationKey,
        after: &str,
        limit: u32,
    ) -> Kept<Vec<Difference>> {
        self.inner.differences(key, after, limit).await
    }

    async fn resolve_difference(
        &self,
        command: Resolve,
    ) -> Kept<Result<Resolution, ResolveProblem>> {
        self.inner.resolve_difference(command).await
    }

    fn closures(&self) -> &dyn ClosureStore {
        self.inner.closures()
    }

    fn shops(&self) -> &dyn ShopStore {
        self.inner.shops()
    }

    fn webhooks(&self) -> &dyn WebhookStore {
        self.inner.webhooks()
    }

    async fn close(&self) {
        self.inner.close().await;
    }
}
