//! The control that many would build: claims behind the same front and the same question to
//! eligibility, kept by a Lua script in Redis. How much of it is on the disk when a claim is
//! answered is Redis' `appendfsync`.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;

use clock::{BusinessDay, Clock, Zone};
use contracts::eligibility::v1::eligibility_service_client::EligibilityServiceClient;
use contracts::eligibility::v1::{BatchCheckRequest, verdict::Outcome};
use contracts::issuance::v1::issuance_service_server::{IssuanceService, IssuanceServiceServer};
use contracts::issuance::v1::{
    ClaimRequest, ClaimResponse, GetVoucherRequest, GetVoucherResponse, IssueToListRequest,
    IssueToListResponse, ListVouchersRequest, ListVouchersResponse, WatchVouchersRequest,
    WatchVouchersResponse,
};
use futures::stream::BoxStream;
use group_commit::{Lane, LaneOptions, Stages};
use redis::aio::MultiplexedConnection;
use rpc::{ErrorReason, Peer, PeerChannel, PeerConfig, Problem};
use runtime::{Context, Part, ProcessConfig, ServiceConfig, StartProblem};
use serde::Deserialize;
use testkit::process::{Process, ProcessProblem};
use tonic::{Request, Response, Status, Streaming};

use super::echo;

/// The server's program.
const PROGRAM: &str = "redis-server";
/// Whose question it is; the policy of the campaign that is measured.
const POLICY: &str = "outdoor-trades-guangdong";
/// As many as issuance decides at a time.
const OPTIONS: LaneOptions = LaneOptions { name: "redis", queue_max: 20_000, batch_max: 1_024 };

/// Whether there is a Redis on this machine.
pub(super) fn is_installed() -> bool {
    Command::new(PROGRAM).arg("--version").output().is_ok_and(|said| said.status.success())
}

/// A Redis of its own in `folder`, reached through the socket there; it ends when it is dropped.
pub(super) async fn start(folder: &Path, appendfsync: &str) -> Result<Process, ProcessProblem> {
    let started = |source| ProcessProblem::System { name: PROGRAM.to_owned(), source };
    std::fs::create_dir_all(folder).map_err(started)?;
    let mut command = Command::new(PROGRAM);
    command.args(["--port", "0", "--save", "", "--appendonly", "yes"]);
    command.args(["--appendfsync", appendfsync, "--dir"]).arg(folder);
    command.arg("--unixsocket").arg(socket(folder));
    let mut process = Process::spawn(PROGRAM, command)?;
    process.line(|line| line.contains("eady to accept connections")).await?;
    Ok(process)
}

/// The configuration of a front of the Redis in `folder`.
pub(super) fn sections(folder: &Path, quota: usize) -> String {
    format!("\n[redis]\nsocket = \"{}\"\nquota = {quota}\n", socket(folder).display())
}

fn socket(folder: &Path) -> PathBuf {
    folder.join("redis.sock")
}

/// What the front is told at start.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    process: ProcessConfig,
    eligibility: PeerConfig,
    redis: RedisConfig,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RedisConfig {
    socket: String,
    quota: u32,
}

impl ServiceConfig for Config {
    fn process(&self) -> &ProcessConfig {
        &self.process
    }

    fn problems(&self) -> Vec<String> {
        self.process.problems()
    }
}

/// Puts the front together.
pub async fn build(config: Config, context: Context) -> Result<Part, StartProblem> {
    let problem = |error: redis::RedisError| StartProblem::new("redis", error);
    let client = redis::Client::open(format!("unix://{}", config.redis.socket)).map_err(problem)?;
    let connection = client.get_multiplexed_async_connection().await.map_err(problem)?;
    let script = load(&mut connection.clone()).await.map_err(problem)?;
    let stages = ClaimStages {
        eligibility: EligibilityServiceClient::new(Peer::lazy(&config.eligibility)?.channel()),
        connection,
        script,
        quota: config.redis.quota,
        clock: context.clock,
    };
    let front = Front(Arc::new(Lane::spawn(OPTIONS, Arc::new(stages))));
    let lane = Arc::clone(&front.0);
    Ok(Part {
        name: "redis",
        services: vec!["zhisong.issuance.v1.IssuanceService"],
        mount: Box::new(|routes| {
            routes.add_service(IssuanceServiceServer::new(front));
        }),
        leave: Box::new(|| ()),
        stop: Box::pin(async move { lane.close().await }),
    })
}

async fn load(connection: &mut MultiplexedConnection) -> redis::RedisResult<String> {
    let script = include_str!("claim.lua");
    redis::cmd("SCRIPT").arg("LOAD").arg(script).query_async(connection).await
}

type Claimed = Result<ClaimResponse, ErrorReason>;

