//! Webhooks and their dead letters.

use async_trait::async_trait;
use clock::Timestamp;
use sql::StoreError;
use sql::sqlite::classify;
use sqlx::SqliteConnection;

use super::{SqliteStore, events};
use crate::domain::Partner;
use crate::domain::webhooks::{
    DeadLetter, Delivery, Effect, LetterChange, Sent, Webhook, WebhookAsked, WebhookKey,
    WebhookRefusal, WebhookVerb, decide,
};
use crate::store::WebhookStore;
use crate::store::columns::{Columns, read_row, read_rows};
use crate::store::webhooks::{dead_letter, sendable, statements, webhook};

#[async_trait]
impl WebhookStore for SqliteStore {
    async fn change_webhook(
        &self,
        key: &WebhookKey,
        verb: &WebhookVerb,
        now: Timestamp,
    ) -> Result<Result<Option<Webhook>, WebhookRefusal>, StoreError> {
        let (key, verb) = (key.clone(), verb.clone());
        let step = async move |tx: &mut _| change(tx, &key, &verb, now).await;
        self.database.write("change_webhook", step).await
    }

    async fn webhooks(&self, partner: &Partner) -> Result<Vec<Webhook>, StoreError> {
        of_partner(&mut *self.reader().await?, partner).await
    }

    async fn dead_letters(
        &self,
        key: &WebhookKey,
        after: i64,
        limit: u32,
    ) -> Result<Option<Vec<DeadLetter>>, StoreError> {
        let mut connection = self.reader().await?;
        if find(&mut connection, key, statements::FIND).await?.is_none() {
            return Ok(None);
        }
        let found = sqlx::query(statements::LETTERS)
            .bind(key.partner.as_str())
            .bind(key.id.as_str())
            .bind(after)
            .bind(i64::from(limit))
            .fetch_all(&mut *connection)
            .await
            .map_err(classify)?;
        read_rows("dead_letter", &found, "webhook_id", dead_letter).map(Some)
    }

    async fn replay_dead_letters(
        &self,
        key: &WebhookKey,
        positions: &[i64],
    ) -> Result<Option<i64>, StoreError> {
        let (key, positions) = (key.clone(), positions.to_vec());
        let step = async move |tx: &mut _| queue(tx, &key, &positions).await;
        self.database.write("replay_dead_letters", step).await
    }

    async fn lease_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError> {
        // Most looks find nothing: they write nothing and wait for no writer.
        if sendables(&mut *self.reader().await?, (now, 1)).await?.is_empty() {
            return Ok(Vec::new());
        }
        let step = async move |tx: &mut _| lease(tx, (now, until), limit).await;
        self.database.write("lease_deliveries", step).await
    }

    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        sent: Sent,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let delivery = delivery.clone();
        let step = async move |tx: &mut _| settle(tx, &delivery, sent, now).await;
        self.database.write("settle_delivery", step).await
    }
}

async fn find(
    connection: &mut SqliteConnection,
    key: &WebhookKey,
    statement: &'static str,
) -> Result<Option<Webhook>, StoreError> {
    let row = sqlx::query(statement)
        .bind(key.partner.as_str())
        .bind(key.id.as_str())
        .fetch_optional(connection)
        .await
        .map_err(classify)?;
    row.map(|row| read_row("webhook", &row, webhook)).transpose()
}

async fn of_partner(
    connection: &mut SqliteConnection,
    partner: &Partner,
) -> Result<Vec<Webhook>, StoreError> {
    let found = sqlx::query(statements::OF_PARTNER)
        .bind(partner.as_str())
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    read_rows("webhook", &found, "webhook_id", webhook)
}

async fn change(
    tx: &mut SqliteConnection,
    key: &WebhookKey,
    verb: &WebhookVerb,
    now: Timestamp,
) -> Result<Result<Option<Webhook>, WebhookRefusal>, StoreError> {
    let found = find(tx, key, statements::FIND).await?;
    let count = of_partner(tx, &key.partner).await?.len();
    let head = events::head(tx, &key.partner).await?;
    let effect = match decide(WebhookAsked { key, verb, found, count, head }, now) {
        Ok(effect) => effect,
        Err(refusal) => return Ok(Err(refusal)),
    };
    match effect {
        Effect::Insert(webhook) => {
            write(tx, statements::INSERT, &webhook).await?;
            Ok(Ok(Some(webhook)))
        }
        Effect::Update(webhook) => {
            write(tx, statements::UPDATE, &webhook).await?;
            Ok(Ok(Some(webhook)))
        }
        Effect::Remove => {
            let delete = sqlx::query(statements::DELETE).bind(key.partner.as_str());
            delete.bind(key.id.as_str()).execute(tx).await.map_err(classify)?;
            Ok(Ok(None))
        }
    }
}

