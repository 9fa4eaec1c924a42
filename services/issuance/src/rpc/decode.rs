//! Requests as the use cases want them; everything that is wrong with one is listed.

use std::collections::HashMap;
use std::str::FromStr;
use std::sync::Arc;

use benefit::{is_slug, programme};
use clock::BusinessDay;
use contracts::issuance::v1::issue_to_list_request::Part;
use contracts::issuance::v1::{
    ApplyCampaignRequest, ClaimRequest, FindVouchersRequest, FollowRequest, GetCampaignRequest,
    GetStockRequest, GetVoucherRequest, ListCampaignsRequest, ListVouchersRequest, ListedMember,
    PeriodPosition, PolicySelection, StockCursor, WatchVouchersRequest,
};
use member_identity::{MemberId, PersonKey, VoucherId};
use rpc::{ErrorReason, Fields, PageToken, Problem, page_size};
use tonic::Request;

use super::issue_to_list::Row;
use crate::domain::{
    Caller, CampaignAction, CampaignCommand, CampaignId, CampaignVerb, Epoch, FeedCursors,
    KeyProblem, Partner, RequestId, StockKey,
};
use crate::usecase::{CHUNK_MAX, Claim, ListOrder, Selection, VoucherPage};

/// Rows of a page when none are asked for.
const PAGE_DEFAULT: u32 = 50;
/// Periods that a watcher may state positions of.
const PERIODS_MAX: usize = 1_000;
/// Rows of a page at most.
const PAGE_MAX: u32 = 200;

/// Who calls, as the token says.
pub(super) fn caller<T>(request: &Request<T>) -> Result<Caller, Problem> {
    let caller = rpc::caller(request)?;
    let partner = caller.subject.parse::<Partner>();
    let partner = partner.map_err(|_| Problem::new(ErrorReason::TokenInvalid))?;
    Ok(Caller { partner, organization: caller.organization.clone() })
}

pub(super) fn claim(caller: Caller, message: &ClaimRequest) -> Result<Claim, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &message.request_id);
    let campaign_id = fields.parse("campaign_id", &message.campaign_id);
    let member_id = fields.parse::<MemberId>("member_id", &message.member_id);
    let read = request_id.zip(campaign_id).zip(member_id);
    let ((request_id, campaign_id), member_id) = fields.finish(read)?;
    Ok(Claim { caller, request_id, campaign_id, member_id })
}

/// The header of a list, and the selection when a policy selects its members.
pub(super) fn list_header(
    caller: Caller,
    part: Option<Part>,
) -> Result<(ListOrder, Option<Selection>), Problem> {
    let Some(Part::Header(header)) = part else {
        return Err(Problem::field("header", "must be the first message of the stream"));
    };
    let mut fields = Fields::new();
    let request_id = fields.parse("header.request_id", &header.request_id);
    let campaign_id = fields.parse("header.campaign_id", &header.campaign_id);
    let selection = match header.selection {
        None => Some(None),
        Some(selection) => policy_selection(&mut fields, selection).map(Some),
    };
    let read = request_id.zip(campaign_id).zip(selection);
    let ((request_id, campaign_id), selection) = fields.finish(read)?;
    Ok((ListOrder { caller, request_id, campaign_id }, selection))
}

fn policy_selection(fields: &mut Fields, message: PolicySelection) -> Option<Selection> {
    let PolicySelection { policy_id, revision, cursor } = message;
    let policy_id = match policy_id.as_str() {
        "" => None,
        name if is_slug(name) => Some(policy_id),
        _ => {
            fields.refuse("header.selection.policy_id", KeyProblem::Slug);
            return None;
        }
    };
    if revision < 0 {
        fields.refuse("header.selection.revision", "must not be negative");
        return None;
    }
    Some(Selection { policy_id, revision, cursor })
}

pub(super) fn listed_members(part: Option<Part>) -> Result<Vec<Row>, Problem> {
    let Some(Part::Members(listed)) = part else {
        return Err(Problem::field("members", "every message after the first has members"));
    };
    if !(1..=CHUNK_MAX).contains(&listed.members.len()) {
        return Err(Problem::field("members.members", "must be 1 to 1,024"));
    }
    let mut fields = Fields::new();
    for (at, _) in listed.members.iter().enumerate().filter(|(_, member)| member.row < 0) {
        fields.refuse(format!("members.members[{at}].row"), "must not be negative");
    }
    fields.finish(Some(listed.members.into_iter().map(row).collect()))
}

