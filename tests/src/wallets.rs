//! Vouchers arrive in wallets moments after they were issued.

use std::time::Duration;

use contracts::issuance::v1::ClaimResponse;
use contracts::redemption::v1::ListWalletVouchersRequest;
use testkit::answers::Answer;
use testkit::clients::Clients;

/// How long the feed may take, before that counts as a feed that stands still.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a wallet that lacks a voucher is looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until every voucher of the answers is in its member's wallet.
pub async fn filled(clients: &Clients, answers: &[Answer<ClaimResponse>]) {
    for answer in answers {
        let Answer::Done(ClaimResponse { voucher: Some(voucher) }) = answer else { continue };
        let arrives = async {
            while !holds(clients, &voucher.member_id, &voucher.voucher_id).await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, arrives).await;
        arrived.unwrap_or_else(|_| panic!("{} never arrives", voucher.voucher_id));
    }
}

async fn holds(clients: &Clients, member_id: &str, voucher_id: &str) -> bool {
    let request = ListWalletVouchersRequest {
        member_id: member_id.to_owned(),
        page_size: 0,
        page_token: String::new(),
    };
    let wallet = clients.wallets().list_wallet_vouchers(request).await;
    let vouchers = wallet.expect("the wallet can be read").into_inner().vouchers;
    vouchers.iter().any(|voucher| voucher.voucher_id == voucher_id)
}
