use std::sync::Arc;

use contracts::eligibility::v1::eligibility_service_server::EligibilityServiceServer;
use contracts::eligibility::v1::policy_service_server::PolicyServiceServer;
use contracts::eligibility::v1::registry_service_server::RegistryServiceServer;
use contracts::eligibility::v1::verification_service_server::VerificationServiceServer;
use runtime::{Context, Part, StartProblem};
use tonic::server::NamedService;

use crate::config::{Config, KeysConfig};
use crate::domain::entropy::SystemEntropy;
use crate::domain::keyring::KeyRing;
use crate::domain::vault::Vault;
use crate::rpc::Edge;
use crate::store;
use crate::usecase::Eligibility;

/// Opens the registry and makes it ready to be served.
pub async fn build(config: Config, context: Context) -> Result<Part, StartProblem> {
    let ring = read_ring(&config.keys)?;
    let vault = Arc::new(Vault::new(ring, Arc::new(SystemEntropy)));
    let store = store::open(&config.database).await?;
    let pace = config.registry.pace();
    let opened = Eligibility::open(store, Arc::clone(&context.clock), vault, pace).await;
    let eligibility = opened.map_err(|failure| StartProblem::new("registry", failure))?;
    let (members, bytes) = (eligibility.members_loaded(), eligibility.memory_bytes());
    tracing::info!(members, bytes, "the registry is in memory");
    Ok(part(Edge::new(eligibility.clone(), context.clock), eligibility))
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
            EligibilityServiceServer::<Edge>::NAME,
            PolicyServiceServer::<Edge>::NAME,
            RegistryServiceServer::<Edge>::NAME,
            VerificationServiceServer::<Edge>::NAME,
        ],
        mount: Box::new(move |routes| {
            routes.add_service(EligibilityServiceServer::new(edge.clone()));
            routes.add_service(PolicyServiceServer::new(edge.clone()));
            routes.add_service(RegistryServiceServer::new(edge.clone()));
            routes.add_service(VerificationServiceServer::new(edge));
        }),
        leave: Box::new(|| ()),
        stop: Box::pin(async move { eligibility.close().await }),
    }
}
