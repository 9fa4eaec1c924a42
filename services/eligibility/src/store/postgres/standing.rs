use sql::StoreError;
use sql::postgres::{Database, classify};
use sqlx::PgConnection;

use super::reads::shard;
use super::{handles, reads, rows};
use crate::domain::member::Member;
use crate::domain::standing::{StandingChange, StandingOutcome, decide_standing};
use crate::store::Decided;

/// Suspends or reinstates, and remembers the answer. Locks the member's shard.
pub(super) async fn change(
    database: &Database,
    change: StandingChange,
) -> Result<Decided<StandingOutcome>, StoreError> {
    let step = async move |tx: &mut PgConnection| {
        handles::lock_shard(tx, change.member_id.shard()).await?;
        let earlier = remembered(tx, &change).await?;
        let member = reads::member(&mut *tx, change.member_id).await?;
        let decided = decide_standing(&change, earlier, member);
        match &decided {
            Ok(StandingOutcome::Changed(member)) => {
                update(tx, member).await?;
                remember(tx, &change, member).await?;
            }
            Ok(StandingOutcome::Unchanged(member)) => remember(tx, &change, member).await?,
            Ok(StandingOutcome::Replayed(_)) | Err(_) => (),
        }
        Ok(decided)
    };
    database.write("change_standing", step).await
}

const REMEMBERED: &str = "
    SELECT fingerprint AS member_id, decode(repeat('00', 16), 'hex') AS person_key, organization,
           trade, employment, region_code, honours, $4::text AS state, 1::bigint AS version,
           updated_at
      FROM request
     WHERE caller = $1 AND verb = $2 AND request_id = $3";

/// The member as the first answer to this request id showed it. Answers show no person, so none is
/// kept.
async fn remembered(
    tx: &mut PgConnection,
    change: &StandingChange,
) -> Result<Option<Member>, StoreError> {
    let query = sqlx::query(REMEMBERED)
        .bind(change.caller.clone())
        .bind(change.verb.as_str())
        .bind(change.request_id.clone())
        .bind(change.verb.leads_to().as_str());
    let row = query.fetch_optional(tx).await.map_err(classify)?;
    row.as_ref().map(rows::member).transpose()
}

const REMEMBER: &str = "
    INSERT INTO request (caller, verb, request_id, fingerprint, organization, trade, employment,
                         region_code, honours, updated_at, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)";

async fn remember(
    tx: &mut PgConnection,
    change: &StandingChange,
    member: &Member,
) -> Result<(), StoreError> {
    let registration = &member.registration;
    sqlx::query(REMEMBER)
        .bind(change.caller.clone())
        .bind(change.verb.as_str())
        .bind(change.request_id.clone())
        .bind(member.member_id.as_bytes().as_slice())
        .bind(registration.organization.to_string())
        .bind(registration.trade.as_str())
        .bind(registration.employment.as_str())
        .bind(registration.region.to_string())
        .bind(registration.honours.to_string())
        .bind(member.updated_at.as_micros())
        .bind(change.at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

const UPDATE: &str = "
    UPDATE member SET state = $3, version = $4, updated_at = $5, shard_version = $6
     WHERE shard = $1 AND member_id = $2 AND version = $4 - 1";

const ADVANCE: &str = "
    UPDATE shard_version SET version = version + 1 WHERE shard = $1 RETURNING version";

async fn update(tx: &mut PgConnection, member: &Member) -> Result<(), StoreError> {
    let shard = shard(member.member_id);
    let advance = sqlx::query_scalar(ADVANCE).bind(shard).fetch_one(&mut *tx).await;
    let shard_version: i64 = advance.map_err(classify)?;
    let updated = sqlx::query(UPDATE)
        .bind(shard)
        .bind(member.member_id.as_bytes().as_slice())
        .bind(member.state.as_str())
        .bind(member.version)
        .bind(member.updated_at.as_micros())
        .bind(shard_version)
        .execute(tx)
        .await
        .map_err(classify)?;
    match updated.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
