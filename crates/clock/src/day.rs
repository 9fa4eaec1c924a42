use std::fmt;

use jiff::civil::{Date, Time};
use jiff::tz::TimeZone;

use crate::Timestamp;

/// The time zone that a campaign or a ledger counts its business days in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Zone(TimeZone);

/// Why a day or a zone could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DayProblem {
    /// Not a date of the form `2022-07-22`.
    #[error("not a day of the form YYYY-MM-DD")]
    NotADay,
    /// Not the name of a time zone in the IANA database, as `Asia/Shanghai` is.
    #[error("not an IANA time zone name")]
    NotAZone,
}

impl Zone {
    /// Finds a zone by its IANA name, as `Asia/Shanghai`. The database is compiled in.
    pub fn parse(name: &str) -> Result<Self, DayProblem> {
        TimeZone::get(name).map(Self).map_err(|_| DayProblem::NotAZone)
    }

    /// The zone of the whole of China.
    pub fn shanghai() -> Self {
        Self::parse("Asia/Shanghai").expect("the compiled-in database has Asia/Shanghai")
    }

    /// The IANA name.
    pub fn name(&self) -> &str {
        self.0.iana_name().expect("a zone is only made from an IANA name")
    }
}

/// A business day: a calendar date in the zone that its owner counts days in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BusinessDay(Date);

impl BusinessDay {
    /// The day that an instant falls on in `zone`.
    pub fn of(instant: Timestamp, zone: &Zone) -> Self {
        let instant = jiff::Timestamp::from_microsecond(instant.as_micros())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        Self(zone.0.to_datetime(instant).date())
    }

    /// Reads `2022-07-22`.
    pub fn parse(text: &str) -> Result<Self, DayProblem> {
        let strict = text.len() == 10 && text.bytes().all(|b| b.is_ascii_digit() || b == b'-');
        let date = if strict { text.parse::<Date>().ok() } else { None };
        date.map(Self).ok_or(DayProblem::NotADay)
    }

    /// The calendar date.
    pub fn date(self) -> Date {
        self.0
    }

    /// The first instant of the day in `zone`.
    pub fn start(self, zone: &Zone) -> Timestamp {
        self.at_minute(0, zone)
    }

    /// The first instant of the following day: the day is `start <= t < end`.
    pub fn end(self, zone: &Zone) -> Timestamp {
        self.next().start(zone)
    }

    /// The instant `minute` minutes (0 to 1439) after midnight by the wall clock of `zone`.
    pub fn at_minute(self, minute: u16, zone: &Zone) -> Timestamp {
        let (hour, minute) = ((minute / 60) as i8, (minute % 60) as i8);
        let time = Time::new(hour, minute, 0, 0).unwrap_or(Time::MAX);
        let zoned = zone.0.to_ambiguous_zoned_datetime(self.0.to_datetime(time)).compatible();
        let micros = zoned.map_or(i64::MAX, |zoned| zoned.timestamp().as_microsecond());
        Timestamp::from_micros(micros)
    }

    /// The following day; the last day of the calendar is its own successor.
    pub fn next(self) -> Self {
        Self(self.0.tomorrow().unwrap_or(self.0))
    }

    /// The minute of the day (0 to 1439) that an instant falls in by the wall clock of `zone`.
    pub fn minute_of(instant: Timestamp, zone: &Zone) -> u16 {
        let instant = jiff::Timestamp::from_microsecond(instant.as_micros())
            .unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        let time = zone.0.to_datetime(instant).time();
        u16::from(time.hour().unsigned_abs()) * 60 + u16::from(time.minute().unsigned_abs())
    }
}

/// `2022-07-22`, the day key of every table.
impl fmt::Display for BusinessDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
