use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rpc::Caller;
use tokio::time::Instant;

use super::Failure;
use crate::domain::Refusal;

const MINUTE: f64 = 60.0;

/// How often each partner was told no lately: who asks for many who are not there is trying numbers
/// out, and is answered nothing for a while. Of this replica alone.
pub(super) struct Unknowns {
    per_minute: f64,
    buckets: Mutex<HashMap<String, Bucket>>,
}

/// What a partner may still be told no.
struct Bucket {
    left: f64,
    at: Instant,
    /// Said once, until there is room again.
    is_said: bool,
}

impl Unknowns {
    pub(super) fn new(per_minute: u32) -> Self {
        Self { per_minute: f64::from(per_minute), buckets: Mutex::default() }
    }

    /// Refuses a caller who was told no too often: whomever it asks for, so that a refusal tells
    /// nothing either.
    pub(super) fn require_room(&self, caller: &Caller, now: Instant) -> Result<(), Failure> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(bucket) = buckets.get_mut(caller.subject.as_str()) else { return Ok(()) };
        bucket.fill(self.per_minute, now);
        if bucket.left >= 1.0 {
            bucket.is_said = false;
            return Ok(());
        }
        metrics::counter!("zhisong_verifications_limited_total").increment(1);
        if !std::mem::replace(&mut bucket.is_said, true) {
            let partner = caller.subject.as_str();
            tracing::warn!(partner, "a partner was told no too often and is told nothing");
        }
        let wait = (1.0 - bucket.left) * MINUTE / self.per_minute;
        let retry_after = Duration::from_secs_f64(wait.clamp(0.0, MINUTE));
        Err(Refusal::VerificationLimited { retry_after }.into())
    }

    /// The caller was told no.
    pub(super) fn count(&self, caller: &Caller, now: Instant) {
        metrics::counter!("zhisong_verifications_unknown_total").increment(1);
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(bucket) = buckets.get_mut(caller.subject.as_str()) {
            bucket.fill(self.per_minute, now);
            bucket.left -= 1.0;
            return;
        }
        let bucket = Bucket { left: self.per_minute - 1.0, at: now, is_said: false };
        buckets.insert(caller.subject.clone(), bucket);
    }
}

impl Bucket {
    fn fill(&mut self, per_minute: f64, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.left = (self.left + passed * per_minute / MINUTE).min(per_minute);
        self.at = now;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn caller(subject: &str) -> Caller {
        Caller { subject: subject.to_owned(), scopes: Default::default(), organization: None }
    }

    #[test]
    fn who_is_told_no_too_often_is_told_nothing_until_a_while_has_passed() {
        let (unknowns, start) = (Unknowns::new(60), Instant::now());
        let [trying, other] = ["trying", "other"].map(caller);
        for _ in 0..60 {
            assert!(unknowns.require_room(&trying, start).is_ok());
            unknowns.count(&trying, start);
        }
        let refused = unknowns.require_room(&trying, start).expect_err("sixty were said");
        let Failure::Refused(Refusal::VerificationLimited { retry_after }) = refused else {
            panic!("another failure: {refused}");
        };
        assert_eq!(retry_after, Duration::from_secs(1));
        assert!(unknowns.require_room(&other, start).is_ok(), "others are not to blame");
        let later = |seconds| start + Duration::from_secs(seconds);
        assert!(unknowns.require_room(&trying, later(1)).is_ok());
        unknowns.count(&trying, later(1));
        assert!(unknowns.require_room(&trying, later(1)).is_err());
        assert!(unknowns.require_room(&trying, later(1_000)).is_ok());
    }
}
