//! Laws E1 and E2 across replicas: several services over one database.

mod backends;

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use backends::Case;
use clock::{BusinessDay, ManualClock, Timestamp};
use eligibility::domain::Refusal;
use eligibility::domain::card::{CardTarget, CardVerb};
use eligibility::domain::card_code::CardCode;
use eligibility::domain::grant::{Chosen, Grant, GrantKey, ReferenceKind};
use eligibility::domain::organization::Organization;
use eligibility::domain::policy::{Criterion, PolicyDraft};
use eligibility::domain::roster::WrittenRow;
use eligibility::domain::standing::StandingVerb;
use eligibility::domain::vault::Vault;
use eligibility::domain::verdict::Outcome;
use eligibility::store::conformance::{person_row, test_vault};
use eligibility::usecase::{
    CardRequest, CardSettings, Eligibility, Failure, MemberReference, Pace, Resolved,
    StandingRequest, Subject, Verdicts, VerificationRequest,
};
use futures::future::BoxFuture;
use member_identity::{IdDocument, MemberId, OrganizationPath, RegionCode};
use rpc::{Caller, Signer};
use sql::DatabaseConfig;
use tokio::time::Instant;

/// Nothing that a replica is waited for takes longer than this, however busy the machine is.
const PATIENCE: Duration = Duration::from_secs(60);

fn main() -> ExitCode {
    let case =
        |name, run: fn(DatabaseConfig) -> BoxFuture<'static, ()>| Case { name, run: Arc::new(run) };
    backends::run(vec![
        case("a_member_suspended_on_one_replica_passes_no_later_check_of_another", |config| {
            Box::pin(suspended_elsewhere(config))
        }),
        case(
            "a_code_is_good_for_one_terminal_and_a_card_until_it_is_revoked_on_any_replica",
            |config| Box::pin(cards_elsewhere(config)),
        ),
        case("a_policy_published_on_one_replica_judges_on_the_other", |config| {
            Box::pin(published_elsewhere(config))
        }),
        case("a_roster_imported_on_one_replica_is_known_to_the_other", |config| {
            Box::pin(imported_elsewhere(config))
        }),
        case("one_import_streamed_to_both_replicas_counts_each_line_once", |config| {
            Box::pin(streamed_to_both(config))
        }),
    ])
}

/// Replicas over one database, with one key ring.
struct Replicas {
    one: Eligibility,
    other: Eligibility,
    office: Caller,
}

impl Replicas {
    async fn open(config: &DatabaseConfig) -> Self {
        let vault = test_vault();
        let (key, _) = Signer::generate().expect("a key");
        let one = replica(config, &vault, &key).await;
        let subject = String::from("office");
        let office = Caller { subject, scopes: BTreeSet::new(), organization: None };
        let gd = Organization {
            path: gd(),
            region: RegionCode::try_from(440_000).expect("a region"),
            name: String::from("省总工会"),
        };
        one.create_organization(&office, gd).await.expect("is created");
        one.set_grant(&office, grant()).await.expect("is stated");
        Self { other: replica(config, &vault, &key).await, one, office }
    }

    async fn close(self) {
        self.one.close().await;
        self.other.close().await;
    }

    async fn import(&self, replica: &Eligibility, import_id: &str, rows: Vec<WrittenRow>) -> i64 {
        let import_id = import_id.parse().expect("an id");
        let opened = replica.open_import(&self.office, &import_id, &gd()).await;
        let mut import = opened.expect("may begin");
        for part in rows.chunks(200) {
            import.take(part.to_vec()).await.expect("is taken in");
        }
        import.finish().await.expect("is committed").import.added
    }

    async fn publish(&self, replica: &Eligibility, expression: &str) -> i32 {
        let draft = PolicyDraft {
            policy_id: "couriers".parse().expect("a slug"),
            organization: gd(),
            criteria: vec![Criterion {
                criterion_id: "only".parse().expect("a slug"),
                expression: expression.to_owned(),
                text_zh: String::from("不符合条件"),
                text_en: String::from("does not qualify"),
            }],
        };
        let published = replica.publish_policy(&self.office, draft).await;
        published.expect("is published").revision
    }

