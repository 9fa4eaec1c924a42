use clock::Timestamp;

use super::{OVERLAP, ReceiverUrl, WEBHOOKS_MAX, Webhook, WebhookKey, WebhookState};

/// What a platform asks of one of its webhooks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookVerb {
    /// To be as it says.
    Put(WebhookWish),
    /// A new secret, after that generation.
    Rotate(u32),
    /// To send again.
    Resume,
    /// To be gone.
    Delete,
}

/// A webhook as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookWish {
    /// Where to.
    pub url: ReceiverUrl,
    /// The most events of one batch.
    pub batch_max: u32,
    /// What it sends comes after this position.
    pub after: Option<i64>,
}

/// A verb and the state that it is judged by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookAsked<'a> {
    /// Of which webhook.
    pub key: &'a WebhookKey,
    /// The verb.
    pub verb: &'a WebhookVerb,
    /// The webhook, if it is there.
    pub found: Option<Webhook>,
    /// How many the platform has.
    pub count: usize,
    /// The last position of the platform's stream.
    pub head: i64,
}

/// What a verb leaves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// A webhook that is new.
    Insert(Webhook),
    /// A webhook as it became.
    Update(Webhook),
    /// None.
    Remove,
}

/// Why a verb is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WebhookRefusal {
    /// There is no such webhook.
    Unknown,
    /// There are [`WEBHOOKS_MAX`] already.
    TooMany,
    /// The secret is of this generation.
    Changed(u32),
    /// The stream has not come so far.
    Ahead,
}

/// Judges a verb.
pub fn decide(asked: WebhookAsked<'_>, now: Timestamp) -> Result<Effect, WebhookRefusal> {
    let WebhookAsked { key, verb, found, count, head } = asked;
    match (verb, found) {
        (WebhookVerb::Put(wish), found) => {
            if wish.after.is_some_and(|after| after > head) {
                return Err(WebhookRefusal::Ahead);
            }
            match found {
                Some(webhook) => Ok(Effect::Update(put(webhook, wish, now))),
                None if count >= WEBHOOKS_MAX => Err(WebhookRefusal::TooMany),
                None => Ok(Effect::Insert(new(key, wish, (head, now)))),
            }
        }
        (WebhookVerb::Delete, _) => Ok(Effect::Remove),
        (_, None) => Err(WebhookRefusal::Unknown),
        (WebhookVerb::Rotate(before), Some(webhook)) => rotate(webhook, *before, now),
        (WebhookVerb::Resume, Some(webhook)) => Ok(Effect::Update(Webhook {
            state: WebhookState::Active,
            letters: 0,
            due_at: now,
            ..webhook
        })),
    }
}

fn new(key: &WebhookKey, wish: &WebhookWish, (head, now): (i64, Timestamp)) -> Webhook {
    Webhook {
        key: key.clone(),
        url: wish.url.clone(),
        batch_max: wish.batch_max,
        state: WebhookState::Active,
        position: wish.after.unwrap_or(head),
        attempts: 0,
        letters: 0,
        problem: None,
        due_at: now,
        leased_until: now,
        generation: 1,
        overlaps_until: now,
    }
}

/// What is sent from now on goes to the new address; a try that is under way no longer counts when
/// the position is another.
fn put(webhook: Webhook, wish: &WebhookWish, now: Timestamp) -> Webhook {
    let is_moved = wish.after.is_some_and(|after| after != webhook.position);
    let is_same = webhook.url == wish.url && !is_moved;
    Webhook {
        url: wish.url.clone(),
        batch_max: wish.batch_max,
        position: wish.after.unwrap_or(webhook.position),
        attempts: if is_same { webhook.attempts } else { 0 },
        due_at: if is_same { webhook.due_at } else { now },
        leased_until: if is_same { webhook.leased_until } else { now },
        ..webhook
    }
}

fn rotate(webhook: Webhook, before: u32, now: Timestamp) -> Result<Effect, WebhookRefusal> {
    let generation = webhook.generation;
    match before {
        before if before == generation => Ok(Effect::Update(Webhook {
            generation: generation + 1,
            overlaps_until: now.plus(OVERLAP),
            ..webhook
        })),
        before if before + 1 == generation => Ok(Effect::Update(webhook)),
        _ => Err(WebhookRefusal::Changed(generation)),
    }
}
