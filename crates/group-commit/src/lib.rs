//! Lanes: many callers' commands become few commits.
//!
//! A handler only submits its command and awaits the answer; a [`Lane`] does the work in tasks of
//! its own. While one batch commits, the next is prepared, and all that arrives meanwhile is the one
//! after it: the cost of a commit is shared. No linger: a lone command is worked on at once.
//!
//! ```text
//! submit -> queue -> [prepare batch n+1] -> [commit batch n] -> answers
//! ```
//!
//! **Invariant:** a cancelled submit leaves no half-done work (law A3): the lane goes on and the
//! answer is dropped. **Invariant:** commands are committed in the order in which they were
//! accepted. **Invariant:** a command whose deadline passed before its batch was taken is not
//! worked on; one that was taken is never given up. Absent on purpose: SQL, gRPC, retries.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::Instant;

#[cfg(test)]
mod tests;

/// What a lane does with a batch.
#[async_trait]
pub trait Stages: Send + Sync + 'static {
    /// One caller's wish.
    type Command: Send + 'static;
    /// A batch that is ready to commit.
    type Prepared: Send + 'static;
    /// What one caller is told.
    type Answer: Send + 'static;

    /// Gets a batch ready, while the batch before it commits.
    async fn prepare(&self, commands: Vec<Self::Command>) -> Self::Prepared;

    /// Commits a batch and gives one answer a command, in the order of the commands.
    async fn commit(&self, prepared: Self::Prepared) -> Vec<Self::Answer>;
}

/// A lane's name and bounds.
#[derive(Debug, Clone, Copy)]
pub struct LaneOptions {
    /// Names the lane in metrics and logs; from a closed set.
    pub name: &'static str,
    /// Commands that may wait; one more is refused at once. 1 or more.
    pub queue_max: usize,
    /// Commands in one batch, at most. 1 or more.
    pub batch_max: usize,
}

/// Why a command was not worked on. Nothing was done for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum LaneProblem {
    /// Too many commands wait.
    #[error("the queue is full")]
    Full,
    /// The deadline passed while the command waited.
    #[error("the deadline passed in the queue")]
    Expired,
    /// The lane is shut, or its work ended in a panic.
    #[error("the lane is closed")]
    Closed,
}

struct Waiting<C, A> {
    command: C,
    deadline: Option<Instant>,
    answer: oneshot::Sender<Result<A, LaneProblem>>,
}

type Answers<A> = Vec<oneshot::Sender<Result<A, LaneProblem>>>;

/// The way into a lane. Dropping it lets the lane finish what it has accepted.
pub struct Lane<C, A> {
    queue: Mutex<Option<mpsc::Sender<Waiting<C, A>>>>,
    workers: Mutex<Vec<JoinHandle<()>>>,
}

impl<C: Send + 'static, A: Send + 'static> Lane<C, A> {
    /// Starts a lane's two tasks on the current runtime.
    pub fn spawn<S>(options: LaneOptions, stages: Arc<S>) -> Self
    where
        S: Stages<Command = C, Answer = A>,
    {
        let (queue, waiting) = mpsc::channel(options.queue_max.max(1));
        let (ready, prepared) = mpsc::channel(1);
        let first = tokio::spawn(collect(options, Arc::clone(&stages), waiting, ready));
        let second = tokio::spawn(commit(options, stages, prepared));
        Self { queue: Mutex::new(Some(queue)), workers: Mutex::new(vec![first, second]) }
    }

    /// Hands in a command and waits for its answer. Dropping the future does not undo the command.
    pub fn submit(
        &self,
        command: C,
        deadline: Option<Instant>,
    ) -> impl Future<Output = Result<A, LaneProblem>> + Send + use<C, A> {
        let (answer, answered) = oneshot::channel();
        let accepted = match &*self.queue.lock().unwrap_or_else(PoisonError::into_inner) {
            None => Err(LaneProblem::Closed),
            Some(queue) => {
                queue.try_send(Waiting { command, deadline, answer }).map_err(|refused| {
                    match refused {
                        mpsc::error::TrySendError::Full(_) => LaneProblem::Full,
                        mpsc::error::TrySendError::Closed(_) => LaneProblem::Closed,
                    }
                })
            }
        };
        async move {
            accepted?;
            answered.await.unwrap_or(Err(LaneProblem::Closed))
        }
    }

    /// Refuses new commands, finishes those accepted, and returns when all are answered.
    pub async fn close(&self) {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner).take();
        let workers =
            std::mem::take(&mut *self.workers.lock().unwrap_or_else(PoisonError::into_inner));
        for worker in workers {
            if worker.await.is_err() {
                tracing::error!("a lane ended in a panic");
            }
        }
    }
}

async fn collect<S: Stages>(
    options: LaneOptions,
    stages: Arc<S>,
    mut waiting: mpsc::Receiver<Waiting<S::Command, S::Answer>>,
    ready: mpsc::Sender<(S::Prepared, Answers<S::Answer>)>,
) {
    let mut taken = Vec::new();
    // No batch is begun before there is room to hand it over: what arrives until then joins it.
    while let Ok(room) = ready.reserve().await {
        if waiting.recv_many(&mut taken, options.batch_max.max(1)).await == 0 {
            return;
        }
        let (commands, answers) = unexpired(taken.drain(..));
        if commands.is_empty() {
            continue;
        }
        metrics::histogram!("zhisong_lane_batch", "lane" => options.name)
            .record(commands.len() as f64);
        room.send((stages.prepare(commands).await, answers));
    }
}

fn unexpired<C, A>(taken: impl Iterator<Item = Waiting<C, A>>) -> (Vec<C>, Answers<A>) {
    let now = Instant::now();
    let mut commands = Vec::new();
    let mut answers = Vec::new();
    for waiting in taken {
        if waiting.deadline.is_some_and(|deadline| deadline <= now) {
            // The caller may be gone, and then nobody needs the answer.
            let _ = waiting.answer.send(Err(LaneProblem::Expired));
            continue;
        }
        commands.push(waiting.command);
        answers.push(waiting.answer);
    }
    (commands, answers)
}

async fn commit<S: Stages>(
    options: LaneOptions,
    stages: Arc<S>,
    mut prepared: mpsc::Receiver<(S::Prepared, Answers<S::Answer>)>,
) {
    while let Some((batch, waiting)) = prepared.recv().await {
        let started = Instant::now();
        let answers = stages.commit(batch).await;
        metrics::histogram!("zhisong_lane_commit_seconds", "lane" => options.name)
            .record(started.elapsed().as_secs_f64());
        if answers.len() != waiting.len() {
            tracing::error!(lane = options.name, "a batch was answered in part");
        }
        for (answer, waiting) in answers.into_iter().zip(waiting) {
            // The caller may be gone, and then nobody needs the answer.
            let _ = waiting.send(Ok(answer));
        }
    }
}
