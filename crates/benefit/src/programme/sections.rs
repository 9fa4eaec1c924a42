use std::collections::BTreeSet;

use clock::{BusinessDay, DayProblem, Zone};
use member_identity::OrganizationPath;

use super::table::{Item, Table};
use super::terms_section::{hours, terms};
use super::{CriterionSource, JudgeExpression, PolicySource, Programme};
use crate::hours::{HOURS_MAX, overlapping};
use crate::{Hours, LimitPeriod, StockPeriod, Terms, TermsProblem, is_slug};

/// The one version of the schema so far.
const SCHEMA: i64 = 1;
/// The longest title, in characters: one line on a telephone.
const TITLE_CHARS_MAX: usize = 100;
/// The largest quota of one stock period.
const QUOTA_MAX: i64 = 1_000_000_000;
/// The most that all vouchers of one stock period may cost, in fen: a thousand million million
/// yuan. Sums over some stocks stay inside 64 bits.
const STOCK_LIABILITY_MAX: i64 = 100_000_000_000_000_000;
/// The most vouchers of a person in one limit period.
const PERSON_LIMIT_MAX: i64 = 100;
/// The most criteria of a policy, as `PolicyService` takes them.
const CRITERIA_MAX: usize = 32;
/// The longest expression, in characters, as `PolicyService` takes it.
const EXPRESSION_CHARS_MAX: usize = 2_000;
/// The longest text to a member, in characters, as `PolicyService` takes it.
const TEXT_CHARS_MAX: usize = 200;

const SLUG_RULE: &str = "not 1 to 64 of a-z, 0-9 and -";
const PERIODS: &str = "\"day\", \"campaign\"";

/// A pair of texts, in Chinese and in English.
struct Bilingual {
    zh: String,
    en: String,
}

struct Schedule {
    zone: Zone,
    starts_on: BusinessDay,
    ends_on: BusinessDay,
    claim_hours: Vec<Hours>,
}

/// Reads the whole file. Each section is read to its end before any of them is missed, so that all
/// problems are found.
pub(super) fn programme(mut file: Table<'_>, judge: JudgeExpression<'_>) -> Option<Programme> {
    let schema = file.required("schema").and_then(|item| item.integer(SCHEMA..=SCHEMA));
    let campaign_id = slug(&mut file, "campaign");
    let organization = file.required("organization").and_then(|i| i.parsed(organization));
    let fund = file.optional("fund").map(|item| item.parsed(slug_of));
    let title = file.required("title").and_then(|item| bilingual(&item, TITLE_CHARS_MAX));
    let schedule = section(&mut file, "schedule").and_then(schedule);
    let stock = section(&mut file, "stock").and_then(stock);
    let limit = section(&mut file, "limit").and_then(limit);
    let zone = schedule.as_ref().map(|schedule| schedule.zone.clone());
    let terms = section(&mut file, "terms").and_then(|table| terms(table, zone));
    if let (Some((_, quota)), Some((terms, _))) = (&stock, &terms)
        && is_too_much(*quota, terms)
    {
        file.refuse("stock", "all its vouchers together could cost more than 10^17 fen");
    }
    let policy = section(&mut file, "policy").and_then(|table| policy(table, judge));
    file.finish();

    schema?;
    let (title, schedule) = (title?, schedule?);
    let ((stock_period, quota), (limit_period, person_limit)) = (stock?, limit?);
    let (terms, validity) = terms?;
    Some(Programme {
        campaign_id: campaign_id?,
        organization: organization?,
        fund: fund.map_or(Some(None), |fund| fund.map(Some))?,
        title_zh: title.zh,
        title_en: title.en,
        zone: schedule.zone,
        starts_on: schedule.starts_on,
        ends_on: schedule.ends_on,
        claim_hours: schedule.claim_hours,
        stock_period,
        quota,
        limit_period,
        person_limit,
        terms,
        validity,
        policy: policy?,
    })
}

fn section<'a>(file: &mut Table<'a>, key: &'static str) -> Option<Table<'a>> {
    file.required(key).and_then(|item| item.table())
}

