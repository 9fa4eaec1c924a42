//! Three services on one PostgreSQL, and the book of what members were told.

use std::collections::BTreeMap;

use member_identity::OrganizationPath;
use serde_json::Value;
use sqlx::{Connection as _, PgConnection};
use suite_tests::stage::{FIRST_DAY, UNION, first_day, load, office, ten_o_clock};
use testkit::acks::Acks;
use testkit::clients::Clients;
use testkit::deployment::{Deployment, Plan, Program, Setup};
use testkit::office::Loaded;
use testkit::postgres::Settings;
use zhisong::tokens::Role;

/// The command line as a program.
const ZHISONG: &str = env!("CARGO_BIN_EXE_zhisong-under-test");

pub struct Stage {
    pub deployment: Deployment,
    pub acks: Acks,
    pub office: Loaded,
}

impl Stage {
    /// All three services at ten o'clock, with members and a quota.
    pub async fn open(members: usize, quota: usize, issuance: Setup<'_>) -> Self {
        let union = OrganizationPath::parse(UNION).expect("the constant is a path");
        let plan = Plan {
            program: ZHISONG.into(),
            key_ring: eligibility::keyring::generate(),
            callers: Role::ALL.map(|role| role.grant(&union)).to_vec(),
            day: FIRST_DAY,
            postgres: Some(Settings { fsync: true }),
        };
        let mut deployment = Deployment::prepare(plan).expect("a server starts");
        let started = async {
            deployment.start("eligibility", Program::Eligibility).await?;
            deployment.start_with("issuance", Program::Issuance, issuance).await?;
            deployment.start("redemption", Program::Redemption).await
        };
        started.await.expect("the services start");
        let clients = deployment.clients("eligibility", "issuance", "redemption");
        let office = load(&clients, &office(members, quota)).await;
        let acks = Acks::create(&deployment.folder().join("acks.jsonl")).expect("room");
        let stage = Self { deployment, acks, office };
        stage.open_at_ten(&["issuance", "redemption"]).await;
        stage
    }

    /// Moves business time of these processes to ten o'clock: a new process stands at midnight.
    pub async fn open_at_ten(&self, labels: &[&'static str]) {
        let moved = self.deployment.set_time(labels, ten_o_clock(first_day())).await;
        moved.expect("the clock is manual");
    }

    pub fn clients(&self, issuance: &str) -> Clients {
        self.deployment.clients("eligibility", issuance, "redemption")
    }

    /// No session of issuance's database waits inside a transaction, when nobody calls.
    pub async fn no_transaction_is_open(&self) {
        let url = self.deployment.database_url("issuance").expect("it has one");
        let mut connection = PgConnection::connect(url).await.expect("the server is there");
        let open: i64 = sqlx::query_scalar(
            "SELECT count(*) FROM pg_stat_activity
             WHERE datname = current_database() AND state LIKE 'idle in transaction%'",
        )
        .fetch_one(&mut connection)
        .await
        .expect("can be asked");
        assert_eq!(open, 0, "sessions that wait inside a transaction");
    }

    /// Every law holds, by a process that looks from outside.
    pub async fn laws_hold(&self) {
        let mut command = self.deployment.laws(self.acks.path());
        let checked = tokio::task::spawn_blocking(move || command.output()).await;
        let checked = checked.expect("waits only").expect("the program starts");
        let said = String::from_utf8_lossy(&checked.stdout);
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}{told}");
        let laws: BTreeMap<String, Value> = serde_json::from_str(&said).expect("one JSON object");
        for law in ["I1", "I2", "I3", "I4", "I5", "R1", "R4", "feed"] {
            assert_eq!(laws[law]["state"], "holds", "{law}: {said}");
        }
    }
}
