//! What the services are held to afterwards: every answer that a caller got, and the personal data
//! that must be found nowhere.

use std::fs;

use contracts::eligibility::v1::RosterRow;
use tempfile::TempDir;
use zhisong::laws::{self, Ack, AckWriter, Inputs, State};

use crate::served::Ended;

/// What is written down of a call that did what it was asked to.
pub(crate) const OK: &str = "OK";

/// Answers and canaries, in a folder apart from the data.
pub struct Evidence {
    folder: TempDir,
    acks: AckWriter,
}

impl Evidence {
    /// Nothing answered yet; the personal data of `rows` must stay secret.
    pub fn over(rows: &[RosterRow]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let personal = rows.iter().flat_map(|row| [&row.id_number, &row.phone, &row.name]);
        let mut personal: Vec<_> = personal.filter(|text| !text.is_empty()).cloned().collect();
        personal.sort_unstable();
        personal.dedup();
        let canaries = folder.path().join("canaries.txt");
        fs::write(canaries, personal.join("\n")).expect("is written");
        let acks = AckWriter::append(&folder.path().join("acks.jsonl")).expect("is made");
        Self { folder, acks }
    }

    /// Writes an answer down.
    pub fn add(&self, ack: &Ack) {
        self.acks.add(ack).expect("is written down");
    }

    /// Checks every law over the data of services that have ended: all must hold, and none may be
    /// left unchecked.
    pub async fn assert_lawful(&self, ended: &Ended) {
        let inputs = Inputs {
            acks: Some(self.folder.path().join("acks.jsonl")),
            canaries: Some(self.folder.path().join("canaries.txt")),
            ..Inputs::of_folder(&ended.folder())
        };
        let report = laws::check(&inputs, |_| {}).await.expect("the laws can be checked");
        for verdict in report.verdicts() {
            assert_eq!(verdict.state, State::Holds, "{}: {verdict:?}", verdict.law.name());
        }
    }
}
