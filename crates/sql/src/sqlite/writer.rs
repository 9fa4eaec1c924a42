use std::future::Future;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;

use sqlx::{Connection as _, SqliteConnection};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::{classify, open};
use crate::StoreError;

/// Steps that may wait for the writer. Lanes batch before it, so few ever do.
const WAITING_MAX: usize = 1_024;

type Job = Box<dyn for<'c> FnOnce(&'c mut Desk) -> Pin<Box<dyn Future<Output = ()> + 'c>> + Send>;

/// A thread that owns the one writing connection and runs one step after another.
pub(super) struct Writer {
    jobs: Mutex<Option<mpsc::Sender<Job>>>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

/// The writing connection, opened again after an unknown outcome.
struct Desk {
    path: String,
    connection: Option<SqliteConnection>,
}

impl Writer {
    pub(super) fn start(path: &str, connection: SqliteConnection) -> Self {
        let (jobs, mut waiting) = mpsc::channel::<Job>(WAITING_MAX);
        let mut desk = Desk { path: path.to_owned(), connection: Some(connection) };
        let thread = std::thread::Builder::new().name("sqlite-writer".to_owned());
        let thread = thread.spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let runtime = runtime.expect("a runtime without workers needs only a poller");
            runtime.block_on(async {
                while let Some(job) = waiting.recv().await {
                    job(&mut desk).await;
                }
                desk.close().await;
            });
        });
        let thread = thread.expect("the process may start one more thread");
        Self { jobs: Mutex::new(Some(jobs)), thread: Mutex::new(Some(thread)) }
    }

    pub(super) async fn run<T, F>(&self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError> + Send + 'static,
    {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |desk| {
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

    pub(super) async fn close(&self) {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner).take();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            let joined = tokio::task::spawn_blocking(move || thread.join()).await;
            if !matches!(joined, Ok(Ok(()))) {
                tracing::error!("the database writer ended in a panic");
            }
        }
    }
}

impl Desk {
    async fn transact<T, F>(&mut self, name: &'static str, step: F) -> Result<T, StoreError>
    where
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    {
        let started = Instant::now();
        let result = self.attempt(step).await;
        let outcome = if result.is_ok() { "ok" } else { "error" };
        metrics::histogram!("zhisong_store_seconds", "step" => name, "outcome" => outcome)
            .record(started.elapsed().as_secs_f64());
        if matches!(result, Err(StoreError::OutcomeUnknown)) {
            self.connection = None;
        }
        result
    }

    async fn attempt<T, F>(&mut self, step: F) -> Result<T, StoreError>
    where
        F: AsyncFnOnce(&mut SqliteConnection) -> Result<T, StoreError>,
    {
        let connection = self.connection().await?;
        let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await.map_err(classify)?;
        match step(&mut transaction).await {
            Ok(value) => {
                transaction.commit().await.map_err(|error| {
                    tracing::error!(error = %error, "a commit has an unknown outcome");
                    StoreError::OutcomeUnknown
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

    async fn connection(&mut self) -> Result<&mut SqliteConnection, StoreError> {
        if self.connection.is_none() {
            let opened = open::connect(&self.path).await;
            let opened =
                opened.map_err(|problem| StoreError::Unavailable { detail: problem.to_string() });
            self.connection = Some(opened?);
        }
        Ok(self.connection.as_mut().expect("opened above"))
    }

    async fn close(&mut self) {
        if let Some(connection) = self.connection.take()
            && let Err(error) = connection.close().await
        {
            tracing::warn!(error = %error, "the database was not closed cleanly");
        }
    }
}
