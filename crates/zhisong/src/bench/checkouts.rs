//! The till: authorize, capture, and both of each order.

use std::sync::Arc;

use contracts::eligibility::v1::MemberReference;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::redemption::v1::{
    AuthorizeRequest, CaptureRequest, Order, OrderLine, QuoteRequest, Shop,
};
use testkit::answers::Answer;
use testkit::clients::Clients;

use super::claims::Claimants;
use super::figures::{Round, Sample};
use super::judge::{Judge, Timed};
use super::load::{Load, Measured, closed_loop};
use super::{BenchProblem, Options, Workload, members};
use testkit::deployment::{Deployment, Program, Setup};

/// Everybody has a voucher before the tills open.
const ENOUGH: usize = 10_000_000;
/// One transaction a request, many at a time.
const NAIVE: Setup = Setup {
    process: "",
    sections: "\n[checkout]\nlanes = 64\nbatch_max = 1\n",
    writers: 32,
    readers: 4,
    shares: None,
};

/// What a till was told: the authorization's id.
type Told = Answer<String>;

pub(super) async fn rounds(
    stage: &mut Deployment,
    options: Options,
) -> Result<Vec<Round>, BenchProblem> {
    stage.start("eligibility", Program::Eligibility).await?;
    stage.start("issuance", Program::Issuance).await?;
    stage.start("redemption", Program::Redemption).await?;
    stage.start_with("naive", Program::Redemption, NAIVE).await?;
    stage.start("echo", Program::Echo).await?;
    let real = stage.clients("eligibility", "issuance", "redemption");
    let naive = stage.clients("eligibility", "issuance", "naive");
    let echo = stage.clients("eligibility", "issuance", "echo");
    let office = members::load(&real, options.members, ENOUGH).await?;
    let claimants = Claimants::new(office.campaign_id, office.member_ids);
    let mut judge = Judge::new(stage)?;
    let mut rounds = Vec::new();
    for number in 0..options.rounds {
        let at = members::opening(number);
        stage.set_time(&["issuance", "redemption", "naive"], at).await?;
        let mut round = Round::default();
        let everybody = Load { calls: claimants.members.len(), ..options.load(0) };
        let claimed = claimants.rush(&real, number, everybody).await;
        for (at, answer) in &claimed.answers {
            judge.claim(&claimants.request(number, *at), answer, &mut round)?;
        }
        let shoppers: Vec<_> = claimed.answers.iter().map(|(at, _)| *at).collect();
        let tills =
            Tills { claimants: claimants.clone(), shoppers: shoppers.into(), round: number };
        for clients in [&real, &naive] {
            tills.wait_for_wallets(clients).await?;
        }
        tills.measure(stage, [&real, &naive, &echo], options, (&mut judge, &mut round)).await?;
        judge.check_laws(stage, &mut round).await?;
        rounds.push(round);
    }
    Ok(rounds)
}

/// The members with a voucher of the day.
#[derive(Clone)]
struct Tills {
    claimants: Claimants,
    shoppers: Arc<[usize]>,
    round: usize,
}

impl Tills {
    /// The workload and its controls, one after the other.
    async fn measure(
        &self,
        stage: &mut Deployment,
        [real, naive, echo]: [&Clients; 3],
        options: Options,
        (judge, round): (&mut Judge, &mut Round),
    ) -> Result<(), BenchProblem> {
        let (once, for_ever) = (options.load(self.shoppers.len()), options.load(usize::MAX));
        let timed;
        let (measured, echoed, slow) = match options.workload {
            Workload::Capture => {
                let echoed = self.capture(echo, for_ever, None).await;
                let held = self.authorize(real, once).await;
                self.judge("authorize", &held, (judge, round))?;
                let held_by_naive = self.authorize(naive, once).await;
                timed = Timed::start(stage, &["redemption"]).await?;
                let measured = self.capture(real, once, Some(&held)).await;
                round_cost(round, timed.end(stage).await?);
                self.judge("capture", &measured, (judge, round))?;
                (measured, echoed, self.capture(naive, once, Some(&held_by_naive)).await)
            }
            Workload::Checkout => {
                let echoed = self.checkout(echo, for_ever).await;
                timed = Timed::start(stage, &["redemption"]).await?;
                let measured = self.checkout(real, once).await;
                round_cost(round, timed.end(stage).await?);
                self.judge("authorize", &measured, (judge, round))?;
                self.judge("capture", &measured, (judge, round))?;
                (measured, echoed, self.checkout(naive, once).await)
            }
            _ => {
                let echoed = self.authorize(echo, for_ever).await;
                timed = Timed::start(stage, &["redemption"]).await?;
                let measured = self.authorize(real, once).await;
                round_cost(round, timed.end(stage).await?);
                self.judge("authorize", &measured, (judge, round))?;
                (measured, echoed, self.authorize(naive, once).await)
            }
        };
        round.workload = Sample::of(&measured);
        round.echo = Some(Sample::of(&echoed));
        round.controls = vec![("naive", slow.rate())];
        Ok(())
    }

