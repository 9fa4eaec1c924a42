use rpc::Caller;
use tokio::time::Instant;

use super::{Checkout, Failure, Member, MemberReference, partner};
use crate::domain::{
    Action, AuthorizeOrder, Command, Fingerprint, OrderHold, Receipt, RequestId, Verb,
};

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
    /// Holds the best voucher of the member, or the named one, for one order.
    ///
    /// Order of answers: caller, request id, replay, shape, shop, member, order number, voucher
    /// state, order rule. The member is looked for first, as the replay is found with the rest in
    /// the lane; when there is no member, the replay is looked for alone.
    ///
    /// A voucher that issuance has issued a moment ago may not be in the wallet yet: before a member
    /// is told that there is none, issuance is asked once.
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
        let mut authorize =
            AuthorizeOrder { member_id, person, asked: request.asked, may_miss: true };
        let (partner, request_id) = (partner(caller), request.request_id);
        let command = |order: &AuthorizeOrder| {
            let action = Action::Authorize(Box::new(order.clone()));
            Command { partner: partner.clone(), request_id: request_id.clone(), action }
        };
        match self.submit(command(&authorize), deadline).await {
            Err(Failure::Refused(refusal)) if refusal.reason.is_for_want_of_a_voucher() => {
                self.feed.ask(person).await?;
                authorize.may_miss = false;
                self.submit(command(&authorize), deadline).await
            }
            answer => answer,
        }
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
        Ok(remembered.answer(Verb::Authorize, recalled.authorization, differs)?)
    }
}
