use clap::{Args, Subcommand};
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::webhook::State;
use contracts::redemption::v1::webhook_service_client::WebhookServiceClient;
use serde_json::{Value, json};

use super::Problem;
use super::arguments::Target;
use super::connection::Connection;
use super::failure::Failure;
use super::output::{Answer, instant};
use crate::channel::RoleChannel;
use crate::tokens::Role;

/// Dead letters of one page: as many as the contract allows.
const PAGE: i32 = 1_000;

const WEBHOOK: &[&str] =
    &["webhook_id", "url", "state", "position", "attempts", "problem", "next_attempt_at"];
const WITH_SECRET: &[&str] = &["webhook_id", "url", "state", "secret_generation", "secret"];
const LETTER: &[&str] = &["position", "problem", "put_aside_at", "is_queued"];

type Client = WebhookServiceClient<RoleChannel>;

/// Where the platform's events are sent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  zhisong webhooks put till --url https://pay.example.com/zhisong
  zhisong webhooks list
  zhisong webhooks dead-letters till
  zhisong webhooks replay till --position 120")]
pub(crate) struct Webhooks {
    #[command(subcommand)]
    verb: Verb,
    #[command(flatten)]
    target: Target,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Makes a webhook, or gives it another address, and shows its secret.
    Put(Put),
    /// Shows all of them, and how far they are.
    List,
    /// Makes a new secret; the one before is signed with too for 24 hours.
    Rotate {
        /// Which.
        #[arg(value_name = "ID")]
        webhook_id: String,
        /// The generation that is replaced, as `list --json` shows it.
        #[arg(long, value_name = "NUMBER")]
        generation: i32,
    },
    /// Sends again, at once.
    Resume {
        /// Which.
        #[arg(value_name = "ID")]
        webhook_id: String,
    },
    /// Takes a webhook away, with its dead letters.
    Delete {
        /// Which.
        #[arg(value_name = "ID")]
        webhook_id: String,
    },
    /// Shows the events that were given up, by position.
    DeadLetters {
        /// Of which webhook.
        #[arg(value_name = "ID")]
        webhook_id: String,
    },
    /// Sends dead letters again, all of them unless some are named.
    Replay {
        /// Of which webhook.
        #[arg(value_name = "ID")]
        webhook_id: String,
        /// Which; may be given several times.
        #[arg(long = "position", value_name = "POSITION")]
        positions: Vec<i64>,
    },
}

#[derive(Debug, Args)]
struct Put {
    /// Its name: 1 to 64 of 0-9 A-Z a-z _ -.
    #[arg(value_name = "ID")]
    webhook_id: String,
    /// Where to: https on a host name.
    #[arg(long, value_name = "URL")]
    url: String,
    /// The most events of one POST, 1 to 100.
    #[arg(long, value_name = "COUNT", default_value_t = 100)]
    batch_max: i32,
    /// Sends what comes after this position; without it, what comes next.
    #[arg(long, value_name = "POSITION")]
    after: Option<i64>,
}

impl Webhooks {
    pub(crate) async fn run(self) -> Result<(), Problem> {
        let Self { verb, target } = self;
        target.run(async move |connection| verb.run(connection).await).await
    }
}

impl Verb {
    async fn run(self, connection: &Connection) -> Result<Answer, Failure> {
        let mut client = WebhookServiceClient::new(connection.channel(Role::PaymentPlatform)?);
        match self {
            Self::Put(Put { webhook_id, url, batch_max, after: after_position }) => {
                let request =
                    wire::PutWebhookRequest { webhook_id, url, batch_max, after_position };
                let made = client.put_webhook(request).await?.into_inner();
                with_secret(made.webhook, made.secret)
            }
            Self::List => {
                let listed = client.list_webhooks(wire::ListWebhooksRequest {}).await?.into_inner();
                let webhooks = listed.webhooks.into_iter().map(value).collect();
                Ok(Answer::list("webhooks", webhooks, WEBHOOK))
            }
            Self::Rotate { webhook_id, generation: secret_generation } => {
                let request = wire::RotateWebhookSecretRequest { webhook_id, secret_generation };
                let made = client.rotate_webhook_secret(request).await?.into_inner();
                with_secret(made.webhook, made.secret)
            }
            Self::Resume { webhook_id } => {
                let request = wire::ResumeWebhookRequest { webhook_id };
                let webhook = client.resume_webhook(request).await?.into_inner().webhook;
                Ok(Answer::record(value(there(webhook)?), WEBHOOK))
            }
            Self::Delete { webhook_id } => {
                let request = wire::DeleteWebhookRequest { webhook_id: webhook_id.clone() };
                client.delete_webhook(request).await?;
                Ok(Answer::record(json!({ "deleted": webhook_id }), &["deleted"]))
            }
            Self::DeadLetters { webhook_id } => dead_letters(&mut client, webhook_id).await,
            Self::Replay { webhook_id, positions } => {
                let request = wire::ReplayDeadLettersRequest { webhook_id, positions };
                let queued = client.replay_dead_letters(request).await?.into_inner().queued;
                Ok(Answer::record(json!({ "queued": queued }), &["queued"]))
            }
        }
    }
}

async fn dead_letters(client: &mut Client, webhook_id: String) -> Result<Answer, Failure> {
    let page_token = String::new();
    let mut request = wire::ListDeadLettersRequest { webhook_id, page_size: PAGE, page_token };
    let mut letters = Vec::new();
    loop {
        let page = client.list_dead_letters(request.clone()).await?.into_inner();
        letters.extend(page.dead_letters.into_iter().map(letter));
        if page.next_page_token.is_empty() {
            return Ok(Answer::list("dead_letters", letters, LETTER));
        }
        request.page_token = page.next_page_token;
    }
}

fn there(webhook: Option<wire::Webhook>) -> Result<wire::Webhook, Failure> {
    webhook.ok_or_else(|| Failure::missing("webhook"))
}

fn with_secret(webhook: Option<wire::Webhook>, secret: String) -> Result<Answer, Failure> {
    let mut value = value(there(webhook)?);
    value["secret"] = Value::String(secret);
    Ok(Answer::record(value, WITH_SECRET))
}

fn value(webhook: wire::Webhook) -> Value {
    json!({
        "webhook_id": webhook.webhook_id,
        "state": match webhook.state() {
            State::Active => "ACTIVE",
            State::Suspended => "SUSPENDED",
            State::Unspecified => "?",
        },
        "url": webhook.url,
        "batch_max": webhook.batch_max,
        "position": webhook.position,
        "attempts": webhook.attempts,
        "problem": webhook.problem,
        "next_attempt_at": instant(webhook.next_attempt_at),
        "secret_generation": webhook.secret_generation,
    })
}

fn letter(letter: wire::DeadLetter) -> Value {
    json!({
        "position": letter.position,
        "problem": letter.problem,
        "put_aside_at": instant(letter.put_aside_at),
        "is_queued": letter.is_queued,
    })
}
