use serde::Deserialize;

use crate::OpenProblem;

/// Where a service keeps its data, and with how many connections.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// `sqlite://` and a path, as `sqlite://data/issuance.db` or `sqlite:///var/lib/...`; or
    /// `postgres://user:password@host:5432/database`.
    pub url: String,
    /// Connections that write, each on a thread of its own. PostgreSQL only: SQLite has one.
    pub writers: u32,
    /// Connections that read.
    pub readers: u32,
    /// How long one statement may run, in milliseconds, before the server stops it. PostgreSQL
    /// only.
    pub statement_timeout_ms: u64,
    /// Takes a server whose settings may lose acknowledged answers, and has SQLite sync at
    /// checkpoints only. For tests only.
    pub weak_durability: bool,
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: String::new(),
            writers: 4,
            readers: 4,
            statement_timeout_ms: 10_000,
            weak_durability: false,
        }
    }
}

/// The databases that a store can be kept in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// One file in the same process.
    Sqlite,
    /// A server that several replicas share.
    Postgres,
}

impl DatabaseConfig {
    /// A database with the usual number of connections.
    pub fn at(url: impl Into<String>) -> Self {
        Self { url: url.into(), ..Self::default() }
    }

    /// Which database the URL names.
    pub fn backend(&self) -> Result<Backend, OpenProblem> {
        match self.url.split_once("://") {
            Some(("sqlite", _)) => Ok(Backend::Sqlite),
            Some(("postgres" | "postgresql", _)) => Ok(Backend::Postgres),
            _ => Err(OpenProblem::Url(self.shown_url())),
        }
    }

    /// The URL without its password, for people.
    pub fn shown_url(&self) -> String {
        let Some((scheme, rest)) = self.url.split_once("://") else { return self.url.clone() };
        match rest.rsplit_once('@') {
            Some((user, place)) => {
                let user = user.split(':').next().unwrap_or_default();
                format!("{scheme}://{user}@{place}")
            }
            None => self.url.clone(),
        }
    }

    /// Everything that is wrong beyond its form, each with what to do.
    pub fn problems(&self, is_test: bool) -> Vec<String> {
        let mut problems = Vec::new();
        if let Err(problem) = self.backend() {
            problems.push(problem.to_string());
        }
        for (key, value) in [("writers", self.writers), ("readers", self.readers)] {
            if !(1..=100).contains(&value) {
                problems.push(format!("database.{key} must be 1 to 100"));
            }
        }
        if self.weak_durability && !is_test {
            problems.push("database.weak_durability needs process.profile = \"test\"".to_owned());
        }
        problems
    }
}

/// Configurations are logged; passwords are not.
impl std::fmt::Debug for DatabaseConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("DatabaseConfig")
            .field("url", &self.shown_url())
            .field("writers", &self.writers)
            .field("readers", &self.readers)
            .field("statement_timeout_ms", &self.statement_timeout_ms)
            .field("weak_durability", &self.weak_durability)
            .finish()
    }
}
