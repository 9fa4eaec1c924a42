//! Both worlds side by side, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clock::{Timestamp, Zone};
use member_identity::VoucherId;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use redemption::domain::shops::Registrations;
use redemption::domain::{self, Checks, Moment, ShownStage, Stage, Wallet, business_day};
use redemption::store::{AuthorizationKey, Store, open};
use sql::DatabaseConfig;
use zhisong::laws;

use crate::reference::{Answer, Line, Part, Reference, State, Verb, View, Wanted};
use crate::rules::{CAMPAIGNS, Worth};
use crate::steps::{PERSONS, Step, Steps};
use crate::till::{self, Counting, Names};

/// What no episode is without; else it would prove nothing.
const COMMON: [&str; 5] = [
    "authorize: Held with 2",
    "capture: Captured with 1",
    "void: Voided with 1",
    "refund: Captured with 1",
    "refund: Refunded with 1",
];

/// A database, the reference beside it, and what links them.
pub struct Episode {
    config: DatabaseConfig,
    store: Arc<dyn Store>,
    reference: Reference,
    names: Names,
    ids: Arc<Counting>,
    /// How often each answer was given.
    told: BTreeMap<String, u32>,
}

impl Episode {
    /// A fresh database that knows the campaigns.
    pub async fn begin(config: DatabaseConfig) -> Self {
        let store = open(&config).await.expect("the database opens");
        store.apply_feed(till::campaigns()).await.expect("is there").expect("goes on");
        let reference = Reference::at(till::beginning().as_micros());
        Self {
            config,
            store,
            reference,
            names: Names::default(),
            ids: Arc::default(),
            told: BTreeMap::new(),
        }
    }

    /// Plays so many random operations.
    pub async fn play_random(&mut self, seed: u64, operations: u64) {
        eprintln!("seed {seed}");
        let mut steps = Steps::new(StdRng::seed_from_u64(seed));
        let mut done = 0;
        while done < operations {
            let step = steps.next(&self.reference);
            done += match &step {
                Step::Verbs(verbs) => verbs.len() as u64,
                _ => 1,
            };
            self.play(&step).await;
        }
        for told in COMMON {
            assert!(self.told.contains_key(told), "no {told:?} in {operations} operations");
        }
    }

    /// Plays a step in both worlds; they must agree.
    pub async fn play(&mut self, step: &Step) {
        let before = self.reference.clone();
        self.do_both(step).await;
        let all = (0..self.reference.authorizations.len())
            .filter(|at| before.authorizations.get(*at) != self.reference.authorizations.get(*at));
        let changed = (0..self.reference.vouchers.len())
            .filter(|at| before.vouchers.get(*at) != self.reference.vouchers.get(*at));
        let person = |at: usize| self.reference.vouchers[at].person;
        let touched: BTreeSet<usize> = changed.map(person).chain(step.persons()).collect();
        self.compare(touched, all).await;
    }

    async fn do_both(&mut self, step: &Step) {
        match step {
            Step::Verbs(verbs) => self.verbs(verbs).await,
            Step::Quote { person, lines, wanted } => self.quote(*person, lines, wanted).await,
            Step::Give { person, campaign } => self.give(*person, *campaign).await,
            Step::Pass(micros) => self.reference.now += micros,
            Step::Sweep => {
                self.reference.expire();
                self.store.expire_holds(self.moment(), 1_000).await.expect("is there");
            }
            Step::CloseDays => {
                let now = self.now();
                self.store.close_days(business_day(now), now).await.expect("is there");
            }
            Step::Restart => {
                self.store.close().await;
                self.store = open(&self.config).await.expect("the database opens");
            }
        }
    }

    async fn verbs(&mut self, verbs: &[(usize, Verb)]) {
        let commands: Vec<_> =
            verbs.iter().map(|(request, verb)| self.names.command(*request, verb)).collect();
        let answers = self.store.checkout_batch(commands, self.moment()).await;
        let answers = answers.expect("the store is there");
        assert_eq!(answers.len(), verbs.len());
        for ((request, verb), answer) in verbs.iter().zip(answers) {
            let expected = self.reference.answer(*request, verb);
            self.learn(&expected, &answer);
            let told = format!("{}: {}", verb.name(), expected.name());
            *self.told.entry(told).or_default() += 1;
            self.agree(verb, &expected, &answer);
        }
    }

