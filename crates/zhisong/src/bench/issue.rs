//! A union office gives everybody on a list a voucher, beside a COPY of the rows that were stored.

use clock::{BusinessDay, Zone};
use futures::TryStreamExt as _;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection};
use testkit::deployment::{Deployment, Program};
use testkit::lists::{List, Told};
use tokio::time::Instant;

use super::claims::leave_wallets_alone;
use super::figures::{Round, Sample};
use super::judge::{Judge, Timed};
use super::{BenchProblem, Options, StoreKind, members};

/// The stock of a day, of which something is always left.
const ENOUGH: usize = 10_000_000;
/// Members in one message: as many as the contract allows.
const AT_ONCE: usize = 1_024;

/// The tables that a voucher writes a row into, and which of their rows are of one round.
const TABLES: [(&str, &str); 4] = [
    ("person_limit", "period = '{day}'"),
    ("claim_request", "request_id = '{list}'"),
    ("voucher", "period = '{day}'"),
    ("feed", "period = '{day}'"),
];

/// Every round is a day, on which everybody gets one.
pub(super) async fn rounds(
    stage: &mut Deployment,
    options: Options,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    leave_wallets_alone(stage).await?;
    let clients = stage.clients("eligibility", "issuance", "none");
    let office = members::load(&clients, options.members, ENOUGH).await?;
    let mut judge = Judge::new(stage)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        let opening = members::opening(number);
        stage.set_time(&["issuance"], opening).await?;
        let list = List {
            request_id: format!("list-{number}"),
            campaign_id: office.campaign_id.clone(),
            member_ids: office.member_ids.clone(),
            at_once: AT_ONCE,
        };
        let timed = Timed::start(stage, &["issuance"]).await?;
        let started = Instant::now();
        let told = list.send_whole(&clients).await?;
        let took = started.elapsed().as_secs_f64();
        let (cpu_seconds, commits) = timed.end(stage).await?;
        let calls = list.member_ids.len();
        let mut round = Round {
            workload: Sample { rate: calls as f64 / took, calls, ..Sample::default() },
            cpu_seconds,
            commits,
            ..Round::default()
        };
        if told != (Told { issued: calls, ..Told::default() }) {
            round.violations.push(format!("not everybody got one of {calls}: {told:?}"));
        }
        if options.store == StoreKind::Postgres {
            let url = stage.database_url("issuance").unwrap_or_default();
            let day = format!("day:{}", BusinessDay::of(opening, &Zone::shanghai()));
            let took = copy(url, (&day, &list.request_id)).await?;
            round.controls.push(("copy", calls as f64 / took));
        }
        judge.check_laws(stage, &mut round).await?;
        rounds.push(round);
    }
    Ok(rounds)
}

/// Seconds that it takes to copy what a round stored into empty tables of the same shape,
/// constraints and indexes included, in one transaction.
async fn copy(url: &str, (day, list): (&str, &str)) -> Result<f64, BenchProblem> {
    let mut connection = PgConnection::connect(url).await?;
    let mut rows = Vec::new();
    for (table, of_round) in TABLES {
        let of_round = of_round.replace("{day}", day).replace("{list}", list);
        let out =
            format!("COPY (SELECT * FROM {table} WHERE {of_round}) TO STDOUT (FORMAT binary)");
        let out = connection.copy_out_raw(&out).await?;
        rows.push((table, out.try_collect::<Vec<_>>().await?));
        // In a transaction of its own: into a table of its own transaction COPY writes no log.
        let create = format!("CREATE TABLE copied_{table} (LIKE {table} INCLUDING ALL)");
        sqlx::query(AssertSqlSafe(create)).execute(&mut connection).await?;
    }
    let started = Instant::now();
    let mut tx = connection.begin().await?;
    for (table, pieces) in rows {
        let into = format!("COPY copied_{table} FROM STDIN (FORMAT binary)");
        let mut copying = tx.copy_in_raw(&into).await?;
        for piece in pieces {
            copying.send(piece).await?;
        }
        copying.finish().await?;
    }
    tx.commit().await?;
    let took = started.elapsed().as_secs_f64();
    for (table, _) in TABLES {
        let drop = AssertSqlSafe(format!("DROP TABLE copied_{table}"));
        sqlx::query(drop).execute(&mut connection).await?;
    }
    connection.close().await?;
    Ok(took)
}
