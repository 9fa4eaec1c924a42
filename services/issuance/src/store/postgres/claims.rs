//! One batch of claims: load under the lock of its stock, decide, write.

use std::collections::HashMap;
use std::sync::Arc;

use member_identity::PersonKey;
use sql::StoreError;
use sql::postgres::classify;
use sqlx::PgConnection;

use super::{claims_write, funds, reads};
use crate::domain::{
    Campaign, ClaimCommand, ClaimKey, ClaimState, FundId, FundPostingKind, Stock, StockKey,
    Voucher, WHOLE, decide_claims,
};
use crate::store::claims::{Limit, answers, missing, standings as standings_of};
use crate::store::programmes::Programmes;
use crate::store::{ClaimAnswers, ClaimBatch, Standing, StandingQuery, rows};

/// Everything of one batch, within one transaction.
pub(super) async fn decide(
    tx: &mut PgConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<ClaimAnswers, StoreError> {
    let (campaign, stock) = locked(tx, programmes, batch).await?;
    let programme = Arc::clone(&campaign.programme);
    let fund = match FundId::of(&programme) {
        Some(fund_id) => Some(funds::locked(tx, &fund_id).await?),
        None => None,
    };
    let limit = Limit::of(&campaign, batch.at);
    // The requests are read last: every one that was counted, also of another day's stock, which
    // has a lock of its own, is among them.
    let taken = taken(tx, &limit, persons(&batch.commands)).await?;
    let replays = replays(tx, &campaign, &batch.commands).await?;
    let state = ClaimState { stock, fund: fund.clone(), replays, taken, campaign };
    let effects = decide_claims(state, &batch.judged_by, &batch.commands, batch.at);
    if !effects.winners.is_empty() {
        if let Some(states) = fund.as_ref().zip(effects.fund.as_ref()) {
            funds::post(tx, states, (FundPostingKind::Issue, batch.at)).await?;
        }
        claims_write::write(tx, &effects, &limit, stock).await?;
    }
    Ok(answers(effects, &programme))
}

// --- lock ---

/// The campaign and the stock that it gives out of, as they are once the stock is locked. A stock
/// that nothing can be given out of needs no lock and is not made.
async fn locked(
    tx: &mut PgConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<(Campaign, Stock), StoreError> {
    // Only drafts change what their stock is, and they have none: a campaign that was read earlier
    // tells the stock of an active one.
    let before = match programmes.last_read(&batch.campaign_id) {
        Some(before) => before,
        None => campaign(tx, programmes, batch).await?,
    };
    let key = before.stock_key(batch.at);
    if let Some(stock) = lock_stock(tx, &key).await? {
        let campaign = campaign(tx, programmes, batch).await?;
        return match campaign.stock_key(batch.at) == key {
            true => Ok((campaign, stock)),
            false => Err(StoreError::Conflict),
        };
    }
    let campaign = shared_campaign(tx, programmes, batch).await?;
    if campaign.gives_out(batch.at).is_err() {
        let stock = campaign.full_stock();
        return Ok((campaign, stock));
    }
    let key = campaign.stock_key(batch.at);
    make_stock(tx, &key, campaign.full_stock()).await?;
    let stock = lock_stock(tx, &key).await?.ok_or(StoreError::Conflict)?;
    Ok((campaign, stock))
}

async fn campaign(
    tx: &mut PgConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<Campaign, StoreError> {
    let campaign = reads::campaign(tx, programmes, &batch.campaign_id).await?;
    campaign.ok_or_else(|| missing(&batch.campaign_id))
}

async fn shared_campaign(
    tx: &mut PgConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<Campaign, StoreError> {
    let row = sqlx::query("SELECT * FROM campaign WHERE campaign_id = $1 FOR SHARE")
        .bind(batch.campaign_id.as_str())
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    let row = row.ok_or_else(|| missing(&batch.campaign_id))?;
    programmes.campaign(&row)
}

async fn lock_stock(tx: &mut PgConnection, key: &StockKey) -> Result<Option<Stock>, StoreError> {
    let row = sqlx::query(
        "SELECT campaign_id, quota, issued, returned, feed_head FROM stock
         WHERE campaign_id = $1 AND period = $2 AND slice = $3 FOR UPDATE",
    )
    .bind(key.campaign_id.as_str())
    .bind(&key.period)
    .bind(i16::from(key.slice))
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    row.map(|row| rows::read_row("stock", &row, "campaign_id", rows::stock)).transpose()
}

/// Replicas that ask for the first voucher of a period at once make one row.
async fn make_stock(tx: &mut PgConnection, key: &StockKey, stock: Stock) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO stock (campaign_id, period, slice, quota) VALUES ($1, $2, $3, $4)
         ON CONFLICT (campaign_id, period, slice) DO NOTHING",
    )
    .bind(key.campaign_id.as_str())
    .bind(&key.period)
    .bind(i16::from(key.slice))
    .bind(i64::from(stock.quota))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

// --- load ---
//
// `LIMIT 1` keeps the planner from reading a table that was small when it made its plan. Sorted
// persons are found next to each other.

async fn replays(
    tx: &mut PgConnection,
    campaign: &Campaign,
    commands: &[ClaimCommand],
) -> Result<HashMap<ClaimKey, Voucher>, StoreError> {
    let mut keys: Vec<_> = commands.iter().filter_map(ClaimCommand::key).collect();
    keys.sort_by_key(|key| key.person);
    let persons: Vec<_> = keys.iter().map(|key| key.person.as_bytes().as_slice()).collect();
    let callers: Vec<_> = keys.iter().map(|key| key.partner.as_str()).collect();
    let requests: Vec<_> = keys.iter().map(|key| key.request_id.as_str()).collect();
    let found = sqlx::query(
        "SELECT r.caller, r.request_id, v.*
         FROM unnest($1::bytea[], $2::text[], $3::text[]) AS wanted (person_key, caller, request_id)
         CROSS JOIN LATERAL (
           SELECT * FROM claim_request AS r
           WHERE r.person_key = wanted.person_key AND r.slice = $4 AND r.campaign_id = $5
             AND r.caller = wanted.caller AND r.request_id = wanted.request_id LIMIT 1) AS r
         CROSS JOIN LATERAL (
           SELECT * FROM voucher AS v
           WHERE v.slice = r.slice AND v.voucher_id = r.voucher_id LIMIT 1) AS v",
    )
    .bind(persons)
    .bind(callers)
    .bind(requests)
    .bind(i16::from(WHOLE))
    .bind(campaign.campaign_id.as_str())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = rows::read_rows("claim_request", &found, "voucher_id", rows::replay)?;
    Ok(read.into_iter().collect())
}

fn persons(commands: &[ClaimCommand]) -> Vec<PersonKey> {
    commands.iter().filter_map(|command| command.verdict.person()).collect()
}

async fn taken(
    tx: &mut PgConnection,
    limit: &Limit,
    mut persons: Vec<PersonKey>,
) -> Result<HashMap<PersonKey, u32>, StoreError> {
    persons.sort_unstable();
    let persons: Vec<_> = persons.iter().map(|person| *person.as_bytes()).collect();
    let found = sqlx::query(
        "SELECT person_key, count(*) AS taken FROM person_limit
         WHERE person_key = ANY($1) AND slice = $2 AND limit_id = $3 AND period = $4
         GROUP BY person_key",
    )
    .bind(persons)
    .bind(i16::from(WHOLE))
    .bind(&limit.limit_id)
    .bind(&limit.period)
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = rows::read_rows("person_limit", &found, "person_key", rows::taken)?;
    Ok(read.into_iter().collect())
}

// --- read without a lock ---

/// The requests are read last: every one that was counted is among them.
pub(super) async fn standings(
    connection: &mut PgConnection,
    query: &StandingQuery,
) -> Result<HashMap<PersonKey, Standing>, StoreError> {
    let taken = taken(connection, &Limit::asked(query), query.persons.clone()).await?;
    let persons: Vec<_> = query.persons.iter().map(|person| *person.as_bytes()).collect();
    let found = sqlx::query(
        "SELECT person_key, caller, request_id FROM claim_request
         WHERE person_key = ANY($1) AND slice = $2 AND campaign_id = $3",
    )
    .bind(persons)
    .bind(i16::from(WHOLE))
    .bind(query.campaign_id.as_str())
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    let requests = rows::read_rows("claim_request", &found, "person_key", rows::claim_key)?;
    Ok(standings_of(taken, requests))
}
