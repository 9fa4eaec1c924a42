//! Messages as they come in.

use std::time::Duration;

use benefit::{Basket, BasketProblem, Fen, LINES_MAX, Line, Portion, VOUCHERS_MAX};
use clock::{BusinessDay, Timestamp};
use contracts::eligibility::v1 as eligibility;
use contracts::redemption::v1 as wire;
use member_identity::{IdDocument, RegionCode, VoucherId};
use rpc::{Fields, Problem};

use crate::domain::shops::GoodsText;
use crate::domain::{Order, OrderHold, OrderPart, RequestId, VoidTarget, Wanted, business_day};
use crate::store::AuthorizationKey;
use crate::usecase::{AuthorizeRequest, MemberReference, QuoteRequest};

const HOLD_DEFAULT: Duration = Duration::from_secs(5 * 60);
const HOLD_MIN: Duration = Duration::from_secs(1);
const HOLD_MAX: Duration = Duration::from_secs(30 * 60);

/// A request that does not read, and the first field of it that does not.
#[derive(Debug)]
pub(super) struct Malformed {
    pub problem: Problem,
    pub field: String,
}

/// Reads fields, and keeps the first that does not read.
#[derive(Default)]
struct Reader {
    fields: Fields,
    first: Option<String>,
}

impl Reader {
    fn parse<T>(&mut self, path: &str, text: &str) -> Option<T>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let value = self.fields.parse(path, text);
        self.note(path, value)
    }

    fn optional<T>(&mut self, path: &str, text: &str) -> Option<Option<T>>
    where
        T: std::str::FromStr,
        T::Err: std::fmt::Display,
    {
        let value = self.fields.optional(path, text);
        self.note(path, value)
    }

    fn take<T, E: std::fmt::Display>(&mut self, path: &str, read: Result<T, E>) -> Option<T> {
        let value = self.fields.take(path, read);
        self.note(path, value)
    }

    fn required<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        let value = self.fields.required(path, value);
        self.note(path, value)
    }

    fn note<T>(&mut self, path: &str, value: Option<T>) -> Option<T> {
        if value.is_none() && self.first.is_none() {
            // The field without its index; a member is one field, however it is named, and so is
            // a portion.
            let field = path.split('[').next().unwrap_or(path);
            let whole = ["member", "portion"].into_iter().find(|whole| field.starts_with(whole));
            let field = whole.unwrap_or(field);
            self.first = Some(field.to_owned());
        }
        value
    }

    fn finish<T>(self, value: Option<T>) -> Result<T, Malformed> {
        let field = self.first.unwrap_or_else(|| String::from("request"));
        self.fields.finish(value).map_err(|problem| Malformed { problem, field })
    }
}

/// An Authorize request; `now` tells whether a birth date is in the future.
pub(super) fn authorize(
    request: wire::AuthorizeRequest,
    now: Timestamp,
) -> Result<AuthorizeRequest, Malformed> {
    let mut reader = Reader::default();
    let request_id = reader.parse::<RequestId>("request_id", &request.request_id);
    let member = member(&mut reader, request.member, now);
    let order = order(&mut reader, request.order);
    let wanted = wanted(&mut reader, &request.voucher_ids);
    let hold = hold(&mut reader, request.hold);
    let asked = || Some(OrderHold { order: order?, wanted: wanted?, hold: hold? });
    let value =
        || Some(AuthorizeRequest { request_id: request_id?, member: member?, asked: asked()? });
    let value = value();
    reader.finish(value)
}

/// A Quote request.
pub(super) fn quote(request: wire::QuoteRequest, now: Timestamp) -> Result<QuoteRequest, Problem> {
    let mut reader = Reader::default();
    let member = member(&mut reader, request.member, now);
    let order = order(&mut reader, request.order);
    let wanted = wanted(&mut reader, &request.voucher_ids);
    let value = || Some(QuoteRequest { member: member?, order: order?, wanted: wanted? });
    let value = value();
    reader.finish(value).map_err(|malformed| malformed.problem)
}

