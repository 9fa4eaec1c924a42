use std::collections::{BTreeSet, HashMap};

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::read::shop_row;
use super::write;
use crate::domain::CampaignId;
use crate::domain::shops::{
    GoodsText, Shop, ShopAction, ShopCommand, ShopKey, ShopState, StopKey, decide,
};
use crate::store::columns::read_rows;
use crate::store::sqlite::batch;
use crate::store::{ShopAnswer, shops};

/// Lays out, judges, and writes what changed.
pub(super) async fn judge(
    tx: &mut SqliteConnection,
    command: &ShopCommand,
) -> Result<ShopAnswer, StoreError> {
    let state = lay_out(tx, command).await?;
    let (answer, change) = match decide(&state, command) {
        Ok(decided) => decided,
        Err(refusal) => return Ok(Err(refusal)),
    };
    if let Some(change) = change {
        write::change(tx, &change, command).await?;
        write::request(tx, command, answer).await?;
    }
    Ok(Ok(answer))
}

async fn lay_out(
    tx: &mut SqliteConnection,
    command: &ShopCommand,
) -> Result<ShopState, StoreError> {
    let mut state = ShopState::default();
    let action = &command.action;
    let named = action.shops();
    state.shops = by_key(tx, &named).await?;
    request(tx, &mut state, command).await?;
    if let Some(campaign_id) = action.campaign() {
        state.campaign = owner(tx, campaign_id).await?;
        state.listed = listed(tx, campaign_id, &named).await?;
    }
    match action {
        ShopAction::PutTerminal(key, id, _) => terminal(tx, &mut state, key, id.as_str()).await?,
        ShopAction::MapCategories(platform, shop_id, mappings) => {
            let shop_id = shop_id.as_ref().map_or("", |id| id.as_str());
            let texts: Vec<_> = mappings.keys().collect();
            mapped(tx, &mut state, (platform.as_str(), shop_id), &texts).await?;
        }
        ShopAction::Stop(key, _) | ShopAction::Resume(key) => stop(tx, &mut state, key).await?,
        ShopAction::Put(_)
        | ShopAction::SetStage(..)
        | ShopAction::List(..)
        | ShopAction::Unlist(..) => {}
    }
    Ok(state)
}

/// Shops by key.
pub(super) async fn by_key(
    tx: &mut SqliteConnection,
    keys: &BTreeSet<ShopKey>,
) -> Result<HashMap<ShopKey, Shop>, StoreError> {
    if keys.is_empty() {
        return Ok(HashMap::new());
    }
    let found = sqlx::query(
        "SELECT s.* FROM json_each(?1) AS k CROSS JOIN shop AS s
         WHERE s.platform = k.value ->> 0 AND s.shop_id = k.value ->> 1",
    )
    .bind(batch::array(keys.iter().map(shop_row)))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let found = read_rows("shop", &found, "shop_id", shops::shop)?;
    Ok(found.into_iter().map(|shop| (shop.key.clone(), shop)).collect())
}

/// Whose a campaign is.
pub(super) async fn owner(
    tx: &mut SqliteConnection,
    campaign_id: &CampaignId,
) -> Result<Option<OrganizationPath>, StoreError> {
    let found =
        sqlx::query("SELECT campaign_id, organization FROM campaign WHERE campaign_id = ?1")
            .bind(campaign_id.as_str())
            .fetch_all(tx)
            .await
            .map_err(classify)?;
    let owner = |row: crate::store::columns::Columns<'_>| row.organization("organization");
    Ok(read_rows("campaign", &found, "campaign_id", owner)?.pop())
}

/// Those of some shops that a campaign lists.
pub(super) async fn listed(
    tx: &mut SqliteConnection,
    campaign_id: &CampaignId,
    keys: &BTreeSet<ShopKey>,
) -> Result<BTreeSet<ShopKey>, StoreError> {
    let found = sqlx::query(
        "SELECT c.platform, c.shop_id FROM json_each(?1) AS k CROSS JOIN campaign_shop AS c
         WHERE c.platform = k.value ->> 0 AND c.shop_id = k.value ->> 1 AND c.campaign_id = ?2",
    )
    .bind(batch::array(keys.iter().map(shop_row)))
    .bind(campaign_id.as_str())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    Ok(read_rows("campaign_shop", &found, "shop_id", shops::key)?.into_iter().collect())
}

async fn request(
    tx: &mut SqliteConnection,
    state: &mut ShopState,
    command: &ShopCommand,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT * FROM shop_request WHERE request_id = ?1 AND caller = ?2 AND verb = ?3",
    )
    .bind(command.request_id.as_str())
    .bind(command.subject.as_str())
    .bind(command.action.verb())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    state.seen = read_rows("shop_request", &found, "request_id", shops::seen)?.pop();
    Ok(())
}

async fn terminal(
    tx: &mut SqliteConnection,
    state: &mut ShopState,
    key: &ShopKey,
    id: &str,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT * FROM terminal WHERE platform = ?1 AND shop_id = ?2 AND terminal_id = ?3",
    )
    .bind(key.platform.as_str())
    .bind(key.shop_id.as_str())
    .bind(id)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    state.terminal = read_rows("terminal", &found, "terminal_id", shops::terminal)?.pop();
    Ok(())
}

async fn mapped(
    tx: &mut SqliteConnection,
    state: &mut ShopState,
    (platform, shop_id): (&str, &str),
    texts: &[&GoodsText],
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT text, category FROM shop_category
         WHERE platform = ?1 AND shop_id = ?2 AND text IN (SELECT value FROM json_each(?3))",
    )
    .bind(platform)
    .bind(shop_id)
    .bind(batch::array(texts.iter().map(|text| text.as_str())))
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    state.mapped = read_rows("shop_category", &found, "text", shops::mapped)?.into_iter().collect();
    Ok(())
}

/// The stop of a scope, and how often the scope was changed.
async fn stop(
    tx: &mut SqliteConnection,
    state: &mut ShopState,
    key: &StopKey,
) -> Result<(), StoreError> {
    let found = sqlx::query(
        "SELECT * FROM redeeming_stop
         WHERE organization = ?1 AND scope = ?2 AND scope_key = ?3",
    )
    .bind(key.organization.as_str())
    .bind(key.scope.kind())
    .bind(key.scope.to_string())
    .fetch_all(&mut *tx)
    .await
    .map_err(classify)?;
    state.stop = read_rows("redeeming_stop", &found, "organization", shops::stop)?.pop();
    let version: Option<i64> = sqlx::query_scalar(
        "SELECT max(version) FROM redeeming_change
         WHERE organization = ?1 AND scope = ?2 AND scope_key = ?3",
    )
    .bind(key.organization.as_str())
    .bind(key.scope.kind())
    .bind(key.scope.to_string())
    .fetch_one(tx)
    .await
    .map_err(classify)?;
    state.stop_version = version.unwrap_or(0);
    Ok(())
}
