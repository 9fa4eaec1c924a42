use std::fmt;

use clock::{BusinessDay, Timestamp, Zone};

/// Minutes in a day by the wall clock.
const DAY_MINUTES: u16 = 24 * 60;
/// The most parts of the day in one list: a refusal names them all.
pub(crate) const HOURS_MAX: usize = 12;

/// A part of the day: `from_minute <= minute < until_minute`. Never reaches over midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hours {
    from_minute: u16,
    until_minute: u16,
}

/// Why a part of the day could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HoursProblem {
    /// Not of the form `06:00-10:00`.
    #[error("not hours of the form HH:MM-HH:MM, up to 24:00")]
    Malformed,
    /// Ends before it begins, or at once. Hours over midnight are written as two parts.
    #[error("not hours that end after they begin; hours over midnight are written as two parts")]
    Empty,
}

impl Hours {
    /// From the minute `from_minute` (0 to 1439) of the day until before `until_minute` (at most
    /// 1440).
    pub const fn new(from_minute: u16, until_minute: u16) -> Result<Self, HoursProblem> {
        if from_minute >= DAY_MINUTES || until_minute > DAY_MINUTES {
            return Err(HoursProblem::Malformed);
        }
        if from_minute >= until_minute {
            return Err(HoursProblem::Empty);
        }
        Ok(Self { from_minute, until_minute })
    }

    /// Reads `06:00-10:00`; the day ends at `24:00`.
    pub fn parse(text: &str) -> Result<Self, HoursProblem> {
        let (from, until) = text.split_once('-').ok_or(HoursProblem::Malformed)?;
        Self::new(minute(from)?, minute(until)?)
    }

    /// The first minute of the day that is within, 0 to 1439.
    pub const fn from_minute(self) -> u16 {
        self.from_minute
    }

    /// The first minute of the day that is no longer within, 1 to 1440.
    pub const fn until_minute(self) -> u16 {
        self.until_minute
    }

    /// Whether a minute of the day is within.
    pub const fn contains(self, minute: u16) -> bool {
        self.from_minute <= minute && minute < self.until_minute
    }

    const fn overlaps(self, other: Self) -> bool {
        self.from_minute < other.until_minute && other.from_minute < self.until_minute
    }
}

/// `06:00-10:00`.
impl fmt::Display for Hours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (from, until) = (self.from_minute, self.until_minute);
        write!(f, "{:02}:{:02}-{:02}:{:02}", from / 60, from % 60, until / 60, until % 60)
    }
}

/// Whether `at` falls within any of the hours by the wall clock of `zone`. No hours mean all day.
pub fn is_open(hours: &[Hours], at: Timestamp, zone: &Zone) -> bool {
    let minute = BusinessDay::minute_of(at, zone);
    hours.is_empty() || hours.iter().any(|part| part.contains(minute))
}

/// When the hours open next: `at` itself while they are open, else later that day or on the next.
pub fn next_opening(hours: &[Hours], at: Timestamp, zone: &Zone) -> Timestamp {
    if is_open(hours, at, zone) {
        return at;
    }
    let (today, minute) = (BusinessDay::of(at, zone), BusinessDay::minute_of(at, zone));
    let opens = |day: BusinessDay, after: Option<u16>| {
        let openings = hours.iter().map(|part| part.from_minute);
        openings.filter(|from| Some(*from) > after).min().map(|from| day.at_minute(from, zone))
    };
    opens(today, Some(minute)).or_else(|| opens(today.next(), None)).unwrap_or(at)
}

/// The first part that overlaps one before it.
pub(crate) fn overlapping(hours: &[Hours]) -> Option<Hours> {
    let overlaps_earlier = |(index, part): (usize, &Hours)| {
        hours[..index].iter().any(|earlier| earlier.overlaps(*part)).then_some(*part)
    };
    hours.iter().enumerate().find_map(overlaps_earlier)
}

fn minute(text: &str) -> Result<u16, HoursProblem> {
    let digit = |b: u8| b.is_ascii_digit().then(|| u16::from(b - b'0'));
    let &[h1, h2, b':', m1, m2] = text.as_bytes() else {
        return Err(HoursProblem::Malformed);
    };
    let read = || Some((digit(h1)? * 10 + digit(h2)?, digit(m1)? * 10 + digit(m2)?));
    match read() {
        Some((hour, minute)) if hour <= 24 && minute < 60 => Ok(hour * 60 + minute),
        Some(_) | None => Err(HoursProblem::Malformed),
    }
}
