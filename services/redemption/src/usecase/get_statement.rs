use std::sync::Arc;

use clock::BusinessDay;
use futures::stream::{self, BoxStream, StreamExt as _};
use member_identity::OrganizationPath;
use rpc::{Caller, ErrorReason, Problem};

use super::get_daily_totals::OPS;
use super::{Failure, Settlement, partner};
use crate::domain::{ClosedDay, Counterparty, Partner, StatementHead, StatementWriter};
use crate::store::{StatementPosition, Store, StoreError};

/// Rows a piece of the file. A row has at most 785 bytes, so that a piece stays below 64 KiB.
const ROWS_PER_PIECE: u32 = 83;

/// The statement of a closed day for one counterparty.
#[derive(Clone, Debug)]
pub struct Statement {
    /// The day.
    pub day: BusinessDay,
    /// Whose it is.
    pub counterparty: Counterparty,
    /// What the file holds.
    pub head: StatementHead,
    /// The key that signed the head.
    pub key_id: String,
    /// The signature.
    pub signature: [u8; 64],
}

/// The file, piece by piece.
pub type StatementPieces = BoxStream<'static, Result<String, Failure>>;

impl Settlement {
    /// The head of a statement: of the caller's own, or of another's for ops. Their subtree must
    /// contain the funder, the organization that registers a chain's shops (which contains every
    /// organization in its statement), or every organization in a platform's statement.
    pub async fn get_statement(
        &self,
        caller: &Caller,
        day: BusinessDay,
        counterparty: Option<Counterparty>,
    ) -> Result<Statement, Failure> {
        let own = Counterparty::Platform(partner(caller));
        let counterparty = counterparty.unwrap_or_else(|| own.clone());
        require_whose(caller, &counterparty)?;
        let closed = self.store.closed_day(day).await?.ok_or(Failure::DayNotClosed(day))?;
        if let Counterparty::Platform(platform) = &counterparty
            && counterparty != own
            && caller.organization.is_some()
        {
            self.seen_of_day(caller, day, platform).await?;
        }
        self.statement(day, closed, counterparty).await
    }

    /// The organizations that a day of a platform has rows of: all, or it is refused to a caller who
    /// does not see one of them. Not worth reading for a caller who is bound to no subtree.
    pub(super) async fn seen_of_day(
        &self,
        caller: &Caller,
        day: BusinessDay,
        platform: &Partner,
    ) -> Result<Vec<OrganizationPath>, Failure> {
        let organizations = self.store.organizations_of(day, platform).await?;
        for organization in &organizations {
            caller.require_within(organization)?;
        }
        Ok(organizations)
    }

    async fn statement(
        &self,
        day: BusinessDay,
        closed: ClosedDay,
        counterparty: Counterparty,
    ) -> Result<Statement, Failure> {
        let format = match counterparty {
            Counterparty::Platform(_) => closed.format,
            Counterparty::Funder(_) if !closed.has_funders => {
                return Err(Failure::DayNotClosed(day));
            }
            Counterparty::Funder(_) | Counterparty::Chain(_) => counterparty.format(),
        };
        // A counterparty that had no dealings on the day has a statement without rows.
        let head = self.store.statement(day, &counterparty).await?;
        let empty = || StatementWriter::begin(format, day, &counterparty).0.finish(closed.at);
        let head = head.unwrap_or_else(empty);
        let key_id = self.keys.signer.public().key_id().to_owned();
        let signed = head.signed_text(day, &counterparty, &key_id);
        let signature = self.keys.signer.sign(signed.as_bytes());
        Ok(Statement { day, counterparty, head, key_id, signature })
    }

    /// The file of a statement, made again from the journal. It ends with a failure when it is not
    /// the file that was made when the day was closed.
    pub fn statement_pieces(&self, statement: Statement) -> StatementPieces {
        let Statement { day, counterparty, head, .. } = &statement;
        let (writer, header) = StatementWriter::begin(head.format, *day, counterparty);
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

/// Refuses whoever may not ask for what is that counterparty's. What ops see of another platform
/// depends on its rows besides.
pub(super) fn require_whose(caller: &Caller, whose: &Counterparty) -> Result<(), Problem> {
    if *whose == Counterparty::Platform(partner(caller)) {
        return Ok(());
    }
    require_ops(caller)?;
    match whose {
        Counterparty::Platform(_) => Ok(()),
        Counterparty::Funder(organization) => caller.require_within(organization),
        Counterparty::Chain(chain) => caller.require_within(chain.organization()),
    }
}

/// Refuses whoever may not see what is another's.
pub(super) fn require_ops(caller: &Caller) -> Result<(), Problem> {
    match caller.has_scope(OPS) {
        true => Ok(()),
        false => Err(Problem::new(ErrorReason::ScopeMissing).with("scope", OPS)),
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
        let Statement { day, counterparty, .. } = &self.statement;
        let after = self.after.take();
        let rows = self.store.statement_rows(*day, counterparty, after, ROWS_PER_PIECE).await?;
        let Some(last) = rows.last() else { return self.end().map(|()| None) };
        self.after = Some((last.platform.clone(), last.at, last.transaction_id));
        let piece = rows.iter().map(|row| self.writer.line(row)).collect();
        Ok(Some((piece, Some(self))))
    }

    fn end(self) -> Result<(), Failure> {
        let Statement { day, counterparty, head, .. } = self.statement;
        match self.writer.finish(head.closed_at) == head {
            true => Ok(()),
            false => Err(Failure::from(StoreError::Corrupt {
                table: "statement",
                id: format!("{day} {counterparty}"),
                detail: String::from("the journal does not give the statement that was closed"),
            })),
        }
    }
}
