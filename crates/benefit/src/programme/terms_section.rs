//! The section `[terms]`.

use std::fmt::Display;

use clock::Zone;
use member_identity::RegionCode;

use super::table::{Item, Table};
use crate::terms::{GRACE_DAYS_MAX, RETURNS_MAX, THRESHOLD_MAX, USES_MAX};
use crate::{
    Category, Fen, Hours, Kind, RefundRule, ShopScope, Stacking, Terms, TermsParts, TermsProblem,
    UseLimit, UsePeriod, Uses, Validity,
};

/// The longest validity, in business days: a year.
const DAYS_MAX: u16 = 366;
/// How often a right comes back when the file does not say.
const RETURNS_MAX_DEFAULT: u32 = 3;

const KINDS: &str = "\"AMOUNT_OFF\", \"PERCENT_OFF\", \"WAIVER\", \"BALANCE\", \"SERVICE\"";
/// The figures of all kinds.
const FIGURES: [&str; 5] = ["threshold_fen", "amount_fen", "percent", "cap_fen", "value_fen"];
const SHOP_SCOPES: &str = "\"ANY\", \"LISTED\"";
const USE_PERIODS: &str = "\"day\", \"month\", \"year\"";
const REFUND_RULES: &str = "\"RIGHT_RETURNS\", \"RIGHT_RETURNS_WITH_GRACE\", \"RIGHT_IS_SPENT\"";
const VALIDITIES: &str = "\"business-day\", \"campaign-end\", { days = 7 }";