    async fn check(&self, replica: &Eligibility, id: MemberId) -> Result<Verdicts, Failure> {
        let policy_id = "couriers".parse().expect("a slug");
        let day = BusinessDay::parse("2022-07-22").expect("a day");
        replica.batch_check(&self.office, &policy_id, vec![id], day).await
    }

    /// The member with that number, once the replica knows of it.
    async fn known(&self, replica: &Eligibility, number: u16) -> Resolved {
        let reference = reference(number);
        let patience = Instant::now() + PATIENCE;
        loop {
            match replica.resolve(&self.office, &reference).await {
                Ok(resolved) => return resolved,
                Err(_) => assert!(Instant::now() < patience, "never heard of"),
            }
            tokio::task::yield_now().await;
        }
    }
}

async fn replica(config: &DatabaseConfig, vault: &Arc<Vault>, key: &str) -> Eligibility {
    let store = eligibility::store::open(config).await.expect("the database opens");
    let clock = Arc::new(ManualClock::at(Timestamp::from_micros(1_658_455_200_000_000)));
    let opened = Eligibility::open(
        store,
        clock,
        Arc::clone(vault),
        Pace::default(),
        CardSettings::test(key),
    )
    .await;
    opened.expect("the registry opens")
}

fn gd() -> OrganizationPath {
    "gd".parse().expect("a path")
}

