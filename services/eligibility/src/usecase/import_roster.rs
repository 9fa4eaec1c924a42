use std::sync::Arc;

use clock::{BusinessDay, Timestamp};
use member_identity::OrganizationPath;
use rpc::{Caller, RequestId};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::{Core, Eligibility, Failure, attempt, require_within};
use crate::domain::roster::{
    BATCH_ROWS_MAX, Draft, ImportBatch, ReadRow, RosterImport, RosterRow, RowProblem, WrittenRow,
    read_row,
};
use crate::store::ImportReport;

/// One stream of an import. Dropping it keeps what has been committed or is being.
pub struct OpenImport {
    eligibility: Eligibility,
    import: RosterImport,
    /// Lines up to here were committed before this stream began: they are passed over.
    committed_before: i64,
    /// The last line of the stream so far.
    last_line: i64,
    /// The last line that was sent to be committed: what is committed beyond it is another
    /// stream's.
    sent_line: i64,
    pending: Vec<ReadRow>,
    /// The batch that is being committed while the next one is read.
    committing: Option<JoinHandle<Result<RosterImport, Failure>>>,
}

impl Eligibility {
    /// Begins an import, or goes on with it.
    pub async fn open_import(
        &self,
        caller: &Caller,
        import_id: &RequestId,
        organization: &OrganizationPath,
    ) -> Result<OpenImport, Failure> {
        require_within(caller, organization)?;
        let at = self.core.clock.now();
        let begin = || self.core.store.begin_import(import_id.as_str(), organization, at);
        let import = attempt(begin).await??;
        Ok(OpenImport {
            eligibility: self.clone(),
            committed_before: import.committed_line,
            last_line: import.committed_line,
            sent_line: import.committed_line,
            pending: Vec::new(),
            committing: None,
            import,
        })
    }

    /// Commits a batch and takes its members into memory.
    async fn import_batch(&self, batch: Arc<ImportBatch>) -> Result<RosterImport, Failure> {
        self.change(|core| async move {
            let take = || core.store.import_rows(Arc::clone(&batch), Arc::clone(&core.vault));
            let step = attempt(take).await?;
            let import = step.import.clone();
            core.memory.apply_own(step);
            Ok(import)
        })
        .await
    }
}

impl OpenImport {
    /// Takes in rows. They are committed as soon as the batch before them is, so that a batch
    /// grows while the one before it takes its time; when enough are waiting, so does the stream.
    pub async fn take(&mut self, rows: Vec<WrittenRow>) -> Result<(), Failure> {
        let read = self.read(rows).await?;
        if self.pending.len() + read.len() > BATCH_ROWS_MAX {
            self.commit().await?;
        }
        self.pending.extend(read);
        match &self.committing {
            Some(committing) if !committing.is_finished() => Ok(()),
            Some(_) | None => self.commit().await,
        }
    }

    /// Commits what is left and reports the whole import.
    pub async fn finish(mut self) -> Result<ImportReport, Failure> {
        self.commit().await?;
        self.settle().await?;
        let report = self.eligibility.core.store.import_report(&self.import.import_id).await?;
        report.ok_or(Failure::Fault("an import is gone"))
    }

    /// Reads rows on all cores, away from the tasks that answer others.
    async fn read(&mut self, mut rows: Vec<WrittenRow>) -> Result<Vec<ReadRow>, Failure> {
        rows.retain(|row| row.line > self.committed_before);
        let in_order: Vec<bool> = rows.iter().map(|row| self.comes_next(row)).collect();
        let mut rows: Vec<(WrittenRow, bool)> = rows.into_iter().zip(in_order).collect();
        let core = &self.eligibility.core;
        let reader = Arc::new(RowReader {
            header: self.import.organization.clone(),
            today: self.eligibility.today(),
            at: core.clock.now(),
            core: Arc::clone(core),
        });
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        let share = rows.len().div_ceil(threads).max(1);
        let mut reading = Vec::with_capacity(threads);
        while !rows.is_empty() {
            let rest = rows.split_off(share.min(rows.len()));
            let part = std::mem::replace(&mut rows, rest);
            let reader = Arc::clone(&reader);
            reading.push(tokio::task::spawn_blocking(move || reader.read_all(&part)));
        }
        let mut read = Vec::new();
        for part in reading {
            read.extend(part.await.map_err(|_| Failure::Fault("rows could not be read"))?);
        }
        Ok(read)
    }

    fn comes_next(&mut self, row: &WrittenRow) -> bool {
        let comes_next = row.line > self.last_line;
        self.last_line = self.last_line.max(row.line);
        comes_next
    }

    /// Sends what is pending to be committed, after the batch before it has been.
    async fn commit(&mut self) -> Result<(), Failure> {
        self.settle().await?;
        if self.pending.is_empty() {
            return Ok(());
        }
        let batch = Arc::new(ImportBatch {
            import_id: self.import.import_id.clone(),
            after_line: self.sent_line,
            rows: std::mem::take(&mut self.pending),
            at: self.eligibility.core.clock.now(),
        });
        self.sent_line = batch.rows.iter().map(ReadRow::line).fold(self.sent_line, i64::max);
        let eligibility = self.eligibility.clone();
        let work = async move { eligibility.import_batch(batch).await };
        self.committing = Some(tokio::spawn(work.in_current_span()));
        Ok(())
    }

    /// Waits for the batch that is being committed.
    async fn settle(&mut self) -> Result<(), Failure> {
        let Some(committing) = self.committing.take() else {
            return Ok(());
        };
        let committed = committing.await;
        self.import =
            committed.map_err(|_| Failure::Fault("a batch did not come to its end"))??;
        Ok(())
    }
}

struct RowReader {
    header: OrganizationPath,
    today: BusinessDay,
    at: Timestamp,
    core: Arc<Core>,
}

impl RowReader {
    /// Reads rows, each with whether it comes after those before it.
    fn read_all(&self, rows: &[(WrittenRow, bool)]) -> Vec<ReadRow> {
        rows.iter().map(|(row, in_order)| self.read(row, *in_order)).collect()
    }

    fn read(&self, row: &WrittenRow, in_order: bool) -> ReadRow {
        if !in_order {
            let (column, reason) = ("line", "LINE_ORDER");
            return ReadRow::Bad(RowProblem { line: row.line, column, reason });
        }
        match read_row(row, &self.header, self.today, self.core.vault.ring()) {
            Ok(good) => ReadRow::Good(Box::new(self.with_draft(good))),
            Err(problem) => ReadRow::Bad(problem),
        }
    }

    /// Whom memory does not know is probably new; the store decides.
    fn with_draft(&self, row: RosterRow) -> RosterRow {
        let memory = &self.core.memory;
        let known = memory.read(|content| content.registry.find_blind(&row.id_blinds).is_some());
        let draft = (!known).then(|| Draft::of(&row, self.at, &self.core.vault));
        RosterRow { draft, ..row }
    }
}
