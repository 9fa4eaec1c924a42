use clock::{BusinessDay, Timestamp, Zone};

use super::StatementFormat;

/// The day that a journal row is written to (law R5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Booking {
    /// The open day.
    pub day: BusinessDay,
    /// The closed day that the row came too late for.
    pub late_of: Option<BusinessDay>,
}

/// What is known of the days when a row is about to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DayState {
    /// Whether the day of the clock is closed.
    pub closed: bool,
    /// The first open day after it, if there is one.
    pub next_open: Option<BusinessDay>,
    /// The last day that is known, open or closed.
    pub last: Option<BusinessDay>,
}

/// A day that takes nothing more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClosedDay {
    /// When it was closed.
    pub at: Timestamp,
    /// The form of its platforms' statements.
    pub format: StatementFormat,
    /// Whether its funders' statements are made: those of a day that was closed before they had
    /// any are made when days are next closed.
    pub has_funders: bool,
}

/// The business day of an instant: every ledger day is counted in China's one time zone.
pub fn business_day(now: Timestamp) -> BusinessDay {
    BusinessDay::of(now, &Zone::shanghai())
}

/// The open day for a row of `today`. A closed day takes nothing more: what comes late goes to the
/// next open day, with a reference.
pub fn book(today: BusinessDay, state: DayState) -> Booking {
    if !state.closed {
        return Booking { day: today, late_of: None };
    }
    let after_last = state.last.unwrap_or(today).max(today).next();
    Booking { day: state.next_open.unwrap_or(after_last), late_of: Some(today) }
}

/// The days without a row between the last known day before `today` and `today`: nothing happened
/// on them, and they are closed empty. At most `max`, the latest ones.
pub fn gap(last_before: Option<BusinessDay>, today: BusinessDay, max: usize) -> Vec<BusinessDay> {
    let Some(last) = last_before else { return Vec::new() };
    let days = std::iter::successors(Some(last.next()), |day| Some(day.next()));
    let days: Vec<_> = days.take_while(|day| *day < today).collect();
    days[days.len().saturating_sub(max)..].to_vec()
}
