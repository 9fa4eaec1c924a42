//! The registry in memory: what verdicts are taken from, without a database in the way.
//!
//! It mirrors committed members only; whoever commits a change applies it here before answering.

use std::collections::HashMap;

use jiff::civil::Date;
use member_identity::{
    Employment, Honours, MemberId, OrganizationPath, PersonKey, RegionCode, Sex, Trade,
};

use super::keyring::Blind;
use super::member::{Member, State};

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

/// A member, packed: organizations are counted, because few of them have many members.
#[derive(Clone, Copy, Debug)]
struct Record {
    person: PersonKey,
    organization: u32,
    trade: Trade,
    employment: Employment,
    region: RegionCode,
    honours: Honours,
    state: State,
    sex: Option<Sex>,
    birth: Option<Date>,
    version: i64,
}

/// Members by id and by blind index.
#[derive(Debug, Default)]
pub struct Registry {
    records: HashMap<MemberId, Record>,
    by_blind: HashMap<Blind, MemberId>,
    organizations: Vec<OrganizationPath>,
    organization_numbers: HashMap<OrganizationPath, u32>,
}

impl Registry {
    /// Takes in a committed member, new or changed, unless a later version is there.
    pub fn apply(&mut self, applied: Applied) {
        let Applied { member, sex, birth, blind } = applied;
        let known = self.records.get(&member.member_id);
        if known.is_some_and(|known| known.version > member.version) {
            return;
        }
        let registration = member.registration;
        let record = Record {
            person: member.person,
            organization: self.organization_number(registration.organization),
            trade: registration.trade,
            employment: registration.employment,
            region: registration.region,
            honours: registration.honours,
            state: member.state,
            sex,
            birth,
            version: member.version,
        };
        self.by_blind.extend(blind.map(|blind| (blind, member.member_id)));
        self.records.insert(member.member_id, record);
    }

    /// Takes in a committed change of stage, unless a later version is there. What else the version
    /// may have changed comes with the member.
    pub fn set_state(&mut self, member: &Member) {
        let record = self.records.get_mut(&member.member_id);
        if let Some(record) = record.filter(|record| record.version <= member.version) {
            record.state = member.state;
            record.version = member.version;
        }
    }

    /// The live member of that id.
    pub fn find(&self, member_id: MemberId) -> Option<Entry> {
        let record = self.records.get(&member_id)?;
        Some(Entry {
            member_id,
            person: record.person,
            organization: self.organizations[record.organization as usize].clone(),
            trade: record.trade,
            employment: record.employment,
            region: record.region,
            honours: record.honours,
            state: record.state,
            sex: record.sex,
            birth: record.birth,
        })
    }

    /// The live member whose identity number has one of these blind indexes.
    pub fn find_blind(&self, blinds: &[Blind]) -> Option<Entry> {
        let member_id = blinds.iter().find_map(|blind| self.by_blind.get(blind))?;
        self.find(*member_id)
    }

    /// How many members there are.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    fn organization_number(&mut self, path: OrganizationPath) -> u32 {
        if let Some(number) = self.organization_numbers.get(&path) {
            return *number;
        }
        let number = u32::try_from(self.organizations.len()).expect("organizations are few");
        self.organizations.push(path.clone());
        self.organization_numbers.insert(path, number);
        number
    }
}

#[cfg(test)]
mod tests;
