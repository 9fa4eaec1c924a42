//! Messages about shops as they come in.

use std::collections::{BTreeMap, BTreeSet};

use benefit::Category;
use contracts::redemption::v1 as wire;
use member_identity::{OrganizationPath, RegionCode};
use rpc::{Fields, Problem};

use super::decode;
use crate::domain::RequestId;
use crate::domain::shops::{
    GoodsText, PutShop, ShopAction, ShopKey, ShopStage, StopKey, StopScope, StopTexts, WrittenShop,
};
use crate::store::ShopQuery;
use crate::usecase::{ShopsHeader, TakenAsked, TerminalAsked};

/// Shops or texts of one request, and rows of one message, at most.
const LIST_MAX: usize = 1_000;

/// A request id and what is asked for under it.
type Asked = Result<(RequestId, ShopAction), Problem>;

pub(super) fn put_shop(request: &wire::PutShopRequest) -> Asked {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let key = shop_key(&mut fields, "key", request.key.as_ref());
    let organization = organization(&mut fields, &request.organization);
    let title = fields.parse("title_zh", &request.title_zh);
    let region = region(&mut fields, &request.region_code);
    let chain = fields.optional("chain", &request.chain);
    let version = request.version;
    if version < 0 {
        fields.refuse("version", "must not be negative");
    }
    let put = || {
        let (key, organization, title) = (key?, organization?, title?);
        Some(PutShop { key, organization, title, region: region?, chain: chain?, version })
    };
    let action = put().map(ShopAction::Put);
    fields.finish(request_id.zip(action))
}

pub(super) fn set_stage(request_id: &str, key: Option<&wire::ShopKey>, stage: ShopStage) -> Asked {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", request_id);
    let key = shop_key(&mut fields, "key", key);
    fields.finish(request_id.zip(key.map(|key| ShopAction::SetStage(key, stage))))
}

pub(super) fn put_terminal(request: &wire::PutTerminalRequest) -> Asked {
    use wire::put_terminal_request::State;
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let key = shop_key(&mut fields, "key", request.key.as_ref());
    let id = fields.parse("terminal_id", &request.terminal_id);
    let stage = match request.state() {
        State::Open => Some(ShopStage::Open),
        State::Blocked => Some(ShopStage::Blocked),
        State::Unspecified => None,
    };
    let stage = fields.required("state", stage);
    let action = || Some(ShopAction::PutTerminal(key?, id?, stage?));
    let action = action();
    fields.finish(request_id.zip(action))
}

pub(super) fn list_on_campaign(request: &wire::ListOnCampaignRequest) -> Asked {
    let named = (request.request_id.as_str(), request.campaign_id.as_str());
    let (request_id, campaign_id, keys) = campaign_shops(named, &request.shops)?;
    Ok((request_id, ShopAction::List(campaign_id, keys)))
}

pub(super) fn unlist_from_campaign(request: &wire::UnlistFromCampaignRequest) -> Asked {
    let named = (request.request_id.as_str(), request.campaign_id.as_str());
    let (request_id, campaign_id, keys) = campaign_shops(named, &request.shops)?;
    Ok((request_id, ShopAction::Unlist(campaign_id, keys)))
}

fn campaign_shops(
    (request_id, campaign_id): (&str, &str),
    shops: &[wire::ShopKey],
) -> Result<(RequestId, crate::domain::CampaignId, BTreeSet<ShopKey>), Problem> {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", request_id);
    let campaign_id = fields.parse("campaign_id", campaign_id);
    require_count(&mut fields, "shops", shops.len());
    let mut keys = BTreeSet::new();
    for (index, key) in shops.iter().enumerate().take(LIST_MAX) {
        let path = format!("shops[{index}]");
        let key = shop_key(&mut fields, &path, Some(key));
        if key.is_some_and(|key| !keys.insert(key)) {
            fields.refuse(path, "stands twice");
        }
    }
    let value = || Some((request_id?, campaign_id?, keys));
    let value = value();
    fields.finish(value)
}

