//! Messages about shops as they go out.

use contracts::redemption::v1 as wire;
use rpc::encode_timestamp;

use super::encode::shown;
use crate::domain::CampaignId;
use crate::domain::shops::{Obstacle, Shop, ShopKey, ShopStage, Stop, StopScope};
use crate::store::ShopImportReport;
use crate::usecase::TerminalCheck;

pub(super) fn shop(shop: Shop) -> wire::RegisteredShop {
    use wire::registered_shop::State;
    let state = match shop.stage {
        ShopStage::Open => State::Open,
        ShopStage::Blocked => State::Blocked,
    };
    wire::RegisteredShop {
        key: Some(key(&shop.key)),
        organization: shop.organization.to_string(),
        title_zh: shop.title.to_string(),
        region_code: shop.region.to_string(),
        chain: shop.chain.map(|chain| chain.to_string()).unwrap_or_default(),
        state: state.into(),
        version: shop.version,
        changed_at: Some(encode_timestamp(shop.changed_at)),
    }
}

pub(super) fn stop(stop: Stop) -> wire::RedeemingStop {
    use wire::stop_scope::Scope;
    let scope = match &stop.key.scope {
        StopScope::Campaign(id) => Scope::CampaignId(id.to_string()),
        StopScope::Region(region) => Scope::RegionCode(region.to_string()),
        StopScope::Shop(shop) => Scope::Shop(key(shop)),
    };
    wire::RedeemingStop {
        organization: stop.key.organization.to_string(),
        scope: Some(wire::StopScope { scope: Some(scope) }),
        text_zh: stop.texts.zh.to_string(),
        text_en: stop.texts.en.to_string(),
        version: stop.version,
        stopped_by: stop.stopped_by.to_string(),
        stopped_at: Some(encode_timestamp(stop.stopped_at)),
    }
}

pub(super) fn shop_import(report: ShopImportReport) -> wire::ShopImport {
    let ShopImportReport { import, problems } = report;
    let problems = problems.into_iter().map(|problem| wire::ShopRowProblem {
        line: problem.line,
        column: problem.column,
        reason: problem.reason,
    });
    wire::ShopImport {
        import_id: import.import_id.to_string(),
        organization: import.organization.to_string(),
        platform: import.platform.to_string(),
        campaign_id: import.campaign_id.map(|id| id.to_string()).unwrap_or_default(),
        committed_line: import.committed_line,
        added: import.added,
        changed: import.changed,
        unchanged: import.unchanged,
        listed: import.listed,
        bad: import.bad,
        problems: problems.collect(),
        updated_at: Some(encode_timestamp(import.updated_at)),
    }
}

pub(super) fn terminal_check(check: TerminalCheck) -> wire::CheckTerminalResponse {
    let taken = check.is_taken();
    let campaign = |(campaign_id, obstacles): (CampaignId, Vec<Obstacle>)| wire::CampaignCheck {
        campaign_id: campaign_id.to_string(),
        taken: obstacles.is_empty(),
        obstacles: obstacles.iter().map(obstacle).collect(),
    };
    let campaigns = check.campaigns.into_iter().map(campaign).collect();
    wire::CheckTerminalResponse { taken, campaigns }
}

fn obstacle(obstacle: &Obstacle) -> wire::Obstacle {
    let (reason, text_zh, text_en) = shown(&obstacle.refusal);
    wire::Obstacle { reason, text_zh, text_en, opens_at: obstacle.opens_at.map(encode_timestamp) }
}

fn key(key: &ShopKey) -> wire::ShopKey {
    wire::ShopKey { platform: key.platform.to_string(), shop_id: key.shop_id.to_string() }
}