    /// A new authorization gets its id from the store.
    fn learn(&mut self, expected: &Answer, answer: &domain::Answer) {
        if let (Answer::Done(Some(view)), Ok(receipt)) = (expected, answer)
            && view.authorization == self.names.authorizations.len()
            && let Some(made) = &receipt.authorization
        {
            self.names.authorizations.push(made.authorization_id);
        }
    }

    fn agree(&self, verb: &Verb, expected: &Answer, answer: &domain::Answer) {
        match (expected, answer) {
            (Answer::Done(view), Ok(receipt)) => {
                let shown = receipt.authorization.as_ref().map(|made| self.view(made));
                assert_eq!(shown.as_ref(), view.as_ref(), "{verb:?}");
            }
            (Answer::Refused(reasons), Err(refusal)) => {
                let reason = refusal.reason.name();
                assert!(reasons.contains(&reason), "{verb:?}: {reason} is none of {reasons:?}");
            }
            (expected, answer) => panic!("{verb:?}: {answer:?} where {expected:?} is right"),
        }
    }

    fn view(&self, made: &domain::Authorization) -> View {
        let authorization = self
            .names
            .authorizations
            .iter()
            .position(|id| *id == made.authorization_id)
            .expect("an authorization that the model knows");
        let parts = made.vouchers.iter().map(|applied| Part {
            voucher: self.names.numbers[&applied.voucher_id],
            lines: applied.line_discounts.iter().map(|fen| fen.0).collect(),
        });
        View {
            authorization,
            state: match made.stage {
                Stage::Held => State::Held,
                Stage::Captured(_) => State::Captured,
                Stage::Voided { .. } => State::Voided,
                Stage::Expired { .. } => State::Expired,
                Stage::Refunded { .. } => State::Refunded,
            },
            parts: parts.collect(),
            captured: made.captured_by_voucher().into_iter().map(|fen| fen.0).collect(),
            refunded: refunded(made),
        }
    }

    async fn quote(&mut self, person: usize, lines: &[Line], wanted: &Wanted) {
        let read =
            self.store.wallet(till::person(person), &[], self.now()).await.expect("is there");
        let vouchers: Vec<_> = read.vouchers.iter().collect();
        let checks = Checks::default();
        let order = till::order(0, lines);
        let (registrations, place) = (Registrations::default(), order.place(&till::platform()));
        let wallet = Wallet {
            vouchers: &vouchers,
            campaigns: &read.campaigns,
            checks: &checks,
            premises: registrations.at(&place),
        };
        let quoted = wallet.quote(&order, &self.names.wanted(wanted), self.now());
        let quoted = quoted.expect("the best can always be asked for");
        // What has run out holds nothing, swept or not.
        let mut reference = self.reference.clone();
        reference.expire();
        let expected = reference.select(person, lines, wanted).unwrap_or_default();
        let shown: Vec<_> = quoted
            .applied
            .iter()
            .map(|applied| Part {
                voucher: self.names.numbers[&applied.voucher_id],
                lines: applied.line_discounts.iter().map(|fen| fen.0).collect(),
            })
            .collect();
        assert_eq!(shown, expected, "{lines:?}");
        let mut everyone: Vec<VoucherId> =
            quoted.applied.iter().map(|applied| applied.voucher_id).collect();
        everyone.extend(quoted.unused.iter().map(|unused| unused.voucher_id));
        everyone.sort_unstable();
        let mut own: Vec<VoucherId> = vouchers.iter().map(|own| own.voucher_id).collect();
        own.sort_unstable();
        assert_eq!(everyone, own, "each voucher is used, or it is said why not");
    }

    async fn give(&mut self, person: usize, campaign: usize) {
        let number = self.reference.give(person, campaign);
        let message = self.names.issue(&self.reference.vouchers[number], &self.ids);
        self.store.apply_feed(message).await.expect("is there").expect("goes on");
    }