pub(super) fn map_categories(request: &wire::MapCategoriesRequest) -> Asked {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let platform = fields.parse("platform", &request.platform);
    let shop_id = fields.optional("shop_id", &request.shop_id);
    require_count(&mut fields, "mappings", request.mappings.len());
    let mut mappings = BTreeMap::new();
    for (index, mapping) in request.mappings.iter().enumerate().take(LIST_MAX) {
        let path = format!("mappings[{index}]");
        let text = fields.parse::<GoodsText>(&format!("{path}.text"), &mapping.text);
        let category = match mapping.category.as_str() {
            "" => Some(None),
            key => fields.take(&format!("{path}.category"), Category::parse(key)).map(Some),
        };
        if let Some((text, category)) = text.zip(category)
            && mappings.insert(text, category).is_some()
        {
            fields.refuse(format!("{path}.text"), "stands twice");
        }
    }
    let action = || Some(ShopAction::MapCategories(platform?, shop_id?, mappings));
    let action = action();
    fields.finish(request_id.zip(action))
}

pub(super) fn stop(request: &wire::StopRedeemingRequest) -> Asked {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let key = stop_key(&mut fields, &request.organization, request.scope.as_ref());
    let zh = fields.parse("text_zh", &request.text_zh);
    let en = fields.parse("text_en", &request.text_en);
    let action = || Some(ShopAction::Stop(key?, StopTexts { zh: zh?, en: en? }));
    let action = action();
    fields.finish(request_id.zip(action))
}

pub(super) fn resume(request: &wire::ResumeRedeemingRequest) -> Asked {
    let mut fields = Fields::new();
    let request_id = fields.parse("request_id", &request.request_id);
    let key = stop_key(&mut fields, &request.organization, request.scope.as_ref());
    fields.finish(request_id.zip(key.map(ShopAction::Resume)))
}

fn stop_key(fields: &mut Fields, path: &str, scope: Option<&wire::StopScope>) -> Option<StopKey> {
    use wire::stop_scope::Scope;
    let organization = organization(fields, path);
    let scope = fields.required("scope", scope.and_then(|scope| scope.scope.as_ref()))?;
    let scope = match scope {
        Scope::CampaignId(id) => fields.parse("scope.campaign_id", id).map(StopScope::Campaign),
        Scope::RegionCode(code) => {
            let region = RegionCode::parse(code);
            fields.take("scope.region_code", region).map(StopScope::Region)
        }
        Scope::Shop(key) => shop_key(fields, "scope.shop", Some(key)).map(StopScope::Shop),
    };
    Some(StopKey { organization: organization?, scope: scope? })
}

pub(super) fn shop_query(request: &wire::ListShopsRequest) -> Result<ShopQuery, Problem> {
    let mut fields = Fields::new();
    let below = match request.below.as_str() {
        "" => Some(None),
        path => fields.take("below", OrganizationPath::parse(path)).map(Some),
    };
    let platform = fields.optional("platform", &request.platform);
    let region = match request.region_code.as_str() {
        "" => Some(None),
        code => fields.take("region_code", RegionCode::parse(code)).map(Some),
    };
    let chain = fields.optional("chain", &request.chain);
    let campaign_id = fields.optional("campaign_id", &request.campaign_id);
    let query = || {
        let (below, platform, region) = (below?, platform?, region?);
        Some(ShopQuery { below, platform, region, chain: chain?, campaign_id: campaign_id? })
    };
    let query = query();
    fields.finish(query)
}

