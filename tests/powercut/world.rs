use std::fs;
use std::path::Path;
use std::sync::Arc;

use clock::Timestamp;
use member_identity::OrganizationPath;
use power_cut::{Disk, Kept};
use rand::rngs::StdRng;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions as _, Connection as _};
use suite_tests::arrivals::Arrivals;
use suite_tests::served::Suite;
use suite_tests::stage::{UNION, first_day, ten_o_clock};
use tempfile::TempDir;
use testkit::acks::Acks;
use testkit::clients::{Addresses, Clients};
use zhisong::installation::Installation;
use zhisong::laws::{self, Inputs, Report, State};
use zhisong::tokens::Role;

const DATABASES: [&str; 3] = ["eligibility.db", "issuance.db", "redemption.db"];
/// Answers between two times that the logs are carried over.
const CARRY_AFTER: usize = 80;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As served: every commit is synced before its answer.
    Full,
    /// The next weaker setting: commits are synced when the log is carried over.
    Weak,
}

/// The suite in its own process, over a disk whose power can be cut.
pub struct World {
    pub clients: Clients,
    pub acks: Acks,
    pub disk: Arc<Disk>,
    suite: Suite,
    _evidence: TempDir,
}

/// What a cut left, and what the laws say of it.
pub struct Image {
    pub report: Report,
    kept: Kept,
    folder: TempDir,
}

impl World {
    pub async fn fresh(durability: Durability) -> Self {
        let evidence = tempfile::tempdir().expect("a folder");
        let acks = Acks::create(&evidence.path().join("acks.jsonl")).expect("the folder is new");
        let folder = tempfile::tempdir().expect("a folder");
        let (disk, suite) = serve(folder, durability, ten_o_clock(first_day())).await;
        Self { clients: clients(&suite), acks, disk, suite, _evidence: evidence }
    }

    /// Carries every log over into its database, as SQLite does by itself once a log is long.
    pub async fn carry_over(&self) -> Result<(), sqlx::Error> {
        for name in DATABASES {
            let options = SqliteConnectOptions::new().filename(self.suite.folder().join(name));
            let mut connection = options.connect().await?;
            sqlx::query("PRAGMA wal_checkpoint").execute(&mut connection).await?;
            connection.close().await?;
        }
        Ok(())
    }

    /// Does something while the logs are carried over again and again, until the power goes.
    pub async fn while_logs_are_carried_over<T>(
        &self,
        arrivals: &Arrivals,
        what: impl Future<Output = T>,
    ) -> T {
        let carrying = async {
            loop {
                arrivals.more(CARRY_AFTER).await;
                if self.carry_over().await.is_err() {
                    std::future::pending::<()>().await;
                }
            }
        };
        tokio::select! { done = what => done, () = carrying => unreachable!("it has no end") }
    }

    /// Cuts the power if it is still on, and serves what one of the images has, after all of them
    /// were held to the laws.
    pub async fn survive(self, images: usize, random: &mut StdRng, now: Timestamp) -> Self {
        let mut left = self.images_after_cut(images, random).await;
        for Image { report, kept, .. } in &left {
            let broken = report.verdicts().iter().any(|verdict| verdict.state == State::Broken);
            assert!(!broken, "{kept:?}: {}", report.table());
        }
        let Image { folder, .. } = left.pop().expect("a cut leaves something");
        let Self { acks, suite, _evidence, .. } = self;
        suite.stop().await;
        let (disk, suite) = serve(folder, Durability::Full, now).await;
        Self { clients: clients(&suite), acks, disk, suite, _evidence }
    }

    /// Cuts the power if it is still on. Every database of every image must be sound.
    pub async fn images_after_cut(&self, images: usize, random: &mut StdRng) -> Vec<Image> {
        self.disk.cut();
        let mut left = Vec::new();
        for _ in 0..images {
            let folder = tempfile::tempdir().expect("a folder");
            let kept = self.disk.image(random, folder.path()).expect("room for an image");
            copy_keys(self.suite.folder(), folder.path());
            are_sound(folder.path(), kept).await;
            let acks = Some(self.acks.path().to_owned());
            let inputs = Inputs { acks, ..Inputs::of_folder(folder.path()) };
            let report = laws::check(&inputs, |_| ()).await.expect("an image can be read");
            left.push(Image { report, kept, folder });
        }
        left
    }

    /// Ends in good order.
    pub async fn end(self) {
        self.suite.stop().await;
    }
}

async fn serve(folder: TempDir, durability: Durability, now: Timestamp) -> (Arc<Disk>, Suite) {
    let mut installation = Installation::open(folder.path()).expect("the folder opens");
    for service in ["eligibility", "issuance", "redemption"] {
        let mut database = installation.database(service);
        database.weak_durability = durability == Durability::Weak;
        installation = installation.with_database(service, database);
    }
    let disk = Disk::under(folder.path()).expect("the folder can be read");
    (disk, Suite::over(folder, installation, now).await)
}

fn clients(suite: &Suite) -> Clients {
    let union = OrganizationPath::parse(UNION).expect("the constant is a path");
    let grants = Role::ALL.map(|role| role.grant(&union));
    let tokens = grants.iter().map(|grant| (grant.subject.clone(), suite.token(grant)));
    Clients::new(Addresses::one(suite.address), &tokens.collect())
}

/// Keys are no files of SQLite's: they were synced when they were made.
fn copy_keys(from: &Path, to: &Path) {
    fs::create_dir(to.join("keys")).expect("the folder is new");
    for key in fs::read_dir(from.join("keys")).expect("it has keys") {
        let key = key.expect("it can be read");
        fs::copy(key.path(), to.join("keys").join(key.file_name())).expect("room for a key");
    }
}

async fn are_sound(folder: &Path, kept: Kept) {
    for name in DATABASES {
        assert!(folder.join(name).exists(), "{kept:?}: {name} is gone");
        let options = SqliteConnectOptions::new().filename(folder.join(name)).read_only(true);
        let mut connection = options.connect().await.expect("it opens");
        let check = sqlx::query_scalar("PRAGMA integrity_check").fetch_one(&mut connection);
        let said: String = check.await.expect("it can be read");
        assert_eq!(said, "ok", "{kept:?}: {name}");
        connection.close().await.expect("it closes");
    }
}
