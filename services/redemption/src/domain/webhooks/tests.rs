use std::net::IpAddr;
use std::time::Duration;

use clock::Timestamp;

use super::{
    ATTEMPTS_MAX, Delivery, DeliveryProblem, Effect, LetterChange, Reach, ReceiverUrl, Sent,
    WEBHOOKS_MAX, Webhook, WebhookAsked, WebhookKey, WebhookRefusal, WebhookState, WebhookVerb,
    WebhookWish, backoff, decide, is_public,
};

const DOWN: Sent = Sent::Failed(DeliveryProblem::NotReached);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

fn key() -> WebhookKey {
    let parsed = ("wepay".parse(), "till".parse());
    WebhookKey { partner: parsed.0.expect("a key"), id: parsed.1.expect("a key") }
}

fn put(url: &str, after: Option<i64>) -> WebhookVerb {
    let url = ReceiverUrl::parse(url, Reach::Public).expect("an address");
    WebhookVerb::Put(WebhookWish { url, batch_max: 10, after })
}

fn asked(verb: &WebhookVerb, found: Option<Webhook>) -> Result<Effect, WebhookRefusal> {
    let count = usize::from(found.is_some());
    decide(WebhookAsked { key: &key(), verb, found, count, head: 40 }, at(0))
}

fn webhook(after: i64) -> Webhook {
    match asked(&put("https://pay.example.com/hook", Some(after)), None) {
        Ok(Effect::Insert(webhook)) => webhook,
        other => panic!("{other:?}"),
    }
}

/// Leases what is due now.
fn leased(webhook: &mut Webhook, head: i64) -> Option<Delivery> {
    let now = webhook.due_at;
    webhook.lease(head, None, (now, now.plus(Duration::from_secs(30))))
}

#[test]
fn what_anybody_may_be_at_is_public_and_what_registries_set_aside_is_not() {
    let public = ["1.1.1.1", "100.63.255.255", "100.128.0.0", "223.255.255.255", "2400:3200::1"];
    let others = [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "172.31.255.255",
        "192.0.0.8",
        "192.0.2.1",
        "192.88.99.1",
        "192.168.1.1",
        "198.18.0.1",
        "198.19.255.255",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::ffff:10.1.2.3",
        "::ffff:1.1.1.1",
        "64:ff9b::a01:203",
        "100::1",
        "2001::1",
        "2001:db8::1",
        "2002:a01:203::1",
        "3fff::1",
        "fc00::1",
        "fd12::1",
        "fe80::1",
        "fec0::1",
        "ff02::1",
    ];
    let parsed = |text: &&str| text.parse::<IpAddr>().expect("an address");
    assert!(public.iter().map(parsed).all(is_public));
    let found: Vec<_> = others.iter().map(parsed).filter(|address| is_public(*address)).collect();
    assert_eq!(found, Vec::<IpAddr>::new());
}

#[test]
fn an_address_is_https_on_a_name() {
    for url in ["https://pay.example.com/hook?of=zhisong", "https://pay.example.com:8443"] {
        assert!(ReceiverUrl::parse(url, Reach::Public).is_ok(), "{url}");
    }
    let refused = [
        "http://pay.example.com/",
        "ftp://pay.example.com/",
        "https://10.1.2.3/",
        "https://0x7f.1/",
        "https://2130706433/",
        "https://[::1]/",
        "https://me@pay.example.com/",
        "https://me:pw@pay.example.com/",
        "https://pay.example.com/#part",
        "pay.example.com",
        "",
        "https://",
        "file:///etc/passwd",
        "data:text/plain,hello",
    ];
    for url in refused {
        assert!(ReceiverUrl::parse(url, Reach::Public).is_err(), "{url}");
    }
    let long = format!("https://pay.example.com/{}", "a".repeat(500));
    assert!(ReceiverUrl::parse(&long, Reach::Public).is_err());
    assert!(ReceiverUrl::parse("http://127.0.0.1:80/hook", Reach::Anywhere).is_ok());
    assert!(ReceiverUrl::parse("ftp://127.0.0.1/hook", Reach::Anywhere).is_err());
}

#[test]
fn a_batch_is_accepted_whole_and_the_next_comes_at_once() {
    let mut webhook = webhook(5);
    let first = leased(&mut webhook, 40).expect("there is something to send");
    assert_eq!((first.positions, first.is_replay), ((6, 15), false));
    assert_eq!(leased(&mut webhook, 40), None, "one sender has it");
    assert_eq!(webhook.settle(&first, Sent::Accepted, at(1)), None);
    assert_eq!(webhook.position, 15);
    let rest = leased(&mut webhook, 17).expect("it is due");
    assert_eq!(rest.positions, (16, 17), "no further than the stream has come");
    webhook.settle(&rest, Sent::Accepted, at(2));
    assert_eq!(leased(&mut webhook, 17), None, "there is nothing");
}

#[test]
fn waits_double_up_to_an_hour() {
    let waits = [1, 2, 3, 4, 12, 13, 14, 15].map(|attempts| backoff(attempts).as_secs());
    assert_eq!(waits, [1, 2, 4, 8, 2_048, 3_600, 3_600, 3_600]);
    // 1 + 2 + ... + 2,048 = 4,095, and three hours: the 15 waits between 16 tries.
    let all: u64 = (1..ATTEMPTS_MAX).map(|attempts| backoff(attempts).as_secs()).sum();
    assert_eq!(all, 4_095 + 3 * 3_600);
}

