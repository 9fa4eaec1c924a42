//! Each service as a process of its own, with its configuration file, keys and tokens.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

use clock::{Clock as _, SystemClock};
use rpc::{Grant, Signer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::clients::{Addresses, Clients, Tokens};
use crate::process::{Process, ProcessProblem};

/// How long the tokens of a test are valid.
const VALID_FOR: Duration = Duration::from_secs(3_600);
/// The `kid` of the tokens of a test.
const KEY_ID: &str = "test";
/// What the secrets of webhooks are derived from.
const WEBHOOKS_KEY: [u8; 64] = [b'7'; 64];

/// One of the three.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// Who is a member.
    Eligibility,
    /// Who gets a voucher.
    Issuance,
    /// What a voucher is worth at the till.
    Redemption,
}

impl Service {
    /// In the order in which they may be started.
    pub const ALL: [Self; 3] = [Self::Eligibility, Self::Issuance, Self::Redemption];

    /// Its name in files, logs and tokens.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Eligibility => "eligibility",
            Self::Issuance => "issuance",
            Self::Redemption => "redemption",
        }
    }

    /// The peers that it calls, and what for.
    const fn peers(self) -> &'static [(Self, &'static str)] {
        match self {
            Self::Eligibility => &[],
            Self::Issuance => {
                &[(Self::Eligibility, "eligibility.check"), (Self::Redemption, "feed.read")]
            }
            Self::Redemption => {
                &[(Self::Eligibility, "eligibility.check"), (Self::Issuance, "feed.read")]
            }
        }
    }
}

/// What three processes are made from.
pub struct Plan<'a> {
    /// Where everything is kept; the databases are named as `zhisong up` names them.
    pub folder: &'a Path,
    /// The program of each service.
    pub programs: [&'a Path; 3],
    /// The content of eligibility's key ring.
    pub key_ring: String,
    /// Whom there are tokens for.
    pub callers: Vec<Grant>,
    /// The day at whose midnight business time stands.
    pub day: &'a str,
    /// Which log lines are written.
    pub log_filter: &'a str,
    /// Where spans are sent, all of them; nowhere when absent.
    pub otlp_endpoint: Option<String>,
}

/// Three processes over one folder, started and ended one by one.
pub struct Services {
    programs: [PathBuf; 3],
    configs: [PathBuf; 3],
    addresses: Addresses,
    tokens: Tokens,
    running: [Option<Process>; 3],
}

impl Services {
    /// Writes configuration, keys and tokens. Nothing runs yet.
    pub fn prepare(plan: Plan<'_>) -> io::Result<Self> {
        let (private, public) = Signer::generate().expect("the machine has randomness");
        let signer = Signer::from_pem(KEY_ID, &private).expect("made by the signer itself");
        let sign = |grant: &Grant| {
            signer.sign(grant, SystemClock.wall(), VALID_FOR).expect("the key is a signer's own")
        };
        fs::write(plan.folder.join("tokens.pub.pem"), public)?;
        fs::write(plan.folder.join("registry.toml"), &plan.key_ring)?;
        for key in ["settlement.pem", "cards.pem"] {
            let (private, _) = Signer::generate().expect("the machine has randomness");
            fs::write(plan.folder.join(key), private)?;
        }
        fs::write(plan.folder.join("webhooks.key"), WEBHOOKS_KEY)?;
        let addresses = free_addresses();
        let mut configs = Vec::new();
        for service in Service::ALL {
            let name = service.name();
            let scopes = service.peers().iter().map(|(_, scope)| (*scope).to_owned()).collect();
            let grant = Grant { subject: name.to_owned(), scopes, organization: None };
            fs::write(plan.folder.join(format!("{name}.token")), sign(&grant))?;
            let config = plan.folder.join(format!("{name}.toml"));
            fs::write(&config, configuration(service, &plan, addresses))?;
            configs.push(config);
        }
        let tokens = plan.callers.iter().map(|grant| (grant.subject.clone(), sign(grant)));
        Ok(Self {
            programs: plan.programs.map(Path::to_owned),
            configs: configs.try_into().expect("there is one a service"),
            addresses,
            tokens: tokens.collect(),
            running: [None, None, None],
        })
    }