    fn judge(
        &self,
        verb: &str,
        told: &Measured<Told>,
        (judge, round): (&mut Judge, &mut Round),
    ) -> Result<(), BenchProblem> {
        for (call, answer) in &told.answers {
            judge.checkout(verb, &self.request_id(verb, *call), answer, round)?;
        }
        Ok(())
    }

    async fn authorize(&self, clients: &Clients, load: Load) -> Measured<Told> {
        let (tills, clients) = (self.clone(), clients.clone());
        closed_loop(load, move |call| {
            let (tills, clients) = (tills.clone(), clients.clone());
            async move { tills.hold(&clients, call).await }
        })
        .await
    }

    /// Captures what was held; made-up ids when nothing was, for the control.
    async fn capture(
        &self,
        clients: &Clients,
        load: Load,
        held: Option<&Measured<Told>>,
    ) -> Measured<Told> {
        let ids = held.map_or_else(
            || vec![(0, format!("aut_{:032x}", 1))],
            |held| {
                let ids = held.answers.iter().filter_map(|(call, told)| match told {
                    Answer::Done(id) => Some((*call, id.clone())),
                    Answer::Refused(_) | Answer::Lost(_) => None,
                });
                ids.collect()
            },
        );
        let (tills, clients, ids) = (self.clone(), clients.clone(), Arc::<[_]>::from(ids));
        let calls = if held.is_some() { ids.len() } else { load.calls };
        let held = Arc::clone(&ids);
        let mut measured = closed_loop(Load { calls, ..load }, move |at| {
            let (call, id) = held[at % held.len()].clone();
            let (tills, clients) = (tills.clone(), clients.clone());
            async move { tills.take(&clients, call, id).await }
        })
        .await;
        // From here on a capture goes by the number of its order.
        measured.answers.iter_mut().for_each(|(at, _)| *at = ids[*at % ids.len()].0);
        measured
    }

    async fn checkout(&self, clients: &Clients, load: Load) -> Measured<Told> {
        let (tills, clients) = (self.clone(), clients.clone());
        closed_loop(load, move |call| {
            let (tills, clients) = (tills.clone(), clients.clone());
            async move {
                match tills.hold(&clients, call).await {
                    Answer::Done(id) => tills.take(&clients, call, id).await,
                    other => other,
                }
            }
        })
        .await
    }

    async fn hold(&self, clients: &Clients, call: usize) -> Told {
        let request = AuthorizeRequest {
            request_id: self.request_id("authorize", call),
            member: self.member(call),
            order: Some(self.order(call)),
            voucher_ids: Vec::new(),
            hold: None,
        };
        let answer = Answer::of(clients.checkout(call).authorize(request).await);
        answer.map(|made| made.authorization.map(|made| made.authorization_id).unwrap_or_default())
    }

    async fn take(&self, clients: &Clients, call: usize, authorization_id: String) -> Told {
        let request_id = self.request_id("capture", call);
        let request = CaptureRequest { request_id, authorization_id, portion: None };
        let answer = Answer::of(clients.checkout(call).capture(request).await);
        answer.map(|made| made.authorization.map(|made| made.authorization_id).unwrap_or_default())
    }

    /// The wallets are filled by the feed; the day begins when the last voucher is there.
    async fn wait_for_wallets(&self, clients: &Clients) -> Result<(), BenchProblem> {
        // Positions are in the order of commits, and so the highest serial comes last; which call
        // got it is not known here, so the last calls of all are looked at.
        for call in self.shoppers.len().saturating_sub(2_000)..self.shoppers.len() {
            loop {
                let request = QuoteRequest {
                    member: self.member(call),
                    order: Some(self.order(call)),
                    voucher_ids: Vec::new(),
                };
                let quoted = clients.checkout(call).quote(request).await?.into_inner();
                if quoted.discount_fen > 0 {
                    break;
                }
                tokio::time::sleep(std::time::Duration::from_millis(50)).await;
            }
        }
        Ok(())
    }

    fn member(&self, call: usize) -> Option<MemberReference> {
        let at = self.shoppers[call % self.shoppers.len()];
        let member_id = self.claimants.members[at % self.claimants.members.len()].clone();
        Some(MemberReference { reference: Some(Reference::MemberId(member_id)) })
    }

    fn order(&self, call: usize) -> Order {
        let line = OrderLine { category: "cold-drink".to_owned(), amount_fen: 500 };
        Order {
            order_number: format!("order-{}-{call}", self.round),
            lines: vec![line],
            shop: Some(Shop {
                shop_id: "shop-1".to_owned(),
                region_code: "440103".to_owned(),
                terminal_id: String::new(),
            }),
        }
    }

    fn request_id(&self, verb: &str, call: usize) -> String {
        format!("{verb}-{}-{call}", self.round)
    }
}

fn round_cost(round: &mut Round, (cpu_seconds, commits): (f64, u64)) {
    (round.cpu_seconds, round.commits) = (cpu_seconds, commits);
}
