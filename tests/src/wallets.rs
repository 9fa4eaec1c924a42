//! The wallet as redemption shows it.

use std::time::Duration;

use contracts::redemption::v1::ListWalletVouchersRequest;
use contracts::redemption::v1::wallet_service_client::WalletServiceClient;

use crate::callers;
use crate::served::Suite;

/// A voucher that takes longer than this to reach the wallet will never reach it.
const PATIENCE: Duration = Duration::from_secs(60);

/// Returns as soon as redemption shows a voucher of a member's, which it does within moments of
/// its issue: the feed brings it.
pub async fn shown(suite: &Suite, member_id: &str, voucher_id: &str) {
    let grant = callers::grant("wallet-reader", "gd", &["wallet.read"]);
    let mut wallets = WalletServiceClient::new(suite.channel(&grant).await);
    let request =
        ListWalletVouchersRequest { member_id: member_id.to_owned(), ..Default::default() };
    let shown = async {
        loop {
            let page = wallets.list_wallet_vouchers(request.clone()).await.expect("is answered");
            if page.into_inner().vouchers.iter().any(|own| own.voucher_id == voucher_id) {
                return;
            }
        }
    };
    tokio::time::timeout(PATIENCE, shown).await.expect("the feed brings the voucher");
}
