//! Two replicas at work on one database: lanes, followers and sweepers of both at once.

#[path = "support/databases.rs"]
mod databases;
#[path = "support/replica.rs"]
mod replica;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clock::{BusinessDay, Clock as _, ManualClock};
use databases::{Databases, Play};
use futures::future::{BoxFuture, join, join_all};
use libtest_mimic::Arguments;
use member_identity::AuthorizationId;
use redemption::domain::{
    Reason, Receipt, Resolution, ResolutionAction, Stage, VoidTarget, VoucherStage,
};
use redemption::store::conformance::{RETURNS, Till, person};
use redemption::store::{AuthorizationKey, open};
use redemption::usecase::{Failure, Reconciled, ResolveRequest, Settlement};
use replica::{Issuer, Replica, platform, settlement_keys, whole};
use sql::DatabaseConfig;

/// A trial: its sentence, and what two replicas do.
type Case = (&'static str, fn(Pair) -> BoxFuture<'static, Pair>);

const CASES: &[Case] = &[
    ("both_follow_the_feed_and_each_position_counts_once", |pair| Box::pin(follow(pair))),
    ("the_same_request_at_both_at_once_has_one_effect_and_equal_answers", |pair| {
        Box::pin(ask_both(pair))
    }),
    ("a_capture_at_one_and_a_void_at_the_other_exclude_each_other", |pair| {
        Box::pin(capture_and_void(pair))
    }),
    ("what_ran_out_is_written_down_by_one_of_them", |pair| Box::pin(sweep(pair))),
    ("the_same_file_at_both_at_once_is_compared_once", |pair| Box::pin(reconcile_both(pair))),
    ("the_same_word_on_a_difference_at_both_at_once_is_kept_once", |pair| {
        Box::pin(say_the_same(pair))
    }),
    ("notes_at_both_at_once_are_all_kept_and_counted", |pair| Box::pin(note_at_both(pair))),
];

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let databases = Databases::start(&arguments);
    let trials = CASES.iter().flat_map(|&(name, case)| {
        let play: Play = Arc::new(move |config| {
            Box::pin(async move {
                case(Pair::start(&config).await).await.stop().await;
            })
        });
        databases.trials(name, play)
    });
    libtest_mimic::run(&arguments, trials.collect()).exit_code()
}

/// Persons with a voucher each.
const PERSONS: u8 = 100;

/// Two replicas, and a till that looks at their database.
struct Pair {
    till: Till,
    clock: Arc<ManualClock>,
    one: Replica,
    other: Replica,
}

impl Pair {
    /// Both are level with an issuance that has given everybody a voucher.
    async fn start(config: &DatabaseConfig) -> Self {
        let store = open(config).await.expect("the database opens");
        let till = Till::open(Arc::clone(&store)).await;
        let clock = Arc::new(ManualClock::at(till.now()));
        let vouchers: Vec<_> = (0..PERSONS).map(|n| till.voucher(person(n), RETURNS)).collect();
        // The feed is cut differently for each.
        let issuer = |size| Issuer { vouchers: vouchers.clone(), size };
        let another = open(config).await.expect("the database opens");
        let one = Replica::start(store, clock.clone(), issuer(3));
        let other = Replica::start(another, clock.clone(), issuer(7));
        join(one.until_level(), other.until_level()).await;
        Self { till, clock, one, other }
    }

    async fn stop(self) {
        let Self { till, one, other, .. } = self;
        let stores = [Arc::clone(&one.checkout.store), Arc::clone(&other.checkout.store)];
        join(one.stop(), other.stop()).await;
        drop(till);
        for store in stores {
            store.close().await;
        }
    }

    /// Asks both replicas for everybody's hold, all at once.
    async fn hold_all(&self) -> [Vec<Result<Receipt, Failure>>; 2] {
        let ask = async |replica: &Replica| {
            let holds = (0..PERSONS).map(|n| async move {
                replica.authorize(&format!("a{n}"), person(n), &format!("o{n}")).await
            });
            join_all(holds).await
        };
        let (one, other) = join(ask(&self.one), ask(&self.other)).await;
        [one, other]
    }

    async fn held(&self) -> Vec<AuthorizationId> {
        let [one, _] = self.hold_all().await;
        let held = one.into_iter().map(|answer| answer.expect("there is a voucher"));
        held.map(|held| held.authorization.expect("one is made").authorization_id).collect()
    }

    async fn stage(&self, id: AuthorizationId) -> Stage {
        let key = AuthorizationKey::Id(id);
        let found = self.till.store.authorization(&self.till.partner, &key).await;
        found.expect("the store is there").expect("it was made").stage
    }
}

async fn follow(pair: Pair) -> Pair {
    for n in 0..PERSONS {
        pair.till.only_voucher(person(n)).await;
    }
    let cursors = pair.till.store.feed_cursors().await.expect("the store is there");
    assert_eq!(cursors.stocks.len(), 1);
    assert_eq!(cursors.stocks[0].1, i64::from(PERSONS));
    pair
}

async fn ask_both(pair: Pair) -> Pair {
    let [one, other] = pair.hold_all().await;
    for (one, other) in one.into_iter().zip(other) {
        let one = one.expect("there is a voucher");
        assert_eq!(one, other.expect("there is a voucher"), "equal answers");
    }
    pair
}