    /// What is stored of these persons and authorizations is what the reference has.
    async fn compare(
        &self,
        persons: impl IntoIterator<Item = usize>,
        authorizations: impl IntoIterator<Item = usize>,
    ) {
        for person in persons {
            let vouchers = self.reference.vouchers.iter().zip(&self.names.vouchers);
            let named: Vec<VoucherId> = vouchers
                .filter(|(voucher, _)| voucher.person == person)
                .map(|(_, id)| *id)
                .collect();
            let read = self
                .store
                .wallet(till::person(person), &named, self.now())
                .await
                .expect("is there");
            assert_eq!(read.vouchers.len(), named.len(), "no voucher is lost or new");
            for stored in &read.vouchers {
                self.compare_voucher(stored);
            }
        }
        for number in authorizations {
            let one = &self.reference.authorizations[number];
            let key = AuthorizationKey::Id(self.names.authorization(number));
            let stored = self.store.authorization(&till::platform(), &key).await.expect("is there");
            let stored = stored.expect("an authorization stays").at(self.now());
            let mut expected = self.reference.view(number);
            if one.state == State::Held && one.expires <= self.reference.now {
                expected.state = State::Expired;
            }
            assert_eq!(self.view(&stored), expected);
        }
    }

    fn compare_voucher(&self, stored: &domain::WalletVoucher) {
        let number = self.names.numbers[&stored.voucher_id];
        let expected = &self.reference.vouchers[number];
        let now = self.now();
        let stage = match expected.held {
            _ if expected.uses_left == 0 => ShownStage::Used,
            Some((_, until)) if until > self.reference.now => ShownStage::Held,
            _ if expected.until <= self.reference.now => ShownStage::Expired,
            _ => ShownStage::Available,
        };
        let balance = match CAMPAIGNS[expected.campaign].worth {
            Worth::Balance { .. } => Some(expected.balance),
            _ => None,
        };
        assert_eq!(
            (stored.uses_left, stored.balance_left.map(|fen| fen.0), stored.shown(now)),
            (expected.uses_left, balance, stage),
            "voucher {number}: {expected:?}"
        );
        assert_eq!(stored.valid_until.as_micros(), expected.until, "voucher {number}");
    }

    /// Every law holds of what is stored, and the journal spent what the reference spent.
    pub async fn end(mut self) {
        self.reference.now += 2 * crate::reference::DAY;
        self.play(&Step::Sweep).await;
        self.play(&Step::CloseDays).await;
        self.compare(0..PERSONS, 0..self.reference.authorizations.len()).await;
        self.compare_journal().await;
        self.store.close().await;
        let report = laws::check_checkout(&self.config.url).await.expect("can be checked");
        for verdict in report.verdicts() {
            assert!(verdict.findings.is_empty(), "{}: {verdict:?}", verdict.law.name());
        }
    }

    async fn compare_journal(&self) {
        let mut spent = BTreeMap::<(String, String), i64>::new();
        let mut day = business_day(till::beginning());
        while day.start(&Zone::shanghai()) < self.now() {
            for total in self.store.daily_totals(day, None).await.expect("is there") {
                let key = (total.organization.to_string(), total.campaign_id.to_string());
                *spent.entry(key).or_default() += total.captured.0 - total.refunded.0;
            }
            day = day.next();
        }
        spent.retain(|_, fen| *fen != 0);
        let expected = self.reference.spent.iter().filter(|(_, fen)| **fen != 0);
        let expected = expected.map(|((funder, campaign), fen)| {
            (((*funder).to_owned(), (*campaign).to_owned()), *fen)
        });
        assert_eq!(spent, expected.collect());
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.reference.now)
    }

    fn moment(&self) -> Moment {
        Moment { now: self.now(), entropy: self.ids.clone() }
    }
}

/// What went back of each voucher's discount, over all refunds.
fn refunded(made: &domain::Authorization) -> Vec<i64> {
    made.given_back_by_refund().iter().fold(vec![0; made.vouchers.len()], |sums, given| {
        sums.iter().zip(given).map(|(sum, part)| sum + part.0).collect()
    })
}
