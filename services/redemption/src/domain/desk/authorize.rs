use member_identity::AuthorizationId;

use super::{Desk, Effect};
use crate::domain::shops::Place;
use crate::domain::{
    AppliedVoucher, Authorization, AuthorizeOrder, Command, Detail, Reason, Refusal, Stage,
    VoucherStage, Wallet, WalletVoucher,
};

impl Desk {
    /// Order of answers: order number, then what keeps each voucher: its state, shop and till, the
    /// order's rule. One that was voided before it arrived is answered already.
    pub(super) fn authorize(&mut self, command: &Command, order: &AuthorizeOrder) -> Effect {
        let place = order.asked.order.place(&command.partner);
        self.require_order_free(command, order)?;
        let applied = self.select(order, &place)?;
        self.free_lapsed(&applied);
        Ok(Some(self.hold(command, order, applied)))
    }

    fn require_order_free(
        &mut self,
        command: &Command,
        order: &AuthorizeOrder,
    ) -> Result<(), Refusal> {
        let key = (command.partner.clone(), order.asked.order.number.clone());
        let Some(live) = self.state.live_orders.get(&key).copied() else { return Ok(()) };
        self.expire_if_lapsed(live);
        match self.state.live_orders.contains_key(&key) {
            true => {
                Err(Refusal::new(Reason::OrderAlreadyAuthorized)
                    .with(Detail::AuthorizationId, live))
            }
            false => Ok(()),
        }
    }

    fn select(
        &self,
        order: &AuthorizeOrder,
        place: &Place,
    ) -> Result<Vec<AppliedVoucher>, Refusal> {
        let ids = self.wallets.get(&order.person).into_iter().flatten();
        let vouchers: Vec<&WalletVoucher> =
            ids.filter_map(|id| self.state.vouchers.get(id)).collect();
        let campaigns = &self.state.campaigns;
        let premises = self.state.places.at(place);
        let wallet = Wallet { vouchers: &vouchers, campaigns, checks: &order.checks, premises };
        wallet.select(&order.asked.order, &order.asked.wanted, self.moment.now)
    }

    /// A hold that ran out but was not swept yet is written down before one of its vouchers is held
    /// again.
    fn free_lapsed(&mut self, applied: &[AppliedVoucher]) {
        for applied in applied {
            let voucher = self.state.vouchers.get(&applied.voucher_id);
            if let Some(VoucherStage::Held { by, .. }) = voucher.map(|voucher| voucher.stage) {
                self.expire_if_lapsed(by);
            }
        }
    }

    fn hold(
        &mut self,
        command: &Command,
        order: &AuthorizeOrder,
        applied: Vec<AppliedVoucher>,
    ) -> AuthorizationId {
        let now = self.moment.now;
        let entropy = self.moment.entropy.draw();
        let id = AuthorizationId::mint(order.person.shard(), now, entropy);
        let expires_at = now.plus(order.asked.hold);
        for applied in &applied {
            self.change_voucher(applied.voucher_id, |own| own.hold(id, expires_at));
        }
        let basket = &order.asked.order.basket;
        self.put(Authorization {
            authorization_id: id,
            person: order.person,
            partner: command.partner.clone(),
            order_number: order.asked.order.number.clone(),
            shop_id: Some(order.asked.order.shop_id.clone()),
            request_id: command.request_id.clone(),
            order_amount: basket.total(),
            line_amounts: basket.lines().iter().map(|line| line.amount).collect(),
            vouchers: applied,
            created_at: now,
            expires_at,
            stage: Stage::Held,
            captured_amounts: Vec::new(),
            chain: None,
            refunds: Vec::new(),
        });
        id
    }
}
