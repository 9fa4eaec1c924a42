use std::time::Duration;

use benefit::Portion;
use clock::Timestamp;
use member_identity::{AuthorizationId, MemberId, PersonKey, VoucherId};

use super::{
    Authorization, Checks, Detail, Fingerprint, Order, Partner, Reason, Refusal, RequestId,
    RequestKey, Verb, Wanted,
};

/// One verb of one caller, ready to be judged.
#[derive(Clone, Debug)]
pub struct Command {
    /// The platform.
    pub partner: Partner,
    /// Its request id.
    pub request_id: RequestId,
    /// What it asks for.
    pub action: Action,
}

/// What is asked for.
#[derive(Clone, Debug)]
pub enum Action {
    /// Hold vouchers for an order.
    Authorize(Box<AuthorizeOrder>),
    /// The order was paid.
    Capture(OrderPart),
    /// The order was not paid.
    Void(VoidTarget),
    /// The goods were returned.
    Refund(OrderPart),
}

/// What of an order was paid, or returned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderPart {
    /// The order's authorization.
    pub authorization_id: AuthorizationId,
    /// Which part; of 1 fen or more.
    pub portion: Portion,
}

/// An order and whose it is.
#[derive(Clone, Debug)]
pub struct AuthorizeOrder {
    /// The member as eligibility knows it.
    pub member_id: MemberId,
    /// The natural person.
    pub person: PersonKey,
    /// What is asked for.
    pub asked: OrderHold,
    /// Whether the wallet may lack what issuance has issued a moment ago. If it does, a refusal for
    /// want of a voucher is not final: nothing is written down, issuance is asked, and the order
    /// comes again.
    pub may_miss: bool,
    /// How the member stands to the policies that were asked about for this order. While one is
    /// wanted that was not, nothing is written down, eligibility is asked, and the order comes
    /// again.
    pub checks: Checks,
}

/// Vouchers to be held for an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderHold {
    /// The order.
    pub order: Order,
    /// Which vouchers to use.
    pub wanted: Wanted,
    /// How long to hold.
    pub hold: Duration,
}

/// What to let go of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum VoidTarget {
    /// The authorization.
    Authorization(AuthorizationId),
    /// Whatever that Authorize made, or would make.
    Request(RequestId),
}

/// What an effect is answered with: the authorization as of the verb. Absent for a void of an
/// Authorize that has not arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The authorization.
    pub authorization: Option<Authorization>,
}

/// The answer to a command: the same for ever (law A1).
pub type Answer = Result<Receipt, Refusal>;

/// How a request was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// What the request said.
    pub fingerprint: Fingerprint,
    /// Its effect, or why it was refused.
    pub outcome: Result<Option<AuthorizationId>, Refusal>,
    /// When it was judged.
    pub created_at: Timestamp,
}

impl Command {
    /// The verb.
    pub fn verb(&self) -> Verb {
        match self.action {
            Action::Authorize(_) => Verb::Authorize,
            Action::Capture(_) => Verb::Capture,
            Action::Void(_) => Verb::Void,
            Action::Refund(_) => Verb::Refund,
        }
    }

    /// What it says, field by field in the order of [`Verb::fields`].
    pub fn fingerprint(&self) -> Fingerprint {
        match &self.action {
            Action::Authorize(authorize) => authorize.asked.fingerprint(Some(authorize.member_id)),
            Action::Capture(part) | Action::Refund(part) => part.fingerprint(),
            Action::Void(VoidTarget::Authorization(id)) => {
                Fingerprint::of(&[&format!("authorization {id}")])
            }
            Action::Void(VoidTarget::Request(id)) => Fingerprint::of(&[&format!("request {id}")]),
        }
    }
}

impl Remembered {
    /// The answer to the request of that key, or to another request under its id: `differs` is the
    /// first field in which that one differs. `made` is the authorization that the request made or
    /// changed, at any later time. The first answer is made here too, so that no replay can differ
    /// from it.
    pub fn answer(
        &self,
        (_, verb, request_id): &RequestKey,
        made: Option<Authorization>,
        differs: Option<usize>,
    ) -> Answer {
        if let Some(at) = differs {
            let field = verb.fields().get(at).copied().unwrap_or("request");
            return Err(Refusal::new(Reason::RequestIdReused).with(Detail::Field, field));
        }
        match &self.outcome {
            Ok(_) => Ok(Receipt { authorization: made.map(|made| made.as_of(*verb, request_id)) }),
            Err(refusal) => Err(refusal.clone()),
        }
    }
}

impl OrderPart {
    /// The fields in the order of [`Verb::fields`]. The whole is said by saying nothing, as it was
    /// before there were parts.
    fn fingerprint(&self) -> Fingerprint {
        let id = self.authorization_id.to_string();
        match &self.portion {
            Portion::Whole => Fingerprint::of(&[&id]),
            Portion::Amount(amount) => Fingerprint::of(&[&id, &format!("amount {amount}")]),
            Portion::Lines(lines) => {
                let lines = lines.iter().map(|(line, amount)| format!("{line} {amount}"));
                Fingerprint::of(&[&id, &lines.collect::<Vec<_>>().join("\n")])
            }
        }
    }
}

impl OrderHold {
    /// The fields in the order of [`Verb::fields`]. The member stands here by its id, however the
    /// caller named it, so that nothing personal is stored. Without a member the fingerprint can
    /// only be compared beyond [`Fingerprint::MEMBER`].
    pub fn fingerprint(&self, member_id: Option<MemberId>) -> Fingerprint {
        let lines = self.order.basket.lines().iter().zip(&self.order.texts);
        let lines: Vec<_> = lines.map(|(line, text)| format!("{text} {}", line.amount)).collect();
        let vouchers = match &self.wanted {
            Wanted::Best => String::new(),
            Wanted::Named(ids) => join(ids),
        };
        let (member_id, lines) =
            (member_id.map(|id| id.to_string()).unwrap_or_default(), lines.join("\n"));
        let region = self.order.basket.shop_region().to_string();
        let hold = self.hold.as_micros().to_string();
        let (number, shop_id) = (self.order.number.as_str(), self.order.shop_id.as_str());
        let mut fields = vec![&*member_id, number, &lines, shop_id, &region, &vouchers, &hold];
        // Before there were tills nothing was said of them.
        fields.extend(self.order.terminal.as_ref().map(|terminal| terminal.as_str()));
        Fingerprint::of(&fields)
    }
}

fn join(ids: &[VoucherId]) -> String {
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
}
