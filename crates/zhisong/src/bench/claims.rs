//! Claims: members who get a voucher, and members who do not.

use std::sync::Arc;

use contracts::issuance::v1::{ClaimRequest, ClaimResponse};
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use testkit::answers::Answer;
use testkit::clients::Clients;

use super::figures::{Round, Sample, half_of_saturation, latency};
use super::judge::{Judge, Timed};
use super::load::{Load, Measured, closed_loop, open_loop};
use super::{BenchProblem, Options, members, redis};
use testkit::deployment::{Deployment, Program, Setup};
use testkit::process::Process;

/// The stock of the days on which nobody is refused.
const ENOUGH: usize = 10_000_000;
/// The stock of the days on which nearly everybody is.
const FEW: usize = 1_000;
/// One transaction a request.
const NAIVE: Setup = Setup {
    process: "",
    sections: "\n[claim]\nbatch_max = 1\n",
    writers: 4,
    readers: 4,
    shares: None,
};

/// Everybody gets one.
pub(super) async fn claim_rounds(
    stage: &mut Deployment,
    options: Options,
    extra: &mut Map<String, Value>,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    leave_wallets_alone(stage).await?;
    stage.start_with("naive", Program::Issuance, NAIVE).await?;
    stage.start("echo", Program::Echo).await?;
    let redis = start_redis(stage).await?;
    let real = stage.clients("eligibility", "issuance", "none");
    let naive = stage.clients("eligibility", "naive", "none");
    let echo = stage.clients("eligibility", "echo", "none");
    let office = members::load(&real, options.members, ENOUGH).await?;
    members::office(0, ENOUGH).offer(&naive).await?;
    let claimants = Claimants::new(office.campaign_id, office.member_ids);
    let mut judge = Judge::new(stage)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        stage.set_time(&["issuance", "naive"], members::opening(number)).await?;
        let calls = claimants.members.len();
        let echoed = claimants.rush(&echo, number, options.load(usize::MAX)).await;
        let timed = Timed::start(stage, &["issuance"]).await?;
        let measured = claimants.rush(&real, number, options.load(calls)).await;
        let (cpu_seconds, commits) = timed.end(stage).await?;
        let slow = claimants.rush(&naive, number, options.load(calls)).await;
        let mut controls = vec![("naive", slow.rate())];
        for Redis { label, .. } in &redis {
            stage.set_time(&[*label], members::opening(number)).await?;
            let front = stage.clients("eligibility", label, "none");
            let kept = claimants.rush(&front, number, options.load(calls)).await;
            let is_done = |(_, answer): &&(usize, Answer<_>)| matches!(answer, Answer::Done(_));
            let done = kept.answers.iter().filter(is_done).count();
            controls.push((*label, done as f64 / kept.answers.len().max(1) as f64 * kept.rate()));
        }
        let mut round = Round {
            workload: Sample::of(&measured),
            echo: Some(Sample::of(&echoed)),
            controls,
            cpu_seconds,
            commits,
            ..Round::default()
        };
        for (at, answer) in &measured.answers {
            let request = claimants.request(number, *at);
            judge.claim(&request, answer, &mut round)?;
        }
        judge.check_laws(stage, &mut round).await?;
        rounds.push(round);
    }
    let rate = half_of_saturation(&rounds);
    let day = options.rounds;
    stage.set_time(&["issuance"], members::opening(day)).await?;
    let load = options.load(claimants.members.len());
    let echoed = claimants.arrive(&echo, day, (load, rate)).await;
    let measured = claimants.arrive(&real, day, (load, rate)).await;
    let mut round = Round::default();
    for (at, answer) in &measured.answers {
        judge.claim(&claimants.request(day, *at), answer, &mut round)?;
    }
    judge.check_laws(stage, &mut round).await?;
    extra.insert("latency_at_half".to_owned(), latency(rate, &measured, &echoed, &round));
    Ok(rounds)
}

