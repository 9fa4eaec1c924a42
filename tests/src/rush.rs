//! Members claim, all at once, and retry until they know.

use std::collections::BTreeMap;

use clock::BusinessDay;
use contracts::issuance::v1::{ClaimRequest, ClaimResponse};
use futures::StreamExt as _;
use testkit::acks::Acks;
use testkit::answers::Answer;
use testkit::clients::Clients;

use crate::arrivals::Arrivals;

/// Claims that are under way at a time.
pub const AT_ONCE: usize = 400;
/// Rounds of retries after which a suite that serves must have answered everyone.
const ROUNDS_MAX: usize = 50;

/// One member's claim of a day: the same request each time it is made.
#[derive(Clone, Debug)]
pub struct Claim {
    /// What is sent.
    pub request: ClaimRequest,
    /// The stock that it draws on.
    pub stock_period: String,
    /// Spreads the callers over the connections.
    at: usize,
}

/// Everyone's claim of a day.
pub fn claims(campaign_id: &str, member_ids: &[String], day: BusinessDay) -> Vec<Claim> {
    let claim = |(at, member_id): (usize, &String)| Claim {
        request: ClaimRequest {
            request_id: format!("claim-{day}-{at}"),
            campaign_id: campaign_id.to_owned(),
            member_id: member_id.clone(),
        },
        stock_period: format!("day:{day}"),
        at,
    };
    member_ids.iter().enumerate().map(claim).collect()
}

impl Claim {
    /// Sends it and writes down what the member was told.
    pub async fn send(&self, clients: &Clients, acks: &Acks) -> Answer<ClaimResponse> {
        let answer = clients.issuance(self.at).claim(self.request.clone()).await;
        self.note(acks, Answer::of(answer))
    }

    /// Writes down what the member was told.
    pub fn note(&self, acks: &Acks, answer: Answer<ClaimResponse>) -> Answer<ClaimResponse> {
        let noted = acks.claim(&self.request, &self.stock_period, &answer);
        noted.expect("the same claim gets the same voucher");
        answer
    }
}

/// Sends every claim once and gives the answers in the order of the claims.
pub async fn send(
    clients: &Clients,
    acks: &Acks,
    claims: &[Claim],
    arrivals: &Arrivals,
) -> Vec<Answer<ClaimResponse>> {
    let sent = claims.iter().map(|claim| async move {
        let answer = claim.send(clients, acks).await;
        if !answer.is_lost() {
            arrivals.add();
        }
        answer
    });
    futures::stream::iter(sent).buffered(AT_ONCE).collect().await
}

/// Sends every claim again, and those that are lost until they are not.
pub async fn settle(
    clients: &Clients,
    acks: &Acks,
    claims: &[Claim],
) -> Vec<Answer<ClaimResponse>> {
    let mut answers = send(clients, acks, claims, &Arrivals::default()).await;
    for _ in 0..ROUNDS_MAX {
        let lost: Vec<_> = (0..claims.len()).filter(|at| answers[*at].is_lost()).collect();
        if lost.is_empty() {
            return answers;
        }
        let again: Vec<_> = lost.iter().map(|at| claims[*at].clone()).collect();
        let again = send(clients, acks, &again, &Arrivals::default()).await;
        for (at, answer) in lost.into_iter().zip(again) {
            answers[at] = answer;
        }
    }
    let lost = answers.iter().find(|answer| answer.is_lost());
    panic!("a suite that serves must answer at last, but: {lost:?}")
}

/// How often each answer was given: `OK`, or the reason of a refusal.
pub fn tally<T>(answers: &[Answer<T>]) -> BTreeMap<&str, usize> {
    let mut tally = BTreeMap::new();
    for answer in answers {
        let said = match answer {
            Answer::Done(_) => "OK",
            Answer::Refused(reason) => reason,
            Answer::Lost(_) => "LOST",
        };
        *tally.entry(said).or_default() += 1;
    }
    tally
}
