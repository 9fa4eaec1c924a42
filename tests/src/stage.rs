//! Sets a suite up and holds it to its laws.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use clock::{BusinessDay, Timestamp, Zone};
use contracts::eligibility::v1::{Organization, RosterRow};
use contracts::issuance::v1::GetStockRequest;
use member_identity::{OrganizationPath, RegionCode};
use serde_json::Value;
use tempfile::TempDir;
use testkit::acks::Acks;
use testkit::clients::Clients;
use testkit::office::{Loaded, Office};
use testkit::services::{Plan, Services};
use testkit::suite::{Suite, up};
use zhisong::roster;
use zhisong::tokens::Role;

/// The first day of the programme that the tests play.
pub const FIRST_DAY: &str = "2022-07-22";
/// The union that offers it.
pub const UNION: &str = "gd";

/// The programme, whose quota a test makes its own.
const PROGRAMME: &str = include_str!("../../deploy/programmes/guangdong-cool-drinks-2022.toml");
/// The quota that it has.
const QUOTA: &str = "quota = 50000";
/// Laws I1 to I5, R1 to R5 and E3 at least.
const LAWS_MIN: usize = 11;
/// The minute of the day at which it begins to give out vouchers.
const TEN_O_CLOCK: u16 = 600;

/// A data folder of its own and the book of what callers were told.
pub struct Stage {
    folder: TempDir,
    program: PathBuf,
    /// What callers were told.
    pub acks: Acks,
}

impl Stage {
    /// An empty folder for a program.
    pub fn new(program: &str) -> Self {
        let folder = tempfile::tempdir().expect("the machine has a folder for temporary files");
        let acks = Acks::create(&folder.path().join("acks.jsonl")).expect("the folder is new");
        Self { folder, program: PathBuf::from(program), acks }
    }

    /// The folder around everything.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The data folder.
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// The command that serves the data folder.
    pub fn command(&self, day: BusinessDay) -> Command {
        up(&self.program, &self.data(), &day.to_string())
    }

    /// Serves the data folder, with business time standing at ten o'clock of a day.
    pub async fn serve(&self, day: BusinessDay) -> Suite {
        let suite = Suite::start(self.command(day)).await.expect("the suite starts");
        suite.clients().set_time(ten_o_clock(day)).await.expect("the clock is manual");
        suite
    }

    /// Three processes over the data folder, of which none runs yet.
    pub fn apart(
        &self,
        programs: [&str; 3],
        log_filter: &str,
        otlp_endpoint: Option<String>,
    ) -> Services {
        let union = OrganizationPath::parse(UNION).expect("the constant is a path");
        let data = self.data();
        std::fs::create_dir(&data).expect("the folder is new");
        let plan = Plan {
            folder: &data,
            programs: programs.map(Path::new),
            key_ring: eligibility::keyring::generate(),
            callers: Role::ALL.map(|role| role.grant(&union)).to_vec(),
            day: FIRST_DAY,
            log_filter,
            otlp_endpoint,
        };
        Services::prepare(plan).expect("the folder can be written")
    }

    /// Checks every law over the data folder, served or not, with what callers were told. What
    /// needs canaries is looked at only when there are some.
    pub async fn check_laws(&self, canaries: Option<&Path>) {
        let mut command = Command::new(&self.program);
        command.arg("laws").arg("--json").arg("--data").arg(self.data());
        command.arg("--acks").arg(self.acks.path());
        if let Some(canaries) = canaries {
            command.arg("--canaries").arg(canaries);
        }
        let checked = tokio::task::spawn_blocking(move || command.output()).await;
        let checked = checked.expect("waits only").expect("the program starts");
        let said = String::from_utf8_lossy(&checked.stdout);
        let told = String::from_utf8_lossy(&checked.stderr);
        assert!(checked.status.success(), "{said}{told}");
        let laws: BTreeMap<String, Value> = serde_json::from_str(&said).expect("one JSON object");
        assert!(laws.len() >= LAWS_MIN, "only some laws are checked: {said}");
        for (law, verdict) in laws {
            let unseen = law == "E3" && canaries.is_none();
            let expected = if unseen { "not checked" } else { "holds" };
            assert_eq!(verdict["state"], expected, "{law}: {verdict}");
        }
    }
}

/// An office of so many made-up members of Guangdong's cities, whose programme has that quota.
pub fn office(members: usize, quota: usize) -> Office {
    let province = RegionCode::parse("440000").expect("Guangdong is in the catalogue");
    let cities = roster::cities(province, UNION);
    let top = roster::City { region: province, organization: UNION.to_owned() };
    let organization = |city: &roster::City| Organization {
        path: city.organization.clone(),
        region_code: city.region.to_string(),
        name: format!("{}总工会", city.region.full_name()),
    };
    let rows: Vec<RosterRow> = roster::rows(&cities, members, 1).collect();
    let organizations = std::iter::once(&top).chain(&cities).map(organization).collect();
    assert!(PROGRAMME.contains(QUOTA), "the programme's quota is where the test looks for it");
    let programme_toml = PROGRAMME.replace(QUOTA, &format!("quota = {quota}"));
    Office { organizations, rows, programme_toml }
}

/// Brings an office into a fresh suite.
pub async fn load(clients: &Clients, office: &Office) -> Loaded {
    let loaded = office.load(clients).await.expect("a fresh suite takes the office in");
    assert_eq!(loaded.roster.bad, 0, "made-up rows are good ones");
    assert_eq!(loaded.member_ids.len(), office.rows.len());
    loaded
}

/// The first day of the programme.
pub fn first_day() -> BusinessDay {
    BusinessDay::parse(FIRST_DAY).expect("the constant is a day")
}

/// Ten o'clock of a day.
pub fn ten_o_clock(day: BusinessDay) -> Timestamp {
    day.at_minute(TEN_O_CLOCK, &Zone::shanghai())
}

/// How many vouchers a campaign has given out on a day.
pub async fn issued(clients: &Clients, campaign_id: &str, day: BusinessDay) -> i64 {
    let request =
        GetStockRequest { campaign_id: campaign_id.to_owned(), business_day: day.to_string() };
    let stock = clients.campaigns().get_stock(request).await;
    stock.expect("the stock can be read").into_inner().issued
}

/// A seed to choose moments by, told so that a failure can be played again: `ZHISONG_SEED`, or
/// another one each time.
pub fn seed() -> u64 {
    let given = std::env::var("ZHISONG_SEED").ok();
    let given = given.map(|seed| seed.parse().expect("ZHISONG_SEED is a number"));
    let seed = given.unwrap_or_else(rand::random);
    println!("to play this again: ZHISONG_SEED={seed}");
    seed
}
