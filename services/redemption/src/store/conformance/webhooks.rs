//! Webhooks: what is to be sent is leased to one sender, and what became of it is kept.

use std::time::Duration;

use clock::Timestamp;
use futures::future::join_all;

use super::till::{RETURNS, Till, key, person};
use super::{Case, case};
use crate::domain::webhooks::{
    ATTEMPTS_MAX, Delivery, DeliveryProblem, Reach, ReceiverUrl, Sent, Webhook, WebhookKey,
    WebhookRefusal, WebhookState, WebhookVerb, WebhookWish,
};

const LEASE: Duration = Duration::from_secs(30);
const DOWN: Sent = Sent::Failed(DeliveryProblem::Http(500));

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("webhooks", a_webhook_is_made_changed_and_taken_away),
        case!("webhooks", events_are_leased_in_order_and_accepted_once),
        case!("webhooks", two_replicas_never_have_the_same_webhook_at_once),
        case!("webhooks", a_lease_that_ended_is_given_again_and_its_first_holder_changes_nothing),
        case!("webhooks", what_was_given_up_is_kept_and_sent_again_when_it_is_asked_for),
    ]
}

impl Till {
    fn webhook(&self, id: &str) -> WebhookKey {
        WebhookKey { partner: self.partner.clone(), id: key(id) }
    }

    async fn put(&self, id: &str, after: Option<i64>) -> Result<Webhook, WebhookRefusal> {
        let url = ReceiverUrl::parse("https://pay.example.com/hook", Reach::Public);
        let wish = WebhookWish { url: url.expect("an address"), batch_max: 3, after };
        self.change(id, WebhookVerb::Put(wish)).await.map(|webhook| webhook.expect("it is there"))
    }

    async fn change(&self, id: &str, verb: WebhookVerb) -> Result<Option<Webhook>, WebhookRefusal> {
        let changed = self.store.webhooks().change_webhook(&self.webhook(id), &verb, at(0)).await;
        changed.expect("the store is there")
    }

    async fn lease(&self, now: Timestamp) -> Vec<Delivery> {
        let leased = self.store.webhooks().lease_deliveries(now, now.plus(LEASE), 10).await;
        leased.expect("the store is there")
    }

    async fn settle(&self, delivery: &Delivery, sent: Sent, now: Timestamp) {
        let settled = self.store.webhooks().settle_delivery(delivery, sent, now).await;
        settled.expect("the store is there");
    }

    async fn as_kept(&self, id: &str) -> Webhook {
        let all = self.store.webhooks().webhooks(&self.partner).await.expect("it is there");
        let named = all.into_iter().find(|webhook| webhook.key == self.webhook(id));
        named.expect("it was made")
    }

