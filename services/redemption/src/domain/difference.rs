use benefit::Fen;
use clock::Timestamp;
use member_identity::TransactionId;

use super::{OrderNumber, ReconciliationKey, RequestId, Subject, TransactionKind};

/// How the two sides of an item differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DifferenceKind {
    /// It is in the file and not in the journal.
    MissingHere,
    /// It is in the journal and not in the file.
    MissingThere,
    /// It is in both, with another amount.
    AmountDiffers,
}

/// What became of a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DifferenceState {
    /// Nobody has decided.
    Open,
    /// It stands as it is, for good.
    Accepted {
        /// Who decided so.
        by: Subject,
    },
    /// Somebody holds that it must be put right.
    Disputed,
}

/// One side of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Side {
    /// Rows in it.
    pub rows: i64,
    /// Their sum.
    pub amount: Fen,
}

/// Something that the two sides do not say alike.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Names it within its reconciliation.
    pub id: String,
    /// Captures or refunds.
    pub transaction_kind: TransactionKind,
    /// The order.
    pub order_number: OrderNumber,
    /// The transaction that the file names.
    pub transaction_id: Option<TransactionId>,
    /// The first line of the file that says it.
    pub line: Option<i64>,
    /// The journal's side.
    pub ours: Side,
    /// The file's side.
    pub theirs: Side,
    /// What became of it.
    pub state: DifferenceState,
    /// How often something was said of it.
    pub resolutions: i64,
    /// What was said last, oldest first.
    pub history: Vec<Resolution>,
}

/// What is done about a difference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolutionAction {
    /// It stands as it is.
    Accept,
    /// It must be put right.
    Dispute,
    /// Only said.
    Note,
}

/// A word on a difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// Counts what was said of it, from 1.
    pub position: i64,
    /// What was done.
    pub action: ResolutionAction,
    /// Why.
    pub text: String,
    /// Who.
    pub by: Subject,
    /// When.
    pub at: Timestamp,
}

/// A word that is to be added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolve {
    /// The request; its scope is the caller.
    pub request_id: RequestId,
    /// The caller.
    pub by: Subject,
    /// Whose reconciliation, and which.
    pub key: ReconciliationKey,
    /// Which difference.
    pub difference_id: String,
    /// What is done.
    pub action: ResolutionAction,
    /// Why.
    pub text: String,
    /// When.
    pub at: Timestamp,
}

/// The same request as it was done before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolved {
    /// Of which reconciliation.
    pub key: ReconciliationKey,
    /// On which difference.
    pub difference_id: String,
    /// What was added.
    pub resolution: Resolution,
}

/// Why nothing is added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolveProblem {
    /// There is no such difference.
    Unknown,
    /// It was accepted before.
    Accepted {
        /// Who decided so.
        by: Subject,
    },
    /// The request id was used with other content: the first field that differs.
    Reused(&'static str),
}

impl Side {
    /// Nothing.
    pub const EMPTY: Self = Self { rows: 0, amount: Fen::ZERO };

    /// Adds a row.
    pub(super) fn add(&mut self, amount: Fen) {
        self.rows += 1;
        self.amount.0 += amount.0;
    }
}

impl Difference {
    /// Whether both sides say it, with the same amount: it is none.
    pub fn agrees(&self) -> bool {
        self.ours.rows > 0 && self.theirs.rows > 0 && self.ours.amount == self.theirs.amount
    }

    /// How the two sides differ.
    pub fn kind(&self) -> DifferenceKind {
        match (self.ours.rows, self.theirs.rows) {
            (0, _) => DifferenceKind::MissingHere,
            (_, 0) => DifferenceKind::MissingThere,
            (_, _) => DifferenceKind::AmountDiffers,
        }
    }

    /// The difference with one more word, which is the last of its history; a note changes no
    /// state, and what was accepted stays accepted.
    pub fn resolve(mut self, command: &Resolve) -> Result<Self, ResolveProblem> {
        let decided = match command.action {
            ResolutionAction::Note => None,
            ResolutionAction::Accept => Some(DifferenceState::Accepted { by: command.by.clone() }),
            ResolutionAction::Dispute => Some(DifferenceState::Disputed),
        };
        self.state = match (self.state, decided) {
            (state, None) => state,
            (DifferenceState::Accepted { by }, Some(_)) => {
                return Err(ResolveProblem::Accepted { by });
            }
            (DifferenceState::Open | DifferenceState::Disputed, Some(state)) => state,
        };
        self.resolutions += 1;
        self.history.push(Resolution {
            position: self.resolutions,
            action: command.action,
            text: command.text.clone(),
            by: command.by.clone(),
            at: command.at,
        });
        Ok(self)
    }
}

impl Resolved {
    /// The answer to the same request; another request under its id is refused (law A1).
    pub fn again(self, command: &Resolve) -> Result<Resolution, ResolveProblem> {
        let fields = [
            ("reconciliation_id", self.key.id == command.key.id),
            ("platform", self.key.partner == command.key.partner),
            ("difference_id", self.difference_id == command.difference_id),
            ("action", self.resolution.action == command.action),
            ("text", self.resolution.text == command.text),
        ];
        match fields.into_iter().find(|(_, same)| !same) {
            Some((field, _)) => Err(ResolveProblem::Reused(field)),
            None => Ok(self.resolution),
        }
    }
}

impl ResolutionAction {
    const ALL: [Self; 3] = [Self::Accept, Self::Dispute, Self::Note];

    /// The name in tables.
    pub fn name(self) -> &'static str {
        match self {
            Self::Accept => "ACCEPT",
            Self::Dispute => "DISPUTE",
            Self::Note => "NOTE",
        }
    }

    /// The action of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }
}

#[cfg(test)]
mod tests;
