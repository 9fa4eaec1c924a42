use std::sync::Arc;
use std::time::Duration;

use clock::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::{Eligibility, Failure};
use crate::domain::card_code::{LIFE_MAX, REVOCATIONS_CONTEXT};
use crate::domain::keyring::encode_hex;

/// How long a list is given to whoever asks: everybody may.
const KEPT_FOR: Duration = Duration::from_secs(1);
/// When who keeps a list should ask for the next one, after it was made.
const NEXT_AFTER: Duration = Duration::from_secs(30);
/// How far a commit may be behind the time that it carries: the list looks back this much further
/// than the longest life of a code.
const COMMIT_MAX: Duration = Duration::from_secs(60);

/// A revocation list as it is sent.
#[derive(Clone, Debug)]
pub struct RevocationList {
    /// A JSON object.
    pub document: Vec<u8>,
    /// The signature over it and what stands before it.
    pub signature: [u8; 64],
    /// The id of the key.
    pub key_id: String,
}

#[derive(Serialize)]
struct Document {
    as_of: i64,
    next_update: i64,
    code_life_max_s: u64,
    cards: Vec<String>,
}

/// The list that was made last.
#[derive(Default)]
pub(super) struct Revocations(Mutex<Option<Kept>>);

struct Kept {
    list: Arc<RevocationList>,
    as_of: i64,
    read_at: Instant,
}

impl Revocations {
    /// Something has changed: whoever asks next is told.
    pub(super) async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

impl Eligibility {
    /// The public keys that codes are verified with, as a JSON Web Key Set.
    pub fn card_keys(&self) -> String {
        self.core.cards.keys.jwks()
    }

    /// The cards of which no code may be accepted any more. One reads the store for all who ask
    /// within a second.
    pub async fn card_revocations(&self) -> Result<Arc<RevocationList>, Failure> {
        let mut kept = self.core.revocations.0.lock().await;
        let (now, read_at) = (self.core.clock.now(), Instant::now());
        let as_of = now.as_seconds();
        if let Some(kept) = &*kept
            && kept.as_of == as_of
            && kept.read_at.elapsed() < KEPT_FOR
        {
            return Ok(Arc::clone(&kept.list));
        }
        let list = Arc::new(self.read_revocations(now).await?);
        *kept = Some(Kept { list: Arc::clone(&list), as_of, read_at });
        Ok(list)
    }

    async fn read_revocations(&self, now: Timestamp) -> Result<RevocationList, Failure> {
        let since = now.minus(LIFE_MAX + COMMIT_MAX);
        let cards = self.core.store.blocked_cards(since).await?;
        let document = Document {
            as_of: now.as_seconds(),
            next_update: now.plus(NEXT_AFTER).as_seconds(),
            code_life_max_s: LIFE_MAX.as_secs(),
            cards: cards.iter().map(|card_id| encode_hex(card_id.as_bytes())).collect(),
        };
        let document = serde_json::to_vec(&document).expect("numbers and digits are JSON");
        let signer = &self.core.cards.keys.signer;
        let signature = signer.sign(&[REVOCATIONS_CONTEXT, &document].concat());
        Ok(RevocationList { document, signature, key_id: signer.public().key_id().to_owned() })
    }
}
