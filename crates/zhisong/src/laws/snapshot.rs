use std::path::Path;
use std::time::Duration;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::sqlite::{SqliteConnectOptions, SqliteRow};
use sqlx::{
    AssertSqlSafe, Column as _, ConnectOptions as _, Connection as _, Decode, PgConnection,
    Postgres, Row as _, Sqlite, SqliteConnection, Type,
};

use super::LawProblem;
use super::verdict::{Finding, Law, Verdict};
use crate::hex::hex;

/// How long a serving process may keep the file to itself.
const BUSY_TIMEOUT: Duration = Duration::from_secs(30);

/// How PostgreSQL goes through whole tables: by hash joins on all columns. It gathers statistics a
/// minute after a change; without them it sorts by a few columns that are the same in every row,
/// or goes row by row, and compares everything with everything.
const WHOLE_TABLES: [(&str, &str); 5] = [
    ("enable_nestloop", "off"),
    ("enable_mergejoin", "off"),
    ("enable_seqscan", "on"),
    ("work_mem", "64MB"),
    ("jit", "off"),
];

/// One read transaction on one service's database: whatever is asked, it is asked of the same
/// instant. (An enum and not sqlx's `Any`, which copies every value of every row.)
pub(super) struct Snapshot {
    service: &'static str,
    connection: Connection,
}

enum Connection {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

/// A row of either database.
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

/// What a query is asked with.
pub(super) enum Bind {
    Integer(i64),
    Text(String),
    Bytes(Vec<u8>),
}

/// A query that gives a row for each thing that is wrong, with the columns that name it.
pub(super) struct Rule {
    pub what: &'static str,
    pub sql: &'static str,
}

impl Snapshot {
    pub async fn open(service: &'static str, url: &str) -> Result<Self, LawProblem> {
        let problem = |source| LawProblem::Database { service, source };
        let connection = match url.split_once("://") {
            Some(("sqlite", path)) => Connection::sqlite(Path::new(path), problem).await?,
            Some(("postgres" | "postgresql", _)) => {
                let options: PgConnectOptions = url.parse().map_err(problem)?;
                let options = options.options(WHOLE_TABLES);
                Connection::Postgres(options.connect().await.map_err(problem)?)
            }
            _ => return Err(LawProblem::Url(url.to_owned())),
        };
        let mut snapshot = Self { service, connection };
        snapshot.begin().await?;
        Ok(snapshot)
    }

    /// The snapshot is of the first read in the transaction, so one is made at once.
    async fn begin(&mut self) -> Result<(), LawProblem> {
        let begun = match &mut self.connection {
            Connection::Sqlite(sqlite) => sqlx::raw_sql("BEGIN").execute(sqlite).await.map(drop),
            Connection::Postgres(postgres) => {
                let begin = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
                sqlx::raw_sql(begin).execute(postgres).await.map(drop)
            }
        };
        begun.map_err(|source| self.problem(source))?;
        self.figures("SELECT COUNT(*) AS keys FROM meta").await.map(drop)
    }

    pub async fn close(self) -> Result<(), LawProblem> {
        let service = self.service;
        let closed = match self.connection {
            Connection::Sqlite(sqlite) => sqlite.close().await,
            Connection::Postgres(postgres) => postgres.close().await,
        };
        closed.map_err(|source| LawProblem::Database { service, source })
    }

    /// The rows of a query, as they come.
    pub fn rows(&mut self, sql: &'static str) -> BoxStream<'_, Result<Row, LawProblem>> {
        self.rows_for(sql.to_owned(), Vec::new())
    }

    /// The rows of a query that looks up a few keys; `$1` is the first of its values. Each key is
    /// found by an index: no table is gone through for a few of its rows.
    pub async fn look_up(&mut self, sql: String, binds: Vec<Bind>) -> Result<Vec<Row>, LawProblem> {
        self.set(
            "SET LOCAL enable_nestloop = on; SET LOCAL enable_hashjoin = off;
             SET LOCAL enable_seqscan = off",
        )
        .await?;
        let rows = self.rows_for(sql, binds).try_collect().await?;
        self.set(
            "SET LOCAL enable_nestloop = off; SET LOCAL enable_hashjoin = on;
             SET LOCAL enable_seqscan = on",
        )
        .await?;
        Ok(rows)
    }

    /// Changes a setting of PostgreSQL's; SQLite has none of them.
    async fn set(&mut self, setting: &'static str) -> Result<(), LawProblem> {
        let set = match &mut self.connection {
            Connection::Sqlite(_) => Ok(()),
            Connection::Postgres(postgres) => {
                sqlx::raw_sql(setting).execute(postgres).await.map(drop)
            }
        };
        set.map_err(|source| self.problem(source))
    }

    fn rows_for(
        &mut self,
        sql: String,
        binds: Vec<Bind>,
    ) -> BoxStream<'_, Result<Row, LawProblem>> {
        let service = self.service;
        let problem = move |source| LawProblem::Database { service, source };
        let sql = AssertSqlSafe(sql);
        match &mut self.connection {
            Connection::Sqlite(sqlite) => {
                let query = binds.into_iter().fold(sqlx::query(sql), |query, bind| match bind {
                    Bind::Integer(value) => query.bind(value),
                    Bind::Text(value) => query.bind(value),
                    Bind::Bytes(value) => query.bind(value),
                });
                query.fetch(sqlite).map_ok(Row::Sqlite).map_err(problem).boxed()
            }
            Connection::Postgres(postgres) => {
                let query = binds.into_iter().fold(sqlx::query(sql), |query, bind| match bind {
                    Bind::Integer(value) => query.bind(value),
                    Bind::Text(value) => query.bind(value),
                    Bind::Bytes(value) => query.bind(value),
                });
                query.fetch(postgres).map_ok(Row::Postgres).map_err(problem).boxed()
            }
        }
    }