fn schedule(mut table: Table<'_>) -> Option<Schedule> {
    let zone = table.required("zone").and_then(|item| item.parsed(Zone::parse));
    let starts_on = day(&mut table, "starts_on");
    let ends_on = day(&mut table, "ends_on");
    let claim_hours = hours(&mut table, "claim_hours");
    if let (Some(starts_on), Some(ends_on)) = (starts_on, ends_on)
        && ends_on < starts_on
    {
        table.refuse("ends_on", format!("is before starts_on, {starts_on}"));
    }
    if let Some(hours) = &claim_hours {
        if hours.len() > HOURS_MAX {
            table.refuse("claim_hours", TermsProblem::TooManyHours.to_string());
        }
        if let Some(part) = overlapping(hours) {
            table.refuse("claim_hours", TermsProblem::HoursOverlap(part).to_string());
        }
    }
    table.finish();
    Some(Schedule {
        zone: zone?,
        starts_on: starts_on?,
        ends_on: ends_on?,
        claim_hours: claim_hours?,
    })
}

fn stock(mut table: Table<'_>) -> Option<(StockPeriod, u64)> {
    let period = table.required("period").and_then(|i| i.one_of(PERIODS, StockPeriod::parse));
    let quota = table.required("quota").and_then(|item| item.integer(1..=QUOTA_MAX));
    table.finish();
    Some((period?, quota?.unsigned_abs()))
}

fn is_too_much(quota: u64, terms: &Terms) -> bool {
    let whole = i64::try_from(quota).ok().and_then(|quota| quota.checked_mul(terms.liability().0));
    whole.is_none_or(|fen| fen > STOCK_LIABILITY_MAX)
}

fn limit(mut table: Table<'_>) -> Option<(LimitPeriod, u32)> {
    let period = table.required("period").and_then(|i| i.one_of(PERIODS, LimitPeriod::parse));
    let person_limit = table.required("per_person").and_then(|i| i.integer(1..=PERSON_LIMIT_MAX));
    table.finish();
    Some((period?, u32::try_from(person_limit?).expect("a person limit is at most 100")))
}

fn policy(mut table: Table<'_>, judge: JudgeExpression<'_>) -> Option<PolicySource> {
    let policy_id = slug(&mut table, "id");
    let items = table.required("criteria").and_then(|item| item.list());
    if items.as_ref().is_some_and(|items| !(1..=CRITERIA_MAX).contains(&items.len())) {
        table.refuse("criteria", format!("are not 1 to {CRITERIA_MAX}"));
    }
    table.finish();
    let mut ids = BTreeSet::new();
    let items = items?;
    let mut read = |item: &Item<'_>| criterion(item.table()?, judge, &mut ids);
    let criteria: Vec<_> = items.iter().map(&mut read).collect();
    Some(PolicySource {
        policy_id: policy_id?,
        criteria: criteria.into_iter().collect::<Option<_>>()?,
    })
}

fn criterion(
    mut table: Table<'_>,
    judge: JudgeExpression<'_>,
    ids: &mut BTreeSet<String>,
) -> Option<CriterionSource> {
    let criterion_id = slug(&mut table, "id");
    let expression = table.required("expression");
    let expression = expression.and_then(|item| item.text(EXPRESSION_CHARS_MAX));
    if let Some(problem) = expression.as_deref().and_then(|text| judge(text).err()) {
        table.refuse("expression", problem);
    }
    let text = table.required("text").and_then(|item| bilingual(&item, TEXT_CHARS_MAX));
    if criterion_id.as_ref().is_some_and(|id| !ids.insert(id.clone())) {
        table.refuse("id", "is the id of a criterion before it");
    }
    table.finish();
    let text = text?;
    Some(CriterionSource {
        criterion_id: criterion_id?,
        expression: expression?,
        text_zh: text.zh,
        text_en: text.en,
    })
}

// --- values that several sections have ---

fn bilingual(item: &Item<'_>, chars_max: usize) -> Option<Bilingual> {
    let mut table = item.table()?;
    let zh = table.required("zh").and_then(|item| item.text(chars_max));
    let en = table.required("en").and_then(|item| item.text(chars_max));
    table.finish();
    Some(Bilingual { zh: zh?, en: en? })
}

fn slug(table: &mut Table<'_>, key: &'static str) -> Option<String> {
    table.required(key)?.parsed(slug_of)
}

fn slug_of(text: &str) -> Result<String, &'static str> {
    if is_slug(text) { Ok(text.to_owned()) } else { Err(SLUG_RULE) }
}

fn day(table: &mut Table<'_>, key: &'static str) -> Option<BusinessDay> {
    table.required(key)?.parsed(|text| -> Result<_, DayProblem> { BusinessDay::parse(text) })
}

fn organization(text: &str) -> Result<OrganizationPath, &'static str> {
    OrganizationPath::parse(text).map_err(|_| "not the path of an organization, as gd/guangzhou")
}
