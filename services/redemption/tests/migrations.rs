//! The two folders of migrations are steps of one schema.

use std::collections::BTreeSet;
use std::path::Path;

fn files(backend: &str) -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(backend);
    let entries = std::fs::read_dir(folder).expect("the folder is there");
    let names = entries.map(|entry| entry.expect("it is readable").file_name());
    names.map(|name| name.into_string().expect("a plain name")).collect()
}

#[test]
fn both_backends_have_the_same_steps() {
    let (sqlite, postgres) = (files("sqlite"), files("postgres"));
    assert_eq!(sqlite, postgres);
    for (name, number) in sqlite.iter().zip(1..) {
        assert!(name.starts_with(&format!("{number:04}_")), "{name} is step {number}");
    }
}

#[test]
fn every_step_is_compiled_in() {
    for backend in ["sqlite", "postgres"] {
        let store = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/store").join(backend);
        let source = std::fs::read_to_string(store.join("mod.rs")).expect("the store is there");
        for name in files(backend) {
            let path = format!("migrations/{backend}/{name}\"");
            assert!(source.contains(&path), "{backend} lacks {name}");
        }
    }
}
