//! Both worlds side by side, step by step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use clock::{BusinessDay, Timestamp, Zone};
use member_identity::VoucherId;
use rand::SeedableRng as _;
use rand::rngs::StdRng;
use redemption::domain::shops::Registrations;
use redemption::domain::{
    self, Checks, Counterparty, Moment, ShownStage, Stage, VoucherStage, Wallet, business_day,
};
use redemption::store::{AuthorizationKey, Store, open};
use sql::{Backend, DatabaseConfig};
use zhisong::laws;

use crate::days::{DAY, date, day};
use crate::named::Case;
use crate::reference::{Answer, Line, Part, Reference, Sent, State, Verb, View, Wanted};
use crate::rules::{CAMPAIGNS, Worth};
use crate::steps::{PERSONS, PLATFORMS, Step, Steps};
use crate::tally::Tally;
use crate::till::{self, Counting, Names};

/// Holds that one sweep writes down at most; an episode never has as many.
const SWEEP_MAX: u32 = 1_000;

/// A database, the reference beside it, and what links them.
pub struct Episode {
    config: DatabaseConfig,
    store: Arc<dyn Store>,
    reference: Reference,
    names: Names,
    ids: Arc<Counting>,
    tally: Tally,
}

impl Episode {
    /// A fresh database that knows the campaigns.
    pub async fn begin(config: DatabaseConfig) -> Self {
        let store = open(&config).await.expect("the database opens");
        store.apply_feed(till::campaigns()).await.expect("is there").expect("goes on");
        let mut reference = Reference::at(till::beginning().as_micros());
        reference.tried_days_are_known = config.backend().expect("a database") == Backend::Postgres;
        Self {
            config,
            store,
            reference,
            names: Names::default(),
            ids: Arc::default(),
            tally: Tally::default(),
        }
    }

    /// Plays so many random operations.
    pub async fn play_random(&mut self, seed: u64, operations: u64) {
        eprintln!("seed {seed}");
        let mut steps = Steps::new(StdRng::seed_from_u64(seed));
        let mut done = 0;
        while done < operations {
            let step = steps.next(&self.reference);
            done += step.operations();
            self.play(&step).await;
        }
        self.tally.require_common();
    }