fn row(listed: ListedMember) -> Row {
    let ListedMember { row, member_id: text } = listed;
    Row { number: row, member_id: text.parse().ok(), text }
}

pub(super) fn get_voucher(message: &GetVoucherRequest) -> Result<VoucherId, Problem> {
    let mut fields = Fields::new();
    let voucher_id = fields.parse("voucher_id", &message.voucher_id);
    fields.finish(voucher_id)
}

/// The list that a page token of a member's vouchers belongs to.
pub(super) fn vouchers_query(member_id: MemberId) -> String {
    format!("vouchers:{member_id}")
}

pub(super) fn list_vouchers(message: &ListVouchersRequest) -> Result<VoucherPage, Problem> {
    let mut fields = Fields::new();
    let member_id = fields.parse::<MemberId>("member_id", &message.member_id);
    let member_id = fields.finish(member_id)?;
    let limit = page_size(message.page_size, PAGE_DEFAULT, PAGE_MAX)?;
    let key = PageToken::decode(&vouchers_query(member_id), &message.page_token)?;
    let before = key.map(|key| VoucherId::try_from(key.as_slice()).map_err(|_| foreign_token()));
    Ok(VoucherPage { member_id, before: before.transpose()?, limit })
}

fn foreign_token() -> Problem {
    Problem::field("page_token", "not a token of this list")
}

pub(super) fn apply(
    caller: Caller,
    message: ApplyCampaignRequest,
) -> Result<CampaignCommand, Problem> {
    let request_id = request_id(&message.request_id)?;
    let programme = programme::parse(&message.programme_toml).map_err(|problems| {
        problems.into_iter().fold(Problem::new(ErrorReason::ProgrammeInvalid), |answer, problem| {
            let path = format!("programme_toml:{}:{}", problem.line, problem.path);
            answer.violation(path, problem.message)
        })
    })?;
    let campaign_id = programme.campaign_id.parse::<CampaignId>();
    let campaign_id =
        campaign_id.map_err(|problem| Problem::field("programme_toml", problem.to_string()))?;
    let action = CampaignAction::Apply {
        campaign_id,
        programme: Arc::new(programme),
        source: Arc::from(message.programme_toml),
    };
    Ok(CampaignCommand { caller, request_id, action })
}

/// The request id and the campaign of a verb.
pub(super) fn verb(
    caller: Caller,
    verb: CampaignVerb,
    (request_id, campaign_id): (&str, &str),
) -> Result<CampaignCommand, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse::<RequestId>("request_id", request_id);
    let campaign_id = fields.parse::<CampaignId>("campaign_id", campaign_id);
    let (request_id, campaign_id) = fields.finish(request_id.zip(campaign_id))?;
    Ok(CampaignCommand { caller, request_id, action: CampaignAction::Move { campaign_id, verb } })
}

fn request_id(text: &str) -> Result<RequestId, Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", text);
    fields.finish(request_id)
}

pub(super) fn get_campaign(message: &GetCampaignRequest) -> Result<CampaignId, Problem> {
    campaign_id(&message.campaign_id)
}

fn campaign_id(text: &str) -> Result<CampaignId, Problem> {
    let mut fields = Fields::new();
    let campaign_id = fields.parse("campaign_id", text);
    fields.finish(campaign_id)
}

/// The list that a page token of campaigns belongs to.
pub(super) fn campaigns_query(caller: &Caller) -> String {
    format!("campaigns:{}", subtree(caller))
}

/// The subtree of the caller; empty for who sees everything.
pub(super) fn subtree(caller: &Caller) -> &str {
    caller.organization.as_ref().map_or("", |organization| organization.as_str())
}

/// After which campaign, and how many.
pub(super) fn list_campaigns(
    caller: &Caller,
    message: &ListCampaignsRequest,
) -> Result<(Option<CampaignId>, u32), Problem> {
    page_after(&campaigns_query(caller), message.page_size, &message.page_token)
}

