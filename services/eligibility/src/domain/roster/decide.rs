use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use clock::Timestamp;
use member_identity::{MemberId, OrganizationPath, PersonKey};

use super::draft::{Draft, SealedContent};
use super::{PROBLEMS_MAX, ReadRow, RosterImport, RosterRow, RowProblem};
use crate::domain::keyring::{Blind, DataKey, SealBroken, WrappedKey};
use crate::domain::member::{Member, State};
use crate::domain::registry::Applied;
use crate::domain::vault::Vault;

/// Rows to decide and commit together.
#[derive(Clone, Debug)]
pub struct ImportBatch {
    /// The caller's import id.
    pub import_id: String,
    /// The last line that the stream has had committed: its own, or what was there when it began.
    pub after_line: i64,
    /// At most [`BATCH_ROWS_MAX`](super::BATCH_ROWS_MAX), in the order of the stream.
    pub rows: Vec<ReadRow>,
    /// The time of the commit.
    pub at: Timestamp,
}

impl ImportBatch {
    /// The rows that are well formed.
    pub fn good(&self) -> impl Iterator<Item = &RosterRow> {
        self.rows.iter().filter_map(|row| match row {
            ReadRow::Good(row) => Some(&**row),
            ReadRow::Bad(_) => None,
        })
    }
}

/// What the store knows, read under the write lock.
#[derive(Clone, Debug)]
pub struct ImportState {
    /// How far the import has come.
    pub import: RosterImport,
    /// The persons whom the batch's blind indexes find.
    pub persons: HashMap<Blind, KnownPerson>,
    /// Those of the batch's organizations that exist.
    pub organizations: HashSet<OrganizationPath>,
}

/// A person who has been met before.
#[derive(Clone, Debug)]
pub struct KnownPerson {
    /// The key that stands for them.
    pub person: PersonKey,
    /// Their data key.
    pub key: WrappedKey,
    /// Their live membership.
    pub live: Option<KnownMember>,
}

/// A live membership as the store has it.
#[derive(Clone, Debug)]
pub struct KnownMember {
    /// The membership.
    pub member: Member,
    /// Keyed digest of its personal content.
    pub tag: Blind,
    /// When it was made.
    pub created_at: Timestamp,
}

/// A person to add.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPerson {
    /// The key that stands for them.
    pub person: PersonKey,
    /// Their data key.
    pub key: WrappedKey,
}

/// A member to write: new, or in place of what is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberWrite {
    /// The membership with what only memory shows.
    pub applied: Applied,
    /// Its personal columns.
    pub sealed: SealedContent,
    /// The newest blind index of the identity number.
    pub id_blind: Blind,
    /// The blind index of the phone; any other of this person goes.
    pub phone_blind: Option<Blind>,
    /// The version of both.
    pub index_version: u32,
    /// When the membership was made.
    pub created_at: Timestamp,
    /// The member's version as the store had it; none for a new one.
    pub read_version: Option<i64>,
}

/// What a batch comes to.
#[derive(Clone, Debug)]
pub struct ImportEffects {
    /// The import after the batch.
    pub import: RosterImport,
    /// Persons to add.
    pub persons: Vec<NewPerson>,
    /// Members to write, each once however many rows named it.
    pub members: BTreeMap<MemberId, MemberWrite>,
    /// Bad rows to keep, with their positions among the import's bad rows.
    pub problems: Vec<(i64, RowProblem)>,
}

/// Decides a batch, row by row in the order of the stream: a later row is judged against what an
/// earlier one did. Fails only when a known person's data key does not open.
pub fn decide_import(
    state: ImportState,
    batch: &ImportBatch,
    vault: &Vault,
) -> Result<ImportEffects, (PersonKey, SealBroken)> {
    // When another stream of the same import was faster, what it committed is passed over.
    let overtaken = state.import.committed_line != batch.after_line;
    let floor = if overtaken { state.import.committed_line } else { i64::MIN };
    let mut decider = Decider::new(state, batch.at, vault);
    for row in batch.rows.iter().filter(|row| row.line() > floor) {
        decider.decide(row)?;
    }
    Ok(decider.finish())
}

struct Decider<'v> {
    vault: &'v Vault,
    at: Timestamp,
    persons: HashMap<Blind, KnownPerson>,
    organizations: HashSet<OrganizationPath>,
    keys: HashMap<PersonKey, Arc<DataKey>>,
    effects: ImportEffects,
}

impl<'v> Decider<'v> {
    fn new(state: ImportState, at: Timestamp, vault: &'v Vault) -> Self {
        let ImportState { import, persons, organizations } = state;
        let effects = ImportEffects {
            import: RosterImport { updated_at: at, ..import },
            persons: Vec::new(),
            members: BTreeMap::new(),
            problems: Vec::new(),
        };
        Self { vault, at, persons, organizations, keys: HashMap::new(), effects }
    }

