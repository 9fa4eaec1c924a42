//! The threads that own a database's writing connections, whatever the database.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use sqlx::{Connection as _, Database};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::StoreError;

/// Steps that may wait for a writer. Lanes batch before it, so few ever do.
const WAITING_MAX: usize = 1_024;
/// A connection that was not used for longer is tried before its next step: the server may have
/// closed it.
const IDLE_MAX: Duration = Duration::from_secs(1);

/// What a writer must know of its database.
pub(crate) trait Link: Send + Sync + 'static {
    /// The driver.
    type Driver: Database;
    /// The statement that begins a step's transaction.
    const BEGIN: &'static str;

    /// Opens a connection that may write.
    async fn connect(&self) -> Result<Connection<Self>, StoreError>;

    /// What an error before the commit means.
    fn classify(error: sqlx::Error) -> StoreError;

    /// What an error of the commit itself means.
    fn classify_commit(error: sqlx::Error) -> StoreError;
}

type Connection<L> = <<L as Link>::Driver as Database>::Connection;

type Job<L> =
    Box<dyn for<'c> FnOnce(&'c mut Desk<L>) -> Pin<Box<dyn Future<Output = ()> + 'c>> + Send>;
type Queue<L> = Arc<tokio::sync::Mutex<mpsc::Receiver<Job<L>>>>;

/// Threads that each own one writing connection and run one step after another.
pub(crate) struct Writer<L: Link> {
    jobs: Mutex<Option<mpsc::Sender<Job<L>>>>,
    threads: Mutex<Vec<JoinHandle<()>>>,
}

/// A writing connection, opened again when it was lost.
struct Desk<L: Link> {
    link: Arc<L>,
    connection: Option<Connection<L>>,
    used_at: Instant,
}

impl<L: Link> Writer<L> {
    /// Starts `threads` writers; the first of them has `connection` already.
    pub(crate) fn start(link: L, connection: Connection<L>, threads: u32) -> Self {
        let (jobs, waiting) = mpsc::channel::<Job<L>>(WAITING_MAX);
        let queue: Queue<L> = Arc::new(tokio::sync::Mutex::new(waiting));
        let link = Arc::new(link);
        let connections = std::iter::once(Some(connection)).chain(std::iter::repeat_with(|| None));
        let desks = connections.map(|connection| Desk {
            link: Arc::clone(&link),
            connection,
            used_at: Instant::now(),
        });
        let threads = desks.take(threads.max(1) as usize).map(|desk| spawn(desk, &queue)).collect();
        Self { jobs: Mutex::new(Some(jobs)), threads: Mutex::new(threads) }
    }

    pub(crate) async fn run<T, F>(&self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut Connection<L>) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job<L> = Box::new(move |desk| {
            Box::pin(async move {
                let result = desk.transact(name, step).await;
                // The caller may be gone; the step stands all the same.
                let _ = answer.send(result);
            })
        });
        let jobs = self.jobs.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let closed = || StoreError::Unavailable { detail: "the database is closed".to_owned() };
        let jobs = jobs.ok_or_else(closed)?;
        jobs.send(job).await.map_err(|_| closed())?;
        // A writer that dies after taking the job may or may not have committed it.
        answered.await.unwrap_or(Err(StoreError::OutcomeUnknown))
    }

    pub(crate) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let threads =
            std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("a database writer ended in a panic");
            }
        }
    }
}

fn spawn<L: Link>(mut desk: Desk<L>, queue: &Queue<L>) -> JoinHandle<()> {
    let queue = Arc::clone(queue);
    let thread = std::thread::Builder::new().name("database-writer".to_owned());
    let thread = thread.spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.expect("a runtime without workers needs only a poller");
        runtime.block_on(async {
            while let Some(job) = next(&queue).await {
                job(&mut desk).await;
            }
            desk.close().await;
        });
    });
    thread.expect("the process may start one more thread")
}

async fn next<L: Link>(queue: &Queue<L>) -> Option<Job<L>> {
    queue.lock().await.recv().await
}

impl<L: Link> Desk<L> {
    async fn transact<T, F>(&mut self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        F: AsyncFnOnce(&mut Connection<L>) -> Result<T, StoreError>,
    {
        let started = Instant::now();
        let result = self.attempt(step).await;
        let outcome = if result.is_ok() { "ok" } else { "error" };
        metrics::histogram!("zhisong_store_seconds", "step" => name, "outcome" => outcome)
            .record(started.elapsed().as_secs_f64());
        self.used_at = Instant::now();
        if matches!(result, Err(StoreError::OutcomeUnknown | StoreError::Unavailable { .. })) {
            self.connection = None;
        }
        result
    }

    async fn attempt<T, F>(&mut self, step: F) -> Result<T, StoreError>
    where
        F: AsyncFnOnce(&mut Connection<L>) -> Result<T, StoreError>,
    {
        self.make_ready().await?;
        let connection = self.connection.as_mut().expect("made ready above");
        let begun = connection.begin_with(L::BEGIN).await;
        let mut transaction = begun.map_err(L::classify)?;
        match step(&mut transaction).await {
            Ok(value) => {
                transaction.commit().await.map_err(|error| {
                    tracing::error!(error = %error, "a commit failed");
                    L::classify_commit(error)
                })?;
                Ok(value)
            }
            Err(error) => {
                // A full disk ends the transaction by itself, and the driver, which still counts
                // it as open, could then begin no other.
                if let Err(lost) = transaction.rollback().await {
                    tracing::warn!(error = %lost, "a step was undone by the database itself");
                    self.connection = None;
                }
                Err(error)
            }
        }
    }

    /// A connection that was lost, or that the server has closed since its last step, is opened
    /// again.
    async fn make_ready(&mut self) -> Result<(), StoreError> {
        if let Some(connection) = self.connection.as_mut()
            && (self.used_at.elapsed() < IDLE_MAX || connection.ping().await.is_ok())
        {
            return Ok(());
        }
        self.connection = None;
        self.connection = Some(self.link.connect().await?);
        Ok(())
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(error = %error, "the database was not closed cleanly");
        }
    }
}