/// The request id of a Capture or a Refund, and what it is about.
pub(super) fn order_part(
    request_id: &str,
    authorization_id: &str,
    portion: Option<wire::Portion>,
) -> Result<(RequestId, OrderPart), Malformed> {
    let mut reader = Reader::default();
    let request_id = reader.parse("request_id", request_id);
    let id = reader.parse("authorization_id", authorization_id);
    let portion = self::portion(&mut reader, portion);
    let part = id.zip(portion);
    let part = part.map(|(authorization_id, portion)| OrderPart { authorization_id, portion });
    let value = request_id.zip(part);
    reader.finish(value)
}

/// A Void request.
pub(super) fn void(request: &wire::VoidRequest) -> Result<(RequestId, VoidTarget), Malformed> {
    use wire::void_request::Target;
    let mut reader = Reader::default();
    let request_id = reader.parse("request_id", &request.request_id);
    let target = match reader.required("target", request.target.as_ref()) {
        Some(Target::AuthorizationId(id)) => {
            reader.parse("authorization_id", id).map(VoidTarget::Authorization)
        }
        Some(Target::AuthorizeRequestId(id)) => {
            reader.parse("authorize_request_id", id).map(VoidTarget::Request)
        }
        None => None,
    };
    let value = request_id.zip(target);
    reader.finish(value)
}

/// How an authorization is named.
pub(super) fn authorization_key(
    request: &wire::GetAuthorizationRequest,
) -> Result<AuthorizationKey, Problem> {
    use wire::get_authorization_request::Key;
    let mut reader = Reader::default();
    let key = match reader.required("key", request.key.as_ref()) {
        Some(Key::AuthorizationId(id)) => {
            reader.parse("authorization_id", id).map(AuthorizationKey::Id)
        }
        Some(Key::OrderNumber(number)) => {
            reader.parse("order_number", number).map(AuthorizationKey::Order)
        }
        None => None,
    };
    reader.finish(key).map_err(|malformed| malformed.problem)
}

/// A business day; empty text is `None`.
pub(super) fn day(path: &str, text: &str) -> Result<Option<BusinessDay>, Problem> {
    match text {
        "" => Ok(None),
        text => BusinessDay::parse(text)
            .map(Some)
            .map_err(|problem| Problem::field(path, problem.to_string())),
    }
}

fn portion(reader: &mut Reader, portion: Option<wire::Portion>) -> Option<Portion> {
    use wire::portion::Part;
    match portion.and_then(|portion| portion.part) {
        None => Some(Portion::Whole),
        Some(Part::AmountFen(fen)) => {
            amount(reader, "portion.amount_fen", fen).map(Portion::Amount)
        }
        Some(Part::Lines(wire::LinePortions { lines })) => {
            let count = (1..=LINES_MAX).contains(&lines.len());
            reader.take("portion.lines", count.then_some(()).ok_or("not 1 to 100 lines"))?;
            let lines = lines.iter().enumerate().map(|(at, line)| {
                let path = format!("portion.lines[{at}]");
                let index = reader.take(&format!("{path}.line"), usize::try_from(line.line));
                let amount = amount(reader, &format!("{path}.amount_fen"), line.amount_fen);
                index.zip(amount)
            });
            let lines: Vec<_> = lines.collect();
            lines.into_iter().collect::<Option<_>>().map(Portion::Lines)
        }
    }
}

fn amount(reader: &mut Reader, path: &str, fen: i64) -> Option<Fen> {
    reader.take(path, (fen >= 1).then_some(Fen(fen)).ok_or("must be 1 or more"))
}