struct ClaimStages {
    eligibility: EligibilityServiceClient<PeerChannel>,
    connection: MultiplexedConnection,
    script: String,
    quota: u32,
    clock: Arc<dyn Clock>,
}

/// A claim and whose it is, or why it gets nothing.
type Checked = (ClaimRequest, Result<Vec<u8>, ErrorReason>);

impl ClaimStages {
    fn day(&self) -> BusinessDay {
        BusinessDay::of(self.clock.now(), &Zone::shanghai())
    }

    /// Adds the call of the script for one claim.
    fn call(&self, batch: &mut redis::Pipeline, claim: &ClaimRequest, person: &[u8]) {
        let ClaimRequest { campaign_id, request_id, member_id } = claim;
        let day = self.day();
        let key = [b"person:".as_slice(), day.to_string().as_bytes(), person].concat();
        batch.cmd("EVALSHA").arg(&self.script).arg(4);
        batch.arg(format!("stock:{campaign_id}:{day}")).arg(key);
        batch.arg(format!("request:{campaign_id}:{request_id}:{member_id}"));
        batch.arg(format!("feed:{campaign_id}:{day}")).arg(self.quota).arg(echo::id("vch"));
    }
}

#[async_trait::async_trait]
impl Stages for ClaimStages {
    type Command = ClaimRequest;
    type Prepared = Vec<Checked>;
    type Answer = Claimed;

    async fn prepare(&self, claims: Vec<ClaimRequest>) -> Vec<Checked> {
        let request = BatchCheckRequest {
            policy_id: POLICY.to_owned(),
            member_ids: claims.iter().map(|claim| claim.member_id.clone()).collect(),
            business_day: self.day().to_string(),
        };
        let verdicts = match self.eligibility.clone().batch_check(request).await {
            Ok(answer) => answer.into_inner().verdicts,
            Err(_) => Vec::new(),
        };
        let mut persons = verdicts.into_iter().map(|verdict| match verdict.outcome() {
            Outcome::Qualifies => Ok(verdict.person_key.to_vec()),
            _ => Err(ErrorReason::NotEligible),
        });
        let person = || Err(ErrorReason::DependencyUnavailable);
        claims.into_iter().map(|claim| (claim, persons.next().unwrap_or_else(person))).collect()
    }

    async fn commit(&self, claims: Vec<Checked>) -> Vec<Claimed> {
        let mut batch = redis::pipe();
        for (claim, person) in &claims {
            if let Ok(person) = person {
                self.call(&mut batch, claim, person);
            }
        }
        let answers: redis::RedisResult<Vec<(i64, String)>> =
            batch.query_async(&mut self.connection.clone()).await;
        let mut answers = answers.unwrap_or_default().into_iter();
        let answer = |(_, person): Checked| {
            person?;
            match answers.next() {
                Some((0.., _)) => Ok(ClaimResponse { voucher: Some(echo::voucher()) }),
                Some((-1, _)) => Err(ErrorReason::PersonLimitReached),
                Some(_) => Err(ErrorReason::SoldOut),
                None => Err(ErrorReason::DependencyUnavailable),
            }
        };
        claims.into_iter().map(answer).collect()
    }
}

/// `IssuanceService`, as far as it is measured.
struct Front(Arc<Lane<ClaimRequest, Claimed>>);

#[tonic::async_trait]
impl IssuanceService for Front {
    async fn claim(
        &self,
        request: Request<ClaimRequest>,
    ) -> Result<Response<ClaimResponse>, Status> {
        let deadline = rpc::deadline(&request);
        let answer = self.0.submit(request.into_inner(), deadline).await;
        let answer = answer.map_err(|_| Problem::new(ErrorReason::Overloaded))?;
        Ok(Response::new(answer.map_err(Problem::new)?))
    }

    type IssueToListStream = BoxStream<'static, Result<IssueToListResponse, Status>>;

    async fn issue_to_list(
        &self,
        _request: Request<Streaming<IssueToListRequest>>,
    ) -> Result<Response<Self::IssueToListStream>, Status> {
        echo::not_a_workload()
    }

    async fn get_voucher(
        &self,
        _request: Request<GetVoucherRequest>,
    ) -> Result<Response<GetVoucherResponse>, Status> {
        echo::not_a_workload()
    }

    async fn list_vouchers(
        &self,
        _request: Request<ListVouchersRequest>,
    ) -> Result<Response<ListVouchersResponse>, Status> {
        echo::not_a_workload()
    }

    type WatchVouchersStream = BoxStream<'static, Result<WatchVouchersResponse, Status>>;

    async fn watch_vouchers(
        &self,
        _request: Request<WatchVouchersRequest>,
    ) -> Result<Response<Self::WatchVouchersStream>, Status> {
        echo::not_a_workload()
    }
}
