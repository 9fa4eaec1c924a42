//! Webhooks against a receiver on a real port.

use std::time::Duration;

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use contracts::redemption::v1 as wire;
use contracts::redemption::v1::webhook::State;
use contracts::redemption::v1::webhook_service_client::WebhookServiceClient;
use rpc::PeerChannel;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tonic::Code;

use crate::bench::{Bench, reason};
use crate::reasons::Told;

/// The longest that a delivery may take to come.
const PATIENCE: Duration = Duration::from_secs(20);

/// A receiver that answers with one status until it is told another.
struct Receiver {
    url: String,
    status: watch::Sender<u16>,
    received: mpsc::UnboundedReceiver<Received>,
}

/// A POST as it came.
struct Received {
    head: String,
    body: Vec<u8>,
}

impl Receiver {
    async fn open(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let url = format!("http://{}/hook", listener.local_addr().expect("it is bound"));
        let (status, statuses) = watch::channel(status);
        let (sender, received) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, statuses.clone(), sender.clone()));
            }
        });
        Self { url, status, received }
    }

    async fn next(&mut self) -> Received {
        let next = tokio::time::timeout(PATIENCE, self.received.recv()).await;
        next.expect("it comes").expect("the receiver runs")
    }
}

/// Reads requests one after the other and answers each.
async fn answer(
    mut stream: TcpStream,
    statuses: watch::Receiver<u16>,
    received: mpsc::UnboundedSender<Received>,
) {
    let mut bytes = Vec::new();
    loop {
        let end = loop {
            let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
            if let Some(end) = end {
                break end + 4;
            }
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        };
        let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
        let length = header(&head, "content-length").expect("a body");
        let length: usize = length.parse().expect("a length");
        while bytes.len() < end + length {
            if stream.read_buf(&mut bytes).await.unwrap_or(0) == 0 {
                return;
            }
        }
        let body = bytes[end..end + length].to_vec();
        bytes.drain(..end + length);
        let status = *statuses.borrow();
        received.send(Received { head, body }).ok();
        let location = "location: http://127.0.0.1:9/elsewhere";
        let answer = format!("HTTP/1.1 {status} -\r\ncontent-length: 0\r\n{location}\r\n\r\n");
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}

fn header<'h>(head: &'h str, name: &str) -> Option<&'h str> {
    let named = |line: &'h str| line.split_once(':').filter(|(key, _)| *key == name);
    head.lines().filter_map(named).map(|(_, value)| value.trim()).next()
}

impl Received {
    fn events(&self) -> Vec<Value> {
        serde_json::from_slice(&self.body).expect("an array of events")
    }

    /// Whether one of the signatures is the secret's, as the specification has it checked.
    fn is_signed_with(&self, secret: &str) -> bool {
        let key = secret.strip_prefix("whsec_").expect("the form of the specification");
        let key = STANDARD.decode(key).expect("base64");
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let part = |name| header(&self.head, name).expect("it is sent");
        let mut signed = format!("{}.{}.", part("webhook-id"), part("webhook-timestamp"));
        signed.push_str(std::str::from_utf8(&self.body).expect("JSON is text"));
        part("webhook-signature").split(' ').any(|signature| {
            let tag = signature.strip_prefix("v1,").and_then(|tag| STANDARD.decode(tag).ok());
            tag.is_some_and(|tag| hmac::verify(&key, signed.as_bytes(), &tag).is_ok())
        })
    }
}

fn client(bench: &Bench, platform: &str) -> WebhookServiceClient<PeerChannel> {
    WebhookServiceClient::new(bench.caller(platform, &["webhooks.manage"], "gd"))
}

fn put(url: &str) -> wire::PutWebhookRequest {
    let webhook_id = String::from("till");
    wire::PutWebhookRequest { webhook_id, url: url.to_owned(), batch_max: 0, after_position: None }
}

async fn listed(client: &mut WebhookServiceClient<PeerChannel>) -> wire::Webhook {
    let listed = client.list_webhooks(wire::ListWebhooksRequest {}).await.expect("they are listed");
    listed.into_inner().webhooks.remove(0)
}

/// Waits until the webhook is as it should become.
async fn until(
    client: &mut WebhookServiceClient<PeerChannel>,
    is_there: impl Fn(&wire::Webhook) -> bool,
) {
    let reached = async {
        while !is_there(&listed(client).await) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, reached).await.expect("it gets there");
}

#[tokio::test]
async fn events_are_posted_in_order_signed_and_as_cloud_events() {
    let bench = Bench::open().await;
    let mut receiver = Receiver::open(204).await;
    let mut client = client(&bench, "wepay");
    let made = client.put_webhook(put(&receiver.url)).await.expect("it is made").into_inner();
    let again = client.put_webhook(put(&receiver.url)).await.expect("it is there").into_inner();
    assert_eq!(made, again, "the same secret, whenever it is asked for");

    let sold = bench.buy(1).await;
    let mut events = Vec::new();
    while events.len() < 2 {
        let post = receiver.next().await;
        assert!(post.head.starts_with("POST /hook HTTP/1.1"), "{}", post.head);
        let content = header(&post.head, "content-type");
        assert_eq!(content, Some("application/cloudevents-batch+json"));
        assert!(post.is_signed_with(&made.secret));
        let other = format!("whsec_{}", STANDARD.encode([7; 32]));
        assert!(!post.is_signed_with(&other));
        events.extend(post.events());
    }
    let types: Vec<_> = events.iter().map(|event| event["type"].as_str()).collect();
    let expected = ["zhisong.authorization.held.v1", "zhisong.authorization.captured.v1"];
    assert_eq!(types, expected.map(Some));
    let captured = &events[1];
    assert_eq!(captured["specversion"], "1.0");
    assert_eq!(
        (&captured["id"], &captured["source"]),
        (&"2".into(), &"zhisong/redemption/wepay".into())
    );
    assert_eq!(captured["subject"], *sold.authorization_id);
    assert_eq!(captured["time"], "2022-07-22T02:00:00Z", "ten o'clock in Guangzhou");
    assert_eq!(captured["data"]["authorizationId"], *sold.authorization_id);
    assert_eq!(captured["data"]["state"], "STATE_CAPTURED");
}

