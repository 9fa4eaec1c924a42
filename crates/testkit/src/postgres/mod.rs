//! A throw-away PostgreSQL: its own folder, its own port, gone at the end.
//!
//! The installed binaries are found in `PATH` and where Debian puts them. `ZHISONG_TEST_POSTGRES`
//! names a running server instead (`postgres://user:password@host:port`, a user that may create
//! databases). `ZHISONG_REQUIRE_POSTGRES` makes a missing PostgreSQL a failure.

mod binaries;
mod server;

use std::sync::atomic::{AtomicU32, Ordering};

use sqlx::{Connection as _, PgConnection};

pub use server::{Problem, Server, Settings};

/// Names a running server to be used instead of a throw-away one.
const SERVER_VARIABLE: &str = "ZHISONG_TEST_POSTGRES";
/// Makes a missing PostgreSQL a failure.
const REQUIRE_VARIABLE: &str = "ZHISONG_REQUIRE_POSTGRES";

/// A PostgreSQL that databases can be made in.
pub struct Postgres {
    url: String,
    server: Option<Server>,
    databases: AtomicU32,
}

/// What a test suite does without PostgreSQL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// Its trials are shown as ignored, with the reason.
    Ignored(String),
    /// Its trials fail: whoever runs it requires PostgreSQL.
    Failure(String),
}

impl Postgres {
    /// The server of the environment, or a throw-away one.
    pub fn start(settings: Settings) -> Result<Self, Problem> {
        if let Ok(url) = std::env::var(SERVER_VARIABLE) {
            return Ok(Self { url, server: None, databases: AtomicU32::new(0) });
        }
        let server = Server::start(settings)?;
        Ok(Self { url: server.url(), server: Some(server), databases: AtomicU32::new(0) })
    }

    /// The same, with what a suite does when there is none.
    pub fn start_if_present(settings: Settings) -> Result<Self, Missing> {
        Self::start(settings).map_err(|problem| {
            let text = problem.to_string();
            match (&problem, std::env::var_os(REQUIRE_VARIABLE)) {
                (Problem::NotInstalled, None) => Missing::Ignored(text),
                _ => Missing::Failure(text),
            }
        })
    }

    /// A new, empty database; gives its URL.
    pub async fn database(&self) -> Result<String, sqlx::Error> {
        self.create("").await
    }

    /// A new database with all that the database at `url` has, one of ours that nobody is
    /// connected to; gives its URL.
    pub async fn copy_of(&self, url: &str) -> Result<String, sqlx::Error> {
        let name = url.rsplit('/').next().unwrap_or_default();
        self.create(&format!(" TEMPLATE {name}")).await
    }

    async fn create(&self, template: &str) -> Result<String, sqlx::Error> {
        let number = self.databases.fetch_add(1, Ordering::Relaxed);
        let name = format!("test_{}_{number}", std::process::id());
        let mut connection = PgConnection::connect(&format!("{}/postgres", self.url)).await?;
        let create = sqlx::AssertSqlSafe(format!("CREATE DATABASE {name}{template}"));
        sqlx::query(create).execute(&mut connection).await?;
        connection.close().await?;
        Ok(format!("{}/{name}", self.url))
    }

    /// The throw-away server, to be killed and started again; none when it is somebody else's.
    pub fn server(&mut self) -> Option<&mut Server> {
        self.server.as_mut()
    }
}
