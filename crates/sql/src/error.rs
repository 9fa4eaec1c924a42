/// Why a store could not do its step. What the business refuses is not an error of the store.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Two changes met; nothing was done, and the whole request may be sent again.
    #[error("two changes met")]
    Conflict,
    /// The commit was sent and its outcome is not known; read back by key, or say so.
    #[error("the outcome of the commit is not known")]
    OutcomeUnknown,
    /// The database cannot be used now; nothing was done.
    #[error("the database cannot be used: {detail}")]
    Unavailable {
        /// For the log; never sent to a caller.
        detail: String,
    },
    /// What is stored contradicts itself.
    #[error("table {table} is corrupt at {id}: {detail}")]
    Corrupt {
        /// Where.
        table: &'static str,
        /// Which row; never personal data.
        id: String,
        /// How; never personal data.
        detail: String,
    },
}

/// Why a database could not be opened. Says what to do.
#[derive(Debug, thiserror::Error)]
pub enum OpenProblem {
    /// The URL names no store that we have.
    #[error(
        "database.url {0:?} is not supported: use sqlite://PATH or postgres://USER@HOST/DATABASE"
    )]
    Url(String),
    /// The file or its folder cannot be read or written.
    #[error(
        "cannot open the database {path}: {source}; check that its folder exists, is writable and has room"
    )]
    File {
        /// The database.
        path: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The server cannot be reached or does not let us in.
    #[error(
        "cannot open the database {url}: {source}; check that the server runs, that the database exists and that the user may use it"
    )]
    Server {
        /// The database, without a password.
        url: String,
        /// What the driver said.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the schema of {path} up to date: {source}")]
    Migration {
        /// The database.
        path: String,
        /// What the migrator said.
        source: sqlx::migrate::MigrateError,
    },
    /// A newer version of the service has made the schema unreadable for this one.
    #[error(
        "the schema of {path} needs version {needed} of this service's schema or newer; this one knows {known}: run a newer version"
    )]
    TooNew {
        /// The database.
        path: String,
        /// The oldest schema version that may read it.
        needed: i64,
        /// The newest schema version this service knows.
        known: i64,
    },
    /// The SQLite library may lose commits.
    #[error(
        "SQLite {0} may lose commits in WAL mode (fixed in 3.51.3): build with the bundled one"
    )]
    Library(String),
    /// A durability setting is weaker than what an acknowledged answer promises.
    #[error("{setting} is {value}, which may lose acknowledged answers")]
    Durability {
        /// Which.
        setting: &'static str,
        /// What the database says it is.
        value: String,
    },
}
