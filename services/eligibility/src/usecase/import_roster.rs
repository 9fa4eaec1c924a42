use std::sync::Arc;

use clock::BusinessDay;
use member_identity::OrganizationPath;
use rpc::{Caller, RequestId};
use tokio::task::JoinHandle;
use tracing::Instrument;

use super::{Eligibility, Failure, attempt, require_within};
use crate::domain::roster::{
    ImportBatch, ROWS_MAX, ReadRow, RosterImport, RowProblem, WrittenRow, read_row,
};
use crate::domain::vault::Vault;
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
    /// Takes in rows, committing whenever there are enough.
    pub async fn take(&mut self, rows: Vec<WrittenRow>) -> Result<(), Failure> {
        let read = self.read(rows).await?;
        if self.pending.len() + read.len() > ROWS_MAX {
            self.commit().await?;
        }
        self.pending.extend(read);
        Ok(())
    }

    /// Commits what is left and reports the whole import.
    pub async fn finish(mut self) -> Result<ImportReport, Failure> {
        self.commit().await?;
        self.settle().await?;
        let report = self.eligibility.core.store.import_report(&self.import.import_id).await?;
        report.ok_or(Failure::Fault("an import is gone"))
    }

    /// Reads rows away from the tasks that answer others.
    async fn read(&mut self, mut rows: Vec<WrittenRow>) -> Result<Vec<ReadRow>, Failure> {
        rows.retain(|row| row.line > self.committed_before);
        let reader = RowReader {
            header: self.import.organization.clone(),
            today: self.eligibility.today(),
            vault: Arc::clone(&self.eligibility.core.vault),
            last_line: self.last_line,
        };
        let read = tokio::task::spawn_blocking(move || reader.read_all(&rows)).await;
        let (read, last_line) = read.map_err(|_| Failure::Fault("rows could not be read"))?;
        self.last_line = last_line;
        Ok(read)
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
    vault: Arc<Vault>,
    last_line: i64,
}

impl RowReader {
    fn read_all(mut self, rows: &[WrittenRow]) -> (Vec<ReadRow>, i64) {
        let read = rows.iter().map(|row| self.read(row)).collect();
        (read, self.last_line)
    }

    fn read(&mut self, row: &WrittenRow) -> ReadRow {
        if row.line <= self.last_line {
            let (column, reason) = ("line", "LINE_ORDER");
            return ReadRow::Bad(RowProblem { line: row.line, column, reason });
        }
        self.last_line = row.line;
        match read_row(row, &self.header, self.today, self.vault.ring()) {
            Ok(good) => ReadRow::Good(Box::new(good)),
            Err(problem) => ReadRow::Bad(problem),
        }
    }
}
