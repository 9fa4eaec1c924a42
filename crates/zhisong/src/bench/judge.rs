//! Whether a timed run was right: its answers, and the laws from outside.

use std::fs::File;
use std::io::{BufWriter, Write as _};
use std::path::PathBuf;

use contracts::issuance::v1::{ClaimRequest, ClaimResponse};
use serde_json::{Map, Value, json};
use sqlx::{Connection as _, PgConnection};
use testkit::answers::Answer;
use testkit::clients::APP;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::figures::Round;
use super::{BenchProblem, StoreKind, machine};
use testkit::deployment::Deployment;

/// Violations of one kind that are listed; the others are counted only in the first that is.
const LISTED_MAX: usize = 5;

/// What was acknowledged, and the check of it.
pub(super) struct Judge {
    path: PathBuf,
    acks: BufWriter<File>,
}

impl Judge {
    pub fn new(stage: &Deployment) -> Result<Self, BenchProblem> {
        let path = stage.folder().join("acks.jsonl");
        let acks = BufWriter::new(File::create(&path)?);
        Ok(Self { path, acks })
    }

    /// A claim that must have been granted.
    pub fn claim(
        &mut self,
        request: &ClaimRequest,
        answer: &Answer<ClaimResponse>,
        round: &mut Round,
    ) -> Result<(), BenchProblem> {
        match answer {
            Answer::Lost(_) => round.dropped += 1,
            Answer::Refused(reason) => note(round, format!("a claim was refused: {reason}")),
            Answer::Done(ClaimResponse { voucher }) => {
                let voucher = voucher.as_ref();
                let text = |of: Option<&String>| of.cloned().unwrap_or_default();
                let line = json!({
                    "verb": "claim",
                    "caller": APP,
                    "campaign_id": request.campaign_id,
                    "request_id": request.request_id,
                    "member_id": request.member_id,
                    "answer": "OK",
                    "voucher_id": text(voucher.map(|voucher| &voucher.voucher_id)),
                    "stock_period": text(voucher.map(|voucher| &voucher.stock_period)),
                    "serial": voucher.map(|voucher| voucher.serial),
                });
                writeln!(self.acks, "{line}")?;
            }
        }
        Ok(())
    }

    /// A call that must have been refused for that reason.
    pub fn refusal<T>(&self, answer: &Answer<T>, expected: &str, round: &mut Round) {
        match answer {
            Answer::Refused(reason) if reason == expected => {}
            Answer::Lost(_) => round.dropped += 1,
            Answer::Refused(reason) => note(round, format!("{reason} instead of {expected}")),
            Answer::Done(_) => note(round, format!("granted instead of {expected}")),
        }
    }

    /// An acknowledged checkout verb.
    pub fn checkout(
        &mut self,
        verb: &str,
        request_id: &str,
        answer: &Answer<String>,
        round: &mut Round,
    ) -> Result<(), BenchProblem> {
        match answer {
            Answer::Lost(_) => round.dropped += 1,
            Answer::Refused(reason) => note(round, format!("{verb} was refused: {reason}")),
            Answer::Done(authorization_id) => {
                let line = json!({
                    "verb": verb,
                    "caller": testkit::clients::PLATFORM,
                    "request_id": request_id,
                    "authorization_id": authorization_id,
                    "answer": "OK",
                });
                writeln!(self.acks, "{line}")?;
            }
        }
        Ok(())
    }

    /// Runs `zhisong laws` over the databases and notes every law that is broken.
    pub async fn check_laws(
        &mut self,
        stage: &Deployment,
        round: &mut Round,
    ) -> Result<(), BenchProblem> {
        self.acks.flush()?;
        let mut command = stage.laws(&self.path);
        let checked = tokio::task::spawn_blocking(move || command.output()).await;
        let checked = checked.expect("starting a program does not panic")?;
        let laws: Value = serde_json::from_slice(&checked.stdout).map_err(|_| {
            BenchProblem::Laws(String::from_utf8_lossy(&checked.stderr).into_owned())
        })?;
        let laws = laws.as_object().into_iter().flatten();
        for (name, law) in laws.filter(|(_, law)| law["state"] == "broken") {
            round.violations.push(format!("{name}: {}", law["findings"]));
        }
        Ok(())
    }
}

fn note(round: &mut Round, violation: String) {
    if round.violations.len() < LISTED_MAX {
        round.violations.push(violation);
    }
}

/// What a timed run costs: CPU of all services and the database, and commits.
pub(super) struct Timed {
    cpu_seconds: f64,
    commits: u64,
    labels: Vec<&'static str>,
}

impl Timed {
    pub async fn start(
        stage: &mut Deployment,
        labels: &[&'static str],
    ) -> Result<Self, BenchProblem> {
        let commits = commits(stage, labels).await?;
        Ok(Self {
            cpu_seconds: machine::cpu_seconds(&stage.pids()),
            commits,
            labels: labels.to_vec(),
        })
    }

    /// CPU seconds and commits since the start.
    pub async fn end(self, stage: &mut Deployment) -> Result<(f64, u64), BenchProblem> {
        let cpu_seconds = machine::cpu_seconds(&stage.pids()) - self.cpu_seconds;
        let commits = commits(stage, &self.labels).await?;
        Ok((cpu_seconds, commits - self.commits))
    }
}

/// Steps committed so far, as the services' own metrics count them.
async fn commits(stage: &Deployment, labels: &[&'static str]) -> Result<u64, BenchProblem> {
    let mut total = 0;
    for label in labels {
        let Some(address) = stage.metrics_address(label) else { continue };
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: metrics\r\n\r\n").await?;
        let mut text = String::new();
        stream.read_to_string(&mut text).await?;
        let steps = text.lines().filter(|line| {
            line.starts_with("zhisong_store_seconds_count") && line.contains(r#"outcome="ok""#)
        });
        let counts = steps.filter_map(|line| line.rsplit(' ').next()?.parse::<u64>().ok());
        total += counts.sum::<u64>();
    }
    Ok(total)
}

/// The settings that decide whether an answer survives a crash, as the database says them.
pub(super) async fn durability(
    stage: &Deployment,
    store: StoreKind,
) -> Result<Map<String, Value>, BenchProblem> {
    let mut settings = Map::new();
    let Some(url) = stage.database_url("eligibility") else { return Ok(settings) };
    match store {
        StoreKind::Postgres => {
            let mut connection = PgConnection::connect(url).await?;
            for (name, show) in [
                ("fsync", "SHOW fsync"),
                ("synchronous_commit", "SHOW synchronous_commit"),
                ("full_page_writes", "SHOW full_page_writes"),
                ("wal_sync_method", "SHOW wal_sync_method"),
            ] {
                let value: String = sqlx::query_scalar(show).fetch_one(&mut connection).await?;
                settings.insert(name.to_owned(), value.into());
            }
        }
        StoreKind::Sqlite => {
            let mut connection = sqlx::SqliteConnection::connect(url).await?;
            let journal: String =
                sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await?;
            settings.insert("journal_mode".to_owned(), journal.into());
            // The services refuse to start with less.
            settings.insert("synchronous".to_owned(), "FULL".into());
        }
    }
    Ok(settings)
}
