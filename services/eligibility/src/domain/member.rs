//! Memberships, and what criteria see of them.

use std::fmt;

use clock::{BusinessDay, Timestamp};
use jiff::civil::Date;
use member_identity::{
    Employment, Honours, MemberId, OrganizationPath, PersonKey, RegionCode, Sex, Trade,
};

/// The stage of a membership. Both are live.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum State {
    /// In good standing: may qualify.
    Active,
    /// Qualifies for nothing until reinstated.
    Suspended,
}

/// What a roster says of a member apart from who they are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
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
}

/// A membership without anything personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its id.
    pub member_id: MemberId,
    /// The natural person.
    pub person: PersonKey,
    /// What the roster says.
    pub registration: Registration,
    /// The stage.
    pub state: State,
    /// 1 when it was made, then one more with each change.
    pub version: i64,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What criteria are judged over: nothing else of a member can be told by a policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// The trade.
    pub trade: Trade,
    /// The form of employment.
    pub employment: Employment,
    /// Where the member works.
    pub region: RegionCode,
    /// The organization's path.
    pub organization: &'a OrganizationPath,
    /// Honours held.
    pub honours: Honours,
    /// Sex, when the identity document states it.
    pub sex: Option<Sex>,
    /// Whole years on the day of the check, when the birth date is known.
    pub age: Option<u16>,
}

impl State {
    /// The word that the store knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Suspended].into_iter().find(|state| state.as_str() == text)
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whole years between a birth date and a day; `None` before the birth.
pub fn age_on(birth: Date, day: BusinessDay) -> Option<u16> {
    let day = day.date();
    let had_birthday = (day.month(), day.day()) >= (birth.month(), birth.day());
    let years = day.year() - birth.year() - i16::from(!had_birthday);
    u16::try_from(years).ok()
}

#[cfg(test)]
#[test]
fn an_age_is_counted_in_whole_years_on_the_day() {
    use jiff::civil::date;
    let day = |text| BusinessDay::parse(text).expect("a day");
    let table = [
        (date(2000, 7, 22), "2022-07-21", Some(21)),
        (date(2000, 7, 22), "2022-07-22", Some(22)),
        (date(2000, 2, 29), "2022-02-28", Some(21)),
        (date(2000, 2, 29), "2022-03-01", Some(22)),
        (date(2022, 7, 22), "2022-07-22", Some(0)),
        (date(2022, 7, 23), "2022-07-22", None),
    ];
    for (birth, on, expected) in table {
        assert_eq!(age_on(birth, day(on)), expected, "{birth} on {on}");
    }
}
