use std::sync::Arc;

use clock::{Clock, Timestamp};
use member_identity::{MemberId, VoucherId};
use rpc::Caller;

use super::{Failure, MemberReference, Members};
use crate::store::{Store, WalletRead};

/// What the wallet needs.
#[derive(Clone)]
pub struct Wallets {
    /// The wallets.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Who the members are.
    pub members: Arc<Members>,
}

/// A page of a wallet, newest first.
#[derive(Clone, Debug)]
pub struct WalletPage {
    /// The vouchers and their campaigns.
    pub read: WalletRead,
    /// When they were looked at.
    pub now: Timestamp,
    /// The last voucher of the page, when there are more.
    pub next: Option<VoucherId>,
}

impl Wallets {
    /// A member's vouchers, newest first, from the first that is older than `before`.
    pub async fn list(
        &self,
        caller: &Caller,
        member_id: MemberId,
        before: Option<VoucherId>,
        size: u32,
    ) -> Result<WalletPage, Failure> {
        let member = self.members.resolve(caller, &MemberReference::Id(member_id)).await?;
        // One more than asked for tells whether there is a next page.
        let mut read = self.store.wallet_page(member.person, before, size + 1).await?;
        let size = usize::try_from(size).unwrap_or(usize::MAX);
        let more = read.vouchers.len() > size;
        read.vouchers.truncate(size);
        let next = read.vouchers.last().filter(|_| more).map(|last| last.voucher_id);
        Ok(WalletPage { read, now: self.clock.now(), next })
    }
}
