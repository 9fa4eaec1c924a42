use std::collections::BTreeSet;

use clock::{BusinessDay, DayProblem, Zone};
use member_identity::{OrganizationPath, RegionCode};

use super::table::{Item, Table};
use super::{CriterionSource, JudgeExpression, PolicySource, Programme};
use crate::hours::{HOURS_MAX, overlapping};
use crate::{
    Category, Fen, Hours, Kind, LimitPeriod, RefundRule, ShopScope, Stacking, StockPeriod, Terms,
    TermsParts, TermsProblem, UseLimit, UsePeriod, Uses, Validity, is_slug,
};

/// The one version of the schema so far.
const SCHEMA: i64 = 1;
/// The longest title, in characters: one line on a telephone.
const TITLE_CHARS_MAX: usize = 100;
/// The largest quota of one stock period. With the highest amount a stock's liability stays far
/// inside 64 bits.
const QUOTA_MAX: i64 = 1_000_000_000;
/// The most vouchers of a person in one limit period.
const PERSON_LIMIT_MAX: i64 = 100;
/// The longest validity in business days: a year.
const VALID_DAYS_MAX: i64 = 366;
/// The most criteria of a policy, as `PolicyService` takes them.
const CRITERIA_MAX: usize = 32;
/// The longest expression, in characters, as `PolicyService` takes it.
const EXPRESSION_CHARS_MAX: usize = 2_000;
/// The longest text to a member, in characters, as `PolicyService` takes it.
const TEXT_CHARS_MAX: usize = 200;

const SLUG_RULE: &str = "not 1 to 64 of a-z, 0-9 and -";
const PERIODS: &str = "\"day\", \"campaign\"";
const KINDS: &str =
    "\"AMOUNT_OFF\", \"PERCENT_OFF\", \"WAIVER\", \"BALANCE\", \"SERVICE\"";
const SHOP_SCOPES: &str = "\"ANY\", \"LISTED\"";
const USE_PERIODS: &str = "\"day\", \"month\", \"year\"";
const REFUND_RULES: &str =
    "\"RIGHT_RETURNS\", \"RIGHT_RETURNS_WITH_GRACE\", \"RIGHT_IS_SPENT\"";
