use clock::Timestamp;
use member_identity::{CardId, MemberId};
use sql::StoreError;
use sql::sqlite::{Database, classify};
use sqlx::{SqliteConnection, SqliteExecutor, SqlitePool};

use super::{handles, reads, rows};
use crate::domain::card::{
    Card, CardChange, CardOutcome, CardSituation, CardState, CardTarget, EarlierCard, FreshCard,
    decide_card,
};
use crate::store::{CardStep, Decided, StoredCard};

/// Decides on a change of cards, commits it and remembers the answer.
pub(super) async fn change(
    database: &Database,
    change: CardChange,
) -> Result<Decided<CardStep>, StoreError> {
    let step = async move |tx: &mut SqliteConnection| {
        let situation = situation(tx, &change).await?;
        let outcome = match decide_card(&change, situation) {
            Ok(outcome) => outcome,
            Err(refusal) => return Ok(Err(refusal)),
        };
        write(tx, &change, &outcome).await?;
        let handles = handles::of_owners(tx, &touched(&outcome)).await?;
        Ok(Ok(CardStep { outcome, handles }))
    };
    database.write("change_card", step).await
}

/// The cards whose handles the outcome has changed.
fn touched(outcome: &CardOutcome) -> Vec<[u8; 16]> {
    let id = |card: &Card| *card.card_id.as_bytes();
    match outcome {
        CardOutcome::Replayed(_) | CardOutcome::Unchanged(_) => Vec::new(),
        CardOutcome::Changed(card) => vec![id(card)],
        CardOutcome::Made { card, replaced } => {
            std::iter::once(card).chain(replaced).map(id).collect()
        }
    }
}

async fn situation(
    tx: &mut SqliteConnection,
    change: &CardChange,
) -> Result<CardSituation, StoreError> {
    let earlier = remembered(tx, change).await?;
    let (member_id, card) = match change.target {
        CardTarget::Member(member_id) => (Some(member_id), held(&mut *tx, member_id).await?),
        CardTarget::Card(card_id) => {
            let card = one(&mut *tx, card_id).await?;
            (card.map(|card| card.member_id), card)
        }
    };
    let member = match member_id {
        Some(member_id) => reads::member(&mut *tx, member_id).await?,
        None => None,
    };
    Ok(CardSituation { earlier, member, card })
}

async fn write(
    tx: &mut SqliteConnection,
    change: &CardChange,
    outcome: &CardOutcome,
) -> Result<(), StoreError> {
    match outcome {
        CardOutcome::Replayed(_) => return Ok(()),
        CardOutcome::Unchanged(_) => (),
        CardOutcome::Changed(card) => {
            let version = handles::advance(tx, card.card_id.shard()).await?;
            update(tx, card, version).await?;
        }
        CardOutcome::Made { card, replaced } => {
            let version = handles::advance(tx, card.card_id.shard()).await?;
            if let Some(replaced) = replaced {
                update(tx, replaced, version).await?;
            }
            let fresh = change.fresh.as_ref().expect("a card that was made was made from it");
            insert(tx, card, fresh, version).await?;
        }
    }
    remember(tx, change, outcome.card()).await
}

const REMEMBERED: &str = "
    SELECT r.target, r.states_honour AS asked_honour, c.card_id, c.member_id, ?4 AS state,
           c.states_honour, c.version, c.issued_at, r.updated_at
      FROM card_request r
      JOIN card c ON c.shard = ?5 AND c.card_id = r.card_id
     WHERE r.caller = ?1 AND r.verb = ?2 AND r.request_id = ?3";

/// Ids of one person have one shard, but a request id may have named another person's: then the
/// card is looked for where it is.
async fn remembered(
    tx: &mut SqliteConnection,
    change: &CardChange,
) -> Result<Option<EarlierCard>, StoreError> {
    let Some(card_id) = remembered_id(tx, change).await? else { return Ok(None) };
    let row = sqlx::query(REMEMBERED)
        .bind(change.caller.clone())
        .bind(change.verb.as_str())
        .bind(change.request_id.clone())
        .bind(change.verb.leads_to().as_str())
        .bind(card_id.shard().0)
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    row.as_ref().map(rows::earlier_card).transpose()
}

async fn remembered_id(
    tx: &mut SqliteConnection,
    change: &CardChange,
) -> Result<Option<CardId>, StoreError> {
    let asked =
        "SELECT card_id FROM card_request WHERE caller = ?1 AND verb = ?2 AND request_id = ?3";
    let row = sqlx::query(asked)
        .bind(change.caller.clone())
        .bind(change.verb.as_str())
        .bind(change.request_id.clone())
        .fetch_optional(tx)
        .await
        .map_err(classify)?;
    row.as_ref().map(rows::card_id).transpose()
}

const REMEMBER: &str = "
    INSERT INTO card_request (caller, verb, request_id, target, states_honour, card_id, updated_at,
                              created_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

async fn remember(
    tx: &mut SqliteConnection,
    change: &CardChange,
    card: &Card,
) -> Result<(), StoreError> {
    sqlx::query(REMEMBER)
        .bind(change.caller.clone())
        .bind(change.verb.as_str())
        .bind(change.request_id.clone())
        .bind(change.target.as_bytes().to_vec())
        .bind(i32::from(change.states_honour))
        .bind(card.card_id.as_bytes().to_vec())
        .bind(card.updated_at.as_micros())
        .bind(change.at.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

const ONE: &str = "
    SELECT card_id, member_id, state, states_honour, version, issued_at, updated_at
      FROM card
     WHERE shard = ?1 AND card_id = ?2";

async fn one<'e>(
    executor: impl SqliteExecutor<'e>,
    card_id: CardId,
) -> Result<Option<Card>, StoreError> {
    let query = sqlx::query(ONE).bind(card_id.shard().0).bind(card_id.as_bytes().to_vec());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::card).transpose()
}

const HELD: &str = "
    SELECT card_id, member_id, state, states_honour, version, issued_at, updated_at
      FROM card
     WHERE shard = ?1 AND member_id = ?2 AND state IN ('ACTIVE', 'LOST')";

/// The card that a member has, active or lost.
pub(super) async fn held<'e>(
    executor: impl SqliteExecutor<'e>,
    member_id: MemberId,
) -> Result<Option<Card>, StoreError> {
    let query = sqlx::query(HELD);
    let query = query.bind(member_id.shard().0).bind(member_id.as_bytes().to_vec());
    let row = query.fetch_optional(executor).await.map_err(classify)?;
    row.as_ref().map(rows::card).transpose()
}

