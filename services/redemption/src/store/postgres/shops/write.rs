//! Writing what a verb on shops changed. Rows are written in the order of their keys.

use std::collections::BTreeSet;

use clock::Timestamp;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use crate::domain::CampaignId;
use crate::domain::shops::{Shop, ShopChange, ShopCommand, ShopKey, Stop, StopKey, StopTexts};
use crate::store::postgres::batch::column;
use crate::store::postgres::save::require;

pub(super) async fn change(
    tx: &mut PgConnection,
    change: &ShopChange,
    command: &ShopCommand,
) -> Result<(), StoreError> {
    let at = command.at;
    match change {
        ShopChange::None => Ok(()),
        ShopChange::Shop(shop) => shops(tx, &[shop]).await,
        ShopChange::Terminal(key, id, terminal) => {
            let query = sqlx::query(
                "INSERT INTO terminal (platform, shop_id, terminal_id, state, version, changed_at)
                 VALUES ($1, $2, $3, $4, $5, $6)
                 ON CONFLICT (platform, shop_id, terminal_id) DO UPDATE SET
                   state = excluded.state, version = excluded.version,
                   changed_at = excluded.changed_at",
            );
            let query = query.bind(key.platform.as_str()).bind(key.shop_id.as_str());
            let query = query.bind(id.as_str()).bind(terminal.stage.name());
            run(tx, query.bind(terminal.version).bind(at.as_micros())).await
        }
        ShopChange::Listed(campaign_id, keys) => listed(tx, campaign_id, keys, at).await,
        ShopChange::Unlisted(campaign_id, keys) => unlisted(tx, campaign_id, keys).await,
        ShopChange::Mapped(platform, shop_id, mappings) => {
            let shop_id = shop_id.as_ref().map_or("", |id| id.as_str());
            let gone = mappings.iter().filter(|(_, category)| category.is_none());
            let gone: Vec<_> = gone.map(|(text, _)| text.as_str()).collect();
            let query = sqlx::query(
                "DELETE FROM shop_category
                 WHERE platform = $1 AND shop_id = $2 AND text = ANY ($3::TEXT[])",
            );
            run(tx, query.bind(platform.as_str()).bind(shop_id).bind(gone)).await?;
            let new: Vec<_> = mappings
                .iter()
                .filter_map(|(text, category)| Some((text.as_str(), category.as_ref()?.as_str())))
                .collect();
            let query = sqlx::query(
                "INSERT INTO shop_category (platform, shop_id, text, category, changed_at)
                 SELECT $1, $2, k.text, k.category, $5
                 FROM unnest($3::TEXT[], $4::TEXT[]) AS k (text, category)
                 ON CONFLICT (platform, shop_id, text) DO UPDATE SET
                   category = excluded.category, changed_at = excluded.changed_at",
            );
            let query = query.bind(platform.as_str()).bind(shop_id);
            let query = query.bind(column(&new, |(text, _)| *text));
            run(tx, query.bind(column(&new, |(_, category)| *category)).bind(at.as_micros())).await
        }
        ShopChange::Stopped(stop) => stopped(tx, stop).await,
        ShopChange::Resumed(key, version) => resumed(tx, key, *version, command).await,
    }
}

/// Remembers how a request was answered.
pub(super) async fn request(
    tx: &mut PgConnection,
    command: &ShopCommand,
    answer: i64,
) -> Result<(), StoreError> {
    let fingerprint = command.fingerprint();
    let query = sqlx::query(
        "INSERT INTO shop_request (caller, verb, request_id, fingerprint, answer, created_at)
         VALUES ($1, $2, $3, $4, $5, $6)",
    );
    let query = query.bind(command.subject.as_str()).bind(command.action.verb());
    let query = query.bind(command.request_id.as_str()).bind(fingerprint.as_bytes());
    run(tx, query.bind(answer).bind(command.at.as_micros())).await
}

/// Shops as they became; each was locked, or is new.
pub(super) async fn shops(tx: &mut PgConnection, shops: &[&Shop]) -> Result<(), StoreError> {
    if shops.is_empty() {
        return Ok(());
    }
    let done = sqlx::query(
        "INSERT INTO shop (platform, shop_id, organization, title_zh, region_code, chain, state,
           version, changed_at)
         SELECT * FROM unnest($1::TEXT[], $2::TEXT[], $3::TEXT[], $4::TEXT[], $5::TEXT[],
           $6::TEXT[], $7::TEXT[], $8::BIGINT[], $9::BIGINT[])
         ON CONFLICT (platform, shop_id) DO UPDATE SET organization = excluded.organization,
           title_zh = excluded.title_zh, region_code = excluded.region_code,
           chain = excluded.chain, state = excluded.state, version = excluded.version,
           changed_at = excluded.changed_at
         WHERE shop.version = excluded.version - 1",
    )
    .bind(column(shops, |shop| shop.key.platform.as_str()))
    .bind(column(shops, |shop| shop.key.shop_id.as_str()))
    .bind(column(shops, |shop| shop.organization.as_str()))
    .bind(column(shops, |shop| shop.title.as_str()))
    .bind(column(shops, |shop| shop.region.to_string()))
    .bind(column(shops, |shop| shop.chain.as_ref().map(|chain| chain.as_str())))
    .bind(column(shops, |shop| shop.stage.name()))
    .bind(column(shops, |shop| shop.version))
    .bind(column(shops, |shop| shop.changed_at.as_micros()))
    .execute(tx)
    .await;
    // One that was not there when it was looked for, and is now, was registered meanwhile.
    require(done, shops.len(), |_| StoreError::Conflict)
}

