//! An honest history to break: played once through the services, then copied for each case.

use std::cell::RefCell;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use clock::{Clock, ManualClock};
use sql::DatabaseConfig;
use sqlx::{Connection as _, PgConnection, SqliteConnection};
use tempfile::TempDir;
use testkit::postgres::Postgres;
use tokio::sync::oneshot;
use zhisong::demo::{self, Options};
use zhisong::installation::Installation;
use zhisong::laws::{self, AckWriter, Inputs, Report};
use zhisong::suite;

use super::next_day;

/// The files of the history: what a crash would have left, without the -shm.
type Files = Vec<(PathBuf, Vec<u8>)>;

/// An honest history over one kind of database.
pub struct History {
    postgres: Option<Postgres>,
    played: OnceLock<Played>,
}

/// What was played: keys, evidence and SQLite's databases are files.
struct Played {
    files: Files,
    /// PostgreSQL's databases.
    databases: Option<Databases>,
}

struct Databases {
    /// Never connected to again, so that they can be copied.
    originals: [String; 3],
    /// Looked at and never broken.
    intact: [String; 3],
}

/// A copy of the history, to be broken.
pub struct Copy<'h> {
    history: &'h History,
    folder: TempDir,
    urls: RefCell<[String; 3]>,
}

/// Which database.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    Eligibility = 0,
    Issuance = 1,
    Redemption = 2,
}

const SERVICES: [&str; 3] = ["eligibility", "issuance", "redemption"];

/// Takes the constraints away that a corruption would meet.
const LOOSE_SQLITE: &str = "PRAGMA foreign_keys = OFF; PRAGMA ignore_check_constraints = ON";
const LOOSE_POSTGRES: &str = "
    DO $$ DECLARE found RECORD; BEGIN
      FOR found IN SELECT conrelid::regclass AS of, conname FROM pg_constraint
        WHERE contype IN ('c', 'f') AND connamespace = 'public'::regnamespace AND conrelid <> 0
      LOOP EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', found.of, found.conname); END LOOP;
    END $$";

pub fn block_on<T>(what: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    runtime.expect("a runtime").block_on(what)
}

impl History {
    pub fn over_sqlite() -> Self {
        Self { postgres: None, played: OnceLock::new() }
    }

    pub fn over_postgres(postgres: Postgres) -> Self {
        Self { postgres: Some(postgres), played: OnceLock::new() }
    }

    pub fn copy(&self) -> Copy<'_> {
        let played = self.played.get_or_init(|| block_on(play(self.postgres.as_ref())));
        let folder = tempfile::tempdir().expect("a folder");
        for (path, bytes) in &played.files {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().expect("a file is in a folder")).expect("a folder");
            fs::write(path, bytes).expect("room for a copy");
        }
        let urls = match &played.databases {
            Some(databases) => databases.intact.clone(),
            None => Inputs::of_folder(&folder.path().join("data")).urls,
        };
        Copy { history: self, folder, urls: RefCell::new(urls) }
    }
}

impl Copy<'_> {
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
        let urls = self.urls.borrow().clone();
        Inputs { urls, acks, canaries, ..Inputs::of_folder(&self.data()) }
    }

    pub fn check(&self) -> Report {
        block_on(laws::check(&self.inputs(), |_| ())).expect("the history can be read")
    }

    /// Breaks it; no constraint of the schema helps. Says how many rows the last statement met.
    pub fn corrupt(&self, of: Of, sql: &str) -> u64 {
        match &self.history.postgres {
            Some(postgres) => block_on(self.corrupt_postgres(postgres, of, sql)),
            None => block_on(self.corrupt_sqlite(of, sql)),
        }
    }

    async fn corrupt_sqlite(&self, of: Of, sql: &str) -> u64 {
        let url = self.urls.borrow()[of as usize].clone();
        let mut connection = SqliteConnection::connect(&url).await.expect("it opens");
        let loose = sqlx::raw_sql(LOOSE_SQLITE).execute(&mut connection).await;
        loose.expect("constraints are off");
        let sql = sqlx::AssertSqlSafe(sql.to_owned());
        let done = sqlx::raw_sql(sql).execute(&mut connection).await;
        let rows = done.expect("the corruption is SQL").rows_affected();
        connection.close().await.expect("it closes");
        rows
    }

    async fn corrupt_postgres(&self, postgres: &Postgres, of: Of, sql: &str) -> u64 {
        let played = self.history.played.get().and_then(|played| played.databases.as_ref());
        let Databases { originals, intact } = played.expect("a copy is of what was played");
        let mut url = self.urls.borrow()[of as usize].clone();
        // What others look at too is not broken.
        if url == intact[of as usize] {
            url = postgres.copy_of(&originals[of as usize]).await.expect("room for a copy");
            self.urls.borrow_mut()[of as usize] = url.clone();
        }
        let mut connection = PgConnection::connect(&url).await.expect("it opens");
        let sql = format!("{LOOSE_POSTGRES}; {}", sql.replace("x'", "'\\x"));
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await;
        let rows = done.expect("the corruption is SQL").rows_affected();
        connection.close().await.expect("it closes");
        rows
    }

    /// Adds a line to the acknowledged answers.
    pub fn acknowledge(&self, ack: &laws::Ack) {
        AckWriter::append(&self.acks()).and_then(|acks| acks.add(ack)).expect("one more line");
    }
}

/// The demonstration with 40 members, and then a day on which everything else happens.
async fn play(postgres: Option<&Postgres>) -> Played {
    let folder = tempfile::tempdir().expect("a folder");
    let (data, evidence) = (folder.path().join("data"), folder.path().join("evidence"));
    let mut installation = Installation::open(&data).expect("a fresh folder opens");
    let mut originals = Vec::new();
    if let Some(postgres) = postgres {
        for service in SERVICES {
            let url = postgres.database().await.expect("room for a database");
            originals.push(url.clone());
            let database = DatabaseConfig { weak_durability: true, ..DatabaseConfig::at(url) };
            installation = installation.with_database(service, database);
        }
    }
    let installation = Arc::new(installation);
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
    let databases = match postgres {
        Some(postgres) => Some(Databases::of(originals, postgres).await),
        None => None,
    };
    Played { files: files_below(folder.path(), folder.path()), databases }
}

impl Databases {
    async fn of(originals: Vec<String>, postgres: &Postgres) -> Self {
        let mut intact = Vec::new();
        for url in &originals {
            intact.push(postgres.copy_of(url).await.expect("room for a copy"));
        }
        let three = |urls: Vec<String>| urls.try_into().expect("one a service");
        Self { originals: three(originals), intact: three(intact) }
    }
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
