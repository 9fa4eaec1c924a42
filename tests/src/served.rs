//! The three services, served in the test's own process on a manual clock.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clock::{BusinessDay, Clock, ManualClock, Timestamp, Zone};
use runtime::StartProblem;
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use zhisong::installation::Installation;
use zhisong::suite;

/// The services over a data folder of their own.
pub struct Suite {
    /// Keys and databases.
    pub installation: Arc<Installation>,
    /// Where the services listen.
    pub address: SocketAddr,
    clock: Arc<dyn Clock>,
    done: oneshot::Sender<()>,
    serving: JoinHandle<Result<(), StartProblem>>,
    folder: TempDir,
}

/// The data folder of a suite that has ended; gone when this is dropped.
pub struct Ended(TempDir);

impl Suite {
    /// Serves a fresh folder; business time stands at a minute of a day in Shanghai.
    pub async fn start(day: &str, minute: u16) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let installation = Installation::open(folder.path()).expect("a fresh folder opens");
        Self::over(folder, installation, instant(day, minute)).await
    }

    /// Serves a folder that is already opened; business time stands at an instant.
    pub async fn over(folder: TempDir, installation: Installation, now: Timestamp) -> Self {
        let installation = Arc::new(installation);
        let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(now));
        let (ready, bound) = oneshot::channel();
        let (done, ended) = oneshot::channel::<()>();
        let serving = tokio::spawn({
            let (installation, clock) = (Arc::clone(&installation), Arc::clone(&clock));
            async move {
                // A test that fails drops its end, which is as good as saying that it is done.
                let stop = async move { ended.await.unwrap_or(()) };
                let listen = SocketAddr::from(([127, 0, 0, 1], 0));
                let tell = |address| ready.send(address).expect("the test waits for the address");
                suite::serve(&installation, listen, clock, stop, tell).await
            }
        });
        let address = bound.await.expect("the suite starts");
        Self { installation, address, clock, done, serving, folder }
    }

    /// The clock that the services follow.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// The data folder.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Ends the services in good order and leaves their data.
    pub async fn stop(self) -> Ended {
        self.done.send(()).expect("the suite still serves");
        self.serving.await.expect("does not panic").expect("ends well");
        Ended(self.folder)
    }
}

impl Ended {
    /// The data folder.
    pub fn folder(&self) -> PathBuf {
        self.0.path().to_owned()
    }
}

/// A minute of a day in Shanghai.
pub fn instant(day: &str, minute: u16) -> Timestamp {
    let day = BusinessDay::parse(day).expect("a day as 2022-07-22");
    day.at_minute(minute, &Zone::shanghai())
}
