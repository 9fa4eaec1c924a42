use std::time::Duration;

use rpc::{DocumentKey, DocumentSigner, key_set};

use crate::domain::card_code::{CardCode, CodeBody, KEY_HINT_LEN};

/// The keys of card codes and revocation lists.
pub struct CardKeys {
    /// Signs.
    pub signer: DocumentSigner,
    /// Are published besides: those that signed before, until the last of their codes has ended,
    /// and those that will sign next.
    pub published: Vec<DocumentKey>,
}

/// How cards are shown, and verified for partners.
pub struct CardSettings {
    /// The keys.
    pub keys: CardKeys,
    /// How long a code lives.
    pub code_life: Duration,
    /// How often a partner may be told no within a minute.
    pub unknowns_per_minute: u32,
}

#[cfg(feature = "testing")]
impl CardSettings {
    /// A key in PEM, and the usual bounds.
    pub fn test(signing_key: &str) -> Self {
        let signer = DocumentSigner::from_pem(signing_key).expect("a test makes it");
        let keys = CardKeys { signer, published: Vec::new() };
        Self { keys, code_life: Duration::from_secs(60), unknowns_per_minute: 600 }
    }
}

impl CardKeys {
    /// All keys as a JSON Web Key Set, the one that signs first.
    pub(super) fn jwks(&self) -> String {
        key_set(self.all())
    }

    /// What a code names the key by that signs.
    pub(super) fn hint(&self) -> [u8; KEY_HINT_LEN] {
        hint(self.signer.public())
    }

    /// Signs a code.
    pub(super) fn sign(&self, body: CodeBody) -> CardCode {
        CardCode { body, signature: self.signer.sign(&body.signed_bytes()) }
    }

    /// Whether a code was signed with one of the keys.
    pub(super) fn is_ours(&self, code: &CardCode) -> bool {
        let signed = code.body.signed_bytes();
        let named = self.all().filter(|key| hint(key) == code.body.key_hint);
        named.into_iter().any(|key| key.verify(&signed, &code.signature))
    }

    fn all(&self) -> impl Iterator<Item = &DocumentKey> {
        std::iter::once(self.signer.public()).chain(&self.published)
    }
}

fn hint(key: &DocumentKey) -> [u8; KEY_HINT_LEN] {
    let thumbprint = key.key_id().as_bytes().first_chunk();
    *thumbprint.expect("a thumbprint has 43 characters")
}
