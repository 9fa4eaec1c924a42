//! Webhooks and their dead letters, whatever the backend.

use async_trait::async_trait;
use clock::Timestamp;
use sql::StoreError;

use super::columns::{Columns, Detailed};
use crate::domain::Partner;
use crate::domain::webhooks::{
    DeadLetter, Delivery, DeliveryProblem, ReceiverUrl, Sent, Webhook, WebhookKey, WebhookRefusal,
    WebhookState, WebhookVerb,
};

/// The statements that both backends run as they are.
pub(super) mod statements {
    pub const FIND: &str = "SELECT * FROM webhook WHERE partner = $1 AND webhook_id = $2";
    pub const OF_PARTNER: &str = "SELECT * FROM webhook WHERE partner = $1 ORDER BY webhook_id";
    pub const INSERT: &str = "
        INSERT INTO webhook (partner, webhook_id, url, batch_max, state, position, attempts, letters,
          problem, due_at, leased_until, generation, overlaps_until)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)";
    pub const UPDATE: &str = "
        UPDATE webhook SET url = $3, batch_max = $4, state = $5, position = $6, attempts = $7,
          letters = $8, problem = $9, due_at = $10, leased_until = $11, generation = $12,
          overlaps_until = $13
        WHERE partner = $1 AND webhook_id = $2";
    pub const DELETE: &str = "DELETE FROM webhook WHERE partner = $1 AND webhook_id = $2";
    /// Those that have something to send: due, free, and with an event or a queued letter.
    pub const SENDABLE: &str = "
        SELECT w.*, COALESCE(h.position, 0) AS head, (
          SELECT MIN(d.position) FROM dead_letter AS d
          WHERE d.partner = w.partner AND d.webhook_id = w.webhook_id AND d.is_queued = 1
        ) AS queued
        FROM webhook AS w LEFT JOIN event_head AS h ON h.partner = w.partner
        WHERE w.state = 'ACTIVE' AND w.due_at <= $1 AND w.leased_until <= $1
          AND (h.position > w.position OR EXISTS (
            SELECT 1 FROM dead_letter AS d
            WHERE d.partner = w.partner AND d.webhook_id = w.webhook_id AND d.is_queued = 1))
        ORDER BY w.due_at, w.partner, w.webhook_id LIMIT $2";
    pub const LETTERS: &str = "
        SELECT * FROM dead_letter WHERE partner = $1 AND webhook_id = $2 AND position > $3
        ORDER BY position LIMIT $4";
    /// A position that was sent again after the webhook was set back is a letter once.
    pub const ADD_LETTER: &str = "
        INSERT INTO dead_letter (partner, webhook_id, position, problem, put_aside_at, is_queued)
        VALUES ($1, $2, $3, $4, $5, 0)
        ON CONFLICT (partner, webhook_id, position) DO UPDATE SET problem = excluded.problem,
          put_aside_at = excluded.put_aside_at, is_queued = 0";
    pub const KEEP_LETTER: &str = "
        UPDATE dead_letter SET problem = $4, is_queued = 0
        WHERE partner = $1 AND webhook_id = $2 AND position = $3";
    pub const REMOVE_LETTER: &str = "
        DELETE FROM dead_letter WHERE partner = $1 AND webhook_id = $2 AND position = $3";
    pub const QUEUE_LETTER: &str = "
        UPDATE dead_letter SET is_queued = 1
        WHERE partner = $1 AND webhook_id = $2 AND position = $3";
    pub const QUEUE_ALL: &str = "
        UPDATE dead_letter SET is_queued = 1 WHERE partner = $1 AND webhook_id = $2";
    pub const QUEUED: &str = "
        SELECT COUNT(*) AS queued FROM dead_letter
        WHERE partner = $1 AND webhook_id = $2 AND is_queued = 1";
}

/// The store of webhooks. Errors mean what they mean for [`Store`](super::Store): a step is one
/// commit or nothing, and a step that met another is [`StoreError::Conflict`]. Times are of the
/// wall clock.
#[async_trait]
pub trait WebhookStore: Send + Sync {
    /// Judges a verb and commits what it leaves: the webhook, or none after it was deleted.
    async fn change_webhook(
        &self,
        key: &WebhookKey,
        verb: &WebhookVerb,
        now: Timestamp,
    ) -> Result<Result<Option<Webhook>, WebhookRefusal>, StoreError>;

    /// A platform's webhooks, by id.
    async fn webhooks(&self, partner: &Partner) -> Result<Vec<Webhook>, StoreError>;

    /// At most `limit` dead letters of a webhook, by position, after one; none when there is no
    /// such webhook.
    async fn dead_letters(
        &self,
        key: &WebhookKey,
        after: i64,
        limit: u32,
    ) -> Result<Option<Vec<DeadLetter>>, StoreError>;

    /// Queues those dead letters to be sent again, all when none are named; gives how many are
    /// queued then, or none when there is no such webhook.
    async fn replay_dead_letters(
        &self,
        key: &WebhookKey,
        positions: &[i64],
    ) -> Result<Option<i64>, StoreError>;

    /// Leases what at most `limit` webhooks have to send, until a time; what another replica is at
    /// is left to it. A lease that ended without being settled is given again.
    async fn lease_deliveries(
        &self,
        now: Timestamp,
        until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Delivery>, StoreError>;

    /// Takes in what a try came to; nothing when the lease was given to another, or the webhook is
    /// gone or was changed.
    async fn settle_delivery(
        &self,
        delivery: &Delivery,
        sent: Sent,
        now: Timestamp,
    ) -> Result<(), StoreError>;
}

impl WebhookState {
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Suspended => "SUSPENDED",
        }
    }
}

/// A webhook as its row has it.
pub(super) fn webhook(row: Columns<'_>) -> Detailed<Webhook> {
    let state = match row.text("state")? {
        "ACTIVE" => WebhookState::Active,
        "SUSPENDED" => WebhookState::Suspended,
        _ => return Err(String::from("unknown state")),
    };
    let url = ReceiverUrl::stored(row.text("url")?).map_err(|_| "url does not parse")?;
    let problem = row.maybe_text("problem")?;
    Ok(Webhook {
        key: WebhookKey { partner: row.parsed("partner")?, id: row.parsed("webhook_id")? },
        url,
        batch_max: row.small("batch_max")?,
        state,
        position: row.integer("position")?,
        attempts: row.small("attempts")?,
        letters: row.small("letters")?,
        problem: problem.map(delivery_problem).transpose()?,
        due_at: row.time("due_at")?,
        leased_until: row.time("leased_until")?,
        generation: row.small("generation")?,
        overlaps_until: row.time("overlaps_until")?,
    })
}

/// A dead letter as its row has it.
pub(super) fn dead_letter(row: Columns<'_>) -> Detailed<DeadLetter> {
    Ok(DeadLetter {
        position: row.integer("position")?,
        problem: delivery_problem(row.text("problem")?)?,
        put_aside_at: row.time("put_aside_at")?,
        is_queued: row.flag("is_queued")?,
    })
}

/// A webhook that may have something to send, its stream's head and the first of its queued dead
/// letters.
pub(super) fn sendable(row: Columns<'_>) -> Detailed<(Webhook, i64, Option<i64>)> {
    Ok((webhook(row)?, row.integer("head")?, row.maybe_integer("queued")?))
}

fn delivery_problem(name: &str) -> Detailed<DeliveryProblem> {
    DeliveryProblem::from_name(name).ok_or_else(|| String::from("unknown problem"))
}
