use std::fmt;
use std::str::FromStr;

use clock::Timestamp;

use crate::Problem;
use contracts::common::v1::ErrorReason;

/// Reads the fields of a request and lists everything that is wrong, each by its path.
///
/// Readers give a value or record a violation; [`Fields::finish`] refuses when any was recorded,
/// so the values may be unwrapped together after it.
#[derive(Debug, Default)]
pub struct Fields {
    violations: Vec<(String, String)>,
}

impl Fields {
    /// Nothing read yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Records that what stands at `path` is wrong.
    pub fn refuse(&mut self, path: impl Into<String>, problem: impl fmt::Display) {
        self.violations.push((path.into(), problem.to_string()));
    }

    /// Takes what `read` made of the field at `path`.
    pub fn take<T, E: fmt::Display>(&mut self, path: &str, read: Result<T, E>) -> Option<T> {
        read.map_err(|problem| self.refuse(path, problem)).ok()
    }

    /// Reads a required text field by its type's `FromStr`.
    pub fn parse<T>(&mut self, path: &str, text: &str) -> Option<T>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            self.refuse(path, "required");
            return None;
        }
        self.take(path, text.parse())
    }

    /// Reads a text field by its type's `FromStr`; an empty one is none.
    pub fn optional<T>(&mut self, path: &str, text: &str) -> Option<Option<T>>
    where
        T: FromStr,
        T::Err: fmt::Display,
    {
        if text.is_empty() {
            return Some(None);
        }
        self.take(path, text.parse()).map(Some)
    }

    /// Takes a field that must be there.
    pub fn required<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        if value.is_none() {
            self.refuse(path, "required");
        }
        value
    }

    /// Ends the reading of one part: its value, or all violations so far.
    pub fn finish<T>(self, value: Option<T>) -> Result<T, Problem> {
        match value {
            Some(value) if self.violations.is_empty() => Ok(value),
            _ => Err(self.problem()),
        }
    }

    fn problem(self) -> Problem {
        let problem = Problem::new(ErrorReason::FieldInvalid);
        self.violations
            .into_iter()
            .fold(problem, |problem, (path, text)| problem.violation(path, text))
    }
}

/// A request's id, made by its caller: 1 to 64 characters of `0-9 A-Z a-z _ -`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct RequestId(String);

/// The text is not a request id.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters of 0-9 A-Z a-z _ -")]
pub struct RequestIdProblem;

impl RequestId {
    /// The id as the caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for RequestId {
    type Err = RequestIdProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        if (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
            return Ok(Self(text.to_owned()));
        }
        Err(RequestIdProblem)
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A timestamp as the wire has it.
pub fn encode_timestamp(instant: Timestamp) -> prost_types::Timestamp {
    let micros = instant.as_micros();
    let nanos = i32::try_from(micros.rem_euclid(1_000_000) * 1_000).expect("below a billion");
    prost_types::Timestamp { seconds: instant.as_seconds(), nanos }
}

/// A timestamp from the wire; `None` when it is out of range.
pub fn decode_timestamp(wire: prost_types::Timestamp) -> Option<Timestamp> {
    if !(0..1_000_000_000).contains(&wire.nanos) {
        return None;
    }
    let micros = wire.seconds.checked_mul(1_000_000)?.checked_add(i64::from(wire.nanos) / 1_000)?;
    Some(Timestamp::from_micros(micros))
}