#[test]
fn from_the_fourth_try_one_event_goes_at_a_time_and_one_that_is_never_accepted_is_put_aside() {
    let mut webhook = webhook(0);
    for attempt in 1..=ATTEMPTS_MAX {
        let tried = leased(&mut webhook, 40).expect("it is due");
        let last = if attempt <= 3 { 10 } else { 1 };
        assert_eq!(tried.positions, (1, last), "try {attempt}");
        let now = webhook.due_at;
        let change = webhook.settle(&tried, DOWN, now);
        match (attempt, change) {
            (ATTEMPTS_MAX, Some(LetterChange::Add(letter))) => {
                assert_eq!((letter.position, letter.is_queued), (1, false));
                assert_eq!(letter.problem, DeliveryProblem::NotReached);
            }
            (_, change) => {
                assert_eq!(change, None, "try {attempt}");
                assert!(webhook.lease(40, None, (now, now)).is_none(), "it waits");
            }
        }
    }
    assert_eq!((webhook.position, webhook.attempts), (1, 0));
    let next = leased(&mut webhook, 40).expect("it is due at once");
    assert_eq!(next.positions, (2, 11));
}

#[test]
fn three_dead_letters_in_a_row_suspend_it_and_one_that_is_accepted_begins_anew() {
    let mut webhook = webhook(0);
    let give_up = |webhook: &mut Webhook| {
        for _ in 0..ATTEMPTS_MAX {
            let tried = leased(webhook, 40).expect("it is due");
            webhook.settle(&tried, DOWN, webhook.due_at);
        }
    };
    give_up(&mut webhook);
    give_up(&mut webhook);
    let one = leased(&mut webhook, 40).expect("it is due");
    webhook.settle(&one, Sent::Accepted, at(0));
    for _ in 0..3 {
        assert_eq!(webhook.state, WebhookState::Active);
        give_up(&mut webhook);
    }
    assert_eq!(webhook.state, WebhookState::Suspended);
    assert_eq!(leased(&mut webhook, 40), None);
    let now = webhook.due_at;
    let (key, verb) = (key(), WebhookVerb::Resume);
    let asked = WebhookAsked { key: &key, verb: &verb, found: Some(webhook), count: 1, head: 40 };
    let Ok(Effect::Update(mut resumed)) = decide(asked, now) else { panic!("it is resumed") };
    assert!(leased(&mut resumed, 40).is_some());
}

#[test]
fn a_receiver_that_is_gone_suspends_it_at_once_and_nothing_is_put_aside() {
    let mut webhook = webhook(0);
    let tried = leased(&mut webhook, 40).expect("it is due");
    let gone = Sent::Failed(DeliveryProblem::Http(410));
    assert_eq!(webhook.settle(&tried, gone, at(1)), None);
    assert_eq!((webhook.state, webhook.position), (WebhookState::Suspended, 0));
}

#[test]
fn a_dead_letter_goes_before_the_stream_and_is_tried_once() {
    let mut webhook = webhook(20);
    let lease = |webhook: &mut Webhook| {
        webhook.lease(40, Some(7), (at(0), at(30))).expect("there is something to send")
    };
    let replay = lease(&mut webhook);
    assert_eq!((replay.positions, replay.is_replay), ((7, 7), true));
    let kept = webhook.settle(&replay, DOWN, at(0));
    assert_eq!(kept, Some(LetterChange::Keep(7, DeliveryProblem::NotReached)));
    assert_eq!(webhook.attempts, 0, "the stream goes on");
    let replay = lease(&mut webhook);
    let removed = webhook.settle(&replay, Sent::Accepted, at(0));
    assert_eq!((removed, webhook.position), (Some(LetterChange::Remove(7)), 20));
}

#[test]
fn a_webhook_begins_with_the_next_event_unless_a_position_is_stated() {
    let url = "https://pay.example.com/hook";
    let Ok(Effect::Insert(new)) = asked(&put(url, None), None) else { panic!("it is new") };
    assert_eq!(new.position, 40);
    assert_eq!(asked(&put(url, Some(41)), None), Err(WebhookRefusal::Ahead));
    let Ok(Effect::Update(same)) = asked(&put(url, None), Some(webhook(3))) else {
        panic!("it is there")
    };
    assert_eq!(same, webhook(3), "putting it again leaves the same");
    let Ok(Effect::Update(back)) = asked(&put(url, Some(1)), Some(webhook(3))) else {
        panic!("it is there")
    };
    assert_eq!(back.position, 1);
    let (key, verb) = (key(), put(url, None));
    let full = WebhookAsked { key: &key, verb: &verb, found: None, count: WEBHOOKS_MAX, head: 40 };
    assert_eq!(decide(full, at(0)), Err(WebhookRefusal::TooMany));
}

#[test]
fn a_new_secret_is_made_once_and_the_one_before_is_signed_with_for_a_day() {
    let rotate = |before, found| match asked(&WebhookVerb::Rotate(before), Some(found)) {
        Ok(Effect::Update(webhook)) => Ok(webhook),
        Err(refusal) => Err(refusal),
        other => panic!("{other:?}"),
    };
    assert_eq!(webhook(0).generations(at(0)), [1]);
    let second = rotate(1, webhook(0)).expect("it is of that generation");
    assert_eq!(second.generations(at(0)), [2, 1]);
    assert_eq!(second.generations(at(24 * 3_600)), [2]);
    assert_eq!(rotate(1, second.clone()), Ok(second.clone()), "the call was repeated");
    assert_eq!(rotate(3, second), Err(WebhookRefusal::Changed(2)));
    assert_eq!(asked(&WebhookVerb::Rotate(1), None), Err(WebhookRefusal::Unknown));
}
