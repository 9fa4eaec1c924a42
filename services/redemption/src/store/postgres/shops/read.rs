use std::collections::{BTreeSet, HashMap};

use member_identity::OrganizationPath;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::shops::{Registrations, Shop, ShopKey, Stop, StopKey};
use crate::domain::{Campaign, CampaignId};
use crate::store::columns::read_rows;
use crate::store::postgres::batch::column;
use crate::store::postgres::load;
use crate::store::{PlacesAsked, ShopQuery, shops};

/// What is registered of places and what is stopped, in one statement: it is part of every batch of
/// orders.
pub(in crate::store::postgres) async fn registrations(
    connection: &mut PgConnection,
    asked: &PlacesAsked,
) -> Result<Registrations, StoreError> {
    let (places, terminals, mappings) = (asked.shops(), asked.terminals(), asked.mappings());
    let found = sqlx::query(include_str!("registrations.sql"))
        .bind(column(&places, |key| key.platform.as_str()))
        .bind(column(&places, |key| key.shop_id.as_str()))
        .bind(column(&terminals, |(key, _)| key.platform.as_str()))
        .bind(column(&terminals, |(key, _)| key.shop_id.as_str()))
        .bind(column(&terminals, |(_, id)| id.as_str()))
        .bind(column(&mappings, |(platform, ..)| *platform))
        .bind(column(&mappings, |(_, shop_id, _)| *shop_id))
        .bind(column(&mappings, |(.., text)| *text))
        .bind(column(&places, |key| key.to_string()))
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    let found = read_rows("shop", &found, "shop_id", shops::registered)?;
    Ok(shops::registrations(found))
}

pub(super) async fn shops(
    connection: &mut PgConnection,
    query: &ShopQuery,
    after: Option<&ShopKey>,
    limit: u32,
) -> Result<Vec<Shop>, StoreError> {
    let within = query.region.map(shops::codes_within);
    let (least, most) = within.unzip();
    let below = query.below.as_ref().map(OrganizationPath::as_str);
    let found = sqlx::query(
        "SELECT s.* FROM shop AS s
         WHERE (s.platform, s.shop_id) > ($1, $2)
           AND ($3::TEXT IS NULL OR starts_with(s.organization || '/', $3 || '/'))
           AND ($4::TEXT IS NULL OR s.platform = $4)
           AND ($5::TEXT IS NULL OR s.region_code BETWEEN $5 AND $6)
           AND ($7::TEXT IS NULL OR s.chain = $7)
           AND ($8::TEXT IS NULL OR EXISTS (
             SELECT 1 FROM campaign_shop AS c WHERE c.platform = s.platform
               AND c.shop_id = s.shop_id AND c.campaign_id = $8))
         ORDER BY s.platform, s.shop_id LIMIT $9",
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
    connection: &mut PgConnection,
    ids: &BTreeSet<CampaignId>,
) -> Result<HashMap<CampaignId, Campaign>, StoreError> {
    let found = load::campaigns_by_id(connection, &ids.iter().collect()).await?;
    Ok(found.into_iter().map(|found| (found.campaign_id.clone(), found)).collect())
}

pub(super) async fn stops(
    connection: &mut PgConnection,
    below: Option<&OrganizationPath>,
    after: Option<&StopKey>,
    limit: u32,
) -> Result<Vec<Stop>, StoreError> {
    let found = sqlx::query(
        "SELECT * FROM redeeming_stop
         WHERE ($1::TEXT IS NULL OR starts_with(organization || '/', $1 || '/'))
           AND (organization, scope, scope_key) > ($2, $3, $4)
         ORDER BY organization, scope, scope_key LIMIT $5",
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
