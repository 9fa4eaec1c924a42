//! The command line: folders that are being served, folders that a killed process left, and exit
//! codes.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use super::Case;
use super::history::{History, Of};

const ZHISONG: &str = env!("CARGO_BIN_EXE_zhisong");

pub fn cases() -> Vec<Case> {
    vec![
        (
            "a_folder_that_is_served_or_whose_process_was_killed_is_checked",
            a_folder_that_is_served_or_whose_process_was_killed_is_checked,
        ),
        (
            "the_exit_code_is_one_when_a_law_is_broken_or_could_not_be_looked_at",
            the_exit_code_is_one_when_a_law_is_broken_or_could_not_be_looked_at,
        ),
    ]
}

fn laws(data: &Path, more: &[&Path]) -> Output {
    let mut command = Command::new(ZHISONG);
    command.args(["laws", "--json", "--data"]).arg(data);
    for (flag, path) in ["--acks", "--canaries"].iter().zip(more) {
        command.arg(flag).arg(path);
    }
    command.output().expect("the executable was built")
}

fn states(output: &Output) -> Vec<(String, String)> {
    let told: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    let laws = told.as_object().expect("one JSON object").iter();
    let state = |(law, told): (&String, &Value)| {
        (law.clone(), told["state"].as_str().expect("every law has a state").to_owned())
    };
    laws.map(state).collect()
}

fn a_folder_that_is_served_or_whose_process_was_killed_is_checked(_history: &History) {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().join("data");
    let mut demo = Command::new(ZHISONG)
        .args(["demo", "--json", "--members", "60", "--checkouts", "40", "--data"])
        .arg(&data)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the executable was built");
    let mut line = String::new();
    let stdout = demo.stdout.take().expect("it was asked for");
    BufReader::new(stdout).read_line(&mut line).expect("the demonstration reports");
    let report: Value = serde_json::from_str(&line).expect("one JSON object");
    assert_eq!(report["violations"], 0, "{report}");
    let told = report["laws"].as_object().expect("every law is told");
    assert_eq!(told.len(), 15, "{report}");
    assert!(told.values().all(|state| state == "holds"), "{report}");

    let evidence = folder.path().join("data-evidence");
    let files = [evidence.join("acks.jsonl"), evidence.join("canaries.txt")];
    let check = || laws(&data, &[&files[0], &files[1]]);
    let served = check();
    demo.kill().expect("it serves until it is killed");
    demo.wait().expect("it was killed");
    for file in ["issuance.db-wal", "issuance.db-shm", "redemption.db-wal"] {
        assert!(data.join(file).exists(), "{file} was not left behind");
    }
    for output in [served, check(), check()] {
        assert!(output.status.success(), "{output:?}");
        assert!(states(&output).iter().all(|(_, state)| state == "holds"), "{output:?}");
    }
}

fn the_exit_code_is_one_when_a_law_is_broken_or_could_not_be_looked_at(history: &History) {
    let copy = history.copy();
    let holds = laws(&copy.data(), &[]);
    assert_eq!(holds.status.code(), Some(0), "{holds:?}");
    assert!(states(&holds).contains(&("I4".to_owned(), "not checked".to_owned())));
    copy.corrupt(Of::Redemption, "UPDATE statement SET rows = rows + 1");
    let broken = laws(&copy.data(), &[&copy.acks(), &copy.canaries()]);
    assert_eq!(broken.status.code(), Some(1), "{broken:?}");
    assert!(states(&broken).contains(&("R5".to_owned(), "broken".to_owned())));
    assert!(String::from_utf8_lossy(&broken.stderr).contains("broken: R5"), "{broken:?}");
    let nothing = laws(Path::new("gone"), &[]);
    assert_eq!(nothing.status.code(), Some(1), "{nothing:?}");
    assert!(nothing.stdout.is_empty(), "{nothing:?}");
}
