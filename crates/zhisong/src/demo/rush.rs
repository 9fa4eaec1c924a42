use std::collections::BTreeMap;
use std::time::Duration;

use contracts::issuance::v1::ClaimRequest;
use contracts::issuance::v1::issuance_service_client::IssuanceServiceClient;
use futures::StreamExt as _;
use tokio::time::Instant;

use super::clients::{Clients, DemoProblem};
use super::{Options, progress};
use crate::channel::reason_of;
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
}

/// Every member claims once, all at once.
pub(super) async fn play(
    clients: &Clients,
    campaign_id: &str,
    members: &[String],
    options: Options,
) -> Result<Rush, DemoProblem> {
    let bar = progress::bar("rush", members.len(), options.progress);
    let started = Instant::now();
    let claims = members.iter().enumerate().map(|(at, member_id)| {
        let mut issuance = IssuanceServiceClient::new(clients.channel(Role::MemberApp, at));
        let mut request = tonic::Request::new(ClaimRequest {
            request_id: format!("demo-claim-{at}"),
            campaign_id: campaign_id.to_owned(),
            member_id: member_id.clone(),
        });
        request.set_timeout(PATIENCE);
        let bar = bar.clone();
        async move {
            let answer = issuance.claim(request).await;
            bar.inc(1);
            (member_id, answer)
        }
    });
    let answers = futures::stream::iter(claims).buffer_unordered(AT_ONCE);
    let mut rush = Rush { winners: Vec::new(), refused: BTreeMap::new(), took: Duration::ZERO };
    let mut answers = std::pin::pin!(answers);
    while let Some((member_id, answer)) = answers.next().await {
        match answer {
            Ok(_) => rush.winners.push(member_id.clone()),
            Err(status) => *rush.refused.entry(reason_of(&status)).or_default() += 1,
        }
    }
    rush.took = started.elapsed();
    bar.finish();
    Ok(rush)
}
