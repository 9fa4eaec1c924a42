//! The load generator: a closed loop for saturation, an open loop for latency.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use hdrhistogram::Histogram;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior};

/// The longest latency that is told apart, in microseconds: a minute.
const LATENCY_MAX_US: u64 = 60_000_000;
/// How often the open loop sends what is due; less than the latencies that it is to show.
const TICK: Duration = Duration::from_millis(1);

/// How much is sent.
#[derive(Debug, Clone, Copy)]
pub(super) struct Load {
    /// Calls that are under way at a time.
    pub in_flight: usize,
    /// No call is begun after this long.
    pub duration: Duration,
    /// Calls at most.
    pub calls: usize,
}

/// What came of it.
pub(super) struct Measured<T> {
    /// From the first call to the last answer.
    pub took: Duration,
    /// Latencies in microseconds: from the call in a closed loop, from the intended time of the
    /// call in an open one.
    pub latencies: Histogram<u64>,
    /// Every answer with the number of its call.
    pub answers: Vec<(usize, T)>,
    /// Calls that were due and not sent, because too many were under way. Open loop only.
    pub unsent: usize,
}

impl<T> Measured<T> {
    fn empty() -> Self {
        let latencies = Histogram::new_with_bounds(1, LATENCY_MAX_US, 3);
        let latencies = latencies.expect("the bounds are constants that the library takes");
        Self { took: Duration::ZERO, latencies, answers: Vec::new(), unsent: 0 }
    }

    /// Answers a second.
    pub fn rate(&self) -> f64 {
        self.answers.len() as f64 / self.took.as_secs_f64().max(f64::EPSILON)
    }

    fn note(&mut self, call: usize, answer: T, latency: Duration) {
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latencies.saturating_record(micros);
        self.answers.push((call, answer));
    }

    fn merge(&mut self, other: Self) {
        let merged = self.latencies.add(other.latencies);
        merged.expect("all histograms have the same bounds");
        self.answers.extend(other.answers);
        self.unsent += other.unsent;
    }
}

/// Keeps `load.in_flight` calls under way: each answer makes room for the next call.
pub(super) async fn closed_loop<C, F, T>(load: Load, call: C) -> Measured<T>
where
    C: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let (call, next) = (Arc::new(call), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let until = started + load.duration;
    let mut workers = JoinSet::new();
    for _ in 0..load.in_flight {
        let (call, next) = (Arc::clone(&call), Arc::clone(&next));
        workers.spawn(async move {
            let mut measured = Measured::empty();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let begun = Instant::now();
                if number >= load.calls || begun >= until {
                    return measured;
                }
                let answer = call(number).await;
                measured.note(number, answer, begun.elapsed());
            }
        });
    }
    let mut measured = Measured::empty();
    while let Some(worker) = workers.join_next().await {
        measured.merge(worker.expect("a worker does not panic"));
    }
    measured.took = started.elapsed();
    measured
}

/// Sends `rate` calls a second whatever the answers do, and counts latency from the time at which
/// a call was due, so that a stall is not hidden by calls that it kept from being sent.
pub(super) async fn open_loop<C, F, T>(load: Load, rate: f64, call: C) -> Measured<T>
where
    C: Fn(usize) -> F + Send + Sync + 'static,
    F: Future<Output = T> + Send,
    T: Send + 'static,
{
    let call = Arc::new(call);
    let (done, mut answered) = mpsc::unbounded_channel();
    let collector = tokio::spawn(async move {
        let mut measured = Measured::empty();
        while let Some((number, answer, latency)) = answered.recv().await {
            measured.note(number, answer, latency);
        }
        measured
    });
    let under_way = Arc::new(AtomicUsize::new(0));
    let started = Instant::now();
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Burst);
    let (mut sent, mut unsent) = (0, 0);
    while sent < load.calls && started.elapsed() < load.duration {
        ticks.tick().await;
        let due = ((started.elapsed().as_secs_f64() * rate) as usize).min(load.calls);
        for number in sent..due {
            if under_way.load(Ordering::Relaxed) >= load.in_flight {
                unsent += 1;
                continue;
            }
            let intended = started + Duration::from_secs_f64(number as f64 / rate);
            let (call, done) = (Arc::clone(&call), done.clone());
            let under_way = Arc::clone(&under_way);
            under_way.fetch_add(1, Ordering::Relaxed);
            tokio::spawn(async move {
                let answer = call(number).await;
                under_way.fetch_sub(1, Ordering::Relaxed);
                // The collector ends only after every sender is gone.
                let _ = done.send((number, answer, intended.elapsed()));
            });
        }
        sent = due.max(sent);
    }
    drop(done);
    let mut measured: Measured<T> = collector.await.expect("the collector does not panic");
    measured.took = started.elapsed();
    measured.unsent = unsent;
    measured
}
