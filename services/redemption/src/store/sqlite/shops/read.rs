use std::collections::{BTreeSet, HashMap};

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use crate::domain::shops::{Registrations, Shop, ShopKey, Stop, StopKey};
use crate::domain::{Campaign, CampaignId};
use crate::store::columns::read_rows;
use crate::store::sqlite::{batch, load};
use crate::store::{PlacesAsked, ShopQuery, shops};

/// A shop's name as a row of a batch.
pub(super) fn shop_row(key: &ShopKey) -> (&str, &str) {
    (key.platform.as_str(), key.shop_id.as_str())
}

/// What is registered of places and what is stopped, in one statement: it is part of every batch of
/// orders. Each part is looked up by its key.
pub(in crate::store::sqlite) async fn registrations(
    connection: &mut SqliteConnection,
    asked: &PlacesAsked,
) -> Result<Registrations, StoreError> {
    let (places, terminals, mappings) = (asked.shops(), asked.terminals(), asked.mappings());
    let shops_asked = places.iter().map(|key| shop_row(key));
    let terminals = terminals.into_iter().map(|(key, id)| (&key.platform, &key.shop_id, id));
    let terminals = terminals.map(|(one, two, id)| (one.as_str(), two.as_str(), id.as_str()));
    let found = sqlx::query(include_str!("registrations.sql"))
        .bind(batch::array(shops_asked))
        .bind(batch::array(terminals))
        .bind(batch::array(mappings))
        .bind(batch::array(places.iter().map(|key| key.to_string())))
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let found = read_rows("shop", &found, "shop_id", shops::registered)?;
    Ok(shops::registrations(found))
}

pub(super) async fn shops(
    connection: &mut SqliteConnection,
    query: &ShopQuery,
    after: Option<&ShopKey>,
    limit: u32,
) -> Result<Vec<Shop>, StoreError> {
    let within = query.region.map(shops::codes_within);
    let (least, most) = within.unzip();
    let below = query.below.as_ref().map(OrganizationPath::as_str);
    let found = sqlx::query(
        "SELECT s.* FROM shop AS s
         WHERE (s.platform, s.shop_id) > (?1, ?2)
           AND (?3 IS NULL OR substr(s.organization || '/', 1, length(?3) + 1) = ?3 || '/')
           AND (?4 IS NULL OR s.platform = ?4)
           AND (?5 IS NULL OR s.region_code BETWEEN ?5 AND ?6)
           AND (?7 IS NULL OR s.chain = ?7)
           AND (?8 IS NULL OR EXISTS (
             SELECT 1 FROM campaign_shop AS c WHERE c.platform = s.platform
               AND c.shop_id = s.shop_id AND c.campaign_id = ?8))
         ORDER BY s.platform, s.shop_id LIMIT ?9",
    )
    .bind(after.map_or("", |key| key.platform.as_str()))
    .bind(after.map_or("", |key| key.shop_id.as_str()))
    .bind(below)
    .bind(query.platform.as_ref().map(|platform| platform.as_str()))
    .bind(least)
    .bind(most)
    .bind(query.chain.as_ref().map(|chain| chain.as_str()))
    .bind(query.campaign_id.as_ref().map(|id| id.as_str()))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("shop", &found, "shop_id", shops::shop)
}

pub(super) async fn campaigns(
    connection: &mut SqliteConnection,
    ids: &BTreeSet<CampaignId>,
) -> Result<HashMap<CampaignId, Campaign>, StoreError> {
    let found = load::campaigns_by_id(connection, &ids.iter().collect()).await?;
    Ok(found.into_iter().map(|found| (found.campaign_id.clone(), found)).collect())
}

pub(super) async fn stops(
    connection: &mut SqliteConnection,
    below: Option<&OrganizationPath>,
    after: Option<&StopKey>,
    limit: u32,
) -> Result<Vec<Stop>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM redeeming_stop
         WHERE (?1 IS NULL OR substr(organization || '/', 1, length(?1) + 1) = ?1 || '/')
           AND (organization, scope, scope_key) > (?2, ?3, ?4)
         ORDER BY organization, scope, scope_key LIMIT ?5",
    )
    .bind(below.map(OrganizationPath::as_str))
    .bind(after.map_or("", |key| key.organization.as_str()))
    .bind(after.map_or("", |key| key.scope.kind()))
    .bind(after.map_or_else(String::new, |key| key.scope.to_string()))
    .bind(i64::from(limit))
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    read_rows("redeeming_stop", &found, "organization", shops::stop)
}
