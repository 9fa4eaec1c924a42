//! Laws A2 and E1 when PostgreSQL is killed and comes back: what was answered is there, nothing is
//! "no", verdicts go on with their true age.

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use clock::{BusinessDay, ManualClock, Timestamp};
use eligibility::domain::grant::{Chosen, Grant, GrantKey, ReferenceKind};
use eligibility::domain::member::State;
use eligibility::domain::organization::Organization;
use eligibility::domain::policy::{Criterion, PolicyDraft};
use eligibility::domain::standing::StandingVerb;
use eligibility::store::conformance::{person_row, test_vault};
use eligibility::usecase::{
    CardSettings, Eligibility, Failure, MemberReference, Pace, StandingRequest, Subject, Verdicts,
    VerificationRequest,
};
use libtest_mimic::{Arguments, Failed, Trial};
use member_identity::{IdDocument, MemberId, OrganizationPath, RegionCode};
use rpc::{Caller, Signer};
use sql::{DatabaseConfig, StoreError};
use testkit::postgres::{Missing, Postgres, Server, Settings};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// No call may take longer, whatever happens to the server.
const ANSWER_MAX: Duration = Duration::from_secs(60);
/// Members, each changed by a task of its own.
const MEMBERS: u16 = 8;

type Shared = Arc<Mutex<Postgres>>;

fn main() -> ExitCode {
    let name = "postgres::a_killed_server_loses_nothing_that_was_answered_and_is_used_again";
    let arguments = Arguments::from_args();
    let trial = if arguments.list {
        Trial::test(name, || Ok(()))
    } else {
        match Postgres::start_if_present(Settings { fsync: true }) {
            Ok(mut postgres) => {
                let is_ours = postgres.server().is_some();
                let postgres = Arc::new(Mutex::new(postgres));
                let run = move || {
                    let runtime = tokio::runtime::Runtime::new()?;
                    let url = {
                        let postgres = postgres.lock().expect("nobody panicked");
                        runtime.block_on(postgres.database())?
                    };
                    runtime.block_on(killed(Arc::clone(&postgres), DatabaseConfig::at(url)));
                    Ok(())
                };
                // Nobody else's server is killed.
                Trial::test(name, run).with_ignored_flag(!is_ours)
            }
            Err(Missing::Ignored(reason)) => {
                eprintln!("{name} is ignored: {reason}");
                Trial::test(name, || Ok(())).with_ignored_flag(true)
            }
            Err(Missing::Failure(reason)) => Trial::test(name, || Err(Failed::from(reason))),
        }
    };
    libtest_mimic::run(&arguments, vec![trial]).exit_code()
}

fn on_server(postgres: &Shared, act: impl FnOnce(&mut Server)) {
    let mut postgres = postgres.lock().expect("nobody panicked");
    act(postgres.server().expect("the trial is ignored when the server is not ours"));
}

#[derive(Clone)]
struct Bench {
    eligibility: Eligibility,
    office: Caller,
}

async fn open(config: &DatabaseConfig) -> Bench {
    let store = eligibility::store::open(config).await.expect("the database opens");
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_658_455_200_000_000)));
    let opened =
        Eligibility::open(store, clock, test_vault(), Pace::default(), CardSettings::test(&key()))
            .await;
    let subject = String::from("office");
    let office = Caller { subject, scopes: BTreeSet::new(), organization: None };
    let bench = Bench { eligibility: opened.expect("the registry opens"), office };
    bench.set_up().await;
    bench
}

fn key() -> String {
    Signer::generate().expect("a key").0
}

fn gd() -> OrganizationPath {
    "gd".parse().expect("a path")
}

/// What lets the office verify members of the province by an identity number or an id.
fn grant() -> Grant {
    let kinds = [ReferenceKind::IdNumber, ReferenceKind::MemberId];
    Grant {
        key: GrantKey {
            partner: String::from("office"),
            purpose: "bus-fare".parse().expect("a slug"),
            organization: gd(),
        },
        references: Chosen::of(&kinds),
        claims: Chosen::of(&[]),
        updated_at: Timestamp::from_micros(0),
    }
}

fn question(reference: &MemberReference) -> VerificationRequest {
    VerificationRequest {
        subject: Subject::Reference(reference.clone()),
        purpose: "bus-fare".parse().expect("a slug"),
        terminal: String::new(),
    }
}

impl Bench {
    async fn set_up(&self) {
        let Self { eligibility, office } = self;
        let gd = Organization {
            path: gd(),
            region: RegionCode::try_from(440_000).expect("a region"),
            name: String::from("省总工会"),
        };
        eligibility.create_organization(office, gd.clone()).await.expect("is created");
        eligibility.set_grant(office, grant()).await.expect("is stated");
        let everybody = PolicyDraft {
            policy_id: "everybody".parse().expect("a slug"),
            organization: gd.path.clone(),
            criteria: vec![Criterion {
                criterion_id: "all".parse().expect("a slug"),
                expression: String::from("true"),
                text_zh: String::from("不符合条件"),
                text_en: String::from("does not qualify"),
            }],
        };
        eligibility.publish_policy(office, everybody).await.expect("is published");
        let import_id = "first".parse().expect("an id");
        let opened = eligibility.open_import(office, &import_id, &gd.path).await;
        let mut import = opened.expect("may begin");
        let rows = (1..=MEMBERS).map(|number| person_row(i64::from(number), number));
        import.take(rows.collect()).await.expect("is taken in");
        import.finish().await.expect("is committed");
    }

