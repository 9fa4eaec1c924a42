use rpc::Caller;

use super::{Checkout, Failure, MemberReference, partner};
use crate::domain::shops::Premises;
use crate::domain::{Checks, Order, Quotation, ShownStage, Wallet, WalletVoucher, Wanted};
use crate::store::{PlacesAsked, WalletRead};

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
        let named = request.wanted.named();
        let mut read = self.store.wallet(member.person, named, now).await?;
        let is_available = |voucher: &WalletVoucher| voucher.shown(now) == ShownStage::Available;
        if !read.vouchers.iter().any(is_available) && self.feed.ask(member.person).await? {
            read = self.store.wallet(member.person, named, now).await?;
        }
        let platform = partner(caller);
        let asked = PlacesAsked::of(&request.order, &platform);
        let registered = self.store.shops().registrations(&asked).await?;
        let place = request.order.place(&platform);
        let premises = registered.at(&place);
        let quotation = self.quote_with(&read, request, (&Checks::default(), premises))?;
        if !quotation.wants_checks {
            return Ok(quotation);
        }
        let fresh = self.members.check(member.member_id, &read, now).await;
        self.quote_with(&read, request, (&fresh.checks, premises))
    }

    fn quote_with(
        &self,
        read: &WalletRead,
        request: &QuoteRequest,
        (checks, premises): (&Checks, Premises<'_>),
    ) -> Result<Quotation, Failure> {
        let vouchers: Vec<_> = read.vouchers.iter().collect();
        let wallet = Wallet { vouchers: &vouchers, campaigns: &read.campaigns, checks, premises };
        Ok(wallet.quote(&request.order, &request.wanted, self.clock.now())?)
    }
}