/// What lets the office verify members of the province by an identity number or an id.
fn grant() -> Grant {
    let kinds = [ReferenceKind::IdNumber, ReferenceKind::MemberId, ReferenceKind::CardCode];
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

fn reference(number: u16) -> MemberReference {
    let today = jiff::civil::date(2022, 7, 22);
    let document = IdDocument::parse(&person_row(1, number).id_number, today);
    MemberReference::Document(document.expect("a number"))
}

fn rows(numbers: std::ops::RangeInclusive<u16>) -> Vec<WrittenRow> {
    numbers.zip(1..).map(|(number, line)| person_row(line, number)).collect()
}

async fn suspended_elsewhere(config: DatabaseConfig) {
    let replicas = Replicas::open(&config).await;
    let Replicas { one, other, office } = &replicas;
    replicas.import(one, "one", rows(1..=1)).await;
    replicas.publish(one, "true").await;
    let member_id = replicas.known(other, 1).await.entry.member_id;
    let question = question(&reference(1));
    let verified = other.verify_membership(office, &question).await;
    assert!(verified.expect("is answered").is_member, "until it is suspended");
    let request = StandingRequest {
        request_id: "s-1".parse().expect("an id"),
        verb: StandingVerb::Suspend,
        member_id,
    };
    one.change_standing(office, request).await.expect("is suspended");
    let suspended_at = Instant::now();
    let age_max = Pace::default().age_max;
    let (mut checked, mut verified) = (false, false);
    while !(checked && verified) {
        let asked_at = Instant::now();
        assert!(asked_at < suspended_at + PATIENCE, "the other replica never learns of it");
        // A policy that has not come over either is no verdict.
        if let Ok(Verdicts { verdicts, current_at, .. }) = replicas.check(other, member_id).await {
            let (_, outcome) = verdicts[0].as_ref().expect("is known");
            checked |= *outcome == Outcome::Suspended;
            let told = *outcome == Outcome::Suspended || current_at < suspended_at;
            assert!(told, "E1: no verdict claims to be younger than the change that it misses");
        }
        if let Ok(verification) = other.verify_membership(office, &question).await {
            verified |= !verification.is_member;
            let told = !verification.is_member || asked_at <= suspended_at + age_max;
            assert!(told, "E2: a suspended member passes no check after the bound");
        }
        tokio::task::yield_now().await;
    }
    replicas.close().await;
}

async fn cards_elsewhere(config: DatabaseConfig) {
    let replicas = Replicas::open(&config).await;
    let Replicas { one, other, office } = &replicas;
    replicas.import(one, "one", rows(1..=1)).await;
    let member_id = replicas.known(other, 1).await.entry.member_id;
    let request = |id: &str, verb, target| CardRequest {
        request_id: id.parse().expect("an id"),
        verb,
        target,
        states_honour: false,
    };
    let issue = request("i-1", CardVerb::Issue, CardTarget::Member(member_id));
    let card = one.change_card(office, issue).await.expect("is issued");
    let [code, fresh] =
        [one.present_card(office, member_id), other.present_card(office, member_id)];
    let ask = |text: &str, terminal: &str| VerificationRequest {
        subject: Subject::Code(CardCode::parse(text).expect("a code")),
        purpose: "bus-fare".parse().expect("a slug"),
        terminal: terminal.to_owned(),
    };
    let code = code.await.expect("is shown").text;
    let verified = one.verify_membership(office, &ask(&code, "gate-1")).await;
    assert!(verified.expect("is answered").is_member);
    let replayed = other.verify_membership(office, &ask(&code, "gate-2")).await;
    assert!(matches!(replayed, Err(Failure::Refused(Refusal::CodeReplayed))), "{replayed:?}");
    let fresh = fresh.await.expect("is shown").text;
    let patience = Instant::now() + PATIENCE;
    while !other.verify_membership(office, &ask(&fresh, "gate-1")).await.expect("answers").is_member
    {
        assert!(Instant::now() < patience, "the other replica never learns of the card");
        tokio::task::yield_now().await;
    }
    let revoke = request("r-1", CardVerb::Revoke, CardTarget::Card(card.card.card_id));
    one.change_card(office, revoke).await.expect("is revoked");
    let revoked_at = Instant::now();
    loop {
        let asked_at = Instant::now();
        assert!(asked_at < revoked_at + PATIENCE, "the other replica never learns of it");
        let verified = other.verify_membership(office, &ask(&fresh, "gate-1")).await;
        let Ok(verification) = verified else { continue };
        let told = !verification.is_member || asked_at <= revoked_at + Pace::default().age_max;
        assert!(told, "a revoked card passes no check after the bound");
        if !verification.is_member {
            break;
        }
        tokio::task::yield_now().await;
    }
    replicas.close().await;
}

async fn published_elsewhere(config: DatabaseConfig) {
    let replicas = Replicas::open(&config).await;
    let Replicas { one, other, .. } = &replicas;
    replicas.import(one, "one", rows(1..=1)).await;
    let member_id = replicas.known(other, 1).await.entry.member_id;
    let patience = Instant::now() + PATIENCE;
    for expression in ["member.trade == 'COURIER'", "member.trade == 'TRUCK'"] {
        let revision = replicas.publish(one, expression).await;
        let published_at = Instant::now();
        loop {
            let checked = replicas.check(other, member_id).await;
            match checked {
                Ok(checked) if checked.policy.policy.revision == revision => break,
                Ok(checked) => assert!(checked.current_at < published_at, "E1"),
                Err(_) => (),
            }
            assert!(Instant::now() < patience, "revision {revision} never comes over");
            tokio::task::yield_now().await;
        }
    }
    assert_eq!(replicas.publish(other, "member.trade == 'TRUCK'").await, 2, "says the same");
    replicas.close().await;
}

async fn imported_elsewhere(config: DatabaseConfig) {
    let replicas = Replicas::open(&config).await;
    let Replicas { one, other, .. } = &replicas;
    replicas.import(one, "some", rows(1..=700)).await;
    replicas.import(other, "more", rows(701..=999)).await;
    // Every replica has what it committed itself at once, and the rest soon.
    assert!(one.members_loaded() >= 700 && other.members_loaded() >= 299);
    for replica in [one, other] {
        for number in [1, 700, 701, 999] {
            replicas.known(replica, number).await;
        }
        let patience = Instant::now() + PATIENCE;
        while replica.members_loaded() < 999 {
            assert!(Instant::now() < patience, "some are missed");
            tokio::task::yield_now().await;
        }
    }
    replicas.close().await;
}

async fn streamed_to_both(config: DatabaseConfig) {
    let replicas = Replicas::open(&config).await;
    let stream = |replica| replicas.import(replica, "both", rows(1..=900));
    tokio::join!(stream(&replicas.one), stream(&replicas.other));
    let import_id = "both".parse().expect("an id");
    let report = replicas.one.get_roster_import(&replicas.office, &import_id).await;
    let import = report.expect("is there").import;
    let counts = (import.committed_line, import.added, import.unchanged, import.bad);
    assert_eq!(counts, (900, 900, 0, 0));
    replicas.close().await;
}
