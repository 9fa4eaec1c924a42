use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ::rpc::{DocumentKey, DocumentSigner, KeyProblem};
use contracts::eligibility::v1::account_service_server::AccountServiceServer;
use contracts::eligibility::v1::card_service_server::CardServiceServer;
use contracts::eligibility::v1::eligibility_service_server::EligibilityServiceServer;
use contracts::eligibility::v1::grant_service_server::GrantServiceServer;
use contracts::eligibility::v1::policy_service_server::PolicyServiceServer;
use contracts::eligibility::v1::registry_service_server::RegistryServiceServer;
use contracts::eligibility::v1::verification_service_server::VerificationServiceServer;
use runtime::{Context, Part, StartProblem};
use tonic::server::NamedService;

use crate::config::{CardsConfig, Config, KeysConfig};
use crate::domain::entropy::SystemEntropy;
use crate::domain::keyring::KeyRing;
use crate::domain::vault::Vault;
use crate::rpc::Edge;
use crate::store;
use crate::usecase::{CardKeys, CardSettings, Eligibility};

/// Opens the registry and makes it ready to be served.
pub async fn build(config: Config, context: Context) -> Result<Part, StartProblem> {
    let ring = read_ring(&config.keys)?;
    let vault = Arc::new(Vault::new(ring, Arc::new(SystemEntropy)));
    let store = store::open(&config.database).await?;
    let pace = config.registry.pace();
    let cards = card_settings(&config)?;
    let opened = Eligibility::open(store, Arc::clone(&context.clock), vault, pace, cards).await;
    let eligibility = opened.map_err(|failure| StartProblem::new("registry", failure))?;
    let (members, bytes) = (eligibility.members_loaded(), eligibility.memory_bytes());
    tracing::info!(members, bytes, "the registry is in memory");
    Ok(part(Edge::new(eligibility.clone(), context.clock), eligibility))
}

fn card_settings(config: &Config) -> Result<CardSettings, StartProblem> {
    let CardsConfig { signing_key_path, published_key_paths, code_life_s } = &config.cards;
    let published = published_key_paths.iter();
    let published = published.map(|path| read_key(path, DocumentKey::from_pem));
    Ok(CardSettings {
        keys: CardKeys {
            signer: read_key(signing_key_path, DocumentSigner::from_pem)?,
            published: published.collect::<Result<_, _>>()?,
        },
        code_life: Duration::from_secs(*code_life_s),
        unknowns_per_minute: config.verification.unknowns_per_minute,
    })
}

fn read_key<K>(
    path: &Path,
    read: impl Fn(&str) -> Result<K, KeyProblem>,
) -> Result<K, StartProblem> {
    let what = || format!("a key of cards, {}", path.display());
    let text = std::fs::read_to_string(path);
    let text = text.map_err(|problem| StartProblem::new(what(), problem))?;
    read(&text).map_err(|problem| StartProblem::new(what(), problem))
}

fn read_ring(keys: &KeysConfig) -> Result<KeyRing, StartProblem> {
    let what = || format!("keys.ring_file = {}", keys.ring_file.display());
    let text = std::fs::read_to_string(&keys.ring_file);
    let text = text.map_err(|problem| StartProblem::new(what(), problem))?;
    KeyRing::parse(&text).map_err(|problem| StartProblem::new(what(), problem))
}

fn part(edge: Edge, eligibility: Eligibility) -> Part {
    Part {
        name: "eligibility",
        services: vec![
            AccountServiceServer::<Edge>::NAME,
            CardServiceServer::<Edge>::NAME,
            EligibilityServiceServer::<Edge>::NAME,
            GrantServiceServer::<Edge>::NAME,
            PolicyServiceServer::<Edge>::NAME,
            RegistryServiceServer::<Edge>::NAME,
            VerificationServiceServer::<Edge>::NAME,
        ],
        mount: Box::new(move |routes| {
            routes.add_service(AccountServiceServer::new(edge.clone()));
            routes.add_service(CardServiceServer::new(edge.clone()));
            routes.add_service(EligibilityServiceServer::new(edge.clone()));
            routes.add_service(GrantServiceServer::new(edge.clone()));
            routes.add_service(PolicyServiceServer::new(edge.clone()));
            routes.add_service(RegistryServiceServer::new(edge.clone()));
            routes.add_service(VerificationServiceServer::new(edge));
        }),
        leave: Box::new(|| ()),
        stop: Box::pin(async move { eligibility.close().await }),
    }
}