/// How often a right comes back when the file does not say.
const RETURNS_MAX_DEFAULT: u32 = 3;
const VALIDITIES: &str = "\"business-day\", \"campaign-end\", { days = 7 }";

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
    let title = file.required("title").and_then(|item| bilingual(&item, TITLE_CHARS_MAX));
    let schedule = section(&mut file, "schedule").and_then(schedule);
    let stock = section(&mut file, "stock").and_then(stock);
    let limit = section(&mut file, "limit").and_then(limit);
    let zone = schedule.as_ref().map(|schedule| schedule.zone.clone());
    let terms = section(&mut file, "terms").and_then(|table| terms(table, zone));
    let policy = section(&mut file, "policy").and_then(|table| policy(table, judge));
    file.finish();

    schema?;
    let (title, schedule) = (title?, schedule?);
    let ((stock_period, quota), (limit_period, person_limit)) = (stock?, limit?);
    let (terms, validity) = terms?;
    Some(Programme {
        campaign_id: campaign_id?,
        organization: organization?,
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

fn limit(mut table: Table<'_>) -> Option<(LimitPeriod, u32)> {
    let period = table.required("period").and_then(|i| i.one_of(PERIODS, LimitPeriod::parse));
    let person_limit = table.required("per_person").and_then(|i| i.integer(1..=PERSON_LIMIT_MAX));
    table.finish();
    Some((period?, u32::try_from(person_limit?).expect("a person limit is at most 100")))
}

fn terms(mut table: Table<'_>, zone: Option<Zone>) -> Option<(Terms, Validity)> {
    let kind = kind(&mut table);
    let uses = match table.optional("uses") {
        Some(item) => item.table().and_then(uses),
        None => Some(Uses::ONCE),
    };
    let goods_categories = optional_list(&mut table, "goods_categories", Category::parse);
    let excluded_categories = optional_list(&mut table, "excluded_categories", Category::parse);
    let regions = optional_list(&mut table, "regions", region);
    let shops = match table.optional("shops") {
        Some(item) => item.one_of(SHOP_SCOPES, ShopScope::parse),
        None => Some(ShopScope::Any),
    };
    let hours = hours(&mut table, "hours");
    let stacking = match table.optional("stacking") {
        Some(item) => item.table().and_then(stacking),
        None => Some(Stacking::default()),
    };
    let rechecks_membership = match table.optional("recheck_membership") {
        Some(item) => item.boolean(),
        None => Some(false),
    };
    let refund_rule = refund_rule(&mut table);
    let returns_max = match table.optional("returns_max") {
        Some(item) => item.integer(0..=i64::from(u32::MAX)).and_then(|max| u32::try_from(max).ok()),
        None => Some(RETURNS_MAX_DEFAULT),
    };
    let validity = table.required("valid_for").and_then(|item| validity(&item));

    // Whatever could not be read has its own problem already; a neutral value in its place lets
    // the rest be checked together.
    let complete = [
        kind.is_some(),
        uses.is_some(),
        goods_categories.is_some(),
        excluded_categories.is_some(),
        regions.is_some(),
        shops.is_some(),
        hours.is_some(),
        stacking.is_some(),
        rechecks_membership.is_some(),
        refund_rule.is_some(),
        returns_max.is_some(),
        zone.is_some(),
    ];
    let parts = TermsParts {
        kind: kind.unwrap_or(Kind::AmountOff { threshold: Fen(1), amount: Fen(1) }),
        uses: uses.unwrap_or(Uses::ONCE),
        goods_categories: goods_categories.unwrap_or_default(),
        excluded_categories: excluded_categories.unwrap_or_default(),
        regions: regions.unwrap_or_default(),
        shops: shops.unwrap_or(ShopScope::Any),
        hours: hours.unwrap_or_default(),
        stacking: stacking.unwrap_or_default(),
        rechecks_membership: rechecks_membership.unwrap_or_default(),
        refund_rule: refund_rule.unwrap_or(RefundRule::RightReturns),
        returns_max: returns_max.unwrap_or_default(),
        zone: zone.unwrap_or_else(Zone::shanghai),
    };
    for problem in parts.problems() {
        table.refuse(terms_key(&problem), problem.to_string());
    }
    table.finish();
    let terms = Terms::new(parts).ok().filter(|_| complete.iter().all(|read| *read));
    Some((terms?, validity?))
}

/// The kind, and the figures that belong to it; those of another kind are unknown keys.
fn kind(table: &mut Table<'_>) -> Option<Kind> {
    let name = table.required("kind").and_then(|item| item.one_of(KINDS, kind_name))?;
    let mut fen = |key| {
        let figure = table.required(key).and_then(|item| item.integer(0..=i64::MAX));
        figure.map(Fen)
    };
    match name {
        "PERCENT_OFF" => {
            let (threshold, cap) = (fen("threshold_fen"), fen("cap_fen"));
            let percent = table.required("percent").and_then(|item| item.integer(1..=100));
            let percent = u8::try_from(percent?).expect("a percentage is at most 100");
            Some(Kind::PercentOff { threshold: threshold?, percent, cap: cap? })
        }
        "WAIVER" => Some(Kind::Waiver { cap: fen("cap_fen")? }),
        "BALANCE" => Some(Kind::Balance { value: fen("value_fen")? }),
        "SERVICE" => Some(Kind::Service),
        _ => {
            let (threshold, amount) = (fen("threshold_fen"), fen("amount_fen"));
            Some(Kind::AmountOff { threshold: threshold?, amount: amount? })
        }
    }
}

fn kind_name(name: &str) -> Option<&'static str> {
    let names = ["AMOUNT_OFF", "PERCENT_OFF", "WAIVER", "BALANCE", "SERVICE"];
    names.into_iter().find(|known| *known == name)
}

fn uses(mut table: Table<'_>) -> Option<Uses> {
    let count = |item: Item<'_>| item.integer(1..=i64::from(u32::MAX));
    let total = table.required("total").and_then(count);
    let per_period = table.optional("per_period").map(count);
    let period = table.optional("period").map(|item| item.one_of(USE_PERIODS, UsePeriod::parse));
    if per_period.is_some() != period.is_some() {
        table.refuse("per_period", "and period come together");
    }
    table.finish();
    let number = |count: i64| u32::try_from(count).expect("the count was read as 32 bits");
    let limit = match (per_period, period) {
        (Some(count), Some(period)) => Some(UseLimit { count: number(count?), period: period? }),
        _ => None,
    };
    Some(Uses { total: number(total?), limit })
}

fn stacking(mut table: Table<'_>) -> Option<Stacking> {
    let combines = table.required("combines").and_then(|item| item.boolean());
    let group = match table.optional("group") {
        Some(item) => Some(Some(item.string()?.to_owned())),
        None => Some(None),
    };
    let sequence = match table.optional("sequence") {
        Some(item) => item.integer(0..=255).and_then(|turn| u8::try_from(turn).ok()),
        None => Some(0),
    };
    let own_funder_only = match table.optional("own_funder_only") {
        Some(item) => item.boolean(),
        None => Some(false),
    };
    let order_cap_percent = match table.optional("order_cap_percent") {
        Some(item) => {
            item.integer(1..=100).and_then(|percent| u8::try_from(percent).ok()).map(Some)
        }
        None => Some(None),
    };
    table.finish();
    Some(Stacking {
        combines: combines?,
        group: group?,
        sequence: sequence?,
        own_funder_only: own_funder_only?,
        order_cap_percent: order_cap_percent?,
    })
}

fn refund_rule(table: &mut Table<'_>) -> Option<RefundRule> {
    let rule = table.required("refund_rule").and_then(|item| {
        item.one_of(REFUND_RULES, |key| match key {
            "RIGHT_RETURNS_WITH_GRACE" => Some(None),
            _ => RefundRule::parse(key, 0).map(Some),
        })
    });
    if let Some(without_grace) = rule? {
        return Some(without_grace);
    }
    let days = table.required("grace_days").and_then(|item| item.integer(1..=VALID_DAYS_MAX))?;
    let days = u16::try_from(days).expect("a grace is at most 366 days");
    Some(RefundRule::RightReturnsWithGrace(days))
}

/// The key of the terms that a problem is about.
fn terms_key(problem: &TermsProblem) -> &'static str {
    match problem {
        TermsProblem::AmountBelowOne | TermsProblem::AmountAboveThreshold(_) => "amount_fen",
        TermsProblem::ThresholdTooHigh => "threshold_fen",
        TermsProblem::PercentOutOfRange => "percent",
        TermsProblem::CapOutOfRange => "cap_fen",
        TermsProblem::ServiceWithoutName
        | TermsProblem::TooManyCategories
        | TermsProblem::CategoryRepeated(_) => "goods_categories",
        TermsProblem::UsesOutOfRange
        | TermsProblem::BalanceWithUses
        | TermsProblem::PeriodUsesOutOfRange => "uses",
        TermsProblem::ServiceCombines
        | TermsProblem::StackingWithoutCombining
        | TermsProblem::GroupMalformed
        | TermsProblem::OrderCapOutOfRange => "stacking",
        TermsProblem::GraceNotPossible => "grace_days",
        TermsProblem::ReturnsOutOfRange => "returns_max",
        TermsProblem::TooManyRegions | TermsProblem::RegionRepeated(_) => "regions",
        TermsProblem::TooManyHours | TermsProblem::HoursOverlap(_) => "hours",
    }
}