async fn capture_and_void(pair: Pair) -> Pair {
    let ids = pair.held().await;
    let captures = ids.iter().enumerate().map(|(n, id)| {
        let request_id = format!("c{n}").parse().expect("a key");
        let checkout = &pair.one.checkout;
        async move { checkout.capture(&platform(), request_id, whole(*id), None).await }
    });
    let voids = ids.iter().enumerate().rev().map(|(n, id)| {
        let request_id = format!("v{n}").parse().expect("a key");
        let target = match n % 2 {
            0 => VoidTarget::Authorization(*id),
            _ => VoidTarget::Request(format!("a{n}").parse().expect("a key")),
        };
        let checkout = &pair.other.checkout;
        async move { checkout.void(&platform(), request_id, target, None).await }
    });
    let (captured, mut voided) = join(join_all(captures), join_all(voids)).await;
    voided.reverse();
    for (n, (captured, voided)) in (0..).zip(captured.into_iter().zip(voided)) {
        let voucher = pair.till.only_voucher(person(n)).await.stage;
        let stage = pair.stage(ids[usize::from(n)]).await;
        match (captured, voided) {
            (Ok(_), Err(Failure::Refused(refusal))) => {
                assert_eq!(refusal.reason, Reason::AlreadyCaptured);
                assert!(matches!(stage, Stage::Captured(_)));
                assert_eq!(voucher, VoucherStage::Used);
            }
            (Err(Failure::Refused(refusal)), Ok(_)) => {
                assert_eq!(refusal.reason, Reason::AlreadyVoided);
                assert!(matches!(stage, Stage::Voided { .. }));
                assert_eq!(voucher, VoucherStage::Available);
            }
            other => panic!("{other:?}"),
        }
    }
    pair
}

async fn sweep(pair: Pair) -> Pair {
    let ids = pair.held().await;
    pair.till.pass(Duration::from_secs(301));
    pair.clock.set(pair.till.now());
    let swept = async {
        for (n, id) in (0..).zip(&ids) {
            while !matches!(pair.stage(*id).await, Stage::Expired { .. }) {
                tokio::task::yield_now().await;
            }
            assert_eq!(pair.till.only_voucher(person(n)).await.stage, VoucherStage::Available);
        }
    };
    tokio::time::timeout(Duration::from_secs(30), swept).await.expect("it gets there");
    pair
}

const DAY: &str = "2022-07-22";

impl Pair {
    fn settlement(&self, replica: &Replica) -> Settlement {
        Settlement {
            store: Arc::clone(&replica.checkout.store),
            clock: self.clock.clone(),
            keys: Arc::new(settlement_keys()),
        }
    }

    /// Somebody bought a drink, order `o0`, and the day is over and closed.
    async fn close_day(&self) {
        let held = self.one.authorize("a0", person(0), "o0").await.expect("there is a voucher");
        let id = held.authorization.expect("one is made").authorization_id;
        let capture = "c0".parse().expect("a key");
        let captured = self.one.checkout.capture(&platform(), capture, whole(id), None).await;
        captured.expect("it is held");
        self.till.move_to("2022-07-23", 0);
        self.clock.set(self.till.now());
        self.settlement(&self.one).close_days().await.expect("the store is there");
    }

    /// Sends a file with that order and as many others as that as reconciliation `m1`, at both at
    /// once.
    async fn reconcile(&self, rows: usize) -> [Reconciled; 2] {
        let rows = (0..rows).map(|n| format!("x{n},CAPTURE,1\n"));
        let file = String::from("order_number,kind,amount_fen\no0,CAPTURE,299\n")
            + &rows.collect::<String>();
        let send = async |settlement: Settlement| {
            let day = BusinessDay::parse(DAY).expect("a day");
            let id = "m1".parse().expect("a key");
            let open = settlement.open_reconciliation(&platform(), id, day).await;
            let mut open = open.expect("the day is closed");
            for piece in file.as_bytes().chunks(10_000) {
                open.take(piece).await.expect("it is the same file");
            }
            open.finish().await.expect("it is the same file")
        };
        let (one, other) =
            join(send(self.settlement(&self.one)), send(self.settlement(&self.other))).await;
        [one, other]
    }

    /// Says a word on the first difference at one of the replicas.
    async fn say(&self, replica: &Replica, request_id: String) -> Resolution {
        let asked = ResolveRequest {
            request_id: request_id.parse().expect("a key"),
            reconciliation_id: "m1".parse().expect("a key"),
            platform: None,
            difference_id: String::from("CAPTURE:order:x0"),
            action: ResolutionAction::Note,
            text: String::from("seen"),
        };
        let said = self.settlement(replica).resolve_difference(&platform(), asked).await;
        said.expect("a note is always taken")
    }
}

async fn reconcile_both(pair: Pair) -> Pair {
    pair.close_day().await;
    let [one, other] = pair.reconcile(2_500).await;
    assert_eq!(one.reconciliation, other.reconciliation);
    let done = one.reconciliation;
    assert_eq!((done.matched, done.differences, done.theirs.rows), (1, 2_500, 2_501));
    pair
}

async fn say_the_same(pair: Pair) -> Pair {
    pair.close_day().await;
    pair.reconcile(1).await;
    for n in 0..10 {
        let say = |replica| pair.say(replica, format!("w{n}"));
        let (one, other) = join(say(&pair.one), say(&pair.other)).await;
        assert_eq!((one.position, &one), (n + 1, &other), "equal answers");
    }
    pair
}

async fn note_at_both(pair: Pair) -> Pair {
    pair.close_day().await;
    pair.reconcile(1).await;
    let say = |n| pair.say(if n % 2 == 0 { &pair.one } else { &pair.other }, format!("w{n}"));
    let said = join_all((0..20).map(say)).await;
    let mut positions: Vec<_> = said.iter().map(|said| said.position).collect();
    positions.sort_unstable();
    assert_eq!(positions, (1..=20).collect::<Vec<_>>());
    pair
}
