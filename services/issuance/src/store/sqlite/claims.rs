//! One batch of claims: load under the writer's lock, decide, write.

use std::collections::HashMap;
use std::sync::Arc;

use member_identity::PersonKey;
use serde_json::json;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::batch::array;
use super::{claims_write, funds, reads};
use crate::domain::{
    Campaign, ClaimCommand, ClaimKey, ClaimState, Fund, FundId, FundPostingKind, StockKey, Voucher,
    WHOLE, decide_claims,
};
use crate::store::claims::{Limit, answers, missing, missing_fund, standings as standings_of};
use crate::store::programmes::Programmes;
use crate::store::rows::{self, hex};
use crate::store::{ClaimAnswers, ClaimBatch, Standing, StandingQuery};

/// Everything of one batch, within one transaction.
pub(super) async fn decide(
    tx: &mut SqliteConnection,
    programmes: &Programmes,
    batch: &ClaimBatch,
) -> Result<ClaimAnswers, StoreError> {
    let campaign = reads::campaign(tx, programmes, &batch.campaign_id).await?;
    let campaign = campaign.ok_or_else(|| missing(&batch.campaign_id))?;
    let programme = Arc::clone(&campaign.programme);
    let state = load(tx, campaign, batch).await?;
    let (before, fund) = (state.stock, state.fund.clone());
    let limit = Limit::of(&state.campaign, batch.at);
    let effects = decide_claims(state, &batch.judged_by, &batch.commands, batch.at);
    if !effects.winners.is_empty() {
        if let Some(states) = fund.as_ref().zip(effects.fund.as_ref()) {
            funds::post(tx, states, (FundPostingKind::Issue, batch.at)).await?;
        }
        claims_write::write(tx, &effects, &limit, before).await?;
    }
    Ok(answers(effects, &programme))
}

// --- load ---

async fn load(
    tx: &mut SqliteConnection,
    campaign: Campaign,
    batch: &ClaimBatch,
) -> Result<ClaimState, StoreError> {
    let key = campaign.stock_key(batch.at);
    let stock = reads::stock(tx, &key).await?;
    let limit = Limit::of(&campaign, batch.at);
    Ok(ClaimState {
        // The row is made with the first voucher; until then the stock is full.
        stock: stock.unwrap_or_else(|| campaign.full_stock()),
        fund: fund(tx, &campaign).await?,
        replays: replays(tx, &key, &batch.commands).await?,
        taken: taken(tx, &limit, &persons(&batch.commands)).await?,
        campaign,
    })
}

async fn fund(tx: &mut SqliteConnection, campaign: &Campaign) -> Result<Option<Fund>, StoreError> {
    let Some(fund_id) = FundId::of(&campaign.programme) else { return Ok(None) };
    let fund = funds::fund(tx, &fund_id).await?;
    fund.map(Some).ok_or_else(|| missing_fund(&fund_id))
}

async fn replays(
    tx: &mut SqliteConnection,
    stock: &StockKey,
    commands: &[ClaimCommand],
) -> Result<HashMap<ClaimKey, Voucher>, StoreError> {
    let keys = commands.iter().filter_map(ClaimCommand::key).map(|key| {
        json!([hex(key.person.as_bytes()), key.partner.as_str(), key.request_id.as_str()])
    });
    let found = sqlx::query(
        "SELECT r.caller, r.request_id, v.*
         FROM json_each(?1) AS wanted
         CROSS JOIN claim_request AS r
           ON r.person_key = unhex(wanted.value ->> 0) AND r.slice = ?2 AND r.campaign_id = ?3
              AND r.caller = wanted.value ->> 1 AND r.request_id = wanted.value ->> 2
         CROSS JOIN voucher AS v ON v.slice = r.slice AND v.voucher_id = r.voucher_id",
    )
    .bind(array(keys))
    .bind(WHOLE)
    .bind(stock.campaign_id.as_str())
    .fetch_all(tx)
    .await
    .map_err(classify)?;
    let read = rows::read_rows("claim_request", &found, "voucher_id", rows::replay)?;
    Ok(read.into_iter().collect())
}

fn persons(commands: &[ClaimCommand]) -> String {
    let persons = commands.iter().filter_map(|command| command.verdict.person());
    array(persons.map(|person| hex(person.as_bytes()).into()))
}

async fn taken(
    tx: &mut SqliteConnection,
    limit: &Limit,
    persons: &str,
) -> Result<HashMap<PersonKey, u32>, StoreError> {
    let found = sqlx::query(
        "SELECT person_key, count(*) AS taken FROM person_limit
         WHERE person_key IN (SELECT unhex(value) FROM json_each(?1))
           AND slice = ?2 AND limit_id = ?3 AND period = ?4
         GROUP BY person_key",
    )
    .bind(persons)
    .bind(WHOLE)
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
    connection: &mut SqliteConnection,
    query: &StandingQuery,
) -> Result<HashMap<PersonKey, Standing>, StoreError> {
    let persons = array(query.persons.iter().map(|person| hex(person.as_bytes()).into()));
    let taken = taken(connection, &Limit::asked(query), &persons).await?;
    let found = sqlx::query(
        "SELECT person_key, caller, request_id FROM claim_request
         WHERE person_key IN (SELECT unhex(value) FROM json_each(?1))
           AND slice = ?2 AND campaign_id = ?3",
    )
    .bind(persons)
    .bind(WHOLE)
    .bind(query.campaign_id.as_str())
    .fetch_all(connection)
    .await
    .map_err(classify)?;
    let requests = rows::read_rows("claim_request", &found, "person_key", rows::claim_key)?;
    Ok(standings_of(taken, requests))
}