    async fn member(&self, number: u16) -> MemberId {
        let today = jiff::civil::date(2022, 7, 22);
        let document = IdDocument::parse(&person_row(1, number).id_number, today);
        let reference = MemberReference::Document(document.expect("a number"));
        let resolved = self.eligibility.resolve(&self.office, &reference).await;
        resolved.expect("is known").entry.member_id
    }

    /// Whether the change was answered; an answer is never "no".
    async fn change(&self, member_id: MemberId, round: usize) -> bool {
        let request = StandingRequest {
            request_id: format!("r-{round}").parse().expect("an id"),
            verb: [StandingVerb::Suspend, StandingVerb::Reinstate][round % 2],
            member_id,
        };
        let caller = Caller { subject: member_id.to_string(), ..self.office.clone() };
        let changed = self.eligibility.change_standing(&caller, request);
        match timeout(ANSWER_MAX, changed).await.expect("a call never hangs") {
            Ok(member) => {
                assert_eq!(member.state, state_after(round));
                true
            }
            Err(Failure::Store(StoreError::Unavailable { .. } | StoreError::OutcomeUnknown)) => {
                false
            }
            Err(failure) => panic!("a lost server is no reason to say {failure:?}"),
        }
    }

    async fn check(&self, member_id: MemberId) -> Verdicts {
        let policy_id = "everybody".parse().expect("a slug");
        let day = BusinessDay::parse("2022-07-22").expect("a day");
        let checked = self.eligibility.batch_check(&self.office, &policy_id, vec![member_id], day);
        timeout(ANSWER_MAX, checked).await.expect("never hangs").expect("is judged from memory")
    }
}

fn state_after(round: usize) -> State {
    [State::Suspended, State::Active][round % 2]
}

/// Changes one member again and again, each round until it is answered; gives the rounds.
async fn change_on(bench: Bench, member_id: MemberId, enough: Arc<tokio::sync::Notify>) -> usize {
    let mut enough = std::pin::pin!(enough.notified());
    for round in 0.. {
        while !bench.change(member_id, round).await {
            tokio::task::yield_now().await;
        }
        let done = futures::poll!(enough.as_mut()).is_ready();
        if done && round % 2 == 0 {
            return round + 1;
        }
    }
    unreachable!("rounds have no end")
}

async fn killed(postgres: Shared, config: DatabaseConfig) {
    let bench = open(&config).await;
    let enough = Arc::new(tokio::sync::Notify::new());
    let mut changing = JoinSet::new();
    let mut ids = Vec::new();
    for number in 1..=MEMBERS {
        let member_id = bench.member(number).await;
        ids.push(member_id);
        let enough = Arc::clone(&enough);
        changing.spawn(change_on(bench.clone(), member_id, enough));
    }
    for _ in 0..2 {
        on_server(&postgres, |server| server.kill().expect("is killed"));
        ages_grow(&bench, ids[0]).await;
        on_server(&postgres, |server| server.run().expect("comes back"));
        current_again(&bench, ids[0]).await;
    }
    enough.notify_waiters();
    let rounds = timeout(ANSWER_MAX, changing.join_all()).await.expect("all come through");
    assert!(rounds.iter().all(|rounds| *rounds > 2), "{rounds:?}");
    for member_id in &ids {
        let verdicts = bench.check(*member_id).await.verdicts;
        let (entry, _) = verdicts[0].as_ref().expect("is known");
        assert_eq!(entry.state, State::Suspended, "the last answer, in memory");
    }
    bench.eligibility.close().await;
    let again = open_again(&config).await;
    for member_id in &ids {
        let member = again.member(*member_id).await.expect("the store works");
        assert_eq!(member.expect("is there").state, State::Suspended, "the last answer, stored");
    }
    again.close().await;
}

async fn open_again(config: &DatabaseConfig) -> Arc<dyn eligibility::store::Store> {
    eligibility::store::open(config).await.expect("opens again")
}

/// While the server is gone verdicts are given and say how old they are; who is not told the age
/// is refused once the bound has passed.
async fn ages_grow(bench: &Bench, member_id: MemberId) {
    let reference = MemberReference::Id(member_id);
    let patience = Instant::now() + ANSWER_MAX;
    let too_old = async || {
        let verified =
            bench.eligibility.verify_membership(&bench.office, &question(&reference)).await;
        matches!(verified, Err(Failure::Outdated))
    };
    while !too_old().await {
        assert!(Instant::now() < patience, "an old registry passes for a new one");
        tokio::task::yield_now().await;
    }
    let checked = bench.check(member_id).await;
    assert!(checked.current_at.elapsed() > Pace::default().age_max, "the true age is told");
}

async fn current_again(bench: &Bench, member_id: MemberId) {
    let back_at = Instant::now();
    while bench.check(member_id).await.current_at < back_at {
        assert!(back_at.elapsed() < ANSWER_MAX, "the registry never catches up");
        tokio::task::yield_now().await;
    }
}
