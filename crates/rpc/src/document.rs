use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use jsonwebtoken::{DecodingKey, EncodingKey};
use serde::Deserialize;

use crate::KeyProblem;
use crate::token::base64;

/// Signs documents that others keep, as statements, with one Ed25519 key (RFC 8032).
pub struct DocumentSigner {
    pair: Ed25519KeyPair,
    public: DocumentKey,
}

/// A public key that documents are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentKey {
    x: String,
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Jwk>,
}

#[derive(Deserialize)]
struct Jwk {
    kty: String,
    crv: String,
    x: String,
}

impl DocumentSigner {
    /// A signer from its private key in PEM (PKCS 8), as [`Signer::generate`](crate::Signer)
    /// makes one.
    pub fn from_pem(private_pem: &str) -> Result<Self, KeyProblem> {
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).map_err(|_| KeyProblem)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes());
        let pair = pair.map_err(|_| KeyProblem)?;
        let public = DocumentKey::new(pair.public_key().as_ref());
        Ok(Self { pair, public })
    }

    /// The signature of a document: the same key and bytes give the same one.
    pub fn sign(&self, document: &[u8]) -> [u8; 64] {
        let mut signature = [0; 64];
        signature.copy_from_slice(self.pair.sign(document).as_ref());
        signature
    }

    /// What its signatures are verified with.
    pub fn public(&self) -> &DocumentKey {
        &self.public
    }
}

impl DocumentKey {
    /// A public key in PEM (SPKI).
    pub fn from_pem(public_pem: &str) -> Result<Self, KeyProblem> {
        let key = DecodingKey::from_ed_pem(public_pem.as_bytes()).map_err(|_| KeyProblem)?;
        key.try_get_as_bytes().map(Self::new).map_err(|_| KeyProblem)
    }

    /// The key of that id in a JSON Web Key Set; `None` when the set does not have it, or has
    /// another key under that id.
    pub fn find(key_set: &str, key_id: &str) -> Option<Self> {
        let set: KeySet = serde_json::from_str(key_set).ok()?;
        let own = |key: &Jwk| key.kty == "OKP" && key.crv == "Ed25519";
        let keys = set.keys.into_iter().filter(own).map(|key| Self { x: key.x });
        keys.into_iter().find(|key| key.key_id() == key_id)
    }

    /// Whether a document was signed with this key.
    pub fn verify(&self, document: &[u8], signature: &[u8]) -> bool {
        let key = DecodingKey::from_ed_components(&self.x);
        let bytes = key.as_ref().ok().and_then(|key| key.try_get_as_bytes().ok());
        let valid = |bytes| UnparsedPublicKey::new(&ED25519, bytes).verify(document, signature);
        bytes.is_some_and(|bytes| valid(bytes).is_ok())
    }

    fn new(bytes: &[u8]) -> Self {
        Self { x: base64_url(bytes) }
    }

    /// The key's thumbprint (RFC 7638), by which documents name it.
    pub fn key_id(&self) -> String {
        let members = format!(r#"{{"crv":"Ed25519","kty":"OKP","x":"{}"}}"#, self.x);
        base64_url(digest(&SHA256, members.as_bytes()).as_ref())
    }

    /// The key as a JSON Web Key (RFC 8037).
    fn jwk(&self) -> String {
        let (key_id, x) = (self.key_id(), &self.x);
        format!(
            r#"{{"kty":"OKP","crv":"Ed25519","alg":"EdDSA","use":"sig","kid":"{key_id}","x":"{x}"}}"#
        )
    }
}

/// A JSON Web Key Set (RFC 7517) of these keys, in their order.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> String {
    let keys: Vec<_> = keys.into_iter().map(DocumentKey::jwk).collect();
    format!(r#"{{"keys":[{}]}}"#, keys.join(","))
}

/// Base 64 for URLs and without padding (RFC 4648, section 5).
fn base64_url(bytes: &[u8]) -> String {
    base64(bytes).trim_end_matches('=').replace('+', "-").replace('/', "_")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;

    #[test]
    fn a_key_is_named_by_its_thumbprint_as_rfc_8037_shows_it() {
        let key = DocumentKey { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() };
        assert_eq!(key.key_id(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    }

    #[test]
    fn a_signature_is_verified_with_the_public_key_and_is_the_same_each_time() {
        let (private, public) = Signer::generate().expect("a key");
        let signer = DocumentSigner::from_pem(&private).expect("its own format");
        assert_eq!(DocumentKey::from_pem(&public).as_ref(), Ok(signer.public()));
        let signature = signer.sign(b"due");
        assert_eq!(signer.sign(b"due"), signature);
        let retired = DocumentKey { x: "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo".to_owned() };
        let set = key_set([signer.public(), &retired]);
        let key = DocumentKey::find(&set, &signer.public().key_id()).expect("it is in the set");
        assert!(key.verify(b"due", &signature));
        assert!(!key.verify(b"due.", &signature) && !key.verify(b"due", &signature[1..]));
        assert!(!retired.verify(b"due", &signature));
        assert_eq!(DocumentKey::find(&set, "another"), None);
    }

    #[test]
    fn what_is_not_an_ed25519_key_is_refused() {
        assert!(DocumentSigner::from_pem("nonsense").is_err());
        assert!(DocumentKey::from_pem("nonsense").is_err());
    }
}
