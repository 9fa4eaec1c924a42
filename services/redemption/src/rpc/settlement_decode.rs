//! What settlement is asked, read from messages.

use clock::BusinessDay;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::reconcile_request::Part;
use prost::bytes::Bytes;
use rpc::{Fields, PageToken, Problem, page_size};

use super::decode;
use crate::domain::{Counterparty, Partner, RequestId, ResolutionAction};
use crate::usecase::ResolveRequest;

/// Bytes of one piece of a file.
const PIECE_BYTES_MAX: usize = 1024 * 1024;
const TEXT_CHARS_MAX: usize = 200;
const DIFFERENCE_ID_MAX: usize = 128;
const PAGE_SIZE_DEFAULT: u32 = 50;
const PAGE_SIZE_MAX: u32 = 100;

/// The day of a statement, and whose it is; the caller's own when absent.
pub(super) fn statement(
    request: &wire::GetStatementRequest,
) -> Result<(BusinessDay, Option<Counterparty>), Problem> {
    let wire::GetStatementRequest { business_day, platform, funder, chain } = request;
    let mut fields = Fields::new();
    let day = required_day(&mut fields, business_day);
    let whose = counterparty(&mut fields, [platform, funder, chain]);
    fields.finish(day.zip(whose))
}

/// The day of totals, and whose they are.
pub(super) fn totals(
    request: &wire::GetDailyTotalsRequest,
) -> Result<(Option<BusinessDay>, Option<Counterparty>), Problem> {
    let wire::GetDailyTotalsRequest { business_day, platform, funder, chain } = request;
    let day = decode::day("business_day", business_day)?;
    let mut fields = Fields::new();
    let whose = counterparty(&mut fields, [platform, funder, chain]);
    fields.finish(whose.map(|whose| (day, whose)))
}

/// The one of platform, funder and chain that is named.
fn counterparty(
    fields: &mut Fields,
    [platform, funder, chain]: [&str; 3],
) -> Option<Option<Counterparty>> {
    match (platform, funder, chain) {
        ("", "", "") => Some(None),
        (platform, "", "") => {
            fields.parse("platform", platform).map(|one| Some(Counterparty::Platform(one)))
        }
        ("", funder, "") => {
            fields.parse("funder", funder).map(|one| Some(Counterparty::Funder(one)))
        }
        ("", "", chain) => fields.parse("chain", chain).map(|one| Some(Counterparty::Chain(one))),
        (_, _, chain) => {
            let field = if chain.is_empty() { "funder" } else { "chain" };
            fields.refuse(field, "not together with another counterparty");
            None
        }
    }
}

/// The request id and the day of a reconciliation, which the first message has.
pub(super) fn reconcile_header(part: Option<Part>) -> Result<(RequestId, BusinessDay), Problem> {
    let mut fields = Fields::new();
    let header = match part {
        Some(Part::Header(header)) => Some(header),
        Some(Part::Csv(_)) | None => None,
    };
    let Some(header) = fields.required("header", header) else { return fields.finish(None) };
    let request_id = fields.parse("header.request_id", &header.request_id);
    let day = required_day(&mut fields, &header.business_day);
    fields.finish(request_id.zip(day))
}

/// A piece of the file, which every other message has.
pub(super) fn reconcile_piece(part: Option<Part>) -> Result<Bytes, Problem> {
    match part {
        Some(Part::Csv(piece)) if piece.len() <= PIECE_BYTES_MAX => Ok(piece),
        Some(Part::Csv(_)) => Err(Problem::field("csv", "must be at most 1 MiB a message")),
        Some(Part::Header(_)) => Err(Problem::field("header", "must come once, and first")),
        None => Err(Problem::field("csv", "required")),
    }
}

/// Which differences, and how many of them.
pub(super) struct DifferencesAsked {
    pub whose: (Option<Partner>, RequestId),
    pub after: String,
    pub size: u32,
    /// What page tokens are bound to.
    pub query: String,
}

pub(super) fn differences(
    request: &wire::ListDifferencesRequest,
) -> Result<DifferencesAsked, Problem> {
    let mut fields = Fields::new();
    let id = fields.parse("reconciliation_id", &request.reconciliation_id);
    let platform = fields.optional("platform", &request.platform);
    let (platform, id): (Option<Partner>, RequestId) = fields.finish(platform.zip(id))?;
    let size = page_size(request.page_size, PAGE_SIZE_DEFAULT, PAGE_SIZE_MAX)?;
    let query = format!("differences of {} {id}", request.platform);
    let after = PageToken::decode(&query, &request.page_token)?.unwrap_or_default();
    let foreign = |_| Problem::field("page_token", "not a token of this list");
    let after = String::from_utf8(after).map_err(foreign)?;
    Ok(DifferencesAsked { whose: (platform, id), after, size, query })
}

pub(super) fn resolve(request: wire::ResolveDifferenceRequest) -> Result<ResolveRequest, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let reconciliation_id = fields.parse("reconciliation_id", &request.reconciliation_id);
    let platform = fields.optional("platform", &request.platform);
    let action = action(request.action());
    let action = fields.required("action", action);
    let difference_id = difference_id(&mut fields, &request.difference_id);
    let text = text(&mut fields, action, request.text);
    let value = || {
        Some(ResolveRequest {
            request_id: request_id?,
            reconciliation_id: reconciliation_id?,
            platform: platform?,
            difference_id: difference_id?,
            action: action?,
            text: text?,
        })
    };
    let value = value();
    fields.finish(value)
}

fn required_day(fields: &mut Fields, text: &str) -> Option<BusinessDay> {
    match text {
        "" => fields.required("business_day", None),
        text => fields.take("business_day", BusinessDay::parse(text)),
    }
}

/// A platform that may be left out.
fn difference_id(fields: &mut Fields, id: &str) -> Option<String> {
    let fits = (1..=DIFFERENCE_ID_MAX).contains(&id.len());
    fields.take("difference_id", fits.then(|| id.to_owned()).ok_or("must be 1 to 128 characters"))
}

fn action(action: wire::resolution::Action) -> Option<ResolutionAction> {
    use wire::resolution::Action;
    match action {
        Action::Unspecified => None,
        Action::Accept => Some(ResolutionAction::Accept),
        Action::Dispute => Some(ResolutionAction::Dispute),
        Action::Note => Some(ResolutionAction::Note),
    }
}

fn text(fields: &mut Fields, action: Option<ResolutionAction>, text: String) -> Option<String> {
    if action == Some(ResolutionAction::Note) && text.is_empty() {
        return fields.required("text", None);
    }
    let fits = text.chars().count() <= TEXT_CHARS_MAX && !text.chars().any(char::is_control);
    fields.take("text", fits.then_some(text).ok_or("must be at most 200 characters on one line"))
}