/// The first message of an import.
pub(super) fn shops_header(
    part: Option<wire::import_shops_request::Part>,
) -> Result<ShopsHeader, Problem> {
    use wire::import_shops_request::Part;
    let header = match part {
        Some(Part::Header(header)) => header,
        Some(Part::Rows(_)) | None => {
            return Err(Problem::field("header", "must be the first message"));
        }
    };
    let mut fields = Fields::new();
    let import_id = fields.parse("header.import_id", &header.import_id);
    let organization =
        fields.take("header.organization", OrganizationPath::parse(&header.organization));
    let platform = fields.parse("header.platform", &header.platform);
    let campaign_id = fields.optional("header.campaign_id", &header.campaign_id);
    let header = || {
        let (import_id, organization, platform) = (import_id?, organization?, platform?);
        Some(ShopsHeader { import_id, organization, platform, campaign_id: campaign_id? })
    };
    let header = header();
    fields.finish(header)
}

/// A further message of an import, whose lines must ascend behind `last_line`.
pub(super) fn shop_rows(
    part: Option<wire::import_shops_request::Part>,
    last_line: &mut i64,
) -> Result<Vec<WrittenShop>, Problem> {
    use wire::import_shops_request::Part;
    let rows = match part {
        Some(Part::Rows(wire::ShopRows { rows })) => rows,
        Some(Part::Header(_)) | None => {
            return Err(Problem::field("rows", "must be every message but the first"));
        }
    };
    let mut fields = Fields::new();
    if rows.len() > LIST_MAX {
        fields.refuse("rows.rows", format!("at most {LIST_MAX}"));
    }
    for (index, row) in rows.iter().enumerate() {
        if row.line <= *last_line {
            fields.refuse(format!("rows.rows[{index}].line"), "lines must ascend from 1");
        }
        *last_line = row.line;
    }
    let written = |row: wire::ShopRow| WrittenShop {
        line: row.line,
        shop_id: row.shop_id,
        title: row.title_zh,
        region: row.region,
        chain: row.chain,
    };
    fields.finish(Some(rows.into_iter().map(written).collect()))
}

pub(super) fn import_id(text: &str) -> Result<RequestId, Problem> {
    let mut fields = Fields::new();
    let import_id = fields.parse("import_id", text);
    fields.finish(import_id)
}

pub(super) fn check_terminal(
    request: wire::CheckTerminalRequest,
    now: clock::Timestamp,
) -> Result<TerminalAsked, Problem> {
    use wire::check_terminal_request::Taken;
    let mut fields = Fields::new();
    let shop_id = fields.parse("shop_id", &request.shop_id);
    let terminal = fields.optional("terminal_id", &request.terminal_id);
    let region = region(&mut fields, &request.region_code);
    let taken = match fields.required("taken", request.taken) {
        Some(Taken::CampaignId(id)) => fields.parse("campaign_id", &id).map(TakenAsked::Campaign),
        Some(Taken::Member(member)) => match decode::member_reference(member, now) {
            Ok(member) => Some(TakenAsked::Member(member)),
            Err(problem) => return Err(problem),
        },
        None => None,
    };
    let asked = || {
        let (shop_id, terminal, region) = (shop_id?, terminal?, region?);
        Some(TerminalAsked { shop_id, terminal, region, taken: taken? })
    };
    let asked = asked();
    fields.finish(asked)
}

fn shop_key(fields: &mut Fields, path: &str, key: Option<&wire::ShopKey>) -> Option<ShopKey> {
    let key = fields.required(path, key)?;
    let platform = fields.parse(&format!("{path}.platform"), &key.platform);
    let shop_id = fields.parse(&format!("{path}.shop_id"), &key.shop_id);
    Some(ShopKey { platform: platform?, shop_id: shop_id? })
}

fn organization(fields: &mut Fields, path: &str) -> Option<OrganizationPath> {
    fields.take("organization", OrganizationPath::parse(path))
}

fn region(fields: &mut Fields, code: &str) -> Option<RegionCode> {
    fields.take("region_code", RegionCode::parse(code))
}

/// A field that may be empty.
fn require_count(fields: &mut Fields, path: &str, count: usize) {
    if !(1..=LIST_MAX).contains(&count) {
        fields.refuse(path, format!("must be 1 to {LIST_MAX}"));
    }
}
