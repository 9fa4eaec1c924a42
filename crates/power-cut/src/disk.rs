use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use rand::Rng;

use crate::vfs;

/// What a disk writes whole or not at all, in bytes.
const SECTOR: usize = 512;

/// The disk below one folder.
pub struct Disk {
    folder: PathBuf,
    state: Mutex<State>,
}

/// What an image kept of the writes that were not synced.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kept {
    /// Those of the first so many operations: the disk was behind, but in order.
    First(u64),
    /// Each sector with this probability: the disk writes in any order.
    Each(f64),
}

/// The power is off.
#[derive(Debug)]
pub(crate) struct Off;

/// A file, whatever it is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FileId(usize);

type Names = BTreeMap<OsString, FileId>;

#[derive(Default)]
struct State {
    files: Vec<File>,
    /// What the folder says now, and what it said when it was last synced.
    names: Names,
    synced_names: Names,
    /// Operations so far, and the one in which the power goes.
    operations: u64,
    cut_in: Option<u64>,
    off: bool,
}

#[derive(Default)]
struct File {
    synced: Vec<u8>,
    since: Vec<(u64, Change)>,
}

enum Change {
    Write { offset: usize, bytes: Vec<u8> },
    Truncate { length: usize },
}

impl Disk {
    /// The disk below a folder, whose files are all safe now. SQLite must not have any of them open.
    pub fn under(folder: &Path) -> io::Result<Arc<Self>> {
        let folder = folder.canonicalize()?;
        let mut state = State::default();
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let name = entry.file_name();
            if entry.file_type()?.is_file() && !name.to_string_lossy().ends_with("-shm") {
                let id = state.create(&name);
                state.files[id.0].synced = fs::read(entry.path())?;
            }
        }
        state.synced_names = state.names.clone();
        let disk = Arc::new(Self { folder, state: Mutex::new(state) });
        vfs::stand_before(&disk);
        Ok(disk)
    }

    /// How often SQLite wrote, truncated, deleted or synced.
    pub fn operations(&self) -> u64 {
        self.state().operations
    }

    /// The power goes in the `further`-th operation from now, which is then under way: 1 is the next.
    pub fn cut_in(&self, further: u64) {
        let mut state = self.state();
        state.cut_in = Some(state.operations + further);
    }

    /// The power goes now, if it has not gone yet; says whether it had.
    pub fn cut(&self) -> bool {
        std::mem::replace(&mut self.state().off, true)
    }

    /// Writes what may be left after the cut to a folder.
    pub fn image(&self, random: &mut impl Rng, folder: &Path) -> io::Result<Kept> {
        let state = self.state();
        assert!(state.off, "only a cut decides what is left");
        let kept = match random.random_range(0..6) {
            0 => Kept::Each(0.0),
            1 => Kept::Each(1.0),
            2 => Kept::Each(0.5),
            3 => Kept::Each(0.95),
            _ => Kept::First(state.first(random)),
        };
        for (name, id) in state.left_names(random) {
            fs::write(folder.join(name), state.files[id.0].left(kept, random))?;
        }
        Ok(kept)
    }

    pub(crate) fn holds<'a>(&self, path: &'a Path) -> Option<&'a OsStr> {
        (path.parent()? == self.folder).then(|| path.file_name())?
    }

    /// The file of a name, made if need be.
    pub(crate) fn open(&self, name: &OsStr) -> Result<FileId, Off> {
        let mut state = self.state();
        match state.off {
            true => Err(Off),
            false => Ok(state.names.get(name).copied().unwrap_or_else(|| state.create(name))),
        }
    }

    pub(crate) fn write(&self, file: FileId, offset: usize, bytes: &[u8]) -> Result<(), Off> {
        self.change(file, Change::Write { offset, bytes: bytes.to_owned() })
    }

    pub(crate) fn truncate(&self, file: FileId, length: usize) -> Result<(), Off> {
        self.change(file, Change::Truncate { length })
    }

    pub(crate) fn sync(&self, file: FileId, folder_too: bool) -> Result<(), Off> {
        let mut state = self.state();
        state.begin()?;
        state.end()?;
        let file = &mut state.files[file.0];
        for (_, change) in std::mem::take(&mut file.since) {
            change.apply(&mut file.synced, || true);
        }
        if folder_too {
            state.synced_names = state.names.clone();
        }
        Ok(())
    }

    pub(crate) fn delete(&self, name: &OsStr, sync_folder: bool) -> Result<(), Off> {
        let mut state = self.state();
        state.begin()?;
        state.names.remove(name);
        state.end()?;
        if sync_folder {
            state.synced_names = state.names.clone();
        }
        Ok(())
    }

    /// A change that is under way when the power goes may be left, wholly or in part.
    fn change(&self, file: FileId, change: Change) -> Result<(), Off> {
        let mut state = self.state();
        state.begin()?;
        let operation = state.operations;
        state.files[file.0].since.push((operation, change));
        state.end()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn create(&mut self, name: &OsStr) -> FileId {
        let id = FileId(self.files.len());
        self.files.push(File::default());
        self.names.insert(name.to_owned(), id);
        id
    }

    fn begin(&mut self) -> Result<(), Off> {
        if self.off {
            return Err(Off);
        }
        self.operations += 1;
        Ok(())
    }

    /// The operation in which the power goes is not answered.
    fn end(&mut self) -> Result<(), Off> {
        self.off = self.cut_in == Some(self.operations);
        match self.off {
            true => Err(Off),
            false => Ok(()),
        }
    }

    /// An operation among those whose changes were not synced.
    fn first(&self, random: &mut impl Rng) -> u64 {
        let unsynced = self.files.iter().filter_map(|file| file.since.first());
        let from = unsynced.map(|(operation, _)| operation - 1).min();
        random.random_range(from.unwrap_or(self.operations)..=self.operations)
    }

    /// What the folder says: where its last sync and the present differ, either.
    fn left_names(&self, random: &mut impl Rng) -> Names {
        let all: BTreeSet<_> = self.synced_names.keys().chain(self.names.keys()).collect();
        let left = all.into_iter().filter_map(|name| {
            let said = [self.synced_names.get(name), self.names.get(name)];
            Some((name.clone(), *said[usize::from(random.random_bool(0.5))]?))
        });
        left.collect()
    }
}

impl File {
    fn left(&self, kept: Kept, random: &mut impl Rng) -> Vec<u8> {
        let mut left = self.synced.clone();
        for (operation, change) in &self.since {
            match kept {
                Kept::First(last) => change.apply(&mut left, || *operation <= last),
                Kept::Each(probability) => {
                    change.apply(&mut left, || random.random_bool(probability))
                }
            }
        }
        left
    }
}

impl Change {
    /// Applies those parts that are kept; asks once for each.
    fn apply(&self, content: &mut Vec<u8>, mut is_kept: impl FnMut() -> bool) {
        match self {
            Self::Truncate { length } if is_kept() => content.resize(*length, 0),
            Self::Truncate { .. } => {}
            Self::Write { offset, bytes } => {
                let end = offset + bytes.len();
                let mut at = *offset;
                while at < end {
                    let next = (at / SECTOR + 1) * SECTOR;
                    let next = next.min(end);
                    if is_kept() {
                        content.resize(content.len().max(next), 0);
                        content[at..next].copy_from_slice(&bytes[at - offset..next - offset]);
                    }
                    at = next;
                }
            }
        }
    }
}
