//! Any number of service processes over one folder: replicas, controls, a database server.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use clock::{Clock as _, SystemClock, Timestamp};
use rpc::{Grant, Signer};
use tempfile::TempDir;
use tonic::Status;

use crate::clients::{Addresses, Clients, Tokens};
use crate::postgres::{self, Postgres, Settings};
use crate::process::{Process, ProcessProblem};

/// How long the tokens are valid.
const VALID_FOR: Duration = Duration::from_secs(24 * 3_600);
/// The `kid` of the tokens.
const KEY_ID: &str = "deployment";
/// What the secrets of webhooks are derived from.
const WEBHOOKS_KEY: [u8; 64] = [b'7'; 64];

/// A kind of process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// Who is a member.
    Eligibility,
    /// Who gets a voucher.
    Issuance,
    /// What a voucher is worth at the till.
    Redemption,
    /// Answers without work; has no data.
    Echo,
    /// Keeps claims in Redis; has no database.
    Redis,
}

impl Program {
    /// Its name on the command line; the label of the instance that its peers call.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eligibility => "eligibility",
            Self::Issuance => "issuance",
            Self::Redemption => "redemption",
            Self::Echo => "echo",
            Self::Redis => "redis",
        }
    }

    /// The peers that it calls, and what for.
    const fn peers(self) -> &'static [(Self, &'static str)] {
        match self {
            Self::Eligibility | Self::Echo => &[],
            Self::Issuance | Self::Redis => &[(Self::Eligibility, "eligibility.check")],
            Self::Redemption => {
                &[(Self::Eligibility, "eligibility.check"), (Self::Issuance, "feed.read")]
            }
        }
    }
}

/// What a deployment is made from.
pub struct Plan {
    /// A program that understands `service NAME --config FILE`.
    pub program: PathBuf,
    /// The content of eligibility's key ring.
    pub key_ring: String,
    /// Whom there are tokens for.
    pub callers: Vec<Grant>,
    /// The day at whose midnight business time stands.
    pub day: &'static str,
    /// A database server of its own; files when absent.
    pub postgres: Option<Settings>,
}

/// What is unusual about a process.
#[derive(Clone, Copy, Debug)]
pub struct Setup<'a> {
    /// Lines of its `[process]` section.
    pub process: &'a str,
    /// More sections.
    pub sections: &'a str,
    /// Connections that write.
    pub writers: u32,
    /// Connections that read.
    pub readers: u32,
    /// The label whose database it uses; its own when absent.
    pub shares: Option<&'static str>,
}

impl Default for Setup<'_> {
    fn default() -> Self {
        Self { process: "", sections: "", writers: 4, readers: 4, shares: None }
    }
}

