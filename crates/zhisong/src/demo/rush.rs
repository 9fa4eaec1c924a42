use std::collections::BTreeMap;
use std::time::Duration;

use benefit::programme::Programme;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use contracts::issuance::v1::{ClaimRequest, ClaimResponse};
use futures::StreamExt as _;
use tokio::time::Instant;
use tonic::{Response, Status};

use super::clients::{Clients, DemoProblem};
use super::{Options, day, progress};
use crate::channel::reason_of;
use crate::laws::{Ack, ClaimAck, OK};
use crate::tokens::Role;

/// Claims that are under way at a time.
const AT_ONCE: usize = 2_000;
/// What a member app waits for an answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// How ten o'clock went.
#[derive(Debug)]
pub struct Rush {
    /// Members who have a voucher.
    pub winners: Vec<String>,
    /// Refusals by reason.
    pub refused: BTreeMap<String, usize>,
    /// From the first claim to the last answer.
    pub took: Duration,
    /// Every answer.
    pub(super) acks: Vec<Ack>,
}

/// Every member claims once, all at once.
pub(super) async fn play(
    clients: &Clients,
    programme: &Programme,
    members: &[String],
    options: Options,
) -> Result<Rush, DemoProblem> {
    let bar = progress::bar("rush", members.len(), options.progress);
    let started = Instant::now();
    let claims = members.iter().enumerate().map(|(at, member_id)| {
        let mut issuance = IssuanceServiceClient::new(clients.channel(Role::MemberApp, at));
        let request_id = format!("demo-claim-{at}");
        let mut request = tonic::Request::new(ClaimRequest {
            request_id: request_id.clone(),
            campaign_id: programme.campaign_id.clone(),
            member_id: member_id.clone(),
        });
        request.set_timeout(PATIENCE);
        let bar = bar.clone();
        async move {
            let answer = issuance.claim(request).await;
            bar.inc(1);
            (member_id, request_id, answer)
        }
    });
    let answers = futures::stream::iter(claims).buffer_unordered(AT_ONCE);
    let mut rush = Rush {
        winners: Vec::new(),
        refused: BTreeMap::new(),
        took: Duration::ZERO,
        acks: Vec::with_capacity(members.len()),
    };
    let mut answers = std::pin::pin!(answers);
    while let Some((member_id, request_id, answer)) = answers.next().await {
        match &answer {
            Ok(_) => rush.winners.push(member_id.clone()),
            Err(status) => *rush.refused.entry(reason_of(status)).or_default() += 1,
        }
        rush.acks.push(acknowledged(programme, member_id, request_id, answer));
    }
    rush.took = started.elapsed();
    bar.finish();
    Ok(rush)
}

/// What a member app writes down of an answer.
fn acknowledged(
    programme: &Programme,
    member_id: &str,
    request_id: String,
    answer: Result<Response<ClaimResponse>, Status>,
) -> Ack {
    let voucher = answer.as_ref().ok().and_then(|response| response.get_ref().voucher.as_ref());
    Ack::Claim(ClaimAck {
        caller: Role::MemberApp.subject().to_owned(),
        campaign_id: programme.campaign_id.clone(),
        request_id,
        member_id: member_id.to_owned(),
        voucher_id: voucher.map(|voucher| voucher.voucher_id.clone()),
        serial: voucher.map(|voucher| voucher.serial),
        // A refusal does not name the stock: it is the one of the day.
        stock_period: match voucher {
            Some(voucher) => Some(voucher.stock_period.clone()),
            None => Some(programme.stock_period_key(day())),
        },
        answer: answer.map_or_else(|status| reason_of(&status), |_| OK.to_owned()),
    })
}
