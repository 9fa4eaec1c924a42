use std::collections::{BTreeMap, BTreeSet};

use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::TransactionId;

use super::{
    BadRow, Difference, FileBatch, FileRow, OrderNumber, Partner, RequestId, Side, StatementHead,
    StatementRow, TransactionKind,
};

/// Names a reconciliation: whose it is, and its request id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ReconciliationKey {
    /// The platform.
    pub partner: Partner,
    /// The id that it gave.
    pub id: RequestId,
}

/// Where a reconciliation stands. Each step of it is one commit, so that it goes on where it was
/// left, whoever brings it on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The file is being put away.
    Staging,
    /// Our rows are put beside it, up to this one.
    Counting(Option<(Timestamp, TransactionId)>),
    /// What agrees is taken out, up to this item.
    Sweeping(Option<String>),
    /// What is left differs.
    Finished {
        /// Since when.
        at: Timestamp,
    },
}

/// What one side comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SideTotals {
    /// Rows.
    pub rows: i64,
    /// Captured.
    pub captured: Fen,
    /// Refunded.
    pub refunded: Fen,
}

/// A platform's file of a day beside the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reconciliation {
    /// Its name.
    pub key: ReconciliationKey,
    /// The closed day.
    pub day: BusinessDay,
    /// Where it stands.
    pub phase: Phase,
    /// The last line of the file that was put away.
    pub staged_line: i64,
    /// The chained digest of the file up to that line.
    pub chain: [u8; 32],
    /// What the rows that read come to.
    pub theirs: SideTotals,
    /// Rows that do not read.
    pub bad_rows: i64,
    /// Items that agree.
    pub matched: i64,
    /// Items that do not.
    pub differences: i64,
}

/// What is to be done with a part of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It comes next: it is put away.
    Next,
    /// It was put away before.
    Before,
    /// It is not of the file that was put away before.
    OtherFile,
}

impl Reconciliation {
    /// A reconciliation that nothing was put away for.
    pub fn new(key: ReconciliationKey, day: BusinessDay) -> Self {
        Self {
            key,
            day,
            phase: Phase::Staging,
            staged_line: 0,
            chain: [0; 32],
            theirs: SideTotals::EMPTY,
            bad_rows: 0,
            matched: 0,
            differences: 0,
        }
    }

    /// Whether all was compared.
    pub fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Finished { .. })
    }

    /// What is to be done with a part of the file. Parts end at the same lines each time the file
    /// is sent, so that the one which ends where staging stopped shows whether it is the same file.
    pub fn take(&self, part: &FileBatch) -> Taken {
        let ends_here = part.last_line == self.staged_line;
        if self.phase == Phase::Staging && part.after_line == self.staged_line {
            return Taken::Next;
        }
        let same = match ends_here {
            true => part.chain == self.chain,
            false => part.last_line < self.staged_line && !part.is_last,
        };
        if same { Taken::Before } else { Taken::OtherFile }
    }

    /// The reconciliation after a part was put away.
    pub fn with(&self, part: &FileBatch) -> Self {
        let mut next = self.clone();
        for row in &part.rows {
            next.theirs.add(row.kind, row.amount);
        }
        next.staged_line = part.last_line;
        next.chain = part.chain;
        next.bad_rows += i64::try_from(part.bad.len()).expect("a part is small");
        if part.is_last {
            next.phase = Phase::Counting(None);
        }
        next
    }

    /// The reconciliation after the next of our rows were put beside the file; none is the end.
    pub fn counted(&self, rows: &[StatementRow]) -> Self {
        let phase = match rows.last() {
            Some(last) => Phase::Counting(Some((last.at, last.transaction_id))),
            None => Phase::Sweeping(None),
        };
        Self { phase, ..self.clone() }
    }

    /// The reconciliation after the next items were looked at, and those of them that agree; no
    /// item is the end.
    pub fn swept<'a>(&self, items: &'a [Difference], at: Timestamp) -> (Self, Vec<&'a str>) {
        let agree: Vec<&str> =
            items.iter().filter(|item| item.agrees()).map(|item| item.id.as_str()).collect();
        let phase = match items.last() {
            Some(last) => Phase::Sweeping(Some(last.id.clone())),
            None => Phase::Finished { at },
        };
        let count = |count: usize| i64::try_from(count).expect("a step is bounded");
        let next = Self {
            phase,
            matched: self.matched + count(agree.len()),
            differences: self.differences + count(items.len() - agree.len()),
            ..self.clone()
        };
        (next, agree)
    }

    /// Those of a part's bad rows that are kept: the first `max` of the file.
    pub fn kept_bad_rows<'a>(&self, part: &'a FileBatch, max: usize) -> &'a [BadRow] {
        let before = usize::try_from(self.bad_rows).unwrap_or(max);
        &part.bad[..part.bad.len().min(max.saturating_sub(before))]
    }
}

