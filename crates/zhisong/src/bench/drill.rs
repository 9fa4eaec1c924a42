//! A rehearsal for ops: the real programme, far more members than vouchers, all within seconds.
//! When was the stock gone, what was each member told, and how late?

use std::collections::BTreeMap;

use serde_json::{Value, json};
use testkit::answers::Answer;
use tokio::time::Instant;

use super::claims::Claimants;
use super::figures::{Round, Sample};
use super::judge::Judge;
use super::load::{Load, Measured, open_loop};
use super::plot::{self, Bar};
use super::{BenchProblem, Options, machine, members};
use testkit::deployment::{Deployment, Program};

/// The real programme's vouchers a day.
const QUOTA: usize = 50_000;
/// More calls than this are never under way.
const IN_FLIGHT_MAX: usize = 50_000;

/// What one member was told, in milliseconds after ten o'clock.
struct Told {
    at_ms: u64,
    word: String,
}

/// Plays ten o'clock: every member claims once, spread evenly over the seconds of the options.
pub(super) async fn play(
    stage: &mut Deployment,
    options: Options,
) -> Result<(Value, String, bool), BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    stage.start("redemption", Program::Redemption).await?;
    let clients = stage.clients("eligibility", "issuance", "redemption");
    let office = members::load(&clients, options.members, QUOTA).await?;
    let claimants = Claimants::new(office.campaign_id, office.member_ids);
    stage.set_time(&["issuance", "redemption"], members::opening(0)).await?;
    let load = Load {
        in_flight: IN_FLIGHT_MAX,
        duration: options.load(0).duration * 2,
        calls: options.members,
    };
    let rate = options.members as f64 / options.seconds.max(1) as f64;
    let (those, callers) = (claimants.clone(), clients.clone());
    let started = Instant::now();
    let measured = open_loop(load, rate, move |at| {
        let (request, mut issuance) = (those.request(0, at), callers.issuance(at));
        async move {
            let answer = Answer::of(issuance.claim(request).await);
            (answer, started.elapsed().as_millis() as u64)
        }
    })
    .await;
    let mut judge = Judge::new(stage)?;
    let mut seen = Round::default();
    let mut told = Vec::with_capacity(measured.answers.len());
    for (at, (answer, at_ms)) in &measured.answers {
        let word = match answer {
            Answer::Done(_) => {
                judge.claim(&claimants.request(0, *at), answer, &mut seen)?;
                "granted"
            }
            Answer::Refused(reason) => reason,
            Answer::Lost(reason) => {
                seen.dropped += 1;
                reason
            }
        };
        told.push(Told { at_ms: *at_ms, word: word.to_owned() });
    }
    judge.check_laws(stage, &mut seen).await?;
    Ok(report(&measured, &told, (rate, options.members, &seen)))
}

fn report<T>(
    measured: &Measured<T>,
    told: &[Told],
    (rate, members, seen): (f64, usize, &Round),
) -> (Value, String, bool) {
    let mut words: BTreeMap<&str, usize> = BTreeMap::new();
    let mut seconds: BTreeMap<u64, BTreeMap<&str, usize>> = BTreeMap::new();
    for Told { at_ms, word } in told {
        *words.entry(word).or_default() += 1;
        *seconds.entry(at_ms / 1_000).or_default().entry(word).or_default() += 1;
    }
    let granted = words.get("granted").copied().unwrap_or(0);
    let last = told.iter().filter(|told| told.word == "granted").map(|told| told.at_ms).max();
    let late = Sample::of(measured);
    // A member whose call was not sent or not answered was told nothing.
    let dropped = measured.unsent + seen.dropped;
    let right = granted == QUOTA.min(members) && dropped == 0 && seen.violations.is_empty();
    let report = json!({
        "workload": "drill",
        "machine": machine::describe(),
        "members": members,
        "quota": QUOTA,
        "arrivals_per_second": rate.round(),
        "told": words,
        "dropped": dropped,
        "stock_gone_after_ms": last,
        "late_p50_us": late.p50_us,
        "late_p99_us": late.p99_us,
        "late_p999_us": late.p999_us,
        "each_second": seconds,
        "violations": seen.violations.len(),
        "violations_found": seen.violations,
    });
    let bars = seconds.iter().map(|(second, words)| Bar {
        label: format!("second {}", second + 1),
        median: words.get("granted").copied().unwrap_or(0) as f64,
        rounds: vec![words.values().sum::<usize>() as f64],
    });
    let title = format!("ten o'clock: granted in each second (dot: answered), {members} members");
    (report, plot::bars(&title, "granted", &bars.collect::<Vec<_>>()), right)
}