/// The first thousand get one; timed are the others, and those again.
pub(super) async fn reject_rounds(
    stage: &mut Deployment,
    options: Options,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    leave_wallets_alone(stage).await?;
    stage.start("echo", Program::Echo).await?;
    let real = stage.clients("eligibility", "issuance", "none");
    let echo = stage.clients("eligibility", "echo", "none");
    let office = members::load(&real, options.members, FEW).await?;
    let claimants = Claimants::new(office.campaign_id.clone(), office.member_ids.clone());
    let mut judge = Judge::new(stage)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        stage.set_time(&["issuance"], members::opening(number)).await?;
        let mut round = Round::default();
        let first = claimants.rush(&real, number, options.load(FEW)).await;
        for (at, answer) in &first.answers {
            judge.claim(&claimants.request(number, *at), answer, &mut round)?;
        }
        let refusal =
            Claimants::new(super::echo::REFUSED_CAMPAIGN.to_owned(), office.member_ids.clone());
        let echoed = refusal.rush(&echo, number, options.load(usize::MAX)).await;
        let timed = Timed::start(stage, &["issuance"]).await?;
        let late = claimants.come_late(&real, number, options).await;
        let (cpu_seconds, commits) = timed.end(stage).await?;
        round.workload = Sample::of(&late);
        round.echo = Some(Sample::of(&echoed));
        (round.cpu_seconds, round.commits) = (cpu_seconds, commits);
        for (at, answer) in &late.answers {
            let has_one = at % 2 == 1;
            let expected = if has_one { "PERSON_LIMIT_REACHED" } else { "SOLD_OUT" };
            judge.refusal(answer, expected, &mut round);
        }
        judge.check_laws(stage, &mut round).await?;
        rounds.push(round);
    }
    Ok(rounds)
}

/// The law check reads redemption's database too; nobody redeems while claims are measured.
pub(super) async fn leave_wallets_alone(stage: &mut Deployment) -> Result<(), BenchProblem> {
    stage.start("redemption", Program::Redemption).await?;
    stage.kill("redemption");
    Ok(())
}

/// A Redis that runs, and the front before it.
struct Redis {
    label: &'static str,
    _server: Process,
}

/// One Redis for each way to keep what it is told, where there is one on this machine.
async fn start_redis(stage: &mut Deployment) -> Result<Vec<Redis>, BenchProblem> {
    let mut started = Vec::new();
    if !redis::is_installed() {
        return Ok(started);
    }
    for (label, appendfsync) in [("redis_everysec", "everysec"), ("redis_always", "always")] {
        let folder = stage.folder().join(label);
        let server = redis::start(&folder, appendfsync).await?;
        let sections = redis::sections(&folder, ENOUGH);
        let setup = Setup { sections: &sections, ..Setup::default() };
        stage.start_with(label, Program::Redis, setup).await?;
        started.push(Redis { label, _server: server });
    }
    Ok(started)
}

/// Members and the campaign that they claim from.
#[derive(Clone)]
pub(super) struct Claimants {
    pub campaign_id: Arc<str>,
    pub members: Arc<[String]>,
}

impl Claimants {
    pub fn new(campaign_id: String, members: Vec<String>) -> Self {
        Self { campaign_id: campaign_id.into(), members: members.into() }
    }

    /// The claim of a member in a round, the same each time.
    pub fn request(&self, round: usize, at: usize) -> ClaimRequest {
        self.named_request(at, format!("claim-{round}-{at}"))
    }

    /// Every member claims once, or again and again when the load asks for more calls.
    pub async fn rush(
        &self,
        clients: &Clients,
        round: usize,
        load: Load,
    ) -> Measured<Answer<ClaimResponse>> {
        closed_loop(load, self.call(clients, round)).await
    }

    /// Members claim at a steady rate, whatever the answers do.
    async fn arrive(
        &self,
        clients: &Clients,
        round: usize,
        (load, rate): (Load, f64),
    ) -> Measured<Answer<ClaimResponse>> {
        open_loop(load, rate, self.call(clients, round)).await
    }

    fn call(
        &self,
        clients: &Clients,
        round: usize,
    ) -> impl Fn(usize) -> BoxFuture<'static, Answer<ClaimResponse>> + Send + Sync + 'static {
        let (claimants, clients) = (self.clone(), clients.clone());
        move |at| {
            let request = claimants.request(round, at);
            let mut issuance = clients.issuance(at);
            Box::pin(async move { Answer::of(issuance.claim(request).await) })
        }
    }

    /// Calls with an even number are of members without a voucher, the others of members with one.
    async fn come_late(
        &self,
        clients: &Clients,
        round: usize,
        options: Options,
    ) -> Measured<Answer<ClaimResponse>> {
        let (claimants, clients) = (self.clone(), clients.clone());
        closed_loop(options.load(usize::MAX), move |call| {
            let others = claimants.members.len() - FEW;
            let at = if call % 2 == 1 { call / 2 % FEW } else { FEW + call / 2 % others };
            let request = claimants.named_request(at, format!("late-{round}-{call}"));
            let mut issuance = clients.issuance(call);
            async move { Answer::of(issuance.claim(request).await) }
        })
        .await
    }

    fn named_request(&self, at: usize, request_id: String) -> ClaimRequest {
        ClaimRequest {
            request_id,
            campaign_id: self.campaign_id.to_string(),
            member_id: self.members[at % self.members.len()].clone(),
        }
    }
}
