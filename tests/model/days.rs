//! Days in Shanghai, by counting, and which of them are open.

use crate::reference::Reference;

/// Microseconds in a day; the model's zone has no other.
pub const DAY: i64 = 86_400_000_000;
/// The zone's distance from UTC.
const EAST: i64 = 8 * 3_600_000_000;

/// The number of the day of an instant.
pub fn day(at: i64) -> i64 {
    (at + EAST).div_euclid(DAY)
}

/// A day as `2022-07-22`.
pub fn date(day: i64) -> String {
    let (mut year, mut left) = (1970, day);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    while left >= 365 + i64::from(leap(year)) {
        left -= 365 + i64::from(leap(year));
        year += 1;
    }
    let months = [31, 28 + i64::from(leap(year)), 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 0;
    while left >= months[month] {
        left -= months[month];
        month += 1;
    }
    format!("{year:04}-{:02}-{:02}", month + 1, left + 1)
}

/// The end of the day that is `days - 1` days after that of `at`.
pub fn end_of_days(at: i64, days: u16) -> i64 {
    (day(at) + i64::from(days)) * DAY - EAST
}

/// The first characters of the date of an instant.
pub fn period(at: i64, characters: usize) -> String {
    date(day(at))[..characters].to_owned()
}

impl Reference {
    /// Today is known from now on, and open. Time does not go back, so that today is never closed.
    pub fn book(&mut self) {
        self.days.insert(day(self.now), true);
    }

    /// Closes what is open before today, and the days since the last known one as empty; opens
    /// today. Gives what was closed.
    pub fn close_days(&mut self) -> Vec<i64> {
        let today = day(self.now);
        let mut closed: Vec<i64> = self.open_days().filter(|day| *day < today).collect();
        let known = self.days.keys().rev().find(|day| **day < today).copied();
        closed.extend(known.into_iter().flat_map(|known| known + 1..today));
        self.days.extend(closed.iter().map(|day| (*day, false)));
        self.days.insert(today, true);
        closed
    }

    /// The days that are open, ascending.
    pub fn open_days(&self) -> impl Iterator<Item = i64> {
        self.days.iter().filter(|(_, is_open)| **is_open).map(|(day, _)| *day)
    }
}
