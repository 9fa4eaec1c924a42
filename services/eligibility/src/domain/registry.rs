//! The registry in memory: what verdicts are taken from, without a database in the way.
//!
//! It mirrors committed members only; whoever commits a change applies it here before answering.

mod handles;
mod record;
mod slots;

use std::collections::HashMap;

use jiff::civil::Date;
use member_identity::{
    Employment, Honours, MemberId, OrganizationPath, PersonKey, RegionCode, Sex, Trade,
};

use super::keyring::Blind;
use super::member::{Member, State};
use handles::Handles;
use record::Record;
use slots::Slots;

pub use handles::Handle;

/// A member as verdicts need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its id.
    pub member_id: MemberId,
    /// The natural person.
    pub person: PersonKey,
    /// The organization that keeps the membership.
    pub organization: OrganizationPath,
    /// The trade.
    pub trade: Trade,
    /// The form of employment.
    pub employment: Employment,
    /// Where the member works.
    pub region: RegionCode,
    /// Honours held.
    pub honours: Honours,
    /// The stage.
    pub state: State,
    /// Sex, when the identity document states it.
    pub sex: Option<Sex>,
    /// Birth date, when the identity document states it.
    pub birth: Option<Date>,
}

/// A committed member with what only memory shows in the clear.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Applied {
    /// The membership.
    pub member: Member,
    /// Sex, when known.
    pub sex: Option<Sex>,
    /// Birth date, when known.
    pub birth: Option<Date>,
    /// The newest blind index of the identity number that this replica has a key for.
    pub blind: Option<Blind>,
}

/// A member where the registry has it.
#[derive(Clone, Copy, Debug)]
pub struct Found<'r> {
    record: &'r Record,
    organization: &'r OrganizationPath,
}

impl Found<'_> {
    /// The organization that keeps the membership.
    pub fn organization(&self) -> &OrganizationPath {
        self.organization
    }

    /// The stage.
    pub fn state(&self) -> State {
        self.record.state
    }

    /// Where the member works.
    pub fn region(&self) -> RegionCode {
        self.record.region
    }

    /// The trade.
    pub fn trade(&self) -> Trade {
        self.record.trade
    }

    /// Honours held.
    pub fn honours(&self) -> Honours {
        self.record.honours
    }

    /// All that verdicts need.
    pub fn entry(&self) -> Entry {
        let Record { member_id, person, region, birth, honours, .. } = *self.record;
        let Record { trade, employment, state, sex, .. } = *self.record;
        let organization = self.organization.clone();
        Entry {
            member_id,
            person,
            organization,
            trade,
            employment,
            region,
            honours,
            state,
            sex,
            birth,
        }
    }
}

/// Records of one piece of memory: the registry grows by pieces and nothing is ever moved.
const PIECE: usize = 4_096;

/// Members by id, by blind index and by handle. A member takes 72 bytes and, on average, 15 of the
/// two indexes, a card 64 with both of its handles, a linked account 32; there is no allocation of
/// its own for any.
#[derive(Debug, Default)]
pub struct Registry {
    pieces: Vec<Vec<Record>>,
    by_id: Slots,
    by_blind: Slots,
    handles: Handles,
    organizations: Vec<OrganizationPath>,
    /// Members of each of them.
    counts: Vec<usize>,
    organization_numbers: HashMap<OrganizationPath, u32>,
}

impl Registry {
    /// Takes in a committed member, new or changed, unless a later version is there.
    pub fn apply(&mut self, applied: Applied) {
        let slot = self.slot(applied.member.member_id);
        if slot.is_some_and(|slot| self.record(slot).is_after(applied.member.version)) {
            return;
        }
        let organization = self.organization_number(&applied.member.registration.organization);
        let record = Record::new(&applied, organization);
        let slot = match slot {
            Some(slot) => {
                let before = std::mem::replace(self.record_mut(slot), record);
                self.counts[before.organization as usize] -= 1;
                slot
            }
            None => self.add(record),
        };
        self.counts[organization as usize] += 1;
        if let Some(blind) = applied.blind {
            let pieces = &self.pieces;
            self.by_blind.insert(&blind, slot, |slot| record_of(pieces, slot).blind);
        }
    }

