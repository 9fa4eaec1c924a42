use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::webhook::State;
use contracts::redemption::v1::webhook_service_server::WebhookService;
use rpc::{Fields, PageToken, encode_timestamp};
use tonic::{Request, Response, Status, async_trait};

use super::merchant_service::{size, token};
use super::status::status;
use crate::domain::WebhookId;
use crate::domain::webhooks::{
    BATCH_MAX, DeadLetter, Reach, ReceiverUrl, Webhook, WebhookState, WebhookVerb, WebhookWish,
};
use crate::usecase::Webhooks;

/// Dead letters that may be named at once.
const POSITIONS_MAX: usize = 1_000;

/// Webhooks over gRPC.
pub struct WebhookRpc {
    /// The verbs.
    pub webhooks: Webhooks,
}

#[async_trait]
impl WebhookService for WebhookRpc {
    async fn put_webhook(
        &self,
        request: Request<wire::PutWebhookRequest>,
    ) -> Result<Response<wire::PutWebhookResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let (id, wish) = wish(request.get_ref(), self.webhooks.reach)?;
        let changed = self.webhooks.change(&caller, id, WebhookVerb::Put(wish)).await;
        let (webhook, secret) = changed.map_err(status)?;
        let (webhook, secret) = (Some(shown(webhook)), whsec(&secret));
        Ok(Response::new(wire::PutWebhookResponse { webhook, secret }))
    }

    async fn list_webhooks(
        &self,
        request: Request<wire::ListWebhooksRequest>,
    ) -> Result<Response<wire::ListWebhooksResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let webhooks = self.webhooks.list(&caller).await.map_err(status)?;
        let webhooks = webhooks.into_iter().map(shown).collect();
        Ok(Response::new(wire::ListWebhooksResponse { webhooks }))
    }

    async fn rotate_webhook_secret(
        &self,
        request: Request<wire::RotateWebhookSecretRequest>,
    ) -> Result<Response<wire::RotateWebhookSecretResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = request.get_ref();
        let mut fields = Fields::new();
        let generation = u32::try_from(asked.secret_generation).ok().filter(|one| *one > 0);
        let generation = generation.ok_or("must be 1 or more");
        let generation = fields.take("secret_generation", generation);
        let id = webhook_id(&mut fields, &asked.webhook_id);
        let (id, generation) = fields.finish(id.zip(generation))?;
        let changed = self.webhooks.change(&caller, id, WebhookVerb::Rotate(generation)).await;
        let (webhook, secret) = changed.map_err(status)?;
        let (webhook, secret) = (Some(shown(webhook)), whsec(&secret));
        Ok(Response::new(wire::RotateWebhookSecretResponse { webhook, secret }))
    }

    async fn resume_webhook(
        &self,
        request: Request<wire::ResumeWebhookRequest>,
    ) -> Result<Response<wire::ResumeWebhookResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let id = only_id(&request.get_ref().webhook_id)?;
        let changed = self.webhooks.change(&caller, id, WebhookVerb::Resume).await;
        let webhook = Some(shown(changed.map_err(status)?.0));
        Ok(Response::new(wire::ResumeWebhookResponse { webhook }))
    }

    async fn delete_webhook(
        &self,
        request: Request<wire::DeleteWebhookRequest>,
    ) -> Result<Response<wire::DeleteWebhookResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let id = only_id(&request.get_ref().webhook_id)?;
        self.webhooks.delete(&caller, id).await.map_err(status)?;
        Ok(Response::new(wire::DeleteWebhookResponse {}))
    }

    async fn list_dead_letters(
        &self,
        request: Request<wire::ListDeadLettersRequest>,
    ) -> Result<Response<wire::ListDeadLettersResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = request.get_ref();
        let list = format!("dead letters of {}", asked.webhook_id);
        let (id, size) = (only_id(&asked.webhook_id)?, size(asked.page_size)?);
        let after = token(&list, &asked.page_token, |text| text.parse().ok())?.unwrap_or(0);
        let page = self.webhooks.dead_letters(&caller, id, (after, size)).await.map_err(status)?;
        let next = page.next.map(|last| PageToken::encode(&list, last.to_string().as_bytes()));
        Ok(Response::new(wire::ListDeadLettersResponse {
            dead_letters: page.rows.into_iter().map(letter).collect(),
            next_page_token: next.unwrap_or_default(),
        }))
    }

    async fn replay_dead_letters(
        &self,
        request: Request<wire::ReplayDeadLettersRequest>,
    ) -> Result<Response<wire::ReplayDeadLettersResponse>, Status> {
        let caller = rpc::caller(&request)?;
        let asked = request.get_ref();
        let mut fields = Fields::new();
        let is_fit = asked.positions.len() <= POSITIONS_MAX;
        let positions = is_fit.then_some(&asked.positions).ok_or("must be at most 1,000");
        let positions = fields.take("positions", positions);
        let id = webhook_id(&mut fields, &asked.webhook_id);
        let (id, positions) = fields.finish(id.zip(positions))?;
        let queued = self.webhooks.replay(&caller, id, positions).await.map_err(status)?;
        Ok(Response::new(wire::ReplayDeadLettersResponse { queued }))
    }
}

fn webhook_id(fields: &mut Fields, text: &str) -> Option<WebhookId> {
    fields.take("webhook_id", text.parse())
}

fn only_id(text: &str) -> Result<WebhookId, Status> {
    let mut fields = Fields::new();
    let id = webhook_id(&mut fields, text);
    Ok(fields.finish(id)?)
}

fn wish(asked: &wire::PutWebhookRequest, reach: Reach) -> Result<(WebhookId, WebhookWish), Status> {
    let mut fields = Fields::new();
    let id = webhook_id(&mut fields, &asked.webhook_id);
    let url = fields.take("url", ReceiverUrl::parse(&asked.url, reach));
    let batch_max = match u32::try_from(asked.batch_max) {
        Ok(0) => Ok(BATCH_MAX),
        Ok(size) if size <= BATCH_MAX => Ok(size),
        _ => Err("must be 0 to 100"),
    };
    let batch_max = fields.take("batch_max", batch_max);
    let after = match asked.after_position {
        Some(after) if after < 0 => fields.take("after_position", Err("must be 0 or more")),
        after => Some(after),
    };
    let wish = url.zip(batch_max).zip(after);
    let wish = wish.map(|((url, batch_max), after)| WebhookWish { url, batch_max, after });
    Ok(fields.finish(id.zip(wish))?)
}

/// A secret as the Standard Webhooks specification writes it.
fn whsec(secret: &[u8; 32]) -> String {
    format!("whsec_{}", STANDARD.encode(secret))
}

fn shown(webhook: Webhook) -> wire::Webhook {
    let state = match webhook.state {
        WebhookState::Active => State::Active,
        WebhookState::Suspended => State::Suspended,
    };
    let small = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    wire::Webhook {
        webhook_id: webhook.key.id.to_string(),
        url: webhook.url.to_string(),
        batch_max: small(webhook.batch_max),
        state: state.into(),
        position: webhook.position,
        attempts: small(webhook.attempts),
        problem: webhook.problem.map(|problem| problem.name()).unwrap_or_default(),
        next_attempt_at: Some(encode_timestamp(webhook.due_at)),
        secret_generation: small(webhook.generation),
    }
}

fn letter(letter: DeadLetter) -> wire::DeadLetter {
    wire::DeadLetter {
        position: letter.position,
        problem: letter.problem.name(),
        put_aside_at: Some(encode_timestamp(letter.put_aside_at)),
        is_queued: letter.is_queued,
    }
}
