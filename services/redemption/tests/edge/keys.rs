use std::path::PathBuf;
use std::sync::Arc;

use clock::SystemClock;
use redemption::{Config, SettlementConfig};
use rpc::{PeerConfig, Signer};
use runtime::{Context, ServiceConfig as _};
use sql::DatabaseConfig;

/// What starting comes to with the settlement key's file as it is; the database is never reached.
async fn started(settlement: SettlementConfig) -> String {
    let config = Config {
        database: DatabaseConfig::at("sqlite:///nowhere/redemption.db"),
        eligibility: PeerConfig::default(),
        settlement,
        ..Config::default()
    };
    let context = Context { clock: Arc::new(SystemClock) };
    match redemption::build(config, context).await {
        Ok(_) => panic!("there is no such database"),
        Err(problem) => problem.to_string(),
    }
}

#[tokio::test]
async fn a_service_without_the_key_that_signs_statements_does_not_start() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name);
    let with = |signing: &str, retired: &[&str]| SettlementConfig {
        signing_key_path: path(signing),
        retired_key_paths: retired.iter().map(|name| path(name)).collect(),
    };
    let (private, public) = Signer::generate().expect("a key");
    std::fs::write(path("key.pem"), private).expect("the folder can be written");
    std::fs::write(path("key.pub.pem"), public).expect("the folder can be written");
    std::fs::write(path("nonsense.pem"), "nonsense").expect("the folder can be written");
    assert!(started(with("missing.pem", &[])).await.contains("missing.pem"));
    assert!(started(with("nonsense.pem", &[])).await.contains("nonsense.pem"));
    assert!(started(with("key.pem", &["nonsense.pem"])).await.contains("nonsense.pem"));
    let further = started(with("key.pem", &["key.pub.pem"])).await;
    assert!(!further.contains(".pem"), "{further}");
}

#[test]
fn a_configuration_without_the_file_of_a_key_has_a_problem() {
    let settlement = SettlementConfig { signing_key_path: PathBuf::new(), ..Default::default() };
    let config = Config { settlement, ..Config::default() };
    let named = |problem: &String| problem.starts_with("settlement.signing_key_path");
    assert!(config.problems().iter().any(named), "{:?}", config.problems());
    assert!(!Config::default().problems().iter().any(named));
}