    fn decide(&mut self, row: &ReadRow) -> Result<(), (PersonKey, SealBroken)> {
        let import = &mut self.effects.import;
        import.committed_line = import.committed_line.max(row.line());
        match row {
            ReadRow::Bad(problem) => self.refuse(*problem),
            ReadRow::Good(row) => match self.objection(row) {
                Some(problem) => self.refuse(problem),
                None => self.accept(row)?,
            },
        }
        Ok(())
    }

    fn refuse(&mut self, problem: RowProblem) {
        let position = self.effects.import.bad;
        if usize::try_from(position).is_ok_and(|position| position < PROBLEMS_MAX) {
            self.effects.problems.push((position, problem));
        }
        self.effects.import.bad += 1;
    }

    /// What the registry has against a well-formed row.
    fn objection(&self, row: &RosterRow) -> Option<RowProblem> {
        let problem = |column, reason| Some(RowProblem { line: row.line, column, reason });
        if !self.organizations.contains(&row.registration.organization) {
            return problem("organization", "ORGANIZATION_UNKNOWN");
        }
        let live = self.known(row).and_then(|known| known.live.as_ref())?;
        let within = &self.effects.import.organization;
        match within.contains(&live.member.registration.organization) {
            true => None,
            false => problem("id_number", "MEMBER_ELSEWHERE"),
        }
    }

    fn known(&self, row: &RosterRow) -> Option<&KnownPerson> {
        row.id_blinds.iter().find_map(|blind| self.persons.get(blind))
    }

    fn accept(&mut self, row: &RosterRow) -> Result<(), (PersonKey, SealBroken)> {
        let Some(known) = self.known(row).cloned() else {
            self.meet(row);
            return Ok(());
        };
        let import = &mut self.effects.import;
        let (member, created_at) = match &known.live {
            Some(live) if live.tag == row.tag && live.member.registration == row.registration => {
                import.unchanged += 1;
                return Ok(());
            }
            Some(live) => {
                import.changed += 1;
                (changed(&live.member, row, self.at), live.created_at)
            }
            None => {
                import.added += 1;
                let member_id = Draft::mint(known.person, self.at, self.vault);
                (new_member(known.person, member_id, row, self.at), self.at)
            }
        };
        let key = self.data_key(&known).map_err(|broken| (known.person, broken))?;
        let sealed = SealedContent::seal(row, &key, member.member_id, self.vault);
        self.write(known, MemberVersion { member, sealed, created_at }, row);
        Ok(())
    }

    /// A person who has not been met: gets a random key and a data key of their own.
    fn meet(&mut self, row: &RosterRow) {
        let draft = match &row.draft {
            Some(draft) => draft.clone(),
            None => Draft::of(row, self.at, self.vault),
        };
        let Draft { person, key, member_id, sealed } = draft;
        self.effects.import.added += 1;
        self.effects.persons.push(NewPerson { person, key: key.clone() });
        let member = new_member(person, member_id, row, self.at);
        let version = MemberVersion { member, sealed, created_at: self.at };
        self.write(KnownPerson { person, key, live: None }, version, row);
    }

    fn write(&mut self, known: KnownPerson, version: MemberVersion, row: &RosterRow) {
        let MemberVersion { member, sealed, created_at } = version;
        let read_version = match self.effects.members.get(&member.member_id) {
            Some(earlier) => earlier.read_version,
            None => known.live.as_ref().map(|live| live.member.version),
        };
        let write = MemberWrite {
            applied: Applied {
                member: member.clone(),
                sex: row.content.id.sex(),
                birth: row.content.id.birth_date(),
                blind: Some(row.id_blinds[0]),
            },
            sealed,
            id_blind: row.id_blinds[0],
            phone_blind: row.phone_blind,
            index_version: row.index_version,
            created_at,
            read_version,
        };
        self.effects.members.insert(member.member_id, write);
        let live = Some(KnownMember { member, tag: row.tag, created_at });
        let known = KnownPerson { live, ..known };
        self.persons.extend(row.id_blinds.iter().map(|blind| (*blind, known.clone())));
    }

    fn data_key(&mut self, known: &KnownPerson) -> Result<Arc<DataKey>, SealBroken> {
        if let Some(key) = self.keys.get(&known.person) {
            return Ok(Arc::clone(key));
        }
        let key = Arc::new(self.vault.unwrap(known.person, &known.key)?);
        self.keys.insert(known.person, Arc::clone(&key));
        Ok(key)
    }

    fn finish(self) -> ImportEffects {
        self.effects
    }
}

/// A member as a row makes it.
struct MemberVersion {
    member: Member,
    sealed: SealedContent,
    created_at: Timestamp,
}

fn new_member(person: PersonKey, member_id: MemberId, row: &RosterRow, at: Timestamp) -> Member {
    Member {
        member_id,
        person,
        registration: row.registration.clone(),
        state: State::Active,
        version: 1,
        updated_at: at,
    }
}

fn changed(member: &Member, row: &RosterRow, at: Timestamp) -> Member {
    Member {
        registration: row.registration.clone(),
        version: member.version + 1,
        updated_at: at,
        ..member.clone()
    }
}
