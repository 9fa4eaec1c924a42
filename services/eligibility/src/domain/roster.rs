//! Rosters: what an office's row says, and what it comes to for the registry.

mod decide;
mod draft;
mod read;

use std::fmt;

use clock::Timestamp;
use member_identity::{IdDocument, MobileNumber, OrganizationPath, PersonName};

use super::Refusal;
use super::keyring::Blind;
use super::member::Registration;

pub use decide::{
    ImportBatch, ImportEffects, ImportState, KnownMember, KnownPerson, MemberWrite, NewPerson,
    decide_import,
};
pub use draft::{Draft, SealedContent};
pub use read::read_row;

/// Rows of one message at most.
pub const ROWS_MAX: usize = 1_000;
/// Rows of one commit at most: the members of a shard cannot be changed by others meanwhile.
pub const BATCH_ROWS_MAX: usize = 4_000;
/// Bad rows that an import keeps and shows at most.
pub const PROBLEMS_MAX: usize = 1_000;

/// A row as the office wrote it. Has no `Debug`: it holds personal data in the clear.
#[derive(Clone, PartialEq, Eq)]
pub struct WrittenRow {
    /// The line in the office's file.
    pub line: i64,
    /// The member's name.
    pub name: String,
    /// Identity document number.
    pub id_number: String,
    /// Mobile number; empty for none.
    pub phone: String,
    /// Key or Chinese name of the trade.
    pub trade: String,
    /// Key or Chinese name of the form of employment; empty for the usual one.
    pub employment: String,
    /// Code or full Chinese name of the region.
    pub region: String,
    /// Keys or Chinese names of honours, joined by `;`.
    pub honours: String,
    /// Path of an organization; empty for the header's.
    pub organization: String,
}

/// Who a member is.
#[derive(Clone, PartialEq, Eq)]
pub struct PersonalContent {
    /// The identity document.
    pub id: IdDocument,
    /// Mobile number.
    pub phone: Option<MobileNumber>,
    /// Name.
    pub name: PersonName,
}

impl fmt::Debug for PersonalContent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PersonalContent(REDACTED)")
    }
}

/// A row that has been read and is well formed.
#[derive(Clone, Debug)]
pub struct RosterRow {
    /// The line in the office's file.
    pub line: i64,
    /// Who the member is.
    pub content: PersonalContent,
    /// Keyed digest of the whole of it.
    pub tag: Blind,
    /// What else the row says.
    pub registration: Registration,
    /// Blind indexes of the identity number under every index key, the newest first.
    pub id_blinds: Vec<Blind>,
    /// The newest index key's version.
    pub index_version: u32,
    /// Blind index of the phone under the newest index key.
    pub phone_blind: Option<Blind>,
    /// What it comes to when the person is new; absent when that is not likely.
    pub draft: Option<Draft>,
}

/// A row that was not taken in: where, and why; never what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowProblem {
    /// The line in the office's file.
    pub line: i64,
    /// The column.
    pub column: &'static str,
    /// A stable key.
    pub reason: &'static str,
}

/// A row as it reaches the store, in line order.
#[derive(Clone, Debug)]
pub enum ReadRow {
    /// Well formed.
    Good(Box<RosterRow>),
    /// Not to be taken in.
    Bad(RowProblem),
}

impl ReadRow {
    /// The line in the office's file.
    pub fn line(&self) -> i64 {
        match self {
            Self::Good(row) => row.line,
            Self::Bad(problem) => problem.line,
        }
    }
}

/// A row problem as the store has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptProblem {
    /// The line in the office's file.
    pub line: i64,
    /// The column.
    pub column: String,
    /// A stable key.
    pub reason: String,
}

/// How far an import has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RosterImport {
    /// The caller's import id.
    pub import_id: String,
    /// The organization of its header.
    pub organization: OrganizationPath,
    /// The last line that has been decided.
    pub committed_line: i64,
    /// Rows that made a new member.
    pub added: i64,
    /// Rows that changed a member.
    pub changed: i64,
    /// Rows that found the member as they say.
    pub unchanged: i64,
    /// Rows that were not taken in.
    pub bad: i64,
    /// When its last batch was committed.
    pub updated_at: Timestamp,
}

impl RosterImport {
    /// An import of which nothing has been decided.
    pub fn new(import_id: String, organization: OrganizationPath, at: Timestamp) -> Self {
        let (committed_line, added, changed, unchanged, bad) = (0, 0, 0, 0, 0);
        Self {
            import_id,
            organization,
            committed_line,
            added,
            changed,
            unchanged,
            bad,
            updated_at: at,
        }
    }
}

/// What beginning an import comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Beginning {
    /// It is to be added.
    New(RosterImport),
    /// It goes on from where it stands.
    Begun(RosterImport),
}

/// Decides on the beginning of an import, given the one of that id and whether its organization
/// exists.
pub fn decide_beginning(
    new: RosterImport,
    begun: Option<RosterImport>,
    organization_exists: bool,
) -> Result<Beginning, Refusal> {
    match begun {
        _ if !organization_exists => Err(Refusal::NotFound("organization")),
        None => Ok(Beginning::New(new)),
        Some(begun) if begun.organization == new.organization => Ok(Beginning::Begun(begun)),
        Some(_) => Err(Refusal::ImportIdReused),
    }
}

#[cfg(test)]
mod tests;
