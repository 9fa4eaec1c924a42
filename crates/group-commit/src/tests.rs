use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;

use super::*;

/// Adds up commands; each commit waits for a permit, so that a test decides when it ends.
struct Adder {
    gate: Semaphore,
    batches: Mutex<Vec<Vec<u32>>>,
    prepared: AtomicUsize,
}

impl Adder {
    fn new(permits: usize) -> Arc<Self> {
        Arc::new(Self {
            gate: Semaphore::new(permits),
            batches: Mutex::default(),
            prepared: AtomicUsize::new(0),
        })
    }

    fn committed(&self) -> Vec<u32> {
        self.batches.lock().unwrap().concat()
    }

    async fn has_prepared(&self, batches: usize) {
        while self.prepared.load(Ordering::SeqCst) < batches {
            tokio::task::yield_now().await;
        }
    }
}

#[async_trait]
impl Stages for Adder {
    type Command = u32;
    type Prepared = Vec<u32>;
    type Answer = u32;

    async fn prepare(&self, commands: Vec<u32>) -> Vec<u32> {
        self.prepared.fetch_add(1, Ordering::SeqCst);
        commands
    }

    async fn commit(&self, batch: Vec<u32>) -> Vec<u32> {
        self.gate.acquire().await.unwrap().forget();
        self.batches.lock().unwrap().push(batch.clone());
        batch.into_iter().map(|command| command * 10).collect()
    }
}

const OPTIONS: LaneOptions = LaneOptions { name: "test", queue_max: 100, batch_max: 8 };

#[tokio::test]
async fn each_command_gets_its_own_answer_in_arrival_order() {
    let adder = Adder::new(1_000);
    let lane = Lane::spawn(OPTIONS, Arc::clone(&adder));
    let submitted: Vec<_> = (0..50).map(|n| lane.submit(n, None)).collect();
    for (n, answer) in (0..50).zip(submitted) {
        assert_eq!(answer.await, Ok(n * 10));
    }
    assert_eq!(adder.committed(), (0..50).collect::<Vec<_>>());
    assert!(adder.batches.lock().unwrap().iter().all(|batch| batch.len() <= 8));
}

#[tokio::test]
async fn while_a_batch_commits_the_next_is_prepared_and_the_one_after_it_grows() {
    let adder = Adder::new(0);
    let lane = Lane::spawn(OPTIONS, Arc::clone(&adder));
    let mut submitted = vec![lane.submit(0, None)];
    adder.has_prepared(1).await;
    submitted.push(lane.submit(1, None));
    adder.has_prepared(2).await;
    submitted.extend((2..7).map(|n| lane.submit(n, None)));
    // Whoever could take one of them now would.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    adder.gate.add_permits(3);
    for answer in submitted {
        assert!(answer.await.is_ok());
    }
    let batches = adder.batches.lock().unwrap().clone();
    assert_eq!(batches, [vec![0], vec![1], (2..7).collect()]);
}

#[tokio::test]
async fn a_cancelled_caller_does_not_take_its_command_back() {
    let adder = Adder::new(0);
    let lane = Lane::spawn(OPTIONS, Arc::clone(&adder));
    drop(lane.submit(7, None));
    adder.gate.add_permits(10);
    lane.close().await;
    assert_eq!(adder.committed(), [7]);
}

#[tokio::test]
async fn a_full_queue_refuses_at_once_and_loses_nothing_accepted() {
    let adder = Adder::new(0);
    let options = LaneOptions { queue_max: 4, ..OPTIONS };
    let lane = Lane::spawn(options, Arc::clone(&adder));
    let submitted: Vec<_> = (0..100).map(|n| lane.submit(n, None)).collect();
    adder.gate.add_permits(1_000);
    let mut accepted = Vec::new();
    for (n, answer) in (0..100).zip(submitted) {
        match answer.await {
            Ok(answer) => accepted.push(answer / 10),
            Err(problem) => assert_eq!(problem, LaneProblem::Full, "command {n}"),
        }
    }
    assert!(accepted.len() >= 4 && accepted.len() < 100);
    assert_eq!(adder.committed(), accepted);
}

#[tokio::test(start_paused = true)]
async fn a_command_whose_deadline_passed_in_the_queue_is_not_worked_on() {
    let adder = Adder::new(0);
    let options = LaneOptions { batch_max: 1, ..OPTIONS };
    let lane = Lane::spawn(options, Arc::clone(&adder));
    // The first two fill the stages: one commits, one is prepared.
    let held: Vec<_> = (0..2).map(|n| lane.submit(n, None)).collect();
    adder.has_prepared(2).await;
    let late = lane.submit(9, Some(Instant::now() + Duration::from_secs(1)));
    tokio::time::advance(Duration::from_secs(2)).await;
    adder.gate.add_permits(10);
    assert_eq!(late.await, Err(LaneProblem::Expired));
    for answer in held {
        assert!(answer.await.is_ok());
    }
    assert_eq!(adder.committed(), [0, 1]);
}

#[tokio::test]
async fn a_closed_lane_answers_what_it_accepted_and_refuses_the_rest() {
    let adder = Adder::new(100);
    let lane = Lane::spawn(OPTIONS, Arc::clone(&adder));
    let before = lane.submit(1, None);
    lane.close().await;
    assert_eq!(before.await, Ok(10));
    assert_eq!(lane.submit(2, None).await, Err(LaneProblem::Closed));
}
