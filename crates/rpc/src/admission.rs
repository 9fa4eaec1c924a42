use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;

/// How much of a second's calls may come at once.
const BURST: Duration = Duration::from_millis(100);

/// How much a process takes on at a time; what is beyond is refused at once and not queued. Health
/// and reflection are always let through.
#[derive(Debug, Clone, Copy)]
pub struct Admission {
    /// Calls that somebody waits for, in flight at most. 1 or more.
    pub in_flight_max: usize,
    /// Imports and other streams, in flight at most, so that they never take the place of calls
    /// that somebody waits for. 1 or more.
    pub bulk_in_flight_max: usize,
    /// Calls that somebody waits for, begun in a second at most; no limit when absent.
    pub rate_max: Option<u32>,
}

impl Default for Admission {
    fn default() -> Self {
        Self { in_flight_max: 20_000, bulk_in_flight_max: 64, rate_max: None }
    }
}

impl Admission {
    /// At most that many calls in flight, and the usual otherwise.
    pub fn at_most(in_flight_max: usize) -> Self {
        Self { in_flight_max, ..Self::default() }
    }
}

/// The limits at work.
pub(crate) struct Gate {
    waited_for: Semaphore,
    bulk: Semaphore,
    rate: Option<Rate>,
}

impl Gate {
    pub fn new(admission: Admission) -> Self {
        Self {
            waited_for: Semaphore::new(admission.in_flight_max),
            bulk: Semaphore::new(admission.bulk_in_flight_max),
            rate: admission.rate_max.map(Rate::new),
        }
    }

    /// Room for one call until the permit is dropped; `None` when there is none.
    pub fn enter(&self, is_bulk: bool) -> Option<SemaphorePermit<'_>> {
        if is_bulk {
            return self.bulk.try_acquire().ok();
        }
        let permit = self.waited_for.try_acquire().ok()?;
        let within_rate = self.rate.as_ref().is_none_or(|rate| rate.admits(Instant::now()));
        within_rate.then_some(permit)
    }
}

/// The generic cell rate algorithm (ITU-T I.371): one number says when the next call is due.
struct Rate {
    started: Instant,
    interval_ns: u64,
    due_ns: AtomicU64,
}

impl Rate {
    fn new(calls_a_second: u32) -> Self {
        let interval_ns = 1_000_000_000 / u64::from(calls_a_second.max(1));
        Self { started: Instant::now(), interval_ns, due_ns: AtomicU64::new(0) }
    }

    fn admits(&self, now: Instant) -> bool {
        let passed = now.saturating_duration_since(self.started);
        let now_ns = u64::try_from(passed.as_nanos()).unwrap_or(u64::MAX);
        let burst_ns = BURST.as_nanos() as u64;
        let next = |due: u64| {
            let due = due.max(now_ns);
            (due - now_ns <= burst_ns).then_some(due + self.interval_ns)
        };
        self.due_ns.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_admits_its_calls_and_a_short_burst_and_recovers_at_once() {
        let rate = Rate::new(1_000);
        let at = |millis| rate.started + Duration::from_millis(millis);
        let admitted = |millis, tries: u32| (0..tries).filter(|_| rate.admits(at(millis))).count();
        // A tenth of a second's calls come at once, and the one that is due.
        assert_eq!(admitted(0, 5_000), 101);
        assert_eq!(admitted(10, 5_000), 10);
        assert_eq!(admitted(1_000, 5_000), 101);
    }

    #[test]
    fn streams_do_not_take_the_place_of_calls_that_somebody_waits_for() {
        let gate = Gate::new(Admission { bulk_in_flight_max: 1, ..Admission::at_most(1) });
        let _import = gate.enter(true).expect("there is room for one");
        assert!(gate.enter(true).is_none());
        let call = gate.enter(false).expect("there is room for one");
        assert!(gate.enter(false).is_none());
        drop(call);
        assert!(gate.enter(false).is_some(), "room comes back with the answer");
    }
}