    /// The one row of a query as figures, by the names of its columns.
    pub async fn figures(&mut self, sql: &'static str) -> Result<Vec<(String, i64)>, LawProblem> {
        let row = self.rows(sql).try_next().await?;
        let row = row.ok_or(LawProblem::Column(sqlx::Error::RowNotFound))?;
        let names = row.names().into_iter().map(str::to_owned).enumerate();
        let figures = names.map(|(at, name)| Ok((name, row.at(at)?)));
        figures.collect::<Result<_, sqlx::Error>>().map_err(LawProblem::Column)
    }

    /// Whom a rule catches.
    pub async fn offenders(&mut self, rule: &Rule) -> Result<Finding, LawProblem> {
        let mut finding = Finding::none_yet(rule.what);
        let mut rows = self.rows(rule.sql);
        while let Some(row) = rows.try_next().await? {
            finding.add(|| row.shown());
        }
        Ok(finding)
    }

    /// A law that is no more than queries: its figures and its rules.
    pub async fn judge(
        &mut self,
        law: Law,
        figures: &'static str,
        rules: &[Rule],
    ) -> Result<Verdict, LawProblem> {
        let mut verdict = Verdict::holds(law);
        for (name, figure) in self.figures(figures).await? {
            verdict.figure(name, figure);
        }
        for rule in rules {
            verdict.find(self.offenders(rule).await?);
        }
        Ok(verdict)
    }

    fn problem(&self, source: sqlx::Error) -> LawProblem {
        LawProblem::Database { service: self.service, source }
    }
}

impl Connection {
    async fn sqlite(
        path: &Path,
        problem: impl FnOnce(sqlx::Error) -> LawProblem,
    ) -> Result<Self, LawProblem> {
        if !path.exists() {
            return Err(LawProblem::Missing(path.to_owned()));
        }
        // Read-only, but beside the file SQLite may still write its -shm: after a crash it is made
        // anew from the -wal, which is only read.
        let options = SqliteConnectOptions::new()
            .filename(path)
            .read_only(true)
            .busy_timeout(BUSY_TIMEOUT)
            .disable_statement_logging();
        options.connect().await.map(Self::Sqlite).map_err(problem)
    }
}

impl Row {
    /// The value of a column.
    pub fn get<'r, T>(&'r self, column: &'static str) -> Result<T, LawProblem>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        let value = match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        };
        value.map_err(LawProblem::Column)
    }

    fn at<'r, T>(&'r self, at: usize) -> Result<T, sqlx::Error>
    where
        T: Decode<'r, Sqlite> + Type<Sqlite> + Decode<'r, Postgres> + Type<Postgres>,
    {
        match self {
            Self::Sqlite(row) => row.try_get(at),
            Self::Postgres(row) => row.try_get(at),
        }
    }

    fn names(&self) -> Vec<&str> {
        match self {
            Self::Sqlite(row) => row.columns().iter().map(|column| column.name()).collect(),
            Self::Postgres(row) => row.columns().iter().map(|column| column.name()).collect(),
        }
    }

    /// The row for people: names and values, bytes in hexadecimal.
    fn shown(&self) -> String {
        let shown = self.names().into_iter().enumerate().map(|(at, name)| {
            let integer = self.at::<Option<i64>>(at).map(|value| value.map(|v| v.to_string()));
            // PostgreSQL keeps small numbers in small types and gives them as nothing else.
            let small = || self.at::<Option<i32>>(at).map(|value| value.map(|v| v.to_string()));
            let least = || self.at::<Option<i16>>(at).map(|value| value.map(|v| v.to_string()));
            let text = || self.at::<Option<&str>>(at).map(|value| value.map(str::to_owned));
            let bytes = || self.at::<Option<&[u8]>>(at).map(|value| value.map(hex));
            let integer = integer.or_else(|_| small()).or_else(|_| least());
            let value = integer.or_else(|_| text()).or_else(|_| bytes()).ok().flatten();
            format!("{name} {}", value.as_deref().unwrap_or("-"))
        });
        shown.collect::<Vec<_>>().join(", ")
    }
}

/// `($1, $2), ($3, $4)`: places for `rows` rows of `columns` values, as the list of a `VALUES`.
pub(super) fn places(rows: usize, columns: usize) -> String {
    let row = |row: usize| {
        let places = (1..=columns).map(|column| format!("${}", row * columns + column));
        format!("({})", places.collect::<Vec<_>>().join(", "))
    };
    (0..rows).map(row).collect::<Vec<_>>().join(", ")
}
