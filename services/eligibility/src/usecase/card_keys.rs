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
    /// A key in PEM, and the usual bounds but one: tests ask again and again until a change is known.
    pub fn test(signing_key: &str) -> Self {
        let signer = DocumentSigner::from_pem(signing_key).expect("a test makes it");
        let keys = CardKeys { signer, published: Vec::new() };
        Self { keys, code_life: Duration::from_secs(60), unknowns_per_minute: u32::MAX }
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

#[cfg(test)]
mod tests {
    use member_identity::CardId;
    use proptest::prelude::*;
    use rpc::Signer;

    use super::*;
    use crate::domain::card_code::Level;

    fn keys(private: &str, published: &[&str]) -> CardKeys {
        let published = published.iter().map(|key| DocumentKey::from_pem(key).expect("a key"));
        let signer = DocumentSigner::from_pem(private).expect("a key");
        CardKeys { signer, published: published.collect() }
    }

    fn body(keys: &CardKeys) -> CodeBody {
        CodeBody {
            key_hint: keys.hint(),
            card_id: CardId::from_bytes([3; 16]),
            issued_at: 1_658_455_200,
            life: 60,
            nonce: [5; 8],
            level: Level::None,
        }
    }

    #[test]
    fn a_code_is_ours_as_long_as_its_key_is_published() {
        let [(old, old_public), (new, _)] = [(); 2].map(|()| Signer::generate().expect("a key"));
        let before = keys(&old, &[]);
        let code = before.sign(body(&before));
        assert!(before.is_ours(&code));
        assert!(keys(&new, &[&old_public]).is_ours(&code), "signed before the rotation");
        assert!(!keys(&new, &[]).is_ours(&code), "its key is published no more");
        let rotated = keys(&new, &[&old_public]);
        let renamed = CodeBody { key_hint: rotated.hint(), ..code.body };
        assert!(!rotated.is_ours(&CardCode { body: renamed, ..code }), "another key's name");
        let jwks: serde_json::Value = serde_json::from_str(&rotated.jwks()).expect("is JSON");
        assert_eq!(jwks["keys"].as_array().map(Vec::len), Some(2));
    }

    proptest! {
        #[test]
        fn only_what_was_signed_is_ours(at in 0_usize..153, letter in 0_usize..45) {
            let (private, _) = Signer::generate().expect("a key");
            let keys = keys(&private, &[]);
            let text = keys.sign(body(&keys)).text();
            prop_assert!(keys.is_ours(&CardCode::parse(&text).expect("is its own")));
            let mut altered = text.clone().into_bytes();
            altered[4 + at] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"[letter];
            let altered = String::from_utf8(altered).expect("ASCII");
            prop_assume!(altered != text);
            let is_ours = CardCode::parse(&altered).is_ok_and(|code| keys.is_ours(&code));
            prop_assert!(!is_ours, "{altered}");
        }
    }
}
