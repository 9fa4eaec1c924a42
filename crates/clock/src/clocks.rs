use std::sync::atomic::{AtomicI64, Ordering};

use crate::Timestamp;

/// Where a process takes its time from.
pub trait Clock: Send + Sync + 'static {
    /// Business time: decides days, validity and hold expiry.
    fn now(&self) -> Timestamp;

    /// Wall time: decides whether a token has expired. Never moved by hand.
    fn wall(&self) -> Timestamp;

    /// Moves business time; false when this clock cannot be moved.
    fn set(&self, now: Timestamp) -> bool;

    /// Whether business time stands still until it is moved.
    fn is_manual(&self) -> bool;
}

/// Business time is wall time.
#[derive(Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.wall()
    }

    fn wall(&self) -> Timestamp {
        wall()
    }

    fn set(&self, _now: Timestamp) -> bool {
        false
    }

    fn is_manual(&self) -> bool {
        false
    }
}

/// Business time stands still until it is moved, so that a test or a demonstration can play the
/// dates of a real programme. Only for the test profile.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that stands at `now`.
    pub fn at(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_micros()))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.0.load(Ordering::SeqCst))
    }

    fn wall(&self) -> Timestamp {
        wall()
    }

    fn set(&self, now: Timestamp) -> bool {
        self.0.store(now.as_micros(), Ordering::SeqCst);
        true
    }

    fn is_manual(&self) -> bool {
        true
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the machine's clock")]
fn wall() -> Timestamp {
    Timestamp::from_micros(jiff::Timestamp::now().as_microsecond())
}
