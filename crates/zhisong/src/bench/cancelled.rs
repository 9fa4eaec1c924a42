//! Calls that go away at random moments, over one connection to the database: afterwards claims are
//! served as fast as before, and the laws hold.

use std::time::Duration;

use contracts::issuance::v1::ClaimResponse;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use testkit::answers::Answer;
use testkit::clients::Clients;
use testkit::deployment::{Deployment, Program, Setup};
use tokio::time::timeout;

use super::claims::{Claimants, leave_wallets_alone};
use super::figures::{Round, Sample};
use super::judge::{Judge, Timed};
use super::load::{Load, Measured, closed_loop};
use super::{BenchProblem, Options, members};

/// Enough for everybody.
const QUOTA: usize = 10_000_000;
const ONE_CONNECTION: Setup =
    Setup { process: "", sections: "", writers: 1, readers: 1, shares: None };
/// The part of the callers who go away.
const IMPATIENT: f64 = 0.3;
/// The longest that one of them waits: about as long as a call takes.
const PATIENCE_MAX: Duration = Duration::from_millis(100);

/// A round is three days: one as usual, one on which callers go away, and one as usual again, which
/// is what is measured. Its control is the first.
pub(super) async fn rounds(
    stage: &mut Deployment,
    options: Options,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start_with("issuance", Program::Issuance, ONE_CONNECTION).await?;
    leave_wallets_alone(stage).await?;
    let clients = stage.clients("eligibility", "issuance", "none");
    let office = members::load(&clients, options.members, QUOTA).await?;
    let claimants = Claimants::new(office.campaign_id, office.member_ids);
    let load = options.load(claimants.members.len());
    let mut judge = Judge::new(stage)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        let [usual, stormy, after] = [0, 1, 2].map(|day| number * 3 + day);
        stage.set_time(&["issuance"], members::opening(usual)).await?;
        let before = claimants.rush(&clients, usual, load).await;
        stage.set_time(&["issuance"], members::opening(stormy)).await?;
        let storm = go_away(&claimants, &clients, stormy, load).await;
        stage.set_time(&["issuance"], members::opening(after)).await?;
        let timed = Timed::start(stage, &["issuance"]).await?;
        let measured = claimants.rush(&clients, after, load).await;
        let (cpu_seconds, commits) = timed.end(stage).await?;
        let mut round = Round {
            workload: Sample::of(&measured),
            controls: vec![("before", before.rate())],
            cpu_seconds,
            commits,
            ..Round::default()
        };
        for (day, answered) in [(usual, &before.answers), (after, &measured.answers)] {
            for (at, answer) in answered {
                judge.claim(&claimants.request(day, *at), answer, &mut round)?;
            }
        }
        // Of a call that went away nobody knows what it did; the laws tell whether it was lawful.
        for (at, answer) in &storm.answers {
            if let Some(answer) = answer {
                judge.claim(&claimants.request(stormy, *at), answer, &mut round)?;
            }
        }
        judge.check_laws(stage, &mut round).await?;
        rounds.push(round);
    }
    Ok(rounds)
}

/// Every member claims once, and some do not wait for the answer. Dropping a call resets its stream.
async fn go_away(
    claimants: &Claimants,
    clients: &Clients,
    day: usize,
    load: Load,
) -> Measured<Option<Answer<ClaimResponse>>> {
    let (claimants, clients) = (claimants.clone(), clients.clone());
    closed_loop(load, move |at| {
        let (request, mut issuance) = (claimants.request(day, at), clients.issuance(at));
        let mut chance = StdRng::seed_from_u64((day * claimants.members.len() + at) as u64);
        let patience = chance
            .random_bool(IMPATIENT)
            .then(|| chance.random_range(Duration::ZERO..PATIENCE_MAX));
        async move {
            let call = issuance.claim(request);
            match patience {
                Some(patience) => timeout(patience, call).await.ok().map(Answer::of),
                None => Some(Answer::of(call.await)),
            }
        }
    })
    .await
}
