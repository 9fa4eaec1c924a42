//! Far more calls than a process admits: what is let in is served as before, the rest is refused at
//! once, memory stays bounded, and afterwards everything is as it was.

use std::time::Duration;

use contracts::issuance::v1::ClaimResponse;
use serde_json::{Value, json};
use testkit::answers::Answer;
use tokio::time::Instant;

use super::claims::{Claimants, leave_wallets_alone};
use super::figures::Round;
use super::judge::Judge;
use super::load::{Load, open_loop};
use super::{BenchProblem, Options, machine, members};
use testkit::deployment::{Deployment, Program, Setup};

/// Calls a second that issuance admits.
const ADMITTED: f64 = 1_000.0;
const LIMITED: Setup =
    Setup { process: "rate_max = 1000\n", sections: "", writers: 4, readers: 4, shares: None };
/// How much more comes.
const OVERLOAD: f64 = 20.0;
/// Before and after, the offer is just below what is admitted.
const USUAL: f64 = 0.95;
/// How long the usual offer lasts before, and is watched afterwards.
const BEFORE: Duration = Duration::from_secs(5);
const AFTER: Duration = Duration::from_secs(12);
/// More calls than this are never under way.
const IN_FLIGHT_MAX: usize = 50_000;
/// Enough for everybody.
const QUOTA: usize = 10_000_000;

/// An answer, when its call was made, and how long it took.
type Timed = (Answer<ClaimResponse>, Instant, Duration);

/// Plays all three parts on one day and gives what was seen.
pub(super) async fn play(
    stage: &mut Deployment,
    options: Options,
) -> Result<(Value, bool), BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start_with("issuance", Program::Issuance, LIMITED).await?;
    leave_wallets_alone(stage).await?;
    let clients = stage.clients("eligibility", "issuance", "none");
    let office = members::load(&clients, options.members, QUOTA).await?;
    let claimants = Claimants::new(office.campaign_id, office.member_ids);
    stage.set_time(&["issuance"], members::opening(0)).await?;
    let mut judge = Judge::new(stage)?;
    let mut seen = Round::default();
    let mut parts = Vec::new();
    let seconds = Duration::from_secs(options.seconds);
    let parts_of_day = [(BEFORE, USUAL), (seconds, OVERLOAD), (AFTER, USUAL)];
    let (mut next, mut memory) = (0, Vec::new());
    for (duration, factor) in parts_of_day {
        memory.push(machine::memory_bytes(stage.pid("issuance")).0);
        let load = Load { in_flight: IN_FLIGHT_MAX, duration, calls: usize::MAX };
        let first = next;
        let (those, callers) = (claimants.clone(), clients.clone());
        let started = Instant::now();
        let measured = open_loop(load, ADMITTED * factor, move |call| {
            let (request, mut issuance) = (those.request(0, first + call), callers.issuance(call));
            async move {
                let begun = Instant::now();
                let answer = Answer::of(issuance.claim(request).await);
                (answer, begun, begun.elapsed())
            }
        })
        .await;
        for (at, (answer, _, _)) in &measured.answers {
            note(&mut judge, &claimants, (first + at, answer), &mut seen)?;
        }
        next += measured.answers.len() + measured.unsent;
        let answers: Vec<Timed> = measured.answers.into_iter().map(|(_, timed)| timed).collect();
        parts.push(Part { started, duration, answers, unsent: measured.unsent });
    }
    memory.push(machine::memory_bytes(stage.pid("issuance")).1);
    judge.check_laws(stage, &mut seen).await?;
    Ok(report(&parts, &memory, &seen))
}

/// Only an answer of the business is written down; a member may have come twice.
fn note(
    judge: &mut Judge,
    claimants: &Claimants,
    (at, answer): (usize, &Answer<ClaimResponse>),
    seen: &mut Round,
) -> Result<(), BenchProblem> {
    match answer {
        Answer::Done(_) => judge.claim(&claimants.request(0, at), answer, seen),
        Answer::Refused(reason) if reason == "PERSON_LIMIT_REACHED" => Ok(()),
        Answer::Refused(reason) => {
            seen.violations.push(reason.clone());
            Ok(())
        }
        Answer::Lost(reason) if reason == "OVERLOADED" => Ok(()),
        Answer::Lost(reason) => {
            seen.violations.push(format!("lost: {reason}"));
            Ok(())
        }
    }
}

struct Part {
    started: Instant,
    duration: Duration,
    answers: Vec<Timed>,
    unsent: usize,
}

impl Part {
    fn served(&self) -> impl Iterator<Item = &Timed> {
        self.answers.iter().filter(|(answer, _, _)| !answer.is_lost())
    }

    /// Served calls a second over the whole part.
    fn goodput(&self) -> f64 {
        self.served().count() as f64 / self.duration.as_secs_f64()
    }

    /// Served calls in each second.
    fn each_second(&self) -> Vec<usize> {
        let mut seconds = vec![0; self.duration.as_secs() as usize];
        for (_, begun, _) in self.served() {
            let second = begun.saturating_duration_since(self.started).as_secs() as usize;
            if let Some(count) = seconds.get_mut(second) {
                *count += 1;
            }
        }
        seconds
    }

    fn refusal_p99_us(&self) -> u64 {
        let refused = self.answers.iter().filter(|(answer, _, _)| answer.is_lost());
        let mut took: Vec<_> = refused.map(|(_, _, took)| took.as_micros() as u64).collect();
        took.sort_unstable();
        took.get((took.len().saturating_sub(1)) * 99 / 100).copied().unwrap_or(0)
    }
}

fn report(parts: &[Part], memory: &[u64], seen: &Round) -> (Value, bool) {
    let [before, during, after] = parts else { unreachable!("three parts are played") };
    let usual = before.goodput();
    let back = |count: &usize| *count as f64 >= 0.95 * usual;
    let recovered_after_s = after.each_second().iter().position(back);
    // Calls that were never sent: with them less was offered than is said. Refusals are answers.
    let dropped: usize = parts.iter().map(|part| part.unsent).sum();
    let valid = seen.violations.is_empty() && dropped == 0 && recovered_after_s.is_some();
    let report = json!({
        "workload": "overload",
        "machine": machine::describe(),
        "admitted_per_second": ADMITTED,
        "offered_per_second": ADMITTED * OVERLOAD,
        "offered": during.answers.len() + during.unsent,
        "dropped": dropped,
        "goodput_before": usual.round(),
        "goodput_during": during.goodput().round(),
        "refusal_p99_us": during.refusal_p99_us(),
        "resident_bytes_before": memory[1],
        "resident_bytes_at_most": memory[3],
        "served_each_second_after": after.each_second(),
        "recovered_after_s": recovered_after_s,
        "violations": seen.violations.len(),
        "violations_found": seen.violations,
    });
    (report, valid)
}
