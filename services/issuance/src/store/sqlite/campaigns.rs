//! One campaign verb: load, decide, write.

use clock::Timestamp;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::{funds, reads};
use crate::domain::{
    Campaign, CampaignAction, CampaignChange, CampaignCommand, CampaignRefusal, CampaignState,
    ChangeState, Fingerprint, Fund, FundId, RememberedChange, decide_change,
};
use crate::store::programmes::Programmes;
use crate::store::rows;

/// Everything of one verb, within one transaction.
pub(super) async fn change(
    tx: &mut SqliteConnection,
    programmes: &Programmes,
    (command, at): (&CampaignCommand, Timestamp),
) -> Result<Result<Campaign, CampaignRefusal>, StoreError> {
    let state = ChangeState {
        campaign: reads::campaign(tx, programmes, command.action.campaign_id()).await?,
        fund: named_fund(tx, &command.action).await?,
        remembered: remembered(tx, command).await?,
    };
    let changed = match decide_change(state, command, at) {
        Err(refusal) => return Ok(Err(refusal)),
        Ok(CampaignChange::Replayed(campaign)) => return Ok(Ok(campaign)),
        Ok(CampaignChange::Unchanged(campaign)) => campaign,
        Ok(CampaignChange::Changed(campaign)) => {
            save(tx, &campaign, &command.action).await?;
            append_to_feed(tx, &campaign, at).await?;
            campaign
        }
    };
    remember(tx, command, &changed, at).await?;
    Ok(Ok(changed))
}

async fn named_fund(
    tx: &mut SqliteConnection,
    action: &CampaignAction,
) -> Result<Option<Fund>, StoreError> {
    match action.fund_id() {
        Some(fund_id) => funds::fund(tx, &fund_id).await,
        None => Ok(None),
    }
}

async fn remembered(
    tx: &mut SqliteConnection,
    command: &CampaignCommand,
) -> Result<Option<RememberedChange>, StoreError> {
    let row = sqlx::query(
        "SELECT request_id, fingerprint, state, updated_at FROM request
         WHERE caller = ?1 AND verb = ?2 AND request_id = ?3",
    )
    .bind(command.caller.partner.as_str())
    .bind(command.action.verb_name())
    .bind(command.request_id.as_str())
    .fetch_optional(tx)
    .await
    .map_err(classify)?;
    row.map(|row| rows::read_row("request", &row, "request_id", rows::remembered)).transpose()
}

async fn remember(
    tx: &mut SqliteConnection,
    command: &CampaignCommand,
    answer: &Campaign,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO request (caller, verb, request_id, fingerprint, campaign_id, state, updated_at,
           created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
    )
    .bind(command.caller.partner.as_str())
    .bind(command.action.verb_name())
    .bind(command.request_id.as_str())
    .bind(command.action.fingerprint().0.to_vec())
    .bind(answer.campaign_id.as_str())
    .bind(answer.state.name())
    .bind(answer.updated_at.as_micros())
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn save(
    tx: &mut SqliteConnection,
    campaign: &Campaign,
    action: &CampaignAction,
) -> Result<(), StoreError> {
    match action {
        CampaignAction::Apply { source, .. } => save_draft(tx, campaign, source).await,
        CampaignAction::Move { .. } => save_state(tx, campaign).await,
    }
}

async fn save_draft(
    tx: &mut SqliteConnection,
    campaign: &Campaign,
    source: &str,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO campaign (campaign_id, organization, state, programme, digest, created_at,
           updated_at, fund_id)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
         ON CONFLICT (campaign_id) DO UPDATE SET organization = excluded.organization,
           programme = excluded.programme, digest = excluded.digest,
           updated_at = excluded.updated_at, fund_id = excluded.fund_id",
    )
    .bind(campaign.campaign_id.as_str())
    .bind(campaign.programme.organization.as_str())
    .bind(campaign.state.name())
    .bind(source)
    .bind(Fingerprint::of(source).0.to_vec())
    .bind(campaign.created_at.as_micros())
    .bind(campaign.updated_at.as_micros())
    .bind(FundId::of(&campaign.programme).as_ref().map(FundId::as_str))
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}

async fn save_state(tx: &mut SqliteConnection, campaign: &Campaign) -> Result<(), StoreError> {
    let updated =
        sqlx::query("UPDATE campaign SET state = ?2, updated_at = ?3 WHERE campaign_id = ?1")
            .bind(campaign.campaign_id.as_str())
            .bind(campaign.state.name())
            .bind(campaign.updated_at.as_micros())
            .execute(&mut *tx)
            .await
            .map_err(classify)?;
    if updated.rows_affected() != 1 {
        return Err(StoreError::Conflict);
    }
    match campaign.state {
        CampaignState::Ended => close_stocks(tx, campaign).await,
        CampaignState::Draft | CampaignState::Active | CampaignState::Paused => Ok(()),
    }
}

async fn close_stocks(tx: &mut SqliteConnection, campaign: &Campaign) -> Result<(), StoreError> {
    sqlx::query("UPDATE stock SET state = 'CLOSED' WHERE campaign_id = ?1")
        .bind(campaign.campaign_id.as_str())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

/// Positions are taken under the writer's lock: commit order, and no gap.
async fn append_to_feed(
    tx: &mut SqliteConnection,
    campaign: &Campaign,
    at: Timestamp,
) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO campaign_feed (position, campaign_id, state, created_at)
         SELECT coalesce(max(position), 0) + 1, ?1, ?2, ?3 FROM campaign_feed",
    )
    .bind(campaign.campaign_id.as_str())
    .bind(campaign.state.name())
    .bind(at.as_micros())
    .execute(tx)
    .await
    .map_err(classify)?;
    Ok(())
}
