//! `WebhookService`: a platform names its own webhooks, and another's are not there.

use contracts::common::v1::ErrorReason;
use contracts::redemption::v1 as wire;
use prost::Message;
use prost::bytes::Bytes;
use tonic::Code;

use super::{Row, answered, refused};
use crate::raw::{ask, read};
use crate::world::{City, World};

pub(super) fn rows(world: &World) -> Vec<Row> {
    let (own, foreign) = (&world.own, &world.foreign);
    vec![
        put(own, foreign),
        list(own),
        named(
            "/zhisong.redemption.v1.WebhookService/RotateWebhookSecret",
            (own, foreign),
            |webhook_id| wire::RotateWebhookSecretRequest { webhook_id, secret_generation: 1 },
        ),
        named(
            "/zhisong.redemption.v1.WebhookService/ResumeWebhook",
            (own, foreign),
            |webhook_id| wire::ResumeWebhookRequest { webhook_id },
        ),
        named(
            "/zhisong.redemption.v1.WebhookService/ListDeadLetters",
            (own, foreign),
            |webhook_id| wire::ListDeadLettersRequest {
                webhook_id,
                page_size: 0,
                page_token: String::new(),
            },
        ),
        named(
            "/zhisong.redemption.v1.WebhookService/ReplayDeadLetters",
            (own, foreign),
            |webhook_id| wire::ReplayDeadLettersRequest { webhook_id, positions: Vec::new() },
        ),
        delete(own, foreign),
    ]
}

/// The same name is another webhook of each platform, with another secret.
fn put(own: &City, foreign: &City) -> Row {
    let put = || ask(&own.webhook("common"));
    let secret = foreign.webhook_secret.clone();
    let case = answered("a name that another platform has", put(), move |answer| {
        read::<wire::PutWebhookResponse>(answer).secret != secret
    });
    Row::new("/zhisong.redemption.v1.WebhookService/PutWebhook", put(), vec![case])
}

fn list(own: &City) -> Row {
    let list = || ask(&wire::ListWebhooksRequest {});
    let url = own.webhook("").url;
    let case = answered("whatever there is", list(), move |answer| {
        let webhooks = read::<wire::ListWebhooksResponse>(answer).webhooks;
        webhooks.iter().all(|webhook| webhook.url == url)
    });
    Row::new("/zhisong.redemption.v1.WebhookService/ListWebhooks", list(), vec![case])
}

/// Methods on a webhook by its name: another platform's is not found.
fn named<M: Message>(
    path: &'static str,
    (own, foreign): (&City, &City),
    request: impl Fn(String) -> M,
) -> Row {
    let ask = |city: &City| ask(&request(format!("of-{}", city.name)));
    let theirs = refused("another platform's", ask(foreign), Code::NotFound, ErrorReason::NotFound);
    Row::new(path, ask(own), vec![theirs])
}

/// A platform that takes a name away leaves another's webhook of that name where it is: that both of
/// theirs are there is looked at in the end.
fn delete(own: &City, foreign: &City) -> Row {
    let delete = |webhook_id: String| ask(&wire::DeleteWebhookRequest { webhook_id });
    let gone = |answer: &Bytes| answer.is_empty();
    Row::new(
        "/zhisong.redemption.v1.WebhookService/DeleteWebhook",
        delete(format!("of-{}", own.name)),
        vec![
            answered("a name that both have", delete(String::from("common")), gone),
            answered("another platform's name", delete(format!("of-{}", foreign.name)), gone),
        ],
    )
}