/// Puts shops on a campaign's list.
pub(super) async fn listed(
    tx: &mut PgConnection,
    campaign_id: &CampaignId,
    keys: &BTreeSet<ShopKey>,
    at: Timestamp,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO campaign_shop (platform, shop_id, campaign_id, listed_at)
         SELECT k.platform, k.shop_id, $3, $4
         FROM unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id)",
    );
    let query = query.bind(column(keys, |key| key.platform.as_str()));
    let query = query.bind(column(keys, |key| key.shop_id.as_str()));
    run(tx, query.bind(campaign_id.as_str()).bind(at.as_micros())).await
}

async fn unlisted(
    tx: &mut PgConnection,
    campaign_id: &CampaignId,
    keys: &BTreeSet<ShopKey>,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "DELETE FROM campaign_shop AS c
         USING unnest($1::TEXT[], $2::TEXT[]) AS k (platform, shop_id)
         WHERE c.platform = k.platform AND c.shop_id = k.shop_id AND c.campaign_id = $3",
    );
    let query = query.bind(column(keys, |key| key.platform.as_str()));
    let query = query.bind(column(keys, |key| key.shop_id.as_str()));
    run(tx, query.bind(campaign_id.as_str())).await
}

async fn stopped(tx: &mut PgConnection, stop: &Stop) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO redeeming_stop (organization, scope, scope_key, text_zh, text_en, version,
           stopped_by, stopped_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (organization, scope, scope_key) DO UPDATE SET text_zh = excluded.text_zh,
           text_en = excluded.text_en, version = excluded.version,
           stopped_by = excluded.stopped_by, stopped_at = excluded.stopped_at",
    );
    let query = query.bind(stop.key.organization.as_str()).bind(stop.key.scope.kind());
    let query = query.bind(stop.key.scope.to_string()).bind(stop.texts.zh.as_str());
    let query = query.bind(stop.texts.en.as_str()).bind(stop.version);
    let query = query.bind(stop.stopped_by.as_str()).bind(stop.stopped_at.as_micros());
    run(tx, query).await?;
    let by = (stop.stopped_by.as_str(), stop.stopped_at);
    history(tx, (&stop.key, stop.version), Some(&stop.texts), by).await
}

async fn resumed(
    tx: &mut PgConnection,
    key: &StopKey,
    version: i64,
    command: &ShopCommand,
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "DELETE FROM redeeming_stop WHERE organization = $1 AND scope = $2 AND scope_key = $3",
    );
    let query = query.bind(key.organization.as_str()).bind(key.scope.kind());
    run(tx, query.bind(key.scope.to_string())).await?;
    history(tx, (key, version), None, (command.subject.as_str(), command.at)).await
}

/// Two changes of a scope at once meet in its version.
async fn history(
    tx: &mut PgConnection,
    (key, version): (&StopKey, i64),
    texts: Option<&StopTexts>,
    (by, at): (&str, Timestamp),
) -> Result<(), StoreError> {
    let query = sqlx::query(
        "INSERT INTO redeeming_change (organization, scope, scope_key, version, verb, text_zh,
           text_en, changed_by, changed_at)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
    );
    let query = query.bind(key.organization.as_str()).bind(key.scope.kind());
    let query = query.bind(key.scope.to_string()).bind(version);
    let query = query.bind(if texts.is_some() { "STOP" } else { "RESUME" });
    let query = query.bind(texts.map(|texts| texts.zh.as_str()));
    let query = query.bind(texts.map(|texts| texts.en.as_str()));
    run(tx, query.bind(by).bind(at.as_micros())).await
}

pub(super) type Query<'q> = sqlx::query::Query<'q, sqlx::Postgres, sqlx::postgres::PgArguments>;

pub(super) async fn run(tx: &mut PgConnection, query: Query<'_>) -> Result<(), StoreError> {
    query.execute(tx).await.map(drop).map_err(classify)
}
