use member_identity::{LinkId, MemberId, OrganizationPath};
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{handles, rows};
use crate::domain::account::{
    AccountOutcome, AccountRequest, EarlierAccount, FreshLink, KnownLink, Link, Linked,
    decide_link, decide_unlink, decide_withdrawal,
};
use crate::domain::keyring::{Blind, encode_hex};
use crate::store::{AccountStep, Decided};

/// Links an account and remembers the answer.
pub(super) async fn link(
    database: &Database,
    request: AccountRequest,
    fresh: FreshLink,
) -> Result<Decided<AccountStep>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let shard = fresh.member_id.shard();
        let earlier = earlier(&mut *tx, &request).await?;
        let linked = linked(tx, &request.blinds).await?;
        let outcome = match decide_link(&request, &fresh, earlier, linked) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let AccountOutcome::Changed(_) = outcome {
            let version = handles::advance(tx, shard).await?;
            insert(tx, &request, &fresh).await?;
            let new = handles::New {
                handle: request.blinds[0],
                kind: "account",
                index_version: request.index_version,
                member: fresh.member_id,
                owner: *fresh.link_id.as_bytes(),
            };
            handles::insert(tx, new, version).await?;
        }
        finish(tx, &request, outcome, fresh.link_id).await.map(Ok)
    };
    database.write("link_account", step).await
}

/// Unlinks an account and remembers the answer.
pub(super) async fn unlink(
    database: &Database,
    request: AccountRequest,
) -> Result<Decided<AccountStep>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let earlier = earlier(&mut *tx, &request).await?;
        let linked = linked(tx, &request.blinds).await?;
        let outcome = match decide_unlink(&request, earlier, linked) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let link_id = linked.map_or(LinkId::from_bytes([0; 16]), |linked| linked.link_id);
        if let AccountOutcome::Changed(_) = outcome {
            let version = handles::advance(tx, link_id.shard()).await?;
            end(tx, link_id, &request).await?;
            handles::end(tx, (link_id.shard(), link_id.as_bytes()), version).await?;
        }
        finish(tx, &request, outcome, link_id).await.map(Ok)
    };
    database.write("unlink_account", step).await
}

/// Ends a link and remembers the answer.
pub(super) async fn withdraw(
    database: &Database,
    request: AccountRequest,
    (link_id, within): (LinkId, Option<OrganizationPath>),
) -> Result<Decided<AccountStep>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let earlier = earlier(&mut *tx, &request).await?;
        let link = known(tx, link_id).await?;
        let outcome = match decide_withdrawal(&request, within.as_ref(), earlier, link) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        if let AccountOutcome::Changed(_) = outcome {
            let version = handles::advance(tx, link_id.shard()).await?;
            end(tx, link_id, &request).await?;
            handles::end(tx, (link_id.shard(), link_id.as_bytes()), version).await?;
        }
        finish(tx, &request, outcome, link_id).await.map(Ok)
    };
    database.write("withdraw_link", step).await
}

const KNOWN: &str = "
    SELECT m.organization, l.unlinked_at
      FROM linked_account l
      JOIN member m ON m.shard = l.shard AND m.member_id = l.member_id
     WHERE l.shard = ?1 AND l.link_id = ?2";

async fn known(
    tx: &mut SqliteConnection,
    link_id: LinkId,
) -> Result<Option<KnownLink>, StoreError> {
    let query = sqlx::query(KNOWN).bind(link_id.shard().0).bind(link_id.as_bytes().to_vec());
    let row = query.fetch_optional(tx).await.map_err(classify)?;
    row.as_ref().map(rows::known_link).transpose()
}

const OF_MEMBER: &str = "
    SELECT link_id, partner, linked_at
      FROM linked_account
     WHERE shard = ?1 AND member_id = ?2 AND link_id > ?3 AND unlinked_at IS NULL
     ORDER BY link_id
     LIMIT ?4";

