use rpc::Caller;

use super::{Checkout, Failure, MemberReference};
use crate::domain::{Order, Quotation, ShownStage, Wallet, WalletVoucher, Wanted};

/// Whose order it would be.
#[derive(Clone, Debug)]
pub struct QuoteRequest {
    /// The member.
    pub member: MemberReference,
    /// The order.
    pub order: Order,
    /// Which vouchers to use.
    pub wanted: Wanted,
}

impl Checkout {
    /// What Authorize would do now. Changes nothing.
    pub async fn quote(
        &self,
        caller: &Caller,
        request: &QuoteRequest,
    ) -> Result<Quotation, Failure> {
        let member = self.members.resolve(caller, &request.member).await?;
        let now = self.clock.now();
        let named = match &request.wanted {
            Wanted::Best => &[][..],
            Wanted::Named(ids) => ids,
        };
        let mut read = self.store.wallet(member.person, named).await?;
        let is_available = |voucher: &WalletVoucher| voucher.shown(now) == ShownStage::Available;
        if !read.vouchers.iter().any(is_available) && self.feed.ask(member.person).await? {
            read = self.store.wallet(member.person, named).await?;
        }
        let vouchers: Vec<_> = read.vouchers.iter().collect();
        let wallet = Wallet { vouchers: &vouchers, campaigns: &read.campaigns };
        Ok(wallet.quote(&request.order, &request.wanted, now)?)
    }
}
