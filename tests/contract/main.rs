//! The contract and the code say the same.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use contracts::common::v1::ErrorReason;

/// Where a reason becomes a refusal: the value is made into a problem, or mapped to.
const PRODUCED: [&str; 2] = ["new(ErrorReason::", "=> ErrorReason::"];

#[test]
fn every_reason_is_given_by_something_and_every_reason_given_is_in_the_contract() {
    let sources = sources();
    assert!(sources.len() > 100, "the sources are elsewhere: {}", sources.len());
    let mut produced = BTreeSet::new();
    for text in &sources {
        for begin in PRODUCED {
            let after = text.split(begin).skip(1);
            produced.extend(after.map(|rest| {
                let end = rest.find(|letter: char| !letter.is_ascii_alphanumeric());
                rest[..end.unwrap_or(rest.len())].to_owned()
            }));
        }
    }
    let reasons = (1..200).filter_map(|number| ErrorReason::try_from(number).ok());
    let documented: BTreeSet<_> = reasons.map(|reason| format!("{reason:?}")).collect();
    assert_eq!(produced, documented);
}

/// The sources of the workspace that run in production, with every blank as one.
fn sources() -> Vec<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut files = Vec::new();
    for part in ["crates", "services"] {
        for package in folders(&root.join(part)) {
            collect(&package.join("src"), &mut files);
        }
    }
    let text = |file: &PathBuf| fs::read_to_string(file).expect("a source is text");
    let texts = files.iter().map(text);
    texts.map(|text| text.split_whitespace().collect::<Vec<_>>().join(" ")).collect()
}

fn folders(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("the folder is there");
    entries.map(|entry| entry.expect("reads").path()).filter(|path| path.is_dir()).collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a package has sources") {
        let path = entry.expect("reads").path();
        let is_test = path.file_stem().is_some_and(|name| name == "tests" || name == "conformance");
        if path.is_dir() && !is_test {
            collect(&path, files);
        } else if path.extension().is_some_and(|kind| kind == "rs") && !is_test {
            files.push(path);
        }
    }
}