#[tokio::test]
async fn what_is_not_accepted_comes_again_and_redirects_are_not_followed() {
    let bench = Bench::open().await;
    let mut receiver = Receiver::open(307).await;
    let mut client = client(&bench, "wepay");
    client.put_webhook(put(&receiver.url)).await.expect("it is made");
    bench.buy(1).await;
    let first = receiver.next().await;
    let second = receiver.next().await;
    assert_eq!(first.events()[0]["id"], second.events()[0]["id"], "at its place in the order");
    receiver.status.send_replace(200);
    until(&mut client, |webhook| webhook.position == 2).await;
    let webhook = listed(&mut client).await;
    assert_eq!((webhook.position, webhook.attempts, &*webhook.problem), (2, 0, ""));
}

#[tokio::test]
async fn a_receiver_that_is_gone_is_left_alone_until_it_is_resumed() {
    let bench = Bench::open().await;
    let mut receiver = Receiver::open(410).await;
    let mut client = client(&bench, "wepay");
    client.put_webhook(put(&receiver.url)).await.expect("it is made");
    bench.buy(1).await;
    receiver.next().await;
    until(&mut client, |webhook| webhook.state() == State::Suspended).await;
    assert_eq!(listed(&mut client).await.problem, "HTTP_410");
    receiver.status.send_replace(200);
    let request = wire::ResumeWebhookRequest { webhook_id: String::from("till") };
    client.resume_webhook(request).await.expect("it is resumed");
    assert_eq!(receiver.next().await.events()[0]["id"], "1");
}

#[tokio::test]
async fn a_new_secret_is_signed_with_beside_the_one_before() {
    let bench = Bench::open().await;
    let mut receiver = Receiver::open(200).await;
    let mut client = client(&bench, "wepay");
    let first = client.put_webhook(put(&receiver.url)).await.expect("it is made").into_inner();
    let webhook_id = String::from("till");
    let request = wire::RotateWebhookSecretRequest { webhook_id, secret_generation: 1 };
    let second = client.rotate_webhook_secret(request.clone()).await.expect("it is replaced");
    let second = second.into_inner();
    assert_ne!(first.secret, second.secret);
    bench.buy(1).await;
    let post = receiver.next().await;
    assert!(post.is_signed_with(&first.secret) && post.is_signed_with(&second.secret));
    let again = client.rotate_webhook_secret(request.clone()).await.expect("it was repeated");
    assert_eq!(again.into_inner().secret, second.secret);
    let request = wire::RotateWebhookSecretRequest { secret_generation: 5, ..request };
    let refused = client.rotate_webhook_secret(request).await.expect_err("it is not the fifth");
    assert_eq!(reason(&refused).0, "WEBHOOK_CHANGED");
}

#[tokio::test]
async fn nobody_reaches_anothers_webhooks_and_what_is_wrong_is_named() {
    let bench = Bench::open().await;
    let mut own = client(&bench, "wepay");
    own.put_webhook(put("https://pay.example.com/hook")).await.expect("it is made");
    let mut other = client(&bench, "otherpay");
    let listed = other.list_webhooks(wire::ListWebhooksRequest {}).await.expect("it is listed");
    assert_eq!(listed.into_inner().webhooks, []);
    let webhook_id = String::from("till");
    let resume = other.resume_webhook(wire::ResumeWebhookRequest { webhook_id }).await;
    assert_eq!(resume.expect_err("it is another's").code(), Code::NotFound);
    let bad = wire::PutWebhookRequest {
        webhook_id: String::new(),
        url: String::from("gopher://pay.example.com"),
        batch_max: 101,
        after_position: Some(-1),
    };
    let refused = own.put_webhook(bad).await.expect_err("all of it is wrong");
    assert_eq!(refused.code(), Code::InvalidArgument);
    let details = tonic_types::StatusExt::get_error_details(&refused);
    let fields = details.bad_request().expect("the fields are named").field_violations.iter();
    let mut fields: Vec<_> = fields.map(|violation| violation.field.as_str()).collect();
    fields.sort_unstable();
    assert_eq!(fields, ["after_position", "batch_max", "url", "webhook_id"]);
    let ahead = wire::PutWebhookRequest { after_position: Some(9), ..put("https://a.example.com") };
    let refused = own.put_webhook(ahead).await.expect_err("there are no events");
    assert_eq!(reason(&refused).0, "FOREIGN_CURSORS");
}

/// Every refusal that is of webhooks alone.
pub async fn refusals() -> Vec<Told> {
    let bench = Bench::open().await;
    let mut client = client(&bench, "wepay");
    let named = |webhook_id: String| wire::PutWebhookRequest {
        webhook_id,
        ..put("https://pay.example.com/hook")
    };
    for n in 0..10 {
        client.put_webhook(named(format!("w{n}"))).await.expect("there is room");
    }
    let eleventh = client.put_webhook(named(String::from("w10"))).await;
    let webhook_id = String::from("w0");
    let request = wire::RotateWebhookSecretRequest { webhook_id, secret_generation: 5 };
    let other = client.rotate_webhook_secret(request).await;
    vec![Told::refused(eleventh), Told::refused(other)]
}
