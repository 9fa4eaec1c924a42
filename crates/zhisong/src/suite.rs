//! The three services on one port.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use clock::Clock;
use rpc::{Credential, PeerConfig, Verifier};
use runtime::{Context, ServeOptions, StartProblem};
use tokio::net::TcpListener;

use crate::installation::Installation;
use crate::tokens::service_grant;

/// Calls in flight at most: the ten-o'clock rush comes at once.
const IN_FLIGHT_MAX: usize = 100_000;
/// How long calls may go on after a stop.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);
/// How long one call between the services may take, in milliseconds.
const PEER_TIMEOUT_MS: u64 = 5_000;

/// Serves a data folder at `listen` until `shutdown` is done. `ready` is told the bound address.
pub async fn serve(
    installation: &Installation,
    listen: SocketAddr,
    clock: Arc<dyn Clock>,
    shutdown: impl Future<Output = ()> + Send + 'static,
    ready: impl FnOnce(SocketAddr) + Send,
) -> Result<(), StartProblem> {
    let named = |problem| StartProblem::new(format!("--listen {listen}"), problem);
    let listener = TcpListener::bind(listen).await.map_err(named)?;
    let address = listener.local_addr().map_err(named)?;
    let verifier = Verifier::new(&[installation.trusted_key()], Arc::clone(&clock))
        .map_err(|problem| StartProblem::new("keys/tokens.pub.pem", problem))?;
    let context = Context { clock: Arc::clone(&clock) };
    let configs = Configs { installation, address, clock: Arc::clone(&clock) };
    let eligibility = eligibility::build(configs.eligibility(), context.clone());
    let issuance = issuance::build(configs.issuance(), context.clone());
    let redemption = redemption::build(configs.redemption(), context);
    let parts = vec![eligibility.await?, issuance.await?, redemption.await?];
    ready(address);
    let options = ServeOptions {
        listener,
        clock,
        verifier: Arc::new(verifier),
        admission: rpc::Admission::at_most(IN_FLIGHT_MAX),
        drain_timeout: DRAIN_TIMEOUT,
    };
    runtime::serve(parts, options, shutdown).await
}

/// The services' configurations: databases and keys of one folder, and one another as peers.
struct Configs<'a> {
    installation: &'a Installation,
    address: SocketAddr,
    clock: Arc<dyn Clock>,
}

impl Configs<'_> {
    fn eligibility(&self) -> eligibility::Config {
        eligibility::Config {
            database: self.installation.database("eligibility"),
            keys: eligibility::KeysConfig { ring_file: self.installation.ring_file() },
            cards: eligibility::CardsConfig {
                signing_key_path: self.installation.card_key_file(),
                ..eligibility::CardsConfig::default()
            },
            ..eligibility::Config::default()
        }
    }

    fn issuance(&self) -> issuance::Config {
        issuance::Config {
            database: self.installation.database("issuance"),
            eligibility: self.peer("issuance", &["eligibility.check"]),
            redemption: Some(self.peer("issuance", &["feed.read"])),
            ..issuance::Config::default()
        }
    }

    fn redemption(&self) -> redemption::Config {
        redemption::Config {
            database: self.installation.database("redemption"),
            eligibility: self.peer("redemption", &["eligibility.check"]),
            issuance: self.peer("redemption", &["feed.read"]),
            settlement: redemption::SettlementConfig {
                signing_key_path: self.installation.settlement_key_file(),
                ..redemption::SettlementConfig::default()
            },
            webhooks: redemption::WebhooksConfig {
                secret_path: self.installation.webhooks_key_file(),
                // Only a test moves its clock by hand.
                allow_private: self.clock.is_manual(),
            },
            ..redemption::Config::default()
        }
    }

    /// How `service` reaches the others.
    fn peer(&self, service: &str, scopes: &[&str]) -> PeerConfig {
        PeerConfig {
            url: format!("http://{}", self.address),
            timeout_ms: PEER_TIMEOUT_MS,
            credential: Some(Credential::signed(
                self.installation.signer(),
                service_grant(service, scopes),
                Arc::clone(&self.clock),
            )),
            ..PeerConfig::default()
        }
    }
}