/// Reads a value of the file, or records what is wrong with it.
type Read<T> = fn(Item<'_>) -> Option<T>;

/// Whether everything could be read. Whatever could not has its own problem already; a neutral
/// value in its place lets the rest be checked together.
struct Complete(bool);

impl Complete {
    fn or<T>(&mut self, read: Option<T>, neutral: T) -> T {
        self.0 &= read.is_some();
        read.unwrap_or(neutral)
    }
}

pub(super) fn terms(mut table: Table<'_>, zone: Option<Zone>) -> Option<(Terms, Validity)> {
    let mut complete = Complete(true);
    let parts = read_parts(&mut table, zone, &mut complete);
    let validity = table.required("valid_for").and_then(|item| validity(&item));
    for problem in parts.problems() {
        table.refuse(terms_key(&problem), problem.to_string());
    }
    table.finish();
    let terms = Terms::new(parts).ok().filter(|_| complete.0);
    Some((terms?, validity?))
}

fn read_parts(table: &mut Table<'_>, zone: Option<Zone>, complete: &mut Complete) -> TermsParts {
    let kind = kind(table);
    let uses = optional(table, "uses", Uses::ONCE, |item| uses(item.table()?));
    let goods_categories = list(table, "goods_categories", Category::parse);
    let excluded_categories = list(table, "excluded_categories", Category::parse);
    let regions = list(table, "regions", region);
    let shops = optional(table, "shops", ShopScope::Any, shops);
    let hours = hours(table, "hours");
    let stacking = optional(table, "stacking", Stacking::default(), |i| stacking(i.table()?));
    let rechecks_membership = optional(table, "recheck_membership", false, |i| i.boolean());
    let refund_rule = refund_rule(table);
    let returns_max = returns_max(table, refund_rule);
    let neutral_goods = neutral_goods(kind);
    TermsParts {
        kind: complete.or(kind, Kind::AmountOff { threshold: Fen(1), amount: Fen(1) }),
        uses: complete.or(uses, Uses::ONCE),
        goods_categories: complete.or(goods_categories, neutral_goods),
        excluded_categories: complete.or(excluded_categories, Vec::new()),
        regions: complete.or(regions, Vec::new()),
        shops: complete.or(shops, ShopScope::Any),
        hours: complete.or(hours, Vec::new()),
        stacking: complete.or(stacking, Stacking::default()),
        rechecks_membership: complete.or(rechecks_membership, false),
        refund_rule: complete.or(refund_rule, RefundRule::RightReturns),
        returns_max: complete.or(returns_max, 0),
        zone: complete.or(zone, Zone::shanghai()),
    }
}

/// What stands for goods categories that could not be read: some for a service, which must have
/// some, and none for all others, which could not exclude any besides.
fn neutral_goods(kind: Option<Kind>) -> Vec<Category> {
    let is_service = kind == Some(Kind::Service);
    is_service.then(|| Category::parse("unread").expect("a slug")).into_iter().collect()
}

/// The kind, and the figures that belong to it; those of another kind are unknown keys.
fn kind(table: &mut Table<'_>) -> Option<Kind> {
    let name = table.required("kind");
    match name.and_then(|item| item.one_of(KINDS, figures_of)) {
        Some(figures) => figures(table),
        None => {
            // Which figures belong to a kind that is not known, nobody can say.
            for key in FIGURES {
                table.optional(key);
            }
            None
        }
    }
}

/// What reads the figures of the kind of that name.
fn figures_of(name: &str) -> Option<fn(&mut Table<'_>) -> Option<Kind>> {
    match name {
        "AMOUNT_OFF" => Some(amount_off),
        "PERCENT_OFF" => Some(percent_off),
        "WAIVER" => Some(|table| Some(Kind::Waiver { cap: money(table, "cap_fen")? })),
        "BALANCE" => Some(|table| Some(Kind::Balance { value: money(table, "value_fen")? })),
        "SERVICE" => Some(|_| Some(Kind::Service)),
        _ => None,
    }
}

fn amount_off(table: &mut Table<'_>) -> Option<Kind> {
    let (threshold, amount) = (threshold(table), money(table, "amount_fen"));
    Some(Kind::AmountOff { threshold: threshold?, amount: amount? })
}

fn percent_off(table: &mut Table<'_>) -> Option<Kind> {
    let (threshold, cap) = (threshold(table), money(table, "cap_fen"));
    let percent = table.required("percent").and_then(percentage);
    Some(Kind::PercentOff { threshold: threshold?, percent: percent?, cap: cap? })
}

fn threshold(table: &mut Table<'_>) -> Option<Fen> {
    table.required("threshold_fen").and_then(|item| item.integer(0..=THRESHOLD_MAX.0)).map(Fen)
}

/// Some money.
fn money(table: &mut Table<'_>, key: &'static str) -> Option<Fen> {
    table.required(key).and_then(|item| item.integer(1..=THRESHOLD_MAX.0)).map(Fen)
}

fn percentage(item: Item<'_>) -> Option<u8> {
    item.integer(1..=100).and_then(|percent| u8::try_from(percent).ok())
}

fn uses(mut table: Table<'_>) -> Option<Uses> {
    let count: Read<u32> =
        |item| item.integer(1..=i64::from(USES_MAX)).and_then(|count| u32::try_from(count).ok());
    let total = table.required("total").and_then(count);
    let per_period = table.optional("per_period");
    let period = table.optional("period");
    if per_period.is_some() != period.is_some() {
        let absent = if period.is_some() { "per_period" } else { "period" };
        table.refuse(absent, "is missing: the number and its period come together");
    }
    table.finish();
    let is_limited = per_period.is_some() || period.is_some();
    let per_period = per_period.and_then(count);
    let period = period.and_then(|item| item.one_of(USE_PERIODS, UsePeriod::parse));
    let limit = match is_limited {
        true => Some(UseLimit { count: per_period?, period: period? }),
        false => None,
    };
    Some(Uses { total: total?, limit })
}

fn shops(item: Item<'_>) -> Option<ShopScope> {
    item.one_of(SHOP_SCOPES, ShopScope::parse)
}

fn stacking(mut table: Table<'_>) -> Option<Stacking> {
    let combines = table.required("combines").and_then(|item| item.boolean());
    let group = optional(&mut table, "group", None, |i| Some(Some(i.string()?.to_owned())));
    let sequence = optional(&mut table, "sequence", 0, |item| {
        item.integer(0..=i64::from(u8::MAX)).and_then(|turn| u8::try_from(turn).ok())
    });
    let own_funder_only = optional(&mut table, "own_funder_only", false, |i| i.boolean());
    let order_cap = optional(&mut table, "order_cap_percent", None, |i| percentage(i).map(Some));
    table.finish();
    Some(Stacking {
        combines: combines?,
        group: group?,
        sequence: sequence?,
        own_funder_only: own_funder_only?,
        order_cap_percent: order_cap?,
    })
}

/// The rule, and the grace that belongs to one of them; for the others it is an unknown key.
fn refund_rule(table: &mut Table<'_>) -> Option<RefundRule> {
    let key = table.required("refund_rule").and_then(|item| {
        let known = ["RIGHT_RETURNS", "RIGHT_RETURNS_WITH_GRACE", "RIGHT_IS_SPENT"];
        item.one_of(REFUND_RULES, |key| known.into_iter().find(|rule| *rule == key))
    });
    let Some(key) = key else {
        table.optional("grace_days");
        return None;
    };
    if let Some(without_grace) = RefundRule::parse(key, 0) {
        return Some(without_grace);
    }
    let grace = table.required("grace_days").and_then(|item| days(&item, GRACE_DAYS_MAX))?;
    Some(RefundRule::RightReturnsWithGrace(grace))
}

/// How often the right comes back; where it never does, the number is an unknown key.
fn returns_max(table: &mut Table<'_>, rule: Option<RefundRule>) -> Option<u32> {
    match rule {
        Some(RefundRule::RightIsSpent) => Some(0),
        Some(RefundRule::RightReturns | RefundRule::RightReturnsWithGrace(_)) | None => {
            optional(table, "returns_max", RETURNS_MAX_DEFAULT, |item| {
                item.integer(0..=i64::from(RETURNS_MAX)).and_then(|max| u32::try_from(max).ok())
            })
        }
    }
}

fn days(item: &Item<'_>, max: u16) -> Option<u16> {
    item.integer(1..=i64::from(max)).and_then(|days| u16::try_from(days).ok())
}

/// The key of the terms that a problem is about.
fn terms_key(problem: &TermsProblem) -> &'static str {
    match problem {
        TermsProblem::AmountBelowOne | TermsProblem::AmountAboveThreshold(_) => "amount_fen",
        TermsProblem::ThresholdTooHigh => "threshold_fen",
        TermsProblem::PercentOutOfRange => "percent",
        TermsProblem::CapOutOfRange => "cap_fen",
        TermsProblem::ValueOutOfRange => "value_fen",
        TermsProblem::UsesOutOfRange
        | TermsProblem::BalanceWithUses
        | TermsProblem::PeriodUsesOutOfRange => "uses",
        TermsProblem::ServiceWithoutName
        | TermsProblem::TooManyCategories
        | TermsProblem::CategoryRepeated(_) => "goods_categories",
        TermsProblem::ExclusionFromList
        | TermsProblem::TooManyExclusions
        | TermsProblem::ExclusionRepeated(_) => "excluded_categories",
        TermsProblem::TooManyRegions | TermsProblem::RegionRepeated(_) => "regions",
        TermsProblem::TooManyHours | TermsProblem::HoursOverlap(_) => "hours",
        TermsProblem::ServiceCombines
        | TermsProblem::StackingWithoutCombining
        | TermsProblem::GroupMalformed
        | TermsProblem::OrderCapOutOfRange => "stacking",
        TermsProblem::GraceNotPossible => "grace_days",
        TermsProblem::ReturnsOutOfRange => "returns_max",
    }
}