    /// Starts a service and waits until it serves.
    pub async fn start(&mut self, service: Service) -> Result<(), ProcessProblem> {
        let mut command = Command::new(&self.programs[service as usize]);
        command.arg("--config").arg(&self.configs[service as usize]);
        let mut process = Process::spawn(service.name(), command)?;
        process.line(|line| line.contains(r#""message":"serving""#)).await?;
        self.running[service as usize] = Some(process);
        Ok(())
    }

    /// The process of a service that was started.
    pub fn process(&mut self, service: Service) -> &mut Process {
        self.running[service as usize].as_mut().expect("the test has started it")
    }

    /// `kill -9`.
    pub fn kill(&mut self, service: Service) -> Result<(), ProcessProblem> {
        self.process(service).kill()
    }

    /// Asks a service to end and waits until it has.
    pub async fn stop(&mut self, service: Service) -> Result<ExitStatus, ProcessProblem> {
        let process = self.process(service);
        process.terminate()?;
        process.ended().await
    }

    /// Callers of all three.
    pub fn clients(&self) -> Clients {
        Clients::new(self.addresses, &self.tokens)
    }

    /// Where a service listens.
    pub fn address(&self, service: Service) -> SocketAddr {
        address(self.addresses, service)
    }

    /// The metrics of a service, as Prometheus scrapes them.
    pub async fn metrics(&self, service: Service) -> io::Result<String> {
        let mut stream = TcpStream::connect(metrics_address(self.address(service))).await?;
        stream.write_all(b"GET /metrics HTTP/1.0\r\nHost: metrics\r\n\r\n").await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    }
}

fn configuration(service: Service, plan: &Plan<'_>, addresses: Addresses) -> String {
    let listen = address(addresses, service);
    let metrics = metrics_address(listen);
    let folder = plan.folder.display();
    let name = service.name();
    let Plan { day, log_filter, otlp_endpoint, .. } = plan;
    let otlp = otlp_endpoint.as_ref().map(|endpoint| format!("otlp_endpoint = \"{endpoint}\"\n"));
    let mut text = format!(
        "[process]\nprofile = \"test\"\nlisten = \"{listen}\"\nmetrics_listen = \"{metrics}\"\n\
         drain_timeout_ms = 2000\n\n\
         [process.clock]\nmode = \"manual\"\nstart = \"{day}\"\n\n\
         [process.telemetry]\nlog_filter = \"{log_filter}\"\ntrace_ratio = 1.0\n{}\n\
         [[process.callers.keys]]\nkey_id = \"{KEY_ID}\"\n\
         public_key_file = \"{folder}/tokens.pub.pem\"\n\n\
         [database]\nurl = \"sqlite://{folder}/{name}.db\"\n",
        otlp.unwrap_or_default(),
    );
    if service == Service::Eligibility {
        text += &format!("\n[keys]\nring_file = \"{folder}/registry.toml\"\n");
        text += &format!("\n[cards]\nsigning_key_path = \"{folder}/cards.pem\"\n");
    }
    if service == Service::Redemption {
        text += &format!("\n[settlement]\nsigning_key_path = \"{folder}/settlement.pem\"\n");
        text += &format!("\n[webhooks]\nsecret_path = \"{folder}/webhooks.key\"\n");
    }
    for (peer, _) in service.peers() {
        let (url, peer) = (address(addresses, *peer), peer.name());
        text += &format!(
            "\n[{peer}]\nurl = \"http://{url}\"\ntoken_file = \"{folder}/{name}.token\"\n"
        );
    }
    text
}

fn address(addresses: Addresses, service: Service) -> SocketAddr {
    match service {
        Service::Eligibility => addresses.eligibility,
        Service::Issuance => addresses.issuance,
        Service::Redemption => addresses.redemption,
    }
}

/// Metrics are served beside the service, 1,000 ports above it.
fn metrics_address(service: SocketAddr) -> SocketAddr {
    SocketAddr::new(service.ip(), service.port() + 1_000)
}

/// Addresses that stay the same when a service is started again. Every test process has a loopback
/// address of its own, made from its number, so that nobody else can have taken the ports.
fn free_addresses() -> Addresses {
    static NEXT: AtomicU16 = AtomicU16::new(7_000);
    let [_, high, middle, low] = std::process::id().to_be_bytes();
    let ip = IpAddr::V4(Ipv4Addr::new(127, 1 + high % 250, middle, low));
    let port = NEXT.fetch_add(3, Ordering::Relaxed);
    let at = |offset| SocketAddr::new(ip, port + offset);
    Addresses { eligibility: at(0), issuance: at(1), redemption: at(2) }
}