/// Why a deployment does not stand.
#[derive(Debug, thiserror::Error)]
pub enum DeploymentProblem {
    /// A file could not be read or written.
    #[error("{0}")]
    System(#[from] io::Error),
    /// There is no database server.
    #[error("{0}")]
    Postgres(#[from] postgres::Problem),
    /// A service did not start.
    #[error("{0}")]
    Process(#[from] ProcessProblem),
    /// The database could not be asked.
    #[error("the database: {0}")]
    Database(#[from] sqlx::Error),
    /// A key could not be made.
    #[error("{0}")]
    Key(#[from] rpc::KeyProblem),
    /// A service was started before its peer.
    #[error("{0} must be started first")]
    Order(&'static str),
}

/// A running process and where it is reached.
struct Instance {
    process: Process,
    address: SocketAddr,
}

/// Processes by their labels. Everything is gone when it is dropped.
pub struct Deployment {
    instances: HashMap<&'static str, Instance>,
    addresses: HashMap<&'static str, SocketAddr>,
    databases: HashMap<&'static str, String>,
    postgres: Option<Postgres>,
    tokens: Tokens,
    signer: Signer,
    plan: Plan,
    folder: TempDir,
}

impl Deployment {
    /// A fresh folder, keys, and a database server when the plan has one. Nothing runs yet.
    pub fn prepare(plan: Plan) -> Result<Self, DeploymentProblem> {
        let folder = tempfile::Builder::new().prefix("zhisong-").tempdir()?;
        let (private, public) = Signer::generate()?;
        let signer = Signer::from_pem(KEY_ID, &private)?;
        fs::write(folder.path().join("tokens.pub.pem"), public)?;
        fs::write(folder.path().join("registry.toml"), &plan.key_ring)?;
        fs::write(folder.path().join("settlement.pem"), Signer::generate()?.0)?;
        fs::write(folder.path().join("webhooks.key"), WEBHOOKS_KEY)?;
        fs::write(folder.path().join("cards.pem"), Signer::generate()?.0)?;
        let mut tokens = Tokens::new();
        for grant in &plan.callers {
            let token = signer.sign(grant, SystemClock.wall(), VALID_FOR)?;
            tokens.insert(grant.subject.clone(), token);
        }
        let postgres = plan.postgres.map(Postgres::start).transpose()?;
        Ok(Self {
            instances: HashMap::new(),
            addresses: HashMap::new(),
            databases: HashMap::new(),
            postgres,
            tokens,
            signer,
            plan,
            folder,
        })
    }

    /// Starts a process under a label with the usual settings.
    pub async fn start(
        &mut self,
        label: &'static str,
        program: Program,
    ) -> Result<(), DeploymentProblem> {
        self.start_with(label, program, Setup::default()).await
    }

    /// Starts a process under a label, and waits until it serves. A label that ran before comes
    /// back at the same address and on the same data.
    pub async fn start_with(
        &mut self,
        label: &'static str,
        program: Program,
        setup: Setup<'_>,
    ) -> Result<(), DeploymentProblem> {
        let address = self.address(label);
        let mut text = self.process_settings(address, setup.process);
        if !matches!(program, Program::Echo | Program::Redis) {
            let url = self.database(setup.shares.unwrap_or(label)).await?;
            let (writers, readers) = (setup.writers, setup.readers);
            text += &format!("\n[database]\nurl = \"{url}\"\nwriters = {writers}\n");
            text += &format!("readers = {readers}\n");
        }
        if program == Program::Eligibility {
            let ring = self.folder.path().join("registry.toml");
            let key = self.folder.path().join("cards.pem");
            text += &format!("\n[keys]\nring_file = \"{}\"\n", ring.display());
            text += &format!("\n[cards]\nsigning_key_path = \"{}\"\n", key.display());
        }
        if program == Program::Redemption {
            let key = self.folder.path().join("settlement.pem");
            text += &format!("\n[settlement]\nsigning_key_path = \"{}\"\n", key.display());
            let key = self.folder.path().join("webhooks.key");
            text += &format!("\n[webhooks]\nsecret_path = \"{}\"\n", key.display());
        }
        text += &self.peer_settings(program)?;
        text += setup.sections;
        let config = self.folder.path().join(format!("{label}.toml"));
        fs::write(&config, text)?;
        let mut command = Command::new(&self.plan.program);
        command.args(["service", program.name(), "--config"]).arg(&config);
        let mut process = Process::spawn(label, command)?;
        process.line(|line| line.contains(r#""message":"serving""#)).await?;
        self.instances.insert(label, Instance { process, address });
        Ok(())
    }

    /// `kill -9`; its data stay.
    pub fn kill(&mut self, label: &str) {
        self.instances.remove(label);
    }

    /// The process of a label that runs.
    pub fn process(&mut self, label: &str) -> &mut Process {
        &mut self.instances.get_mut(label).expect("the label was started").process
    }

    /// Callers of three processes, by their labels; a label that never ran is reached nowhere.
    pub fn clients(&self, eligibility: &str, issuance: &str, redemption: &str) -> Clients {
        let at = |label: &str| {
            let nowhere = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 1);
            self.addresses.get(label).copied().unwrap_or(nowhere)
        };
        let addresses = Addresses {
            eligibility: at(eligibility),
            issuance: at(issuance),
            redemption: at(redemption),
        };
        Clients::new(addresses, &self.tokens)
    }

    /// Moves business time of these processes.
    pub async fn set_time(&self, labels: &[&'static str], now: Timestamp) -> Result<(), Status> {
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

    /// The database server.
    pub fn postgres(&mut self) -> Option<&mut Postgres> {
        self.postgres.as_mut()
    }

    /// The database of a label.
    pub fn database_url(&self, label: &str) -> Option<&str> {
        self.databases.get(label).map(String::as_str)
    }

    /// Where everything is kept.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The command that checks the laws over these databases, with acknowledged answers.
    pub fn laws(&self, acks: &Path) -> Command {
        let mut command = Command::new(&self.plan.program);
        command.args(["laws", "--json", "--data"]).arg(self.folder.path());
        command.arg("--acks").arg(acks);
        for service in ["eligibility", "issuance", "redemption"] {
            if let Some(url) = self.database_url(service) {
                command.arg(format!("--{service}-url")).arg(url);
            }
        }
        command
    }

    /// Where the metrics of a process are scraped.
    pub fn metrics_address(&self, label: &str) -> Option<SocketAddr> {
        self.instances.get(label).map(|instance| metrics_address(instance.address))
    }

    async fn database(&mut self, label: &'static str) -> Result<String, DeploymentProblem> {
        if let Some(url) = self.databases.get(label) {
            return Ok(url.clone());
        }
        let url = match &self.postgres {
            Some(postgres) => postgres.database().await?,
            None => {
                let file = self.folder.path().join(format!("{label}.db"));
                format!("sqlite://{}", file.display())
            }
        };
        self.databases.insert(label, url.clone());
        Ok(url)
    }

    fn process_settings(&self, address: SocketAddr, more: &str) -> String {
        let metrics = metrics_address(address);
        let public = self.folder.path().join("tokens.pub.pem");
        format!(
            "[process]\nprofile = \"test\"\nlisten = \"{address}\"\n\
             metrics_listen = \"{metrics}\"\ndrain_timeout_ms = 2000\n{more}\n\
             [process.clock]\nmode = \"manual\"\nstart = \"{}\"\n\n\
             [process.telemetry]\nlog_filter = \"warn,runtime=info\"\n\n\
             [[process.callers.keys]]\nkey_id = \"{KEY_ID}\"\npublic_key_file = \"{}\"\n",
            self.plan.day,
            public.display(),
        )
    }

    fn peer_settings(&self, program: Program) -> Result<String, DeploymentProblem> {
        let mut text = String::new();
        if program.peers().is_empty() {
            return Ok(text);
        }
        let scopes = program.peers().iter().map(|(_, scope)| (*scope).to_owned()).collect();
        let grant = Grant { subject: program.name().to_owned(), scopes, organization: None };
        let token = self.folder.path().join(format!("{}.token", program.name()));
        fs::write(&token, self.signer.sign(&grant, SystemClock.wall(), VALID_FOR)?)?;
        for (peer, _) in program.peers() {
            let address = self.addresses.get(peer.name());
            let address = address.ok_or(DeploymentProblem::Order(peer.name()))?;
            text += &format!(
                "\n[{}]\nurl = \"http://{address}\"\ntoken_file = \"{}\"\n",
                peer.name(),
                token.display()
            );
        }
        Ok(text)
    }

    /// Every deployment's process has a loopback address of its own, so that nobody else has taken
    /// its ports.
    fn address(&mut self, label: &'static str) -> SocketAddr {
        let next = 7_000 + self.addresses.len() as u16;
        let [_, high, middle, low] = std::process::id().to_be_bytes();
        let ip = IpAddr::V4(Ipv4Addr::new(127, 1 + high % 250, middle, low));
        *self.addresses.entry(label).or_insert(SocketAddr::new(ip, next))
    }
}

/// Metrics are served beside the service, 1,000 ports above it.
fn metrics_address(service: SocketAddr) -> SocketAddr {
    SocketAddr::new(service.ip(), service.port() + 1_000)
}
