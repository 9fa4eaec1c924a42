use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use clock::Clock;
use tokio::time::Instant;

use crate::{Grant, Signer};

/// A token file is read again, and a signed token made anew, when it is older than this.
const FRESH_FOR: Duration = Duration::from_secs(30);
/// How long a token that a process signs for itself is valid.
const SELF_SIGNED_FOR: Duration = Duration::from_secs(300);

/// Where a service takes the token from that it shows to its peers.
#[derive(Clone)]
pub struct Credential(Arc<Inner>);

struct Inner {
    source: Source,
    current: Mutex<Option<(Instant, String)>>,
}

enum Source {
    File(PathBuf),
    Signed { signer: Arc<Signer>, grant: Grant, clock: Arc<dyn Clock> },
}

impl Credential {
    /// A token that somebody else keeps fresh in a file.
    pub fn file(path: PathBuf) -> Self {
        Self(Arc::new(Inner { source: Source::File(path), current: Mutex::default() }))
    }

    /// A token that this process signs for itself, when all services are one process.
    pub fn signed(signer: Arc<Signer>, grant: Grant, clock: Arc<dyn Clock>) -> Self {
        let source = Source::Signed { signer, grant, clock };
        Self(Arc::new(Inner { source, current: Mutex::default() }))
    }

    /// The token to show now; `None` when there is none to be had.
    pub(crate) fn token(&self) -> Option<String> {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((made, token)) = current.as_ref()
            && made.elapsed() < FRESH_FOR
        {
            return Some(token.clone());
        }
        let token = self.0.source.make()?;
        *current = Some((Instant::now(), token.clone()));
        Some(token)
    }
}

impl Source {
    fn make(&self) -> Option<String> {
        match self {
            Self::File(path) => Some(std::fs::read_to_string(path).ok()?.trim().to_owned()),
            Self::Signed { signer, grant, clock } => {
                signer.sign(grant, clock.wall(), SELF_SIGNED_FOR).ok()
            }
        }
    }
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("REDACTED")
    }
}