fn member(
    reader: &mut Reader,
    member: Option<eligibility::MemberReference>,
    now: Timestamp,
) -> Option<MemberReference> {
    use eligibility::member_reference::Reference;
    let member = reader.required("member", member)?;
    match reader.required("member.reference", member.reference)? {
        Reference::MemberId(id) => reader.parse("member.member_id", &id).map(MemberReference::Id),
        Reference::IdNumber(number) => {
            let document = IdDocument::parse(&number, business_day(now).date());
            reader.take("member.id_number", document).map(MemberReference::Document)
        }
        Reference::CardCode(_) | Reference::CardNumber(_) | Reference::LinkedAccount(_) => {
            reader.take("member.reference", Err("must be member_id or id_number here"))
        }
    }
}

/// A member that must be named.
pub(super) fn member_reference(
    reference: eligibility::MemberReference,
    now: Timestamp,
) -> Result<MemberReference, Problem> {
    let mut reader = Reader::default();
    let member = member(&mut reader, Some(reference), now);
    reader.finish(member).map_err(|malformed| malformed.problem)
}

fn order(reader: &mut Reader, order: Option<wire::Order>) -> Option<Order> {
    let order = reader.required("order", order)?;
    let number = reader.parse("order.order_number", &order.order_number);
    let lines = lines(reader, &order.lines);
    let shop = reader.required("order.shop", order.shop);
    let (shop_id, region, terminal) = match &shop {
        Some(shop) => (
            reader.parse("order.shop.shop_id", &shop.shop_id),
            reader.take("order.shop.region_code", RegionCode::parse(&shop.region_code)),
            reader.optional("order.shop.terminal_id", &shop.terminal_id),
        ),
        None => (None, None, None),
    };
    let (lines, texts): (Vec<_>, Vec<_>) = lines?.into_iter().unzip();
    let basket = match Basket::new(lines, region?) {
        Ok(basket) => basket,
        Err(problem @ BasketProblem::LineCount) => {
            return reader.take("order.lines", Err(problem));
        }
        Err(problem @ BasketProblem::LineAmount { index }) => {
            return reader.take(&format!("order.lines[{index}].amount_fen"), Err(problem));
        }
    };
    Some(Order { number: number?, basket, texts, shop_id: shop_id?, terminal: terminal? })
}

/// A till that may be left out.
fn lines(reader: &mut Reader, lines: &[wire::OrderLine]) -> Option<Vec<(Line, GoodsText)>> {
    let line = |(index, line): (usize, &wire::OrderLine)| {
        let path = format!("order.lines[{index}].category");
        let text: GoodsText = reader.parse(&path, &line.category)?;
        Some((Line { category: text.unmapped(), amount: Fen(line.amount_fen) }, text))
    };
    let lines: Vec<_> = lines.iter().enumerate().map(line).collect();
    lines.into_iter().collect()
}

fn wanted(reader: &mut Reader, voucher_ids: &[String]) -> Option<Wanted> {
    if voucher_ids.is_empty() {
        return Some(Wanted::Best);
    }
    let ids = voucher_ids.iter().enumerate();
    let ids = ids.map(|(at, id)| reader.parse::<VoucherId>(&format!("voucher_ids[{at}]"), id));
    let ids = ids.collect::<Vec<_>>().into_iter().collect::<Option<Vec<_>>>()?;
    let repeats = |(at, id): (usize, &VoucherId)| ids[..at].contains(id);
    let problem = match ids.len() > VOUCHERS_MAX {
        true => Some("more than 3 vouchers"),
        false => ids.iter().enumerate().any(repeats).then_some("names a voucher twice"),
    };
    reader.take("voucher_ids", problem.map_or(Ok(()), Err))?;
    Some(Wanted::Named(ids))
}

fn hold(reader: &mut Reader, hold: Option<prost_types::Duration>) -> Option<Duration> {
    let Some(hold) = hold else { return Some(HOLD_DEFAULT) };
    let hold = Duration::try_from(hold).ok().filter(|hold| (HOLD_MIN..=HOLD_MAX).contains(hold));
    reader.take("hold", hold.ok_or("must be 1 s to 30 min"))
}
