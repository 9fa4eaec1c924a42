use std::sync::Arc;

use clock::{BusinessDay, Clock};
use futures::stream::{self, BoxStream, StreamExt as _};
use rpc::{Caller, Problem};

use super::{Failure, Settlement, attempt, partner};
use crate::domain::{
    BadRow, Counterparty, Detail, Difference, FileBatch, HeaderProblem, PartnerFile, Reason,
    Reconciliation, ReconciliationKey, Refusal, RequestId, SideTotals, Taken,
};
use crate::store::Store;

/// Differences that are read at once while they are sent.
const PAGE: u32 = 500;

/// A reconciliation whose file is being sent. Dropping it keeps what was put away: the same file
/// under the same id goes on behind it.
pub struct OpenReconciliation {
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    reconciliation: Reconciliation,
    file: PartnerFile,
}

/// A finished reconciliation.
#[derive(Clone, Debug)]
pub struct Reconciled {
    /// The day's statement of the platform.
    pub ours: SideTotals,
    /// The file, and what the comparison came to.
    pub reconciliation: Reconciliation,
    /// The rows of the file that do not read, as far as they are kept.
    pub bad_rows: Vec<BadRow>,
}

/// The differences, one by one.
pub type Differences = BoxStream<'static, Result<Difference, Failure>>;

impl Settlement {
    /// Begins a reconciliation of the caller's own closed day, or goes on with it.
    pub async fn open_reconciliation(
        &self,
        caller: &Caller,
        id: RequestId,
        day: BusinessDay,
    ) -> Result<OpenReconciliation, Failure> {
        self.store.closed_day(day).await?.ok_or(Failure::DayNotClosed(day))?;
        let key = ReconciliationKey { partner: partner(caller), id };
        let reconciliation = attempt(|| self.store.begin_reconciliation(&key, day)).await?;
        if reconciliation.day != day {
            return Err(reused("business_day"));
        }
        Ok(OpenReconciliation {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            reconciliation,
            file: PartnerFile::default(),
        })
    }

    /// The differences of a finished reconciliation, by id, read as they are taken.
    pub fn differences_of(&self, key: ReconciliationKey) -> Differences {
        let store = Arc::clone(&self.store);
        let pages = stream::try_unfold(String::new(), move |after| {
            let (store, key) = (Arc::clone(&store), key.clone());
            async move {
                let page = store.differences(&key, &after, PAGE).await?;
                let last = page.last().map(|last| last.id.clone());
                Ok::<_, Failure>(last.map(|last| (page, last)))
            }
        });
        let each = pages.flat_map(|page| match page {
            Ok(page) => stream::iter(page).map(Ok).boxed(),
            Err(failure) => stream::iter([Err(failure)]).boxed(),
        });
        each.boxed()
    }
}

impl OpenReconciliation {
    /// Takes the next piece of the file.
    pub async fn take(&mut self, piece: &[u8]) -> Result<(), Failure> {
        for part in self.file.take(piece).map_err(header_problem)? {
            self.stage(part).await?;
        }
        Ok(())
    }

    /// Ends the file and compares it with the journal, step by step.
    pub async fn finish(mut self) -> Result<Reconciled, Failure> {
        let part = std::mem::take(&mut self.file).finish().map_err(header_problem)?;
        self.stage(part).await?;
        let key = self.reconciliation.key.clone();
        while !self.reconciliation.is_finished() {
            let now = self.clock.now();
            let advance = || self.store.advance_reconciliation(&key, now);
            self.reconciliation = attempt(advance).await?;
        }
        let platform = Counterparty::Platform(key.partner.clone());
        let head = self.store.statement(self.reconciliation.day, &platform).await?;
        let ours = head.as_ref().map_or(SideTotals::EMPTY, SideTotals::of);
        let bad_rows = self.store.bad_rows(&key).await?;
        Ok(Reconciled { ours, reconciliation: self.reconciliation, bad_rows })
    }

    async fn stage(&mut self, part: FileBatch) -> Result<(), Failure> {
        let key = &self.reconciliation.key;
        let (taken, now) = attempt(|| self.store.stage_part(key, part.clone())).await?;
        self.reconciliation = now;
        match taken {
            Taken::Next | Taken::Before => Ok(()),
            Taken::OtherFile => Err(reused("csv")),
        }
    }
}

fn header_problem(problem: HeaderProblem) -> Failure {
    Problem::field("csv", problem.to_string()).into()
}

/// The request id names another reconciliation.
pub(super) fn reused(field: &str) -> Failure {
    Refusal::new(Reason::RequestIdReused).with(Detail::Field, field).into()
}
