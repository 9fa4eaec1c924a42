use contracts::issuance::v1::terms::Kind;
use contracts::issuance::v1::{AmountOff, Campaign, Hours, Terms};
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
        "updated_at": instant(campaign.updated_at),
    })
}

/// What a voucher is worth and where.
pub(in super::super) fn terms_value(terms: Terms) -> Value {
    let refund_rule = short(terms.refund_rule().as_str_name(), "REFUND_RULE_");
    let kind = match terms.kind {
        Some(Kind::AmountOff(AmountOff { threshold_fen, amount_fen })) => {
            json!({ "amount_off": { "threshold_fen": threshold_fen, "amount_fen": amount_fen } })
        }
        None => Value::Null,
    };
    json!({
        "kind": kind,
        "goods_categories": terms.goods_categories,
        "regions": terms.regions,
        "hours": terms.hours.iter().map(hours_text).collect::<Vec<_>>(),
        "refund_rule": refund_rule,
        "zone": terms.zone,
    })
}

/// As a programme file writes them.
fn hours_text(hours: &Hours) -> String {
    let time = |minute: i32| format!("{:02}:{:02}", minute / 60, minute % 60);
    format!("{}-{}", time(hours.from_minute), time(hours.until_minute))
}