fn validity(item: &Item<'_>) -> Option<Validity> {
    if item.is_table() {
        let mut table = item.table()?;
        let days = table.required("days").and_then(|item| item.integer(1..=VALID_DAYS_MAX));
        table.finish();
        let days = u16::try_from(days?).expect("a validity is at most 366 days");
        return Some(Validity::Days(days));
    }
    item.one_of(VALIDITIES, |name| match name {
        "business-day" => Some(Validity::BusinessDay),
        "campaign-end" => Some(Validity::CampaignEnd),
        _ => None,
    })
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
    let read = |text: &str| if is_slug(text) { Ok(text.to_owned()) } else { Err(SLUG_RULE) };
    table.required(key)?.parsed(read)
}

fn day(table: &mut Table<'_>, key: &'static str) -> Option<BusinessDay> {
    table.required(key)?.parsed(|text| -> Result<_, DayProblem> { BusinessDay::parse(text) })
}

fn hours(table: &mut Table<'_>, key: &'static str) -> Option<Vec<Hours>> {
    optional_list(table, key, Hours::parse)
}

fn optional_list<T, E: std::fmt::Display>(
    table: &mut Table<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    match table.optional(key) {
        Some(item) => item.parsed_list(parse),
        None => Some(Vec::new()),
    }
}

fn region(text: &str) -> Result<RegionCode, &'static str> {
    RegionCode::parse(text).map_err(|_| "not the GB/T 2260 code of a region")
}

fn organization(text: &str) -> Result<OrganizationPath, &'static str> {
    OrganizationPath::parse(text).map_err(|_| "not the path of an organization, as gd/guangzhou")
}
