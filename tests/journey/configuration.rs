//! The configuration files that are shipped are those that the services take.

use std::path::PathBuf;

use runtime::{ServiceConfig, load};

const SERVICES: [&str; 3] = ["eligibility", "issuance", "redemption"];

fn shipped(service: &str) -> PathBuf {
    PathBuf::from(format!("{}/../deploy/config/{service}.toml", env!("CARGO_MANIFEST_DIR")))
}

/// What a service makes of a file.
fn read(service: &str, file: PathBuf) -> String {
    fn with<C: ServiceConfig>(service: &str, file: PathBuf) -> String {
        let config: C = load(service, Some(&file)).expect("the file is taken");
        format!("{config:#?}")
    }
    match service {
        "eligibility" => with::<eligibility::Config>(service, file),
        "issuance" => with::<issuance::Config>(service, file),
        "redemption" => with::<redemption::Config>(service, file),
        other => panic!("there is no service {other}"),
    }
}

#[test]
fn every_shipped_configuration_is_taken_by_its_service() {
    for service in SERVICES {
        let config = read(service, shipped(service));
        assert!(config.contains(&format!("sqlite://{service}.db")), "{config}");
    }
}

#[test]
fn every_key_of_a_service_is_in_its_shipped_configuration() {
    // The first is for tests only, and the second is set by a process that signs its own tokens.
    let not_for_files = ["weak_durability", "credential"];
    for service in SERVICES {
        let text = std::fs::read_to_string(shipped(service)).expect("the file is shipped");
        let config = read(service, shipped(service));
        let keys = config.lines().filter_map(|line| line.trim().split_once(": "));
        let missing: Vec<&str> = keys
            .map(|(key, _)| key)
            .filter(|key| !text.contains(key) && !not_for_files.contains(key))
            .collect();
        assert!(missing.is_empty(), "{service}: {missing:?}");
    }
}

#[test]
fn every_default_that_a_shipped_configuration_shows_is_the_default() {
    let folder = tempfile::tempdir().expect("a folder");
    for service in SERVICES {
        let text = std::fs::read_to_string(shipped(service)).expect("the file is shipped");
        // A collector has no default: the file shows what one would look like.
        let spelt_out = text.lines().map(|line| match line.strip_prefix("# ") {
            Some(key) if key.contains(" = ") && !key.contains("collector") => key,
            _ => line,
        });
        let spelt_out: Vec<_> = spelt_out.collect();
        let file = folder.path().join(format!("{service}.toml"));
        std::fs::write(&file, spelt_out.join("\n")).expect("the folder can be written");
        assert_ne!(spelt_out.join("\n"), text.trim_end(), "{service}: it shows no default");
        assert_eq!(read(service, file), read(service, shipped(service)), "{service}");
    }
}
