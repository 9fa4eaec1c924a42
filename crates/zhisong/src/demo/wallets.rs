use std::time::Duration;

use contracts::redemption::v1::ListWalletVouchersRequest;
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use tokio::time::{sleep, timeout};

use super::clients::{Clients, DemoProblem};
use crate::laws::{Ack, ClaimAck};
use crate::tokens::Role;

/// How long the feed may take, before that counts as a feed that stands still.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a wallet that lacks its voucher is looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until what was claimed is in the wallets: a voucher arrives there moments after it was
/// issued, and nobody is at a till sooner. The feed keeps the order of the serials, so that the
/// last one arrives last.
pub(super) async fn filled(clients: &Clients, acks: &[Ack]) -> Result<(), DemoProblem> {
    let claims = acks.iter().filter_map(|ack| match ack {
        Ack::Claim(claim) => Some((claim.serial?, claim)),
        _ => None,
    });
    let Some((_, last)) = claims.max_by_key(|(serial, _)| *serial) else { return Ok(()) };
    let arrives = async {
        while !holds(clients, last).await? {
            sleep(LOOK_AGAIN).await;
        }
        Ok(())
    };
    let late = || DemoProblem::Contradiction("the last voucher is in no wallet".to_owned());
    timeout(PATIENCE, arrives).await.unwrap_or_else(|_| Err(late()))
}

async fn holds(clients: &Clients, claim: &ClaimAck) -> Result<bool, DemoProblem> {
    let request = ListWalletVouchersRequest {
        member_id: claim.member_id.clone(),
        page_size: 0,
        page_token: String::new(),
    };
    let mut wallets = WalletServiceClient::new(clients.channel(Role::MemberApp, 0));
    let found = wallets.list_wallet_vouchers(request).await;
    let found = found.map_err(DemoProblem::refused("looking into a wallet"))?.into_inner();
    Ok(found.vouchers.iter().any(|own| Some(&own.voucher_id) == claim.voucher_id.as_ref()))
}
