//! A data folder: databases, keys, and the lock that keeps a second process out.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use rand::RngCore as _;
use rpc::Signer;
use sql::DatabaseConfig;

use crate::hex::hex;

/// The `kid` of the tokens that an embedded installation signs for itself.
const KEY_ID: &str = "embedded";
/// The folder of the keys, and the file of the key that signs tokens.
const KEYS: &str = "keys";
const PRIVATE_KEY: &str = "tokens.pem";
/// The file of the key that signs statements.
const SETTLEMENT_KEY: &str = "settlement.pem";
/// The file of what the secrets of webhooks are derived from.
const WEBHOOKS_KEY: &str = "webhooks.key";
/// The file of the key that signs card codes.
const CARD_KEY: &str = "cards.pem";

/// Why a data folder cannot be used, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum FolderProblem {
    /// It cannot be read or written.
    #[error("cannot use the data folder: {path}: {source}; check that it is writable and has room")]
    File {
        /// What was read or written.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// Another process serves from it.
    #[error("another process serves from {0}: stop it, or name another folder with --data")]
    Locked(PathBuf),
    /// Nothing has been served from it, so it has no keys.
    #[error("{0} has no keys")]
    NoKeys(PathBuf),
    /// A key file does not hold a key.
    #[error("{0} does not hold an Ed25519 key in PEM: restore it from a backup")]
    Key(PathBuf),
}

/// An opened data folder. It stays locked until this is dropped.
pub struct Installation {
    folder: PathBuf,
    signer: Arc<Signer>,
    public_pem: String,
    moved: BTreeMap<&'static str, DatabaseConfig>,
    _lock: File,
}

impl Installation {
    /// Opens a data folder, making it and its keys on first use.
    pub fn open(folder: &Path) -> Result<Self, FolderProblem> {
        let (keys, is_new) = (folder.join(KEYS), !folder.exists());
        fs::create_dir_all(&keys).map_err(|source| problem(&keys, source))?;
        sync(folder)?;
        if is_new {
            sync(&folder.join(".."))?;
        }
        let lock = lock(folder)?;
        let private_file = keys.join(PRIVATE_KEY);
        let public_file = keys.join("tokens.pub.pem");
        make_key(&private_file, &public_file)?;
        make_key(&keys.join(SETTLEMENT_KEY), &keys.join("settlement.pub.pem"))?;
        let webhooks = keys.join(WEBHOOKS_KEY);
        if !webhooks.exists() {
            let mut key = [0; 32];
            rand::rng().fill_bytes(&mut key);
            write_new(&webhooks, &hex(&key))?;
        }
        make_key(&keys.join(CARD_KEY), &keys.join("cards.pub.pem"))?;
        let ring = keys.join("registry.toml");
        if !ring.exists() {
            write_new(&ring, &eligibility::keyring::generate())?;
        }
        sync(&keys)?;
        let signer = signer(private_file)?;
        let public_pem = read(&public_file)?;
        Ok(Self {
            folder: folder.to_owned(),
            signer: Arc::new(signer),
            public_pem,
            moved: BTreeMap::new(),
            _lock: lock,
        })
    }

    /// One service's database is not the one in the folder, or is kept otherwise.
    pub fn with_database(mut self, service: &'static str, database: DatabaseConfig) -> Self {
        self.moved.insert(service, database);
        self
    }

    /// Signs tokens for callers of this installation.
    pub fn signer(&self) -> Arc<Signer> {
        Arc::clone(&self.signer)
    }

    /// Key id and public key of the tokens that are let in.
    pub fn trusted_key(&self) -> (String, String) {
        (KEY_ID.to_owned(), self.public_pem.clone())
    }

    /// File with the key ring of the registry.
    pub fn ring_file(&self) -> PathBuf {
        self.folder.join(KEYS).join("registry.toml")
    }

    /// File with the key that signs statements.
    pub fn settlement_key_file(&self) -> PathBuf {
        self.folder.join(KEYS).join(SETTLEMENT_KEY)
    }

    /// File with what the secrets of webhooks are derived from.
    pub fn webhooks_key_file(&self) -> PathBuf {
        self.folder.join(KEYS).join(WEBHOOKS_KEY)
    }

    /// File with the key that signs card codes.
    pub fn card_key_file(&self) -> PathBuf {
        self.folder.join(KEYS).join(CARD_KEY)
    }

    /// The database of one service.
    pub fn database(&self, service: &str) -> DatabaseConfig {
        let in_folder = || {
            let file = self.folder.join(format!("{service}.db"));
            DatabaseConfig::at(format!("sqlite://{}", file.display()))
        };
        self.moved.get(service).cloned().unwrap_or_else(in_folder)
    }
}

/// Signs tokens with the key of a data folder that another process may be serving from: reads the
/// key's file and nothing else.
pub fn signer_of(folder: &Path) -> Result<Signer, FolderProblem> {
    let file = folder.join(KEYS).join(PRIVATE_KEY);
    match file.exists() {
        true => signer(file),
        false => Err(FolderProblem::NoKeys(folder.to_owned())),
    }
}

/// A pair of keys, made on first use.
fn make_key(private_file: &Path, public_file: &Path) -> Result<(), FolderProblem> {
    if private_file.exists() {
        return Ok(());
    }
    let made = Signer::generate().map_err(|_| FolderProblem::Key(private_file.to_owned()));
    let (private, public) = made?;
    write_new(public_file, &public)?;
    write_new(private_file, &private)
}

fn signer(file: PathBuf) -> Result<Signer, FolderProblem> {
    Signer::from_pem(KEY_ID, &read(&file)?).map_err(|_| FolderProblem::Key(file))
}

fn lock(folder: &Path) -> Result<File, FolderProblem> {
    let path = folder.join("zhisong.lock");
    let file = OpenOptions::new().create(true).append(true).open(&path);
    let file = file.map_err(|source| problem(&path, source))?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => Err(FolderProblem::Locked(folder.to_owned())),
        Err(TryLockError::Error(source)) => Err(problem(&path, source)),
    }
}

/// The names in a folder outlive a power cut once it was synced. Without its keys a database is
/// lost.
fn sync(folder: &Path) -> Result<(), FolderProblem> {
    let synced = File::open(folder).and_then(|folder| folder.sync_all());
    synced.map_err(|source| problem(folder, source))
}

/// Writes a secret that only its owner may read, whole or not at all.
fn write_new(path: &Path, text: &str) -> Result<(), FolderProblem> {
    let unfinished = path.with_extension("new");
    let write = || {
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&unfinished)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        fs::rename(&unfinished, path)
    };
    write().map_err(|source| problem(path, source))
}

fn read(path: &Path) -> Result<String, FolderProblem> {
    fs::read_to_string(path).map_err(|source| problem(path, source))
}

fn problem(path: &Path, source: io::Error) -> FolderProblem {
    FolderProblem::File { path: path.to_owned(), source }
}
