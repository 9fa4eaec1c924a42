use contracts::redemption::v1::stop_scope::Scope;
use contracts::redemption::v1::{
    CheckTerminalResponse, Obstacle, RedeemingStop, RegisteredShop, ShopKey,
};
use serde_json::{Value, json};

use super::super::arguments::Language;
use super::super::output::{Answer, instant, short};

pub(super) const SHOP: &[&str] = &[
    "platform",
    "shop_id",
    "organization",
    "title_zh",
    "region_code",
    "chain",
    "state",
    "version",
    "changed_at",
];
pub(super) const STOP: &[&str] =
    &["organization", "kind", "scope", "text_zh", "text_en", "stopped_by", "stopped_at"];
const OBSTACLE: &[&str] = &["campaign_id", "reason", "text", "opens_at"];

/// A shop.
pub(super) fn shop(shop: RegisteredShop) -> Value {
    let ShopKey { platform, shop_id } = shop.key.clone().unwrap_or_default();
    json!({
        "state": short(shop.state().as_str_name(), "STATE_"),
        "platform": platform,
        "shop_id": shop_id,
        "organization": shop.organization,
        "title_zh": shop.title_zh,
        "region_code": shop.region_code,
        "chain": shop.chain,
        "version": shop.version,
        "changed_at": instant(shop.changed_at),
    })
}

/// A stop in force.
pub(super) fn stop(stop: RedeemingStop) -> Value {
    let (kind, scope) = match stop.scope.and_then(|scope| scope.scope) {
        Some(Scope::CampaignId(id)) => ("CAMPAIGN", id),
        Some(Scope::RegionCode(code)) => ("REGION", code),
        Some(Scope::Shop(key)) => ("SHOP", format!("{}/{}", key.platform, key.shop_id)),
        None => ("", String::new()),
    };
    json!({
        "organization": stop.organization,
        "kind": kind,
        "scope": scope,
        "text_zh": stop.text_zh,
        "text_en": stop.text_en,
        "version": stop.version,
        "stopped_by": stop.stopped_by,
        "stopped_at": instant(stop.stopped_at),
    })
}

/// What a till is told.
pub(super) fn check(check: CheckTerminalResponse, language: Language) -> Answer {
    let campaigns = check.campaigns.iter();
    let campaigns: Vec<Value> = campaigns
        .map(|one| json!({ "campaign_id": one.campaign_id, "taken": one.taken }))
        .collect();
    let told = check.campaigns.into_iter().flat_map(|one| {
        let id = one.campaign_id;
        one.obstacles.into_iter().map(move |told| (id.clone(), told))
    });
    let obstacle = |(campaign_id, told): (String, Obstacle)| {
        json!({
            "campaign_id": campaign_id,
            "reason": told.reason,
            "text": language.of(told.text_zh, told.text_en),
            "opens_at": instant(told.opens_at),
        })
    };
    let obstacles = told.map(obstacle).collect();
    Answer::record(json!({ "taken": check.taken }), &["taken"])
        .and_list("campaigns", campaigns, &["campaign_id", "taken"])
        .and_list("obstacles", obstacles, OBSTACLE)
}