impl SideTotals {
    /// Nothing.
    pub const EMPTY: Self = Self { rows: 0, captured: Fen::ZERO, refunded: Fen::ZERO };

    /// What a statement comes to.
    pub fn of(head: &StatementHead) -> Self {
        Self { rows: head.rows, captured: head.captured, refunded: head.refunded }
    }

    /// Adds a row.
    pub(super) fn add(&mut self, kind: TransactionKind, amount: Fen) {
        self.rows += 1;
        match kind {
            TransactionKind::Capture => self.captured.0 += amount.0,
            TransactionKind::Refund => self.refunded.0 += amount.0,
        }
    }
}

/// What rows of one side add to an item: an order's captures, an order's refunds, or a transaction
/// that the file names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ItemPart {
    /// Names the item within its reconciliation.
    pub item: String,
    /// Captures or refunds.
    pub kind: TransactionKind,
    /// The order.
    pub order_number: OrderNumber,
    /// The transaction that the file names.
    pub transaction_id: Option<TransactionId>,
    /// The first line of the file in it.
    pub line: Option<i64>,
    /// What the journal adds.
    pub ours: Side,
    /// What the file adds.
    pub theirs: Side,
}

/// What rows of the file add, an item each.
pub fn their_parts(rows: &[FileRow]) -> Vec<ItemPart> {
    let mut parts = BTreeMap::new();
    for row in rows {
        let item = item_of(row.kind, &row.order_number, row.transaction_id);
        let part = parts.entry(item).or_insert_with_key(|item| ItemPart {
            transaction_id: row.transaction_id,
            line: Some(row.line),
            ..ItemPart::empty(item, row.kind, &row.order_number)
        });
        part.theirs.add(row.amount);
    }
    parts.into_values().collect()
}

/// The items that the file would name rows of the journal by, if it named them.
pub fn items_if_named(rows: &[StatementRow]) -> Vec<String> {
    rows.iter().map(|row| transaction_item(row.kind, row.transaction_id)).collect()
}

/// What rows of the journal add, an item each; the file names the transactions of `named`.
pub fn our_parts(rows: &[StatementRow], named: &BTreeSet<String>) -> Vec<ItemPart> {
    let mut parts = BTreeMap::new();
    for row in rows {
        let by_itself = transaction_item(row.kind, row.transaction_id);
        let (item, transaction_id) = match named.contains(&by_itself) {
            true => (by_itself, Some(row.transaction_id)),
            false => (item_of(row.kind, &row.order_number, None), None),
        };
        let part = parts.entry(item).or_insert_with_key(|item| ItemPart {
            transaction_id,
            ..ItemPart::empty(item, row.kind, &row.order_number)
        });
        part.ours.add(row.amount);
    }
    parts.into_values().collect()
}

impl ItemPart {
    fn empty(item: &str, kind: TransactionKind, order_number: &OrderNumber) -> Self {
        Self {
            item: item.to_owned(),
            kind,
            order_number: order_number.clone(),
            transaction_id: None,
            line: None,
            ours: Side::EMPTY,
            theirs: Side::EMPTY,
        }
    }
}

fn item_of(
    kind: TransactionKind,
    order_number: &OrderNumber,
    transaction_id: Option<TransactionId>,
) -> String {
    match transaction_id {
        Some(id) => transaction_item(kind, id),
        None => format!("{}:order:{order_number}", kind.name()),
    }
}

fn transaction_item(kind: TransactionKind, id: TransactionId) -> String {
    format!("{}:transaction:{id}", kind.name())
}
