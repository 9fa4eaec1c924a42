//! A union office imports a roster, beside a COPY of the rows that the import stored.

use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use tokio::time::Instant;

use super::figures::{Round, Sample};
use super::judge::Timed;
use super::{BenchProblem, Options, StoreKind, members};
use testkit::deployment::{Deployment, Program};

/// The tables that an import writes a row of each member into.
const TABLES: [&str; 3] = ["person", "member", "blind_index"];

/// Every round imports as many new members.
pub(super) async fn rounds(
    stage: &mut Deployment,
    options: Options,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    let clients = stage.clients("eligibility", "none", "none");
    let office = members::office(options.members * options.rounds, 1);
    office.create_organizations(&clients).await?;
    let mut rounds = Vec::new();
    for (number, rows) in office.rows.chunks(options.members).enumerate() {
        let timed = Timed::start(stage, &["eligibility"]).await?;
        let started = Instant::now();
        let imported = office.import(&clients, &format!("import-{number}"), rows).await?;
        let took = started.elapsed().as_secs_f64();
        let (cpu_seconds, commits) = timed.end(stage).await?;
        let mut round = Round {
            workload: Sample {
                rate: rows.len() as f64 / took,
                calls: rows.len(),
                ..Sample::default()
            },
            cpu_seconds,
            commits,
            ..Round::default()
        };
        if usize::try_from(imported.added) != Ok(rows.len()) {
            round.violations.push(format!("{} of {} rows went in", imported.added, rows.len()));
        }
        if options.store == StoreKind::Postgres {
            let url = stage.database_url("eligibility").unwrap_or_default();
            round.controls.push(("copy", copy(url, rows.len() * (number + 1)).await?));
        }
        rounds.push(round);
    }
    Ok(rounds)
}

/// Members a second when everything stored so far is copied into empty tables of the same shape,
/// constraints and indexes included.
async fn copy(url: &str, stored_members: usize) -> Result<f64, BenchProblem> {
    let mut connection = PgConnection::connect(url).await?;
    let mut took = 0.0;
    for table in TABLES {
        let out = format!("COPY {table} TO STDOUT (FORMAT binary)");
        let out = connection.copy_out_raw(&out).await?;
        let pieces: Vec<_> = out.try_collect().await?;
        let create = format!("CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)");
        sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
        let started = Instant::now();
        let into = format!("COPY copied_{table} FROM STDIN (FORMAT binary)");
        let mut copying = connection.copy_in_raw(&into).await?;
        for piece in pieces {
            copying.send(piece).await?;
        }
        copying.finish().await?;
        took += started.elapsed().as_secs_f64();
        let drop = AssertSqlSafe(format!("DROP TABLE copied_{table}"));
        sqlx::query(drop).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(stored_members as f64 / took)
}