    /// Holds that many orders, and numbers the steps.
    async fn hold_orders(&self, count: u8) {
        for n in 0..count {
            self.give(person(n), RETURNS).await;
            self.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
        }
        while self.store.seal_events(100).await.expect("the store is there") > 0 {}
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_micros(seconds * 1_000_000)
}

async fn a_webhook_is_made_changed_and_taken_away(till: Till) {
    till.hold_orders(2).await;
    let made = till.put("b", None).await.expect("it is made");
    assert_eq!((made.position, made.generation), (2, 1), "it begins with the next event");
    assert_eq!(till.put("a", Some(0)).await.expect("it is made").position, 0);
    assert_eq!(till.put("c", Some(3)).await, Err(WebhookRefusal::Ahead));
    let all = till.store.webhooks().webhooks(&till.partner).await.expect("it is there");
    assert_eq!(all.iter().map(|one| one.key.id.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert_eq!(all[1], made);
    assert_eq!(till.store.webhooks().webhooks(&key("otherpay")).await, Ok(vec![]));

    let rotated = till.change("b", WebhookVerb::Rotate(1)).await.expect("it is there");
    assert_eq!(rotated.expect("it is there").generation, 2);
    assert_eq!(till.as_kept("b").await.generation, 2);
    assert_eq!(till.change("b", WebhookVerb::Rotate(9)).await, Err(WebhookRefusal::Changed(2)));
    assert_eq!(till.change("c", WebhookVerb::Resume).await, Err(WebhookRefusal::Unknown));
    for _ in 0..2 {
        assert_eq!(till.change("b", WebhookVerb::Delete).await, Ok(None));
    }
    for n in 1..10 {
        till.put(&format!("more{n}"), None).await.expect("there is room");
    }
    assert_eq!(till.put("eleventh", None).await, Err(WebhookRefusal::TooMany));
}

async fn events_are_leased_in_order_and_accepted_once(till: Till) {
    till.put("a", None).await.expect("it is made");
    assert_eq!(till.lease(at(1)).await, [], "there is nothing to send");
    till.hold_orders(4).await;
    let first = till.lease(at(1)).await.remove(0);
    assert_eq!((first.positions, &first.webhook.key.id), ((1, 3), &key("a")));
    assert_eq!(till.lease(at(1)).await, [], "one sender has it");
    till.settle(&first, Sent::Accepted, at(2)).await;
    let rest = till.lease(at(2)).await.remove(0);
    assert_eq!(rest.positions, (4, 4));
    till.settle(&rest, DOWN, at(3)).await;
    let webhook = till.as_kept("a").await;
    assert_eq!((webhook.position, webhook.attempts, webhook.due_at), (3, 1, at(4)));
    assert_eq!(webhook.problem, Some(DeliveryProblem::Http(500)));
    assert_eq!(till.lease(at(3)).await, [], "it waits");
    let again = till.lease(at(4)).await.remove(0);
    assert_eq!(again.positions, (4, 4));
    till.settle(&again, Sent::Accepted, at(5)).await;
    till.settle(&again, DOWN, at(6)).await;
    let webhook = till.as_kept("a").await;
    assert_eq!((webhook.position, webhook.attempts, webhook.problem), (4, 0, None));
    assert_eq!(till.lease(at(60)).await, []);
}

async fn two_replicas_never_have_the_same_webhook_at_once(till: Till) {
    let other = till.replica().await;
    for id in ["a", "b", "c", "d"] {
        till.put(id, None).await.expect("it is made");
    }
    till.hold_orders(1).await;
    let lease = async |at_till: &Till| loop {
        // What the other is at is passed over, or the step is taken again.
        let leased = at_till.store.webhooks().lease_deliveries(at(1), at(31), 4).await;
        if let Ok(leased) = leased {
            return leased;
        }
    };
    let leased = join_all([lease(&till), lease(&other), lease(&till), lease(&other)]).await;
    let mut ids: Vec<_> = leased.concat().into_iter().map(|one| one.webhook.key.id).collect();
    ids.sort();
    assert_eq!(ids, ["a", "b", "c", "d"].map(key));
}

async fn a_lease_that_ended_is_given_again_and_its_first_holder_changes_nothing(till: Till) {
    till.put("a", None).await.expect("it is made");
    till.hold_orders(1).await;
    let first = till.lease(at(1)).await.remove(0);
    assert_eq!(till.lease(at(30)).await, []);
    let second = till.lease(at(31)).await.remove(0);
    assert_eq!(second.positions, first.positions);
    till.settle(&first, DOWN, at(32)).await;
    assert_eq!(till.as_kept("a").await.attempts, 0);
    till.settle(&second, Sent::Accepted, at(33)).await;
    assert_eq!(till.as_kept("a").await.position, 1);
    // One that was changed meanwhile, and one that is gone, are let be.
    let third = till.put("b", Some(0)).await.expect("it is made");
    assert_eq!(third.position, 0);
    let leased = till.lease(at(34)).await.remove(0);
    assert_eq!(leased.webhook.key.id, key("b"));
    till.put("b", Some(1)).await.expect("it is changed");
    till.settle(&leased, DOWN, at(35)).await;
    assert_eq!((till.as_kept("b").await.position, till.as_kept("b").await.attempts), (1, 0));
    till.change("b", WebhookVerb::Delete).await.expect("it is gone");
    till.settle(&leased, Sent::Accepted, at(36)).await;
}

async fn what_was_given_up_is_kept_and_sent_again_when_it_is_asked_for(till: Till) {
    till.put("a", None).await.expect("it is made");
    till.hold_orders(4).await;
    let webhooks = till.store.webhooks();
    let id = till.webhook("a");
    let mut now = at(1);
    while till.as_kept("a").await.state == WebhookState::Active {
        now = now.plus(Duration::from_secs(3_600));
        let leased = till.lease(now).await.remove(0);
        till.settle(&leased, DOWN, now).await;
    }
    // Three in a row suspend it; the fourth event was never tried.
    let tries = (now.as_seconds() - 1) / 3_600;
    assert_eq!(tries, 3 * i64::from(ATTEMPTS_MAX));
    let letters = webhooks.dead_letters(&id, 0, 10).await.expect("it is there");
    let letters = letters.expect("the webhook is there");
    assert_eq!(letters.iter().map(|one| one.position).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(letters[0].problem, DeliveryProblem::Http(500));
    let page = webhooks.dead_letters(&id, 1, 1).await.expect("it is there");
    assert_eq!(page.expect("the webhook is there"), [letters[1].clone()]);

    let queued = webhooks.replay_dead_letters(&id, &[2, 77]).await;
    assert_eq!(queued, Ok(Some(1)), "what is no dead letter is passed over");
    assert_eq!(till.lease(now).await, [], "it is suspended");
    till.change("a", WebhookVerb::Resume).await.expect("it is there");
    let replay = till.lease(now).await.remove(0);
    assert_eq!((replay.positions, replay.is_replay), ((2, 2), true));
    till.settle(&replay, Sent::Accepted, now).await;
    let next = till.lease(now).await.remove(0);
    assert_eq!((next.positions, next.is_replay), ((4, 4), false));
    till.settle(&next, Sent::Accepted, now).await;

    assert_eq!(webhooks.replay_dead_letters(&id, &[]).await, Ok(Some(2)), "all that are left");
    let replay = till.lease(now).await.remove(0);
    assert_eq!(replay.positions, (1, 1));
    till.settle(&replay, Sent::Failed(DeliveryProblem::TimedOut), now).await;
    let left = webhooks.dead_letters(&id, 0, 10).await.expect("it is there");
    let left = left.expect("the webhook is there");
    let told = left.iter().map(|one| (one.position, one.problem, one.is_queued));
    let expected = [(1, DeliveryProblem::TimedOut, false), (3, DeliveryProblem::Http(500), true)];
    assert_eq!(told.collect::<Vec<_>>(), expected);

    till.change("a", WebhookVerb::Delete).await.expect("it is gone");
    assert_eq!(webhooks.dead_letters(&id, 0, 10).await, Ok(None));
    assert_eq!(webhooks.replay_dead_letters(&id, &[]).await, Ok(None));
}