/// Links of a member that are in force.
pub(super) async fn of_member(
    readers: &SqlitePool,
    (member_id, after): (MemberId, Option<LinkId>),
    size: u32,
) -> Result<Vec<Link>, StoreError> {
    let after = after.map(|link_id| link_id.as_bytes().to_vec()).unwrap_or_default();
    let query = sqlx::query(OF_MEMBER)
        .bind(member_id.shard().0)
        .bind(member_id.as_bytes().to_vec())
        .bind(after)
        .bind(size);
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::link).collect()
}

/// Remembers the answer of what was not answered before.
async fn finish(
    tx: &mut SqliteConnection,
    request: &AccountRequest,
    outcome: AccountOutcome,
    link_id: LinkId,
) -> Result<AccountStep, StoreError> {
    let mut changed = Vec::new();
    if !matches!(outcome, AccountOutcome::Replayed(_)) {
        remember(tx, request, outcome).await?;
        changed = handles::of_owners(tx, &[*link_id.as_bytes()]).await?;
    }
    Ok(AccountStep { outcome, handles: changed })
}

const LINKED: &str = "
    SELECT l.link_id, l.member_id, l.linked_at
      FROM handle h
      JOIN linked_account l ON l.shard = h.shard AND l.link_id = h.owner
     WHERE h.handle IN (SELECT unhex(value) FROM json_each(?1)) AND h.kind = 'account' AND h.is_live = 1";

/// The link of an account that is in force.
async fn linked(tx: &mut SqliteConnection, blinds: &[Blind]) -> Result<Option<Linked>, StoreError> {
    let blinds: Vec<String> = blinds.iter().map(|blind| encode_hex(blind)).collect();
    let blinds = serde_json::Value::from(blinds).to_string();
    let row = sqlx::query(LINKED).bind(blinds).fetch_optional(tx).await.map_err(classify)?;
    row.as_ref().map(rows::linked).transpose()
}

const EARLIER: &str = "
    SELECT account, card_id, answered_at
      FROM account_request
     WHERE caller = ?1 AND verb = ?2 AND request_id = ?3";

/// What the first call of a request id was answered.
pub(super) async fn earlier<'e>(
    executor: impl SqliteExecutor<'e>,
    request: &AccountRequest,
) -> Result<Option<EarlierAccount>, StoreError> {
    let query = sqlx::query(EARLIER)
        .bind(request.caller.clone())
        .bind(request.verb.as_str())
        .bind(request.request_id.clone());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::earlier_account).transpose()
}

const REMEMBER: &str = "
    INSERT INTO account_request (caller, verb, request_id, account, index_version, card_id,
                                 answered_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

async fn remember(
    tx: &mut SqliteConnection,
    request: &AccountRequest,
    outcome: AccountOutcome,
) -> Result<(), StoreError> {
    sqlx::query(REMEMBER)
        .bind(request.caller.clone())
        .bind(request.verb.as_str())
        .bind(request.request_id.clone())
        .bind(request.blinds[0].to_vec())
        .bind(request.index_version)
        .bind(request.card_id.map(|card_id| card_id.as_bytes().to_vec()))
        .bind(outcome.at().as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

const INSERT: &str = "
    INSERT INTO linked_account (shard, link_id, member_id, partner, account_enc, consent, linked_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

async fn insert(
    tx: &mut SqliteConnection,
    request: &AccountRequest,
    fresh: &FreshLink,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(fresh.link_id.shard().0)
        .bind(fresh.link_id.as_bytes().to_vec())
        .bind(fresh.member_id.as_bytes().to_vec())
        .bind(request.caller.clone())
        .bind(fresh.account.clone())
        .bind(fresh.consent.to_vec())
        .bind(request.at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

const END: &str = "
    UPDATE linked_account SET unlinked_at = ?3
     WHERE shard = ?1 AND link_id = ?2 AND unlinked_at IS NULL";

async fn end(
    tx: &mut SqliteConnection,
    link_id: LinkId,
    request: &AccountRequest,
) -> Result<(), StoreError> {
    let ended = sqlx::query(END)
        .bind(link_id.shard().0)
        .bind(link_id.as_bytes().to_vec())
        .bind(request.at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    match ended.rows_affected() {
        1 => Ok(()),
        _ => Err(StoreError::Conflict),
    }
}
