//! A partner asks whether somebody is a member.

use std::sync::Arc;

use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::{MemberReference, VerifyMembershipRequest};
use futures::future::BoxFuture;
use serde_json::{Map, Value};
use testkit::answers::Answer;
use testkit::clients::Clients;

use super::figures::{Round, Sample, half_of_saturation, latency};
use super::judge::Timed;
use super::load::{Measured, closed_loop, open_loop};
use super::{BenchProblem, Options, machine, members};
use testkit::deployment::{Deployment, Program};
use testkit::office;

pub(super) async fn rounds(
    stage: &mut Deployment,
    options: Options,
    extra: &mut Map<String, Value>,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    stage.start("echo", Program::Echo).await?;
    let empty = machine::memory_bytes(stage.pid("eligibility"));
    let real = stage.clients("eligibility", "issuance", "none");
    let echo = stage.clients("echo", "none", "none");
    let members: Arc<[String]> = members::load(&real, options.members, 1).await?.member_ids.into();
    let full = machine::memory_bytes(stage.pid("eligibility"));
    let each = full.0.saturating_sub(empty.0) / options.members.max(1) as u64;
    extra.insert("resident_bytes_a_member".to_owned(), each.into());
    let mut rounds = Vec::new();
    for _ in 0..options.rounds {
        let echoed = ask(&echo, &members, options).await;
        let timed = Timed::start(stage, &["eligibility"]).await?;
        let measured = ask(&real, &members, options).await;
        let (cpu_seconds, commits) = timed.end(stage).await?;
        let mut round = Round {
            workload: Sample::of(&measured),
            echo: Some(Sample::of(&echoed)),
            cpu_seconds,
            commits,
            ..Round::default()
        };
        for (_, answer) in measured.answers {
            match answer {
                Answer::Done(true) => {}
                Answer::Lost(_) => round.dropped += 1,
                Answer::Done(false) => round.violations.push("a member was denied".to_owned()),
                Answer::Refused(reason) => round.violations.push(reason),
            }
        }
        rounds.push(round);
    }
    let (rate, load) = (half_of_saturation(&rounds), options.load(usize::MAX));
    let echoed = open_loop(load, rate, call(&echo, &members)).await;
    let measured = open_loop(load, rate, call(&real, &members)).await;
    let shown = latency(rate, &measured, &echoed, &Round::default());
    extra.insert("latency_at_half".to_owned(), shown);
    Ok(rounds)
}

async fn ask(
    clients: &Clients,
    members: &Arc<[String]>,
    options: Options,
) -> Measured<Answer<bool>> {
    closed_loop(options.load(usize::MAX), call(clients, members)).await
}

fn call(
    clients: &Clients,
    members: &Arc<[String]>,
) -> impl Fn(usize) -> BoxFuture<'static, Answer<bool>> + Send + Sync + 'static {
    let (clients, members) = (clients.clone(), Arc::clone(members));
    move |call| {
        // A prime step, so that neighbours in time are not neighbours in memory.
        let member_id = members[call * 7_919 % members.len()].clone();
        let member = MemberReference { reference: Some(Reference::MemberId(member_id)) };
        let request = VerifyMembershipRequest {
            member: Some(member),
            purpose: office::PURPOSE.to_owned(),
            terminal_id: String::new(),
        };
        let mut verification = clients.verification_at(call);
        Box::pin(async move {
            Answer::of(verification.verify_membership(request).await).map(|told| told.is_member)
        })
    }
}
