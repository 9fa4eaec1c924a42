//! Vouchers arrive in wallets moments after they were issued.

use std::time::Duration;

use contracts::issuance::v1::{ClaimResponse, Voucher};
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;
use contracts::redemption::v1::{ListWalletVouchersRequest, ListWalletVouchersResponse};
use testkit::answers::Answer;
use testkit::clients::Clients;
use tonic::{Response, Status};

use crate::callers;
use crate::served::Suite;

/// How long the feed may take, before that counts as a feed that stands still.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often a wallet that lacks a voucher is looked into.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Waits until every voucher of the answers is in its member's wallet.
pub async fn filled(clients: &Clients, answers: &[Answer<ClaimResponse>]) {
    for answer in answers {
        let Answer::Done(ClaimResponse { voucher: Some(voucher) }) = answer else { continue };
        let arrives = async {
            while !holds(clients, voucher).await {
                tokio::time::sleep(LOOK_AGAIN).await;
            }
        };
        let arrived = tokio::time::timeout(PATIENCE, arrives).await;
        arrived.unwrap_or_else(|_| panic!("{} never arrives", voucher.voucher_id));
    }
}

/// Waits until a voucher is in its member's wallet, in a suite of the test's own process.
pub async fn shown(suite: &Suite, voucher: &Voucher) {
    shown_in("gd", suite, voucher).await;
}

/// The same for a member of another province's union.
pub async fn shown_in(province: &str, suite: &Suite, voucher: &Voucher) {
    let grant = callers::grant("wallet-reader", province, &["wallet.read"]);
    let mut wallets = WalletServiceClient::new(suite.channel(&grant).await);
    let arrives = async {
        while !lists(wallets.list_wallet_vouchers(of(&voucher.member_id)).await, voucher) {
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    };
    tokio::time::timeout(PATIENCE, arrives).await.expect("the feed brings the voucher");
}

async fn holds(clients: &Clients, voucher: &Voucher) -> bool {
    lists(clients.wallets().list_wallet_vouchers(of(&voucher.member_id)).await, voucher)
}

fn of(member_id: &str) -> ListWalletVouchersRequest {
    ListWalletVouchersRequest { member_id: member_id.to_owned(), ..Default::default() }
}

fn lists(wallet: Result<Response<ListWalletVouchersResponse>, Status>, voucher: &Voucher) -> bool {
    let vouchers = wallet.expect("the wallet can be read").into_inner().vouchers;
    vouchers.iter().any(|own| own.voucher_id == voucher.voucher_id)
}
