//! What a benchmark runs on: services as separate processes, a throw-away database, callers.

use std::collections::HashMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use clock::{Clock as _, SystemClock, Timestamp};
use member_identity::OrganizationPath;
use rpc::{Grant, Signer};
use tempfile::TempDir;
use testkit::clients::{Addresses, Clients, Tokens};
use testkit::postgres::{Postgres, Settings};
use testkit::process::Process;

use super::{BenchProblem, StoreKind};
use crate::tokens::{Role, service_grant};

/// How long the tokens of a benchmark are valid.
const VALID_FOR: Duration = Duration::from_secs(24 * 3_600);
const KEY_ID: &str = "bench";
/// Connections of a service that write.
const WRITERS: u32 = 4;
/// The union that offers the programme.
pub(super) const UNION: &str = "gd";

/// A kind of process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Program {
    Eligibility,
    Issuance,
    Redemption,
    /// The control without work.
    Echo,
}

impl Program {
    const fn name(self) -> &'static str {
        match self {
            Self::Eligibility => "eligibility",
            Self::Issuance => "issuance",
            Self::Redemption => "redemption",
            Self::Echo => "echo",
        }
    }

    /// The peers that it calls, and what for.
    const fn peers(self) -> &'static [(Self, &'static str)] {
        match self {
            Self::Eligibility | Self::Echo => &[],
            Self::Issuance => &[(Self::Eligibility, "eligibility.check")],
            Self::Redemption => {
                &[(Self::Eligibility, "eligibility.check"), (Self::Issuance, "feed.read")]
            }
        }
    }
}

/// A running process and where it is reached.
struct Instance {
    process: Process,
    address: SocketAddr,
}

/// Processes over one folder. Everything is gone when it is dropped.
pub(super) struct Stage {
    instances: HashMap<&'static str, Instance>,
    databases: HashMap<&'static str, String>,
    postgres: Option<Postgres>,
    tokens: Tokens,
    signer: Signer,
    next_port: u16,
    folder: TempDir,
}

impl Stage {
    /// A fresh folder, keys, and a database server when the store needs one.
    pub fn prepare(store: StoreKind) -> Result<Self, BenchProblem> {
        let folder = tempfile::Builder::new().prefix("zhisong-bench-").tempdir()?;
        let (private, public) = Signer::generate()?;
        let signer = Signer::from_pem(KEY_ID, &private)?;
        fs::write(folder.path().join("tokens.pub.pem"), public)?;
        fs::write(folder.path().join("registry.toml"), eligibility::keyring::generate())?;
        let union = OrganizationPath::parse(UNION).expect("the constant is a path");
        let mut tokens = Tokens::new();
        for role in Role::ALL {
            let token = signer.sign(&role.grant(&union), SystemClock.wall(), VALID_FOR)?;
            tokens.insert(role.subject().to_owned(), token);
        }
        let postgres = match store {
            StoreKind::Sqlite => None,
            StoreKind::Postgres => Some(Postgres::start(Settings { fsync: true })?),
        };
        Ok(Self {
            instances: HashMap::new(),
            databases: HashMap::new(),
            postgres,
            tokens,
            signer,
            next_port: 7_000,
            folder,
        })
    }

    /// Starts a process under a label, with settings of its own as TOML sections; a process that
    /// has data gets a database of its own.
    pub async fn start(
        &mut self,
        label: &'static str,
        program: Program,
        settings: &str,
    ) -> Result<(), BenchProblem> {
        self.start_with_writers(label, program, settings, WRITERS).await
    }

