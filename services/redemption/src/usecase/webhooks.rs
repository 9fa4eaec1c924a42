//! Webhooks, as their platforms keep them.

use std::sync::Arc;

use aws_lc_rs::hmac;
use clock::Clock;
use rpc::{Caller, ErrorReason, Problem};

use super::{Failure, Page, attempt, partner};
use crate::domain::webhooks::{
    DeadLetter, Reach, Webhook, WebhookKey, WebhookRefusal, WebhookVerb,
};
use crate::domain::{Partner, WebhookId};
use crate::store::Store;

/// What the verbs on webhooks need.
#[derive(Clone)]
pub struct Webhooks {
    /// Where they are kept.
    pub store: Arc<dyn Store>,
    /// Wall time.
    pub clock: Arc<dyn Clock>,
    /// What their secrets are derived from.
    pub secrets: WebhookSecrets,
    /// How far their receivers may be.
    pub reach: Reach,
}

/// What the secrets of all webhooks are derived from: a secret is the HMAC-SHA256 of whose webhook
/// it is, which one, and how often it was made. No database has it.
#[derive(Clone)]
pub struct WebhookSecrets(hmac::Key);

impl WebhookSecrets {
    /// Bytes of the key, at least.
    pub const BYTES_MIN: usize = 32;

    /// The secrets that a key gives; none when it is too short.
    pub fn new(key: &[u8]) -> Option<Self> {
        let is_long = key.len() >= Self::BYTES_MIN;
        is_long.then(|| Self(hmac::Key::new(hmac::HMAC_SHA256, key)))
    }

    /// The secret of a webhook and generation, 32 bytes.
    pub fn secret(&self, key: &WebhookKey, generation: u32) -> [u8; 32] {
        let WebhookKey { partner, id } = key;
        // Keys have no blanks: no two texts are the same.
        let text = format!("zhisong webhook {partner} {id} {generation}");
        let tag = hmac::sign(&self.0, text.as_bytes());
        tag.as_ref().try_into().expect("HMAC-SHA256 gives 32 bytes")
    }
}

impl Webhooks {
    /// Makes or changes a webhook; gives it with its secret.
    pub async fn change(
        &self,
        caller: &Caller,
        id: WebhookId,
        verb: WebhookVerb,
    ) -> Result<(Webhook, [u8; 32]), Failure> {
        let webhook = self.take(partner(caller), id, verb).await?;
        let webhook = webhook.ok_or_else(unknown)?;
        let secret = self.secrets.secret(&webhook.key, webhook.generation);
        Ok((webhook, secret))
    }

    /// Takes a webhook away.
    pub async fn delete(&self, caller: &Caller, id: WebhookId) -> Result<(), Failure> {
        self.take(partner(caller), id, WebhookVerb::Delete).await.map(drop)
    }

    async fn take(
        &self,
        partner: Partner,
        id: WebhookId,
        verb: WebhookVerb,
    ) -> Result<Option<Webhook>, Failure> {
        let key = WebhookKey { partner, id };
        let now = self.clock.wall();
        let step = || self.store.webhooks().change_webhook(&key, &verb, now);
        attempt(step).await?.map_err(|refusal| Failure::Caller(problem(refusal)))
    }

    /// The caller's webhooks.
    pub async fn list(&self, caller: &Caller) -> Result<Vec<Webhook>, Failure> {
        Ok(self.store.webhooks().webhooks(&partner(caller)).await?)
    }

    /// A page of the dead letters of one of them.
    pub async fn dead_letters(
        &self,
        caller: &Caller,
        id: WebhookId,
        (after, size): (i64, u32),
    ) -> Result<Page<DeadLetter, i64>, Failure> {
        let key = WebhookKey { partner: partner(caller), id };
        let found = self.store.webhooks().dead_letters(&key, after, size + 1).await?;
        Ok(Page::of(found.ok_or_else(unknown)?, size, |last| last.position))
    }

    /// Queues dead letters to be sent again; gives how many are queued.
    pub async fn replay(
        &self,
        caller: &Caller,
        id: WebhookId,
        positions: &[i64],
    ) -> Result<i64, Failure> {
        let key = WebhookKey { partner: partner(caller), id };
        let step = || self.store.webhooks().replay_dead_letters(&key, positions);
        attempt(step).await?.ok_or_else(unknown)
    }
}

fn unknown() -> Failure {
    Failure::Caller(problem(WebhookRefusal::Unknown))
}

fn problem(refusal: WebhookRefusal) -> Problem {
    match refusal {
        WebhookRefusal::Unknown => Problem::not_found("webhook"),
        WebhookRefusal::TooMany => Problem::new(ErrorReason::WebhooksTooMany),
        WebhookRefusal::Changed(generation) => {
            Problem::new(ErrorReason::WebhookChanged).with("secret_generation", generation)
        }
        WebhookRefusal::Ahead => Problem::new(ErrorReason::ForeignCursors),
    }
}