    /// Takes in a committed change of stage, unless a later version is there. What else the version
    /// may have changed comes with the member.
    pub fn set_state(&mut self, member: &Member) {
        let Some(slot) = self.slot(member.member_id) else { return };
        let record = self.record_mut(slot);
        if !record.is_after(member.version) {
            record.set_state(member.state, member.version);
        }
    }

    /// The live member of that id.
    pub fn find(&self, member_id: MemberId) -> Option<Found<'_>> {
        Some(self.found(self.slot(member_id)?))
    }

    /// The live member whose identity number has one of these blind indexes.
    pub fn find_blind(&self, blinds: &[Blind]) -> Option<Found<'_>> {
        let find = |blind| self.by_blind.find(blind, |slot| self.record(slot).blind);
        Some(self.found(blinds.iter().find_map(find)?))
    }

    /// Takes in a committed handle, unless a later version is there. One whose member is not here
    /// yet was committed after the versions that are being read, and comes again with them.
    pub fn apply_handle(&mut self, handle: &Handle) {
        if let Some(slot) = self.slot(handle.member_id) {
            self.handles.apply(handle, slot);
        }
    }

    /// The live member who is found by one of these handles.
    pub fn find_handle(&self, keys: &[[u8; 16]]) -> Option<Found<'_>> {
        let slot = keys.iter().find_map(|key| self.handles.find(key))?;
        Some(self.found(slot))
    }

    /// How many members an organization and all below it have; all when none is named.
    pub fn count_below(&self, below: Option<&OrganizationPath>) -> usize {
        let counted = self.organizations.iter().zip(&self.counts);
        let is_below = |path| below.is_none_or(|below| below.contains(path));
        counted.filter(|(path, _)| is_below(path)).map(|(_, count)| count).sum()
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        let last = self.pieces.last().map_or(0, Vec::len);
        self.pieces.len().saturating_sub(1) * PIECE + last
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// Bytes that members and their handles take.
    pub fn bytes(&self) -> usize {
        let records = self.pieces.len() * PIECE * size_of::<Record>();
        records + self.by_id.bytes() + self.by_blind.bytes() + self.handles.bytes()
    }

    fn slot(&self, member_id: MemberId) -> Option<u32> {
        let id_of = |slot| *self.record(slot).member_id.as_bytes();
        self.by_id.find(member_id.as_bytes(), id_of)
    }

    fn add(&mut self, record: Record) -> u32 {
        let slot = u32::try_from(self.len()).expect("members are fewer than people");
        if self.pieces.last().is_none_or(|last| last.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        self.pieces.last_mut().expect("one was just made sure of").push(record);
        let pieces = &self.pieces;
        let id_of = |slot| *record_of(pieces, slot).member_id.as_bytes();
        self.by_id.insert(record.member_id.as_bytes(), slot, id_of);
        slot
    }

    fn record(&self, slot: u32) -> &Record {
        record_of(&self.pieces, slot)
    }

    fn record_mut(&mut self, slot: u32) -> &mut Record {
        &mut self.pieces[slot as usize / PIECE][slot as usize % PIECE]
    }

    fn found(&self, slot: u32) -> Found<'_> {
        let record = self.record(slot);
        Found { record, organization: &self.organizations[record.organization as usize] }
    }

    fn organization_number(&mut self, path: &OrganizationPath) -> u32 {
        if let Some(number) = self.organization_numbers.get(path) {
            return *number;
        }
        let number = u32::try_from(self.organizations.len()).expect("organizations are few");
        self.organizations.push(path.clone());
        self.counts.push(0);
        self.organization_numbers.insert(path.clone(), number);
        number
    }
}

fn record_of(pieces: &[Vec<Record>], slot: u32) -> &Record {
    &pieces[slot as usize / PIECE][slot as usize % PIECE]
}

#[cfg(test)]
mod tests;
