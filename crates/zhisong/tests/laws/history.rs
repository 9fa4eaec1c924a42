//! An honest history to break: played once through the services, then copied for each case.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clock::{Clock, ManualClock};
use sqlx::{Connection as _, SqliteConnection};
use tempfile::TempDir;
use tokio::sync::oneshot;
use zhisong::demo::{self, Options};
use zhisong::installation::Installation;
use zhisong::laws::{self, AckWriter, Inputs, Report};
use zhisong::suite;

use super::next_day;

/// The files of the history: what a crash would have left, without the -shm.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// A copy of the history, to be broken.
pub struct Copy {
    folder: TempDir,
}

/// Which database.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    Eligibility,
    Issuance,
    Redemption,
}

pub fn block_on<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(what)
}

impl Copy {
    pub fn new() -> Self {
        static HISTORY: OnceLock<Files> = OnceLock::new();
        let history = HISTORY.get_or_init(|| block_on(play()));
        let folder = tempfile::tempdir().expect("a folder");
        for (path, bytes) in history {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
            fs::write(path, bytes).expect("room for a copy");
        }
        Self { folder }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn acks(&self) -> PathBuf {
        self.folder.path().join("evidence/acks.jsonl")
    }

    pub fn canaries(&self) -> PathBuf {
        self.folder.path().join("evidence/canaries.txt")
    }

    /// Everything that a check can be given.
    pub fn inputs(&self) -> Inputs {
        let (acks, canaries) = (Some(self.acks()), Some(self.canaries()));
        Inputs { acks, canaries, ..Inputs::of_folder(&self.data()) }
    }

    pub fn check(&self) -> Report {
        block_on(laws::check(&self.inputs(), |_| ())).expect("the history can be read")
    }

    /// Breaks it; no constraint of the schema helps. Says how many rows the last statement met.
    pub fn corrupt(&self, of: Of, sql: &str) -> u64 {
        let name = match of {
            Of::Eligibility => "eligibility.db",
            Of::Issuance => "issuance.db",
            Of::Redemption => "redemption.db",
        };
        let url = format!("sqlite://{}", self.data().join(name).display());
        block_on(async {
            let mut connection = SqliteConnection::connect(&url).await.expect("it opens");
            let loose = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON";
            sqlx::raw_sql(loose).execute(&mut connection).await.expect("constraints are off");
            let sql = sqlx::AssertSqlSafe(sql.to_owned());
            let done = sqlx::raw_sql(sql).execute(&mut connection).await;
            let rows = done.expect("the corruption is SQL").rows_affected();
            connection.close().await.expect("it closes");
            rows
        })
    }

    /// Adds a line to the acknowledged answers.
    pub fn acknowledge(&self, ack: &laws::Ack) {
        AckWriter::append(&self.acks()).and_then(|acks| acks.add(ack)).expect("one more line");
    }
}

/// The demonstration with 40 members, and then a day on which everything else happens.
async fn play() -> Files {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, evidence) = (folder.path().join("data"), folder.path().join("evidence"));
    let installation = Arc::new(Installation::open(&data).expect("a fresh folder opens"));
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::at(demo::opening()));
    let (ready, bound) = oneshot::channel();
    let (done, ended) = oneshot::channel::<()>();
    let serving = tokio::spawn({
        let (installation, clock) = (Arc::clone(&installation), Arc::clone(&clock));
        async move {
            let stop = async move { ended.await.expect("the test says when it is done") };
            let listen = SocketAddr::from(([127, 0, 0, 1], 0));
            let tell = |address| ready.send(address).expect("the test waits for the address");
            suite::serve(&installation, listen, clock, stop, tell).await
        }
    });
    let address = bound.await.expect("the suite starts");
    let options = Options { members: 40, checkouts: 40, seed: 1, progress: false };
    let report = demo::play(&installation, address, &clock, options).await.expect("plays");
    let files = report.evidence.write(&evidence).expect("room for the evidence");
    next_day::play(&installation, address, &files.acks).await;
    done.send(()).expect("the suite still serves");
    serving.await.expect("does not panic").expect("ends well");
    files_below(folder.path(), folder.path())
}

fn files_below(root: &Path, folder: &Path) -> Files {
    let entries = fs::read_dir(folder).expect("the folder is there").map(|entry| {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            return files_below(root, &path);
        }
        let name = path.strip_prefix(root).expect("it is below the root").to_owned();
        // A -shm is made anew from the -wal, as after a restart of the machine.
        match name.to_string_lossy().ends_with("-shm") {
            true => Vec::new(),
            false => vec![(name, fs::read(&path).expect("it can be read"))],
        }
    });
    entries.flatten().collect()
}