    /// Plays a case to its end.
    pub async fn play_case(&mut self, case: &Case) {
        for step in (case.steps)() {
            self.play(&step).await;
        }
        assert!(self.tally.has(case.told), "no {:?} in {:?}", case.told, self.tally);
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
            Step::Quote { person, lines } => self.quote(*person, lines).await,
            Step::Give { person, campaign } => self.give(*person, *campaign).await,
            Step::Pass(micros) => self.reference.now += micros,
            Step::Sweep => self.sweep().await,
            Step::CloseDays => self.close_days().await,
            Step::Restart => {
                self.store.close().await;
                self.store = open(&self.config).await.expect("the database opens");
            }
        }
    }

    /// Writes down the holds that ran out; then all is stored as it is shown.
    async fn sweep(&mut self) {
        self.reference.expire();
        let mut unwritten = 0;
        for (number, one) in self.reference.authorizations.iter().enumerate() {
            if one.state == State::Expired {
                let stored = self.stored(number).await;
                unwritten += u32::from(matches!(stored.stage, Stage::Held));
            }
        }
        let written = self.store.expire_holds(self.moment(), SWEEP_MAX).await.expect("is there");
        assert_eq!(written, unwritten, "holds that ran out and were not written down");
        for number in 0..self.reference.authorizations.len() {
            let stored = self.stored(number).await;
            assert_eq!(self.view(&stored), self.reference.view(number), "as it is stored");
        }
        for person in 0..PERSONS {
            for stored in self.wallet(person).await {
                let number = self.names.numbers[&stored.voucher_id];
                assert_eq!(stored.stage, self.stage(number), "voucher {number}, as it is stored");
            }
        }
    }

    /// How a voucher is stored when no hold has run out.
    fn stage(&self, number: usize) -> VoucherStage {
        let voucher = &self.reference.vouchers[number];
        match voucher.held {
            Some((by, until)) => VoucherStage::Held {
                by: self.names.authorization(by),
                until: Timestamp::from_micros(until),
            },
            None if voucher.uses_left == 0 => VoucherStage::Used,
            None => VoucherStage::Available,
        }
    }

    async fn close_days(&mut self) {
        let now = self.now();
        let closed = self.store.close_days(business_day(now), now).await.expect("is there");
        let closed: Vec<String> = closed.iter().map(ToString::to_string).collect();
        let expected: Vec<String> = self.reference.close_days().into_iter().map(date).collect();
        assert_eq!(closed, expected, "the days that were open before today");
        for (day, is_open) in &self.reference.days {
            let day = BusinessDay::parse(&date(*day)).expect("a day");
            let closed = self.store.closed_day(day).await.expect("is there");
            assert_eq!(closed.is_none(), *is_open, "{day}");
        }
    }

    async fn verbs(&mut self, verbs: &[Sent]) {
        let commands: Vec<_> = verbs.iter().map(|sent| self.names.command(sent)).collect();
        let answers = self.store.checkout_batch(commands, self.moment()).await;
        let answers = answers.expect("the store is there");
        assert_eq!(answers.len(), verbs.len());
        for (sent, answer) in verbs.iter().zip(answers) {
            let expected = self.tally.answer(&mut self.reference, sent);
            self.learn(&expected, &answer);
            self.agree(&sent.verb, &expected, &answer);
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

    async fn quote(&mut self, person: usize, lines: &[Line]) {
        let read =
            self.store.wallet(till::person(person), &[], self.now()).await.expect("is there");
        let vouchers: Vec<_> = read.vouchers.iter().collect();
        let checks = Checks::default();
        let order = till::order(0, lines);
        let (registrations, place) = (Registrations::default(), order.place(&till::platform(0)));
        let wallet = Wallet {
            vouchers: &vouchers,
            campaigns: &read.campaigns,
            checks: &checks,
            premises: registrations.at(&place),
        };
        let quoted = wallet.quote(&order, &domain::Wanted::Best, self.now());
        let quoted = quoted.expect("the best can always be asked for");
        // What has run out holds nothing, swept or not.
        let mut reference = self.reference.clone();
        reference.expire();
        let expected = reference.select(person, lines, &Wanted::Best).unwrap_or_default();
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
            for stored in self.wallet(person).await {
                self.compare_voucher(&stored);
            }
        }
        for number in authorizations {
            let one = &self.reference.authorizations[number];
            let stored = self.stored(number).await.at(self.now());
            let mut expected = self.reference.view(number);
            if one.state == State::Held && one.expires <= self.reference.now {
                expected.state = State::Expired;
            }
            assert_eq!(self.view(&stored), expected);
        }
    }

    /// All vouchers of a person.
    async fn wallet(&self, person: usize) -> Vec<domain::WalletVoucher> {
        let vouchers = self.reference.vouchers.iter().zip(&self.names.vouchers);
        let own = vouchers.filter(|(voucher, _)| voucher.person == person);
        let named: Vec<VoucherId> = own.map(|(_, id)| *id).collect();
        let read =
            self.store.wallet(till::person(person), &named, self.now()).await.expect("is there");
        assert_eq!(read.vouchers.len(), named.len(), "no voucher is lost or new");
        read.vouchers
    }

    /// An authorization as it is stored, for its own platform; no other has it.
    async fn stored(&self, number: usize) -> domain::Authorization {
        let key = AuthorizationKey::Id(self.names.authorization(number));
        let own = self.reference.authorizations[number].platform;
        let mut found = None;
        for platform in 0..PLATFORMS {
            let partner = till::platform(platform);
            let stored = self.store.authorization(&partner, &key).await.expect("is there");
            assert_eq!(stored.is_some(), platform == own, "authorization {number} of {own}");
            found = found.or(stored);
        }
        found.expect("an authorization stays")
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
            (stored.uses_left, stored.returns, stored.balance_left.map(|fen| fen.0)),
            (expected.uses_left, expected.returns, balance),
            "voucher {number}: {expected:?}"
        );
        assert_eq!(
            (stored.shown(now), stored.valid_until.as_micros()),
            (stage, expected.until),
            "voucher {number}: {expected:?}"
        );
    }

    /// Two days later nothing is held and no day but today is open. Every law holds of what is
    /// stored, and the journal spent what the reference spent. Gives how many days were closed.
    pub async fn end(mut self) -> usize {
        self.reference.now += 2 * DAY;
        self.play(&Step::Sweep).await;
        self.play(&Step::CloseDays).await;
        self.compare(0..PERSONS, 0..self.reference.authorizations.len()).await;
        let held = self.reference.authorizations.iter().filter(|one| one.state == State::Held);
        assert_eq!(held.count(), 0, "holds");
        let open: Vec<i64> = self.reference.open_days().collect();
        assert_eq!(open, [day(self.reference.now)], "open days");
        self.compare_journal().await;
        self.store.close().await;
        let report = laws::check_checkout(&self.config.url).await.expect("can be checked");
        for verdict in report.verdicts() {
            assert!(verdict.findings.is_empty(), "{}: {verdict:?}", verdict.law.name());
        }
        self.reference.days.len() - open.len()
    }

    async fn compare_journal(&self) {
        for platform in 0..PLATFORMS {
            let spent = self.spent(platform).await;
            let expected = self.reference.spent.iter();
            let expected = expected.filter(|((of, ..), fen)| *of == platform && **fen != 0);
            let expected = expected.map(|((_, funder, campaign), fen)| {
                (((*funder).to_owned(), (*campaign).to_owned()), *fen)
            });
            assert_eq!(spent, expected.collect(), "platform {platform}");
        }
    }

    /// What a platform's rows come to, by funder and campaign.
    async fn spent(&self, platform: usize) -> BTreeMap<(String, String), i64> {
        let mut spent = BTreeMap::<(String, String), i64>::new();
        let partner = Counterparty::Platform(till::platform(platform));
        let mut day = business_day(till::beginning());
        while day.start(&Zone::shanghai()) < self.now() {
            let totals = self.store.daily_totals(day, Some(&partner)).await.expect("is there");
            for total in totals {
                let key = (total.organization.to_string(), total.campaign_id.to_string());
                *spent.entry(key).or_default() += total.captured.0 - total.refunded.0;
            }
            day = day.next();
        }
        spent.retain(|_, fen| *fen != 0);
        spent
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