    /// The same with a number of connections that write.
    pub async fn start_with_writers(
        &mut self,
        label: &'static str,
        program: Program,
        settings: &str,
        writers: u32,
    ) -> Result<(), BenchProblem> {
        let address = self.free_address();
        let mut text = self.process_settings(address);
        if program != Program::Echo {
            let url = self.database(label).await?;
            text += &format!("\n[database]\nurl = \"{url}\"\nwriters = {writers}\n");
        }
        if program == Program::Eligibility {
            let ring = self.folder.path().join("registry.toml");
            text += &format!("\n[keys]\nring_file = \"{}\"\n", ring.display());
        }
        text += &self.peer_settings(program)?;
        text += settings;
        let config = self.folder.path().join(format!("{label}.toml"));
        fs::write(&config, text)?;
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["service", program.name(), "--config"]).arg(&config);
        let mut process = Process::spawn(label, command)?;
        process.line(|line| line.contains(r#""message":"serving""#)).await?;
        self.instances.insert(label, Instance { process, address });
        Ok(())
    }

    /// Ends a process; its database stays.
    pub fn stop(&mut self, label: &str) {
        self.instances.remove(label);
    }

    /// Callers of three processes, by their labels; a label that does not run is reached nowhere.
    pub fn clients(&self, eligibility: &str, issuance: &str, redemption: &str) -> Clients {
        let at = |label: &str| {
            let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
            self.instances.get(label).map_or(nowhere, |instance| instance.address)
        };
        let addresses = Addresses {
            eligibility: at(eligibility),
            issuance: at(issuance),
            redemption: at(redemption),
        };
        Clients::new(addresses, &self.tokens)
    }

    /// Moves business time of these processes.
    pub async fn set_time(
        &self,
        labels: &[&'static str],
        now: Timestamp,
    ) -> Result<(), BenchProblem> {
        for label in labels {
            self.clients(label, label, label).set_time(now).await?;
        }
        Ok(())
    }

    /// The process number of a label; 0 when it does not run.
    pub fn pid(&self, label: &str) -> u32 {
        self.instances.get(label).map_or(0, |instance| instance.process.id())
    }

    /// The process numbers of the services and of the database server.
    pub fn pids(&mut self) -> Vec<u32> {
        let mut pids: Vec<_> =
            self.instances.values().map(|instance| instance.process.id()).collect();
        pids.extend(self.postgres.as_mut().and_then(Postgres::server).map(|server| server.pid()));
        pids
    }

    /// The database of a label.
    pub fn database_url(&self, label: &str) -> Option<&str> {
        self.databases.get(label).map(String::as_str)
    }

    /// Where everything is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Where the metrics of a process are scraped.
    pub fn metrics_address(&self, label: &str) -> Option<SocketAddr> {
        self.instances.get(label).map(|instance| metrics_address(instance.address))
    }

    async fn database(&mut self, label: &'static str) -> Result<String, BenchProblem> {
        if let Some(url) = self.databases.get(label) {
            return Ok(url.clone());
        }
        let url = match &self.postgres {
            Some(postgres) => postgres.database().await?,
            None => {
                format!("sqlite://{}", self.folder.path().join(format!("{label}.db")).display())
            }
        };
        self.databases.insert(label, url.clone());
        Ok(url)
    }

    fn process_settings(&self, address: SocketAddr) -> String {
        let metrics = metrics_address(address);
        let public = self.folder.path().join("tokens.pub.pem");
        format!(
            "[process]\nprofile = \"test\"\nlisten = \"{address}\"\n\
             metrics_listen = \"{metrics}\"\ndrain_timeout_ms = 2000\n\n\
             [process.clock]\nmode = \"manual\"\nstart = \"{}\"\n\n\
             [process.telemetry]\nlog_filter = \"warn,runtime=info\"\n\n\
             [[process.callers.keys]]\nkey_id = \"{KEY_ID}\"\npublic_key_file = \"{}\"\n",
            super::FIRST_DAY,
            public.display(),
        )
    }

    fn peer_settings(&self, program: Program) -> Result<String, BenchProblem> {
        let mut text = String::new();
        if program.peers().is_empty() {
            return Ok(text);
        }
        let scopes: Vec<_> = program.peers().iter().map(|(_, scope)| *scope).collect();
        let grant: Grant = service_grant(program.name(), &scopes);
        let token = self.folder.path().join(format!("{}.token", program.name()));
        fs::write(&token, self.signer.sign(&grant, SystemClock.wall(), VALID_FOR)?)?;
        for (peer, _) in program.peers() {
            let address = self.instances.get(peer.name()).map(|instance| instance.address);
            let address = address.ok_or(BenchProblem::Order(peer.name()))?;
            text += &format!(
                "\n[{}]\nurl = \"http://{address}\"\ntoken_file = \"{}\"\n",
                peer.name(),
                token.display()
            );
        }
        Ok(text)
    }

    /// Every process has a loopback address of its own, so that nobody else has taken its ports.
    fn free_address(&mut self) -> SocketAddr {
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(127, 1 + high % 250, middle, low));
        self.next_port += 1;
        SocketAddr::new(ip, self.next_port)
    }
}

/// Metrics are served beside the service, 1,000 ports above it.
fn metrics_address(service: SocketAddr) -> SocketAddr {
    SocketAddr::new(service.ip(), service.port() + 1_000)
}