/// After which name of a list, and how many.
pub(super) fn page_after<T: FromStr>(
    list: &str,
    size: i32,
    token: &str,
) -> Result<(Option<T>, u32), Problem> {
    let limit = page_size(size, PAGE_DEFAULT, PAGE_MAX)?;
    let key = PageToken::decode(list, token)?;
    let read = |key: Vec<u8>| String::from_utf8(key).ok()?.parse().ok();
    let after = key.map(|key| read(key).ok_or_else(foreign_token)).transpose()?;
    Ok((after, limit))
}

/// Which campaign, and the day when one is named.
pub(super) fn get_stock(
    message: &GetStockRequest,
) -> Result<(CampaignId, Option<BusinessDay>), Problem> {
    let mut fields = Fields::new();
    let campaign_id = fields.parse("campaign_id", &message.campaign_id);
    let day = match message.business_day.as_str() {
        "" => Some(None),
        day => fields.take("business_day", BusinessDay::parse(day)).map(Some),
    };
    fields.finish(campaign_id.zip(day))
}

pub(super) fn follow(message: &FollowRequest) -> Result<FeedCursors, Problem> {
    let mut fields = Fields::new();
    let epoch = match message.epoch.as_ref() {
        [] => Some(None),
        bytes => {
            let epoch = bytes.try_into().map_err(|_| "must be 16 bytes, or empty");
            fields.take("epoch", epoch).map(|bytes| Some(Epoch(bytes)))
        }
    };
    let campaign_position = position(&mut fields, "campaign_position", message.campaign_position);
    let mut stocks = HashMap::new();
    for (index, cursor) in message.stocks.iter().enumerate() {
        stocks.extend(stock_cursor(&mut fields, index, cursor));
    }
    let read = epoch.zip(campaign_position);
    let (epoch, campaign_position) = fields.finish(read)?;
    let begun = campaign_position > 0 || !stocks.is_empty();
    if epoch.is_none() && begun {
        return Err(Problem::field("epoch", "required with cursors"));
    }
    Ok(FeedCursors { epoch, campaign_position, stocks })
}

/// Which campaign, and the positions of its periods: of stocks that are not cut.
pub(super) fn watch_vouchers(
    message: &WatchVouchersRequest,
) -> Result<(CampaignId, FeedCursors), Problem> {
    let mut fields = Fields::new();
    let campaign_id: Option<CampaignId> = fields.parse("campaign_id", &message.campaign_id);
    if message.after.len() > PERIODS_MAX {
        fields.refuse("after", "must be at most 1,000");
    }
    let mut stocks = HashMap::new();
    for (index, PeriodPosition { stock_period, position: at }) in message.after.iter().enumerate() {
        let period: Option<String> =
            fields.parse(&format!("after[{index}].stock_period"), stock_period);
        let at = position(&mut fields, &format!("after[{index}].position"), *at);
        if let Some(((campaign_id, period), at)) = campaign_id.clone().zip(period).zip(at) {
            stocks.insert(StockKey { campaign_id, period, slice: 0 }, at);
        }
    }
    let campaign_id = fields.finish(campaign_id)?;
    Ok((campaign_id, FeedCursors { stocks, ..FeedCursors::default() }))
}

fn stock_cursor(
    fields: &mut Fields,
    index: usize,
    cursor: &StockCursor,
) -> Option<(StockKey, i64)> {
    let path = |field: &str| format!("stocks[{index}].{field}");
    let campaign_id = fields.parse(&path("campaign_id"), &cursor.campaign_id);
    let period = fields.parse(&path("stock_period"), &cursor.stock_period);
    let slice = u8::try_from(cursor.slice).map_err(|_| "must be 0 to 255");
    let slice = fields.take(&path("slice"), slice);
    let position = position(fields, &path("position"), cursor.position);
    Some((StockKey { campaign_id: campaign_id?, period: period?, slice: slice? }, position?))
}

fn position(fields: &mut Fields, path: &str, position: i64) -> Option<i64> {
    if position < 0 {
        fields.refuse(path, "must not be negative");
        return None;
    }
    Some(position)
}

pub(super) fn find_vouchers(message: &FindVouchersRequest) -> Result<PersonKey, Problem> {
    let mut fields = Fields::new();
    let person = PersonKey::try_from(message.person_key.as_ref()).map_err(|_| "must be 16 bytes");
    let person = fields.take("person_key", person);
    fields.finish(person)
}
