use jiff::civil::Date;
use member_identity::{Employment, Honours, MemberId, PersonKey, RegionCode, Sex, Trade};

use super::Applied;
use crate::domain::keyring::Blind;
use crate::domain::member::State;

/// A member, packed: organizations are counted, because few of them have many members.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record {
    pub(super) member_id: MemberId,
    pub(super) person: PersonKey,
    /// Zeros when there is none; nothing is found by them.
    pub(super) blind: Blind,
    pub(super) organization: u32,
    pub(super) region: RegionCode,
    version: u32,
    pub(super) birth: Option<Date>,
    pub(super) honours: Honours,
    pub(super) trade: Trade,
    pub(super) employment: Employment,
    pub(super) state: State,
    pub(super) sex: Option<Sex>,
}

impl Record {
    pub(super) fn new(applied: &Applied, organization: u32) -> Self {
        let Applied { member, sex, birth, blind } = applied;
        let registration = &member.registration;
        Self {
            member_id: member.member_id,
            person: member.person,
            blind: blind.unwrap_or_default(),
            organization,
            region: registration.region,
            version: narrow(member.version),
            birth: *birth,
            honours: registration.honours,
            trade: registration.trade,
            employment: registration.employment,
            state: member.state,
            sex: *sex,
        }
    }

    /// Whether this is a later version of the member.
    pub(super) fn is_after(&self, version: i64) -> bool {
        self.version > narrow(version)
    }

    pub(super) fn set_state(&mut self, state: State, version: i64) {
        self.state = state;
        self.version = narrow(version);
    }
}

/// Versions count the changes of one member: four thousand million of them are never made.
fn narrow(version: i64) -> u32 {
    u32::try_from(version).unwrap_or(u32::MAX)
}
