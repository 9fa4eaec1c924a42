//! The receivers of webhooks, over HTTP.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clock::Timestamp;
use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, ClientBuilder, redirect};

use super::cloud_event;
use crate::domain::Event;
use crate::domain::webhooks::{Delivery, DeliveryProblem, Reach, Sent, is_public};
use crate::usecase::{Receivers, WebhookSecrets};

/// How long a receiver may take to answer.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Receivers over HTTP: no redirect is followed and no proxy used.
pub struct HttpReceivers {
    client: Client,
    secrets: WebhookSecrets,
}

impl HttpReceivers {
    /// Receivers within reach, trusted as the system trusts them. On a system that trusts nobody (an
    /// image without certificates of authorities) none is reached by TLS, and all else goes on.
    pub fn new(secrets: WebhookSecrets, reach: Reach) -> Result<Self, reqwest::Error> {
        let client = builder(reach).build().or_else(|error| {
            let why = error.source().map(ToString::to_string);
            tracing::warn!(why, "webhooks reach nobody by TLS: install ca-certificates");
            builder(reach).tls_certs_only([]).build()
        });
        Ok(Self { client: client?, secrets })
    }

    /// The signatures of a batch, one a secret that is in force.
    fn signatures(&self, delivery: &Delivery, (id, now): (&str, Timestamp), body: &str) -> String {
        let webhook = &delivery.webhook;
        let signed = format!("{id}.{}.{body}", now.as_seconds());
        let signature = |generation| {
            let secret = self.secrets.secret(&webhook.key, generation);
            let key = hmac::Key::new(hmac::HMAC_SHA256, &secret);
            format!("v1,{}", STANDARD.encode(hmac::sign(&key, signed.as_bytes())))
        };
        webhook.generations(now).into_iter().map(signature).collect::<Vec<_>>().join(" ")
    }
}

#[async_trait]
impl Receivers for HttpReceivers {
    async fn send(&self, delivery: &Delivery, events: Vec<Event>, now: Timestamp) -> Sent {
        let webhook = &delivery.webhook;
        let (first, last) = delivery.positions;
        let id = format!("{}-{first}-{last}", webhook.key.id);
        let body = cloud_event::batch(events);
        let request = self
            .client
            .post(webhook.url.as_str())
            .header(CONTENT_TYPE, "application/cloudevents-batch+json")
            .header("webhook-id", &id)
            .header("webhook-timestamp", now.as_seconds())
            .header("webhook-signature", self.signatures(delivery, (&id, now), &body))
            .body(body);
        match request.send().await {
            Ok(answer) if answer.status().is_success() => Sent::Accepted,
            Ok(answer) => Sent::Failed(DeliveryProblem::Http(answer.status().as_u16())),
            Err(error) => Sent::Failed(problem(&error)),
        }
    }
}

fn builder(reach: Reach) -> ClientBuilder {
    Client::builder()
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("zhisong/", env!("CARGO_PKG_VERSION")))
        .dns_resolver(Resolver(reach))
}

fn problem(error: &reqwest::Error) -> DeliveryProblem {
    match error {
        error if is_refused(error) => DeliveryProblem::AddressRefused,
        error if error.is_timeout() => DeliveryProblem::TimedOut,
        _ => DeliveryProblem::NotReached,
    }
}

/// Whether our own refusal is among the causes.
fn is_refused(error: &(dyn Error + 'static)) -> bool {
    error.is::<AddressRefused>() || error.source().is_some_and(is_refused)
}

/// A name stands for an address that is not public.
#[derive(Debug, thiserror::Error)]
#[error("the name stands for an address that is not public")]
struct AddressRefused;

/// Finds the addresses that are connected to: what was looked at is what is used, so that a name
/// cannot stand for another address in between.
struct Resolver(Reach);

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.0;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let found: Vec<SocketAddr> = found.collect();
            let is_refused = |address: &SocketAddr| !is_public(address.ip());
            if reach == Reach::Public && found.iter().any(is_refused) {
                return Err(AddressRefused.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}
