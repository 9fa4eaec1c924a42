use std::sync::Arc;

use clock::BusinessDay;
use futures::stream::{self, BoxStream, StreamExt as _};
use rpc::{Caller, ErrorReason, Problem};

use super::get_daily_totals::OPS;
use super::{Failure, Settlement, partner};
use crate::domain::{Partner, StatementHead, StatementWriter};
use crate::store::{StatementPosition, Store, StoreError};

/// Rows a piece of the file. A row has at most 640 bytes, so that a piece stays below 64 KiB.
const ROWS_PER_PIECE: u32 = 100;

/// The statement of a closed day for one platform.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The day.
    pub day: BusinessDay,
    /// The platform.
    pub platform: Partner,
    /// What the file holds.
    pub head: StatementHead,
}

/// The file, piece by piece.
pub type StatementPieces = BoxStream<'static, Result<String, Failure>>;

impl Settlement {
    /// The head of a statement: of the caller's own, or of `platform`'s for ops, whose subtree
    /// must contain every organization in it.
    pub async fn get_statement(
        &self,
        caller: &Caller,
        day: BusinessDay,
        platform: Option<Partner>,
    ) -> Result<Statement, Failure> {
        let own = partner(caller);
        let platform = platform.unwrap_or_else(|| own.clone());
        if platform != own && !caller.has_scope(OPS) {
            return Err(Problem::new(ErrorReason::ScopeMissing).with("scope", OPS).into());
        }
        let closed_at = self.store.closed_at(day).await?.ok_or(Failure::DayNotClosed(day))?;
        if platform != own {
            for total in self.store.daily_totals(day, Some(&platform)).await? {
                caller.require_within(&total.organization)?;
            }
        }
        // A platform that had no dealings on the day has a statement without rows.
        let head = self.store.statement(day, &platform).await?;
        let head = head.unwrap_or_else(|| StatementWriter::begin(day).0.finish(closed_at));
        Ok(Statement { day, platform, head })
    }

    /// The file of a statement, made again from the journal. It ends with a failure when it is not
    /// the file that was made when the day was closed.
    pub fn statement_pieces(&self, statement: Statement) -> StatementPieces {
        let (writer, header) = StatementWriter::begin(statement.day);
        let store = Arc::clone(&self.store);
        let reading = Reading { store, statement, writer, after: None };
        let rows = stream::try_unfold(Some(reading), |reading| async {
            match reading {
                Some(reading) => reading.next_piece().await,
                None => Ok(None),
            }
        });
        stream::once(async { Ok(header) }).chain(rows).boxed()
    }
}

struct Reading {
    store: Arc<dyn Store>,
    statement: Statement,
    writer: StatementWriter,
    after: Option<StatementPosition>,
}

impl Reading {
    async fn next_piece(mut self) -> Result<Option<(String, Option<Self>)>, Failure> {
        let Statement { day, platform, .. } = &self.statement;
        let rows = self.store.statement_rows(*day, platform, self.after, ROWS_PER_PIECE).await?;
        let Some(last) = rows.last() else { return self.end().map(|()| None) };
        self.after = Some((last.at, last.transaction_id));
        let piece = rows.iter().map(|row| self.writer.line(row)).collect();
        Ok(Some((piece, Some(self))))
    }

    fn end(self) -> Result<(), Failure> {
        let Statement { day, platform, head } = self.statement;
        match self.writer.finish(head.closed_at) == head {
            true => Ok(()),
            false => Err(Failure::from(StoreError::Corrupt {
                table: "statement",
                id: format!("{day} {platform}"),
                detail: String::from("the journal does not give the statement that was closed"),
            })),
        }
    }
}