async fn write(
    tx: &mut SqliteConnection,
    statement: &'static str,
    webhook: &Webhook,
) -> Result<(), StoreError> {
    sqlx::query(statement)
        .bind(webhook.key.partner.as_str())
        .bind(webhook.key.id.as_str())
        .bind(webhook.url.as_str())
        .bind(i64::from(webhook.batch_max))
        .bind(webhook.state.name())
        .bind(webhook.position)
        .bind(i64::from(webhook.attempts))
        .bind(i64::from(webhook.letters))
        .bind(webhook.problem.map(|problem| problem.name()))
        .bind(webhook.due_at.as_micros())
        .bind(webhook.leased_until.as_micros())
        .bind(i64::from(webhook.generation))
        .bind(webhook.overlaps_until.as_micros())
        .execute(tx)
        .await
        .map_err(classify)?;
    Ok(())
}

async fn queue(
    tx: &mut SqliteConnection,
    key: &WebhookKey,
    positions: &[i64],
) -> Result<Option<i64>, StoreError> {
    if find(tx, key, statements::FIND).await?.is_none() {
        return Ok(None);
    }
    if positions.is_empty() {
        let all = sqlx::query(statements::QUEUE_ALL).bind(key.partner.as_str());
        all.bind(key.id.as_str()).execute(&mut *tx).await.map_err(classify)?;
    }
    for position in positions {
        letter(tx, key, (statements::QUEUE_LETTER, *position)).await?;
    }
    let queued = sqlx::query(statements::QUEUED).bind(key.partner.as_str());
    let row = queued.bind(key.id.as_str()).fetch_one(tx).await.map_err(classify)?;
    read_row("dead_letter", &row, |row: Columns<'_>| row.integer("queued")).map(Some)
}

/// Runs a statement on one letter.
async fn letter(
    tx: &mut SqliteConnection,
    key: &WebhookKey,
    (statement, position): (&'static str, i64),
) -> Result<(), StoreError> {
    let query = sqlx::query(statement).bind(key.partner.as_str()).bind(key.id.as_str());
    query.bind(position).execute(tx).await.map(drop).map_err(classify)
}

async fn sendables(
    connection: &mut SqliteConnection,
    (now, limit): (Timestamp, u32),
) -> Result<Vec<(Webhook, i64, Option<i64>)>, StoreError> {
    let found = sqlx::query(statements::SENDABLE)
        .bind(now.as_micros())
        .bind(i64::from(limit))
        .fetch_all(connection)
        .await
        .map_err(classify)?;
    read_rows("webhook", &found, "webhook_id", sendable)
}

async fn lease(
    tx: &mut SqliteConnection,
    (now, until): (Timestamp, Timestamp),
    limit: u32,
) -> Result<Vec<Delivery>, StoreError> {
    let mut leased = Vec::new();
    for (seen, head, queued) in sendables(tx, (now, limit)).await? {
        let free = find(tx, &seen.key, statements::FIND).await?;
        let Some(mut webhook) = free else { continue };
        if let Some(delivery) = webhook.lease(head, queued, (now, until)) {
            write(tx, statements::UPDATE, &webhook).await?;
            leased.push(delivery);
        }
    }
    Ok(leased)
}

async fn settle(
    tx: &mut SqliteConnection,
    delivery: &Delivery,
    sent: Sent,
    now: Timestamp,
) -> Result<(), StoreError> {
    let key = &delivery.webhook.key;
    let found = find(tx, key, statements::FIND).await?;
    let own = |found: &Webhook| found.leased_until == delivery.webhook.leased_until;
    let Some(mut webhook) = found.filter(own) else { return Ok(()) };
    let change = webhook.settle(delivery, sent, now);
    write(tx, statements::UPDATE, &webhook).await?;
    match change {
        None => Ok(()),
        Some(LetterChange::Add(added)) => {
            let add = sqlx::query(statements::ADD_LETTER).bind(key.partner.as_str());
            let add = add.bind(key.id.as_str()).bind(added.position).bind(added.problem.name());
            let add = add.bind(added.put_aside_at.as_micros());
            add.execute(tx).await.map(drop).map_err(classify)
        }
        Some(LetterChange::Remove(position)) => {
            letter(tx, key, (statements::REMOVE_LETTER, position)).await
        }
        Some(LetterChange::Keep(position, problem)) => {
            let keep = sqlx::query(statements::KEEP_LETTER).bind(key.partner.as_str());
            let keep = keep.bind(key.id.as_str()).bind(position).bind(problem.name());
            keep.execute(tx).await.map(drop).map_err(classify)
        }
    }
}
