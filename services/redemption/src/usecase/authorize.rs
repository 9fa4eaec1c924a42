use rpc::Caller;
use tokio::time::Instant;

use super::{Checkout, Failure, Member, MemberReference, Wish, partner};
use crate::domain::{
    Action, AuthorizeOrder, Checks, Command, Fingerprint, OrderHold, Reason, Receipt, RequestId,
    Verb,
};

/// Times that eligibility is asked for one order: its verdicts may be too old by the time that the
/// order is judged.
const CHECKS_MAX: u32 = 3;

/// Whose order it is, and what is asked for.
#[derive(Clone, Debug)]
pub struct AuthorizeRequest {
    /// The request.
    pub request_id: RequestId,
    /// The member.
    pub member: MemberReference,
    /// What is asked for.
    pub asked: OrderHold,
}

impl Checkout {
    /// Holds the best vouchers of the member together, or the named ones, for one order.
    ///
    /// Order of answers: caller, request id, replay, shape, member, order number, voucher state,
    /// shop, till, order rule. The member is looked for first, as the replay is found with the rest
    /// in the lane; when there is no member, the replay is looked for alone.
    ///
    /// A voucher that issuance has issued a moment ago may not be in the wallet yet: before a
    /// member is told that there is none, issuance is asked once. When the terms of a voucher ask
    /// whether its owner still qualifies, eligibility is asked; while it cannot be asked, that
    /// voucher is left out, and an order that nothing else applies to is answered "unavailable".
    ///
    /// MEMBER_UNKNOWN is judged anew on each call and not remembered: nothing was decided about an
    /// order, and the same request may be sent again after joining.
    pub async fn authorize(
        &self,
        caller: &Caller,
        request: AuthorizeRequest,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Failure> {
        let member = match self.members.resolve(caller, &request.member).await {
            Ok(member) => member,
            Err(failure @ Failure::Caller(_)) => return Err(failure),
            Err(failure) => return self.recall(caller, &request, failure).await,
        };
        let Member { member_id, person, .. } = member;
        let (asked, checks) = (request.asked, Checks::default());
        let mut order = AuthorizeOrder { member_id, person, asked, may_miss: true, checks };
        let (mut usable_until, mut checks_left) = (None, CHECKS_MAX);
        loop {
            let action = Action::Authorize(Box::new(order.clone()));
            let (partner, request_id) = (partner(caller), request.request_id.clone());
            let command = Command { partner, request_id, action };
            let wish = Wish { command, checks_until: usable_until };
            let refusal = match self.submit(wish, deadline).await {
                Err(Failure::Refused(refusal)) => refusal,
                answer => return answer,
            };
            if refusal.reason.is_for_want_of_a_voucher() && order.may_miss {
                self.feed.ask(person).await?;
                order.may_miss = false;
            } else if refusal.reason == Reason::BenefitNotAvailableNow {
                if checks_left == 0 || order.checks.lack_some() {
                    return Err(Failure::EligibilityUnavailable);
                }
                checks_left -= 1;
                usable_until = Some(self.ask_checks(&mut order).await?);
            } else {
                return Err(Failure::Refused(refusal));
            }
        }
    }

    /// Asks how the member stands to the policies of the wallet; gives until when that may be used.
    async fn ask_checks(&self, order: &mut AuthorizeOrder) -> Result<Instant, Failure> {
        let (named, now) = (order.asked.wanted.named(), self.clock.now());
        let wallet = self.store.wallet(order.person, named, now).await?;
        let fresh = self.members.check(order.member_id, &wallet, now).await;
        order.checks = fresh.checks;
        Ok(fresh.usable_until)
    }

    /// The answer that the request got before, or `failure` when it never got one.
    async fn recall(
        &self,
        caller: &Caller,
        request: &AuthorizeRequest,
        failure: Failure,
    ) -> Result<Receipt, Failure> {
        let key = (partner(caller), Verb::Authorize, request.request_id.clone());
        let Some(recalled) = self.store.recall(&key).await? else { return Err(failure) };
        let remembered = recalled.remembered;
        let differs = match request.member {
            MemberReference::Id(id) => {
                remembered.fingerprint.first_difference(&request.asked.fingerprint(Some(id)))
            }
            // Nobody can tell now whose document it is; the rest of the request says enough.
            MemberReference::Document(_) => remembered
                .fingerprint
                .first_difference_from(Fingerprint::MEMBER + 1, &request.asked.fingerprint(None)),
        };
        Ok(remembered.answer(&key, recalled.authorization, differs)?)
    }
}
