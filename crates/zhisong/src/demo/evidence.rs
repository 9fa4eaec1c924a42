use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write as _};
use std::path::{Path, PathBuf};

use contracts::eligibility::v1::RosterRow;

use crate::laws::{Ack, AckWriter};

/// What the demonstration holds the services to afterwards.
#[derive(Debug, Default)]
pub struct Evidence {
    /// Every answer that a caller got.
    pub(super) acks: Vec<Ack>,
    /// Every ID number, phone and name of the roster, once.
    pub(super) canaries: BTreeSet<String>,
}

/// Where it was written to.
pub struct EvidenceFiles {
    /// Acknowledged answers, as `zhisong laws --acks` reads them.
    pub acks: PathBuf,
    /// The roster's personal data, as `zhisong laws --canaries` reads it.
    pub canaries: PathBuf,
}

impl Evidence {
    /// Writes both files into `folder`, which must not be a part of a data folder: there the
    /// canaries would be what they are to prove absent.
    pub fn write(&self, folder: &Path) -> io::Result<EvidenceFiles> {
        fs::create_dir_all(folder)?;
        let (acks, canaries) = (folder.join("acks.jsonl"), folder.join("canaries.txt"));
        let writer = AckWriter::create(&acks)?;
        self.acks.iter().try_for_each(|ack| writer.add(ack))?;
        let mut file = BufWriter::new(File::create(&canaries)?);
        self.canaries.iter().try_for_each(|canary| writeln!(file, "{canary}"))?;
        file.flush()?;
        Ok(EvidenceFiles { acks, canaries })
    }
}

/// What of a roster must not be found in the clear.
pub(super) fn canaries(rows: &[RosterRow]) -> BTreeSet<String> {
    let personal = |row: &RosterRow| [row.id_number.clone(), row.phone.clone(), row.name.clone()];
    rows.iter().flat_map(personal).collect()
}