fn validity(item: &Item<'_>) -> Option<Validity> {
    if item.is_table() {
        let mut table = item.table()?;
        let days = table.required("days").and_then(|item| days(&item, DAYS_MAX));
        table.finish();
        return Some(Validity::Days(days?));
    }
    item.one_of(VALIDITIES, |name| match name {
        "business-day" => Some(Validity::BusinessDay),
        "campaign-end" => Some(Validity::CampaignEnd),
        _ => None,
    })
}

pub(super) fn hours(table: &mut Table<'_>, key: &'static str) -> Option<Vec<Hours>> {
    list(table, key, Hours::parse)
}

fn list<T, E: Display>(
    table: &mut Table<'_>,
    key: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Option<Vec<T>> {
    optional(table, key, Vec::new(), |item| item.parsed_list(parse))
}

/// The value of a key, or the default when the file has none.
fn optional<T>(
    table: &mut Table<'_>,
    key: &'static str,
    default: T,
    read: impl FnOnce(Item<'_>) -> Option<T>,
) -> Option<T> {
    match table.optional(key) {
        Some(item) => read(item),
        None => Some(default),
    }
}

fn region(text: &str) -> Result<RegionCode, &'static str> {
    RegionCode::parse(text).map_err(|_| "not the GB/T 2260 code of a region")
}