const INSERT: &str = "
    INSERT INTO card (shard, card_id, member_id, number_enc, state, states_honour, version,
                      issued_at, updated_at)
    VALUES (?1, ?2, ?3, ?4, 'ACTIVE', ?5, 1, ?6, ?6)";

async fn insert(
    tx: &mut SqliteConnection,
    card: &Card,
    fresh: &FreshCard,
    shard_version: i64,
) -> Result<(), StoreError> {
    sqlx::query(INSERT)
        .bind(card.card_id.shard().0)
        .bind(card.card_id.as_bytes().to_vec())
        .bind(card.member_id.as_bytes().to_vec())
        .bind(fresh.number.clone())
        .bind(i32::from(card.states_honour))
        .bind(card.issued_at.as_micros())
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    let (id, member) = (*card.card_id.as_bytes(), card.member_id);
    let card = handles::New { handle: id, kind: "card", index_version: 0, member, owner: id };
    let (handle, index_version) = (fresh.number_blind, fresh.index_version);
    let number = handles::New { handle, kind: "card_number", index_version, ..card };
    handles::insert(tx, card, shard_version).await?;
    handles::insert(tx, number, shard_version).await
}

const UPDATE: &str = "
    UPDATE card SET state = ?3, version = ?4, updated_at = ?5, blocked_at = coalesce(blocked_at, ?5)
     WHERE shard = ?1 AND card_id = ?2 AND version = ?4 - 1";

/// Cards never become active again.
async fn update(
    tx: &mut SqliteConnection,
    card: &Card,
    shard_version: i64,
) -> Result<(), StoreError> {
    debug_assert!(card.state != CardState::Active);
    let updated = sqlx::query(UPDATE)
        .bind(card.card_id.shard().0)
        .bind(card.card_id.as_bytes().to_vec())
        .bind(card.state.as_str())
        .bind(card.version)
        .bind(card.updated_at.as_micros())
        .execute(&mut *tx)
        .await
        .map_err(classify)?;
    if updated.rows_affected() != 1 {
        return Err(StoreError::Conflict);
    }
    handles::end(tx, (card.card_id.shard(), card.card_id.as_bytes()), shard_version).await
}

const STORED: &str = "
    SELECT c.card_id, c.member_id, c.state, c.states_honour, c.version, c.issued_at, c.updated_at,
           c.number_enc, m.organization, m.person_key, p.wrapped_key, p.key_version
      FROM card c
      JOIN member m ON m.shard = c.shard AND m.member_id = c.member_id
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE c.shard = ?1 AND c.card_id = ?2";

/// A card with its number, sealed.
pub(super) async fn stored(
    readers: &SqlitePool,
    card_id: CardId,
) -> Result<Option<StoredCard>, StoreError> {
    let query = sqlx::query(STORED).bind(card_id.shard().0).bind(card_id.as_bytes().to_vec());
    let row = query.fetch_optional(readers).await.map_err(classify)?;
    row.as_ref().map(rows::stored_card).transpose()
}

const OF_MEMBER: &str = "
    SELECT c.card_id, c.member_id, c.state, c.states_honour, c.version, c.issued_at, c.updated_at,
           c.number_enc, m.organization, m.person_key, p.wrapped_key, p.key_version
      FROM card c
      JOIN member m ON m.shard = c.shard AND m.member_id = c.member_id
      JOIN person p ON p.shard = m.shard AND p.person_key = m.person_key
     WHERE c.shard = ?1 AND c.member_id = ?2 AND c.card_id > ?3
     ORDER BY c.card_id
     LIMIT ?4";

/// Cards of a member, by id.
pub(super) async fn of_member(
    readers: &SqlitePool,
    member_id: MemberId,
    after: Option<CardId>,
    size: u32,
) -> Result<Vec<StoredCard>, StoreError> {
    let after = after.map(|card_id| card_id.as_bytes().to_vec()).unwrap_or_default();
    let query = sqlx::query(OF_MEMBER)
        .bind(member_id.shard().0)
        .bind(member_id.as_bytes().to_vec())
        .bind(after)
        .bind(size);
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::stored_card).collect()
}

const BLOCKED: &str = "
    SELECT card_id FROM card WHERE blocked_at > ?1
     UNION
    SELECT c.card_id
      FROM member m
      JOIN card c ON c.shard = m.shard AND c.member_id = m.member_id AND c.state = 'ACTIVE'
     WHERE m.state = 'SUSPENDED' AND m.updated_at > ?1
     ORDER BY card_id";

/// Cards that were blocked, and those of members who were suspended, since.
pub(super) async fn blocked(
    readers: &SqlitePool,
    since: Timestamp,
) -> Result<Vec<CardId>, StoreError> {
    let query = sqlx::query(BLOCKED).bind(since.as_micros());
    let found = query.fetch_all(readers).await.map_err(classify)?;
    found.iter().map(rows::card_id).collect()
}
