use contracts::issuance::v1::terms::Kind;
use contracts::issuance::v1::{
    AmountOff, Balance, Campaign, Hours, PercentOff, Service, Stacking, Terms, Uses, Waiver,
};
use serde_json::{Value, json};

use super::super::failure::Failure;
use super::super::output::{Answer, instant, short};

const CAMPAIGN: &[&str] = &[
    "campaign_id",
    "organization",
    "title_zh",
    "title_en",
    "state",
    "policy_id",
    "starts_on",
    "ends_on",
    "stock_period",
    "quota",
    "person_limit",
    "fund_id",
    "updated_at",
];
/// What a row of a list of campaigns shows.
pub(super) const CAMPAIGNS: &[&str] =
    &["campaign_id", "organization", "title_zh", "state", "starts_on", "ends_on", "quota"];

/// The campaign that an answer must have.
pub(super) fn answer(campaign: Option<Campaign>) -> Result<Answer, Failure> {
    let campaign = campaign.ok_or_else(|| Failure::missing("campaign"))?;
    Ok(Answer::record(value(campaign), CAMPAIGN))
}

pub(super) fn value(campaign: Campaign) -> Value {
    json!({
        "state": short(campaign.state().as_str_name(), "STATE_"),
        "stock_period": short(campaign.stock_period().as_str_name(), "STOCK_PERIOD_"),
        "campaign_id": campaign.campaign_id,
        "organization": campaign.organization,
        "title_zh": campaign.title_zh,
        "title_en": campaign.title_en,
        "policy_id": campaign.policy_id,
        "terms": campaign.terms.map(terms_value),
        "starts_on": campaign.starts_on,
        "ends_on": campaign.ends_on,
        "quota": campaign.quota,
        "person_limit": campaign.person_limit,
        "fund_id": campaign.fund_id,
        "updated_at": instant(campaign.updated_at),
    })
}

/// What a voucher is worth and where.
pub(in super::super) fn terms_value(terms: Terms) -> Value {
    let refund_rule = short(terms.refund_rule().as_str_name(), "REFUND_RULE_");
    let shops = short(terms.shops().as_str_name(), "SHOP_SCOPE_");
    json!({
        "kind": terms.kind.map_or(Value::Null, kind_value),
        "uses": terms.uses.map(uses_value),
        "goods_categories": terms.goods_categories,
        "excluded_categories": terms.excluded_categories,
        "regions": terms.regions,
        "shops": shops,
        "hours": terms.hours.iter().map(hours_text).collect::<Vec<_>>(),
        "stacking": terms.stacking.map(stacking_value),
        "rechecks_membership": terms.rechecks_membership,
        "refund_rule": refund_rule,
        "grace_days": terms.grace_days,
        "returns_max": terms.returns_max,
        "zone": terms.zone,
    })
}

fn kind_value(kind: Kind) -> Value {
    match kind {
        Kind::AmountOff(AmountOff { threshold_fen, amount_fen }) => {
            json!({ "amount_off": { "threshold_fen": threshold_fen, "amount_fen": amount_fen } })
        }
        Kind::PercentOff(PercentOff { threshold_fen, percent, cap_fen }) => json!({
            "percent_off": {
                "threshold_fen": threshold_fen, "percent": percent, "cap_fen": cap_fen,
            }
        }),
        Kind::Waiver(Waiver { cap_fen }) => json!({ "waiver": { "cap_fen": cap_fen } }),
        Kind::Balance(Balance { value_fen }) => json!({ "balance": { "value_fen": value_fen } }),
        Kind::Service(Service {}) => json!({ "service": {} }),
    }
}

fn uses_value(uses: Uses) -> Value {
    let period = short(uses.period().as_str_name(), "USE_PERIOD_");
    json!({ "total": uses.total, "per_period": uses.per_period, "period": period })
}

fn stacking_value(stacking: Stacking) -> Value {
    json!({
        "combines": stacking.combines,
        "group": stacking.group,
        "sequence": stacking.sequence,
        "own_funder_only": stacking.own_funder_only,
        "order_cap_percent": stacking.order_cap_percent,
    })
}

/// As a programme file writes them.
fn hours_text(hours: &Hours) -> String {
    let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", time(hours.from_minute), time(hours.until_minute))
}
