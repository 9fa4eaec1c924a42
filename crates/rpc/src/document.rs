use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use jsonwebtoken::jwk::{
    AlgorithmParameters, EllipticCurve, Jwk, JwkSet, OctetKeyPairParameters, PublicKeyUse,
    ThumbprintHash,
};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey};

use crate::KeyProblem;

/// Signs documents that others keep, as statements, with one Ed25519 key (RFC 8032).
pub struct DocumentSigner {
    pair: Ed25519KeyPair,
    public: DocumentKey,
}

/// A public key that documents are verified with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DocumentKey {
    bytes: Vec<u8>,
    key_id: String,
    jwk: Jwk,
}

impl DocumentSigner {
    /// A signer from its private key in PEM (PKCS 8), as [`Signer::generate`](crate::Signer)
    /// makes one.
    pub fn from_pem(private_pem: &str) -> Result<Self, KeyProblem> {
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).map_err(|_| KeyProblem)?;
        let pair = Ed25519KeyPair::from_pkcs8_maybe_unchecked(key.as_bytes());
        let pair = pair.map_err(|_| KeyProblem)?;
        let public = DocumentKey::new(&DecodingKey::from_ed_der(pair.public_key().as_ref()))?;
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
        Self::new(&key)
    }

    /// The key of that id in a JSON Web Key Set; `None` when the set does not have it, or has
    /// another key under that id.
    pub fn find(key_set: &str, key_id: &str) -> Option<Self> {
        let set: JwkSet = serde_json::from_str(key_set).ok()?;
        let keys = set.keys.iter().filter_map(|jwk| Self::from_jwk(jwk).ok());
        keys.into_iter().find(|key| key.key_id == key_id)
    }

    /// Whether a document was signed with this key.
    pub fn verify(&self, document: &[u8], signature: &[u8]) -> bool {
        UnparsedPublicKey::new(&ED25519, &self.bytes).verify(document, signature).is_ok()
    }

    /// The key's thumbprint (RFC 7638), by which documents name it.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    fn from_jwk(jwk: &Jwk) -> Result<Self, KeyProblem> {
        match &jwk.algorithm {
            AlgorithmParameters::OctetKeyPair(OctetKeyPairParameters {
                curve: EllipticCurve::Ed25519,
                ..
            }) => Self::new(&DecodingKey::from_jwk(jwk).map_err(|_| KeyProblem)?),
            _ => Err(KeyProblem),
        }
    }

    /// A key of 32 bytes, and the JSON Web Key (RFC 8037) that it is published as.
    fn new(key: &DecodingKey) -> Result<Self, KeyProblem> {
        let bytes = key.try_get_as_bytes().map_err(|_| KeyProblem)?.to_vec();
        let jwk = Jwk::from_decoding_key(key, Some(Algorithm::EdDSA));
        let mut jwk = jwk.map_err(|_| KeyProblem)?;
        let key_id = jwk.thumbprint(ThumbprintHash::SHA256).map_err(|_| KeyProblem)?;
        jwk.common.public_key_use = Some(PublicKeyUse::Signature);
        jwk.common.key_id = Some(key_id.clone());
        Ok(Self { bytes, key_id, jwk })
    }
}

/// A JSON Web Key Set (RFC 7517) of these keys, in their order.
pub fn key_set<'a>(keys: impl IntoIterator<Item = &'a DocumentKey>) -> String {
    let keys = keys.into_iter().map(|key| key.jwk.clone()).collect();
    serde_json::to_string(&JwkSet { keys }).expect("a key set is made of texts")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Signer;

    /// The key and the thumbprint that RFC 8037 shows.
    const X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
    const THUMBPRINT: &str = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";

    fn shown() -> DocumentKey {
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","x":"{X}"}}]}}"#);
        DocumentKey::find(&set, THUMBPRINT).expect("it is named by its thumbprint")
    }

    #[test]
    fn a_key_is_named_by_its_thumbprint_as_rfc_8037_shows_it() {
        assert_eq!(shown().key_id(), THUMBPRINT);
        let published: serde_json::Value =
            serde_json::from_str(&key_set([&shown()])).expect("it is JSON");
        let key = serde_json::json!({
            "kty": "OKP", "crv": "Ed25519", "x": X, "alg": "EdDSA", "use": "sig", "kid": THUMBPRINT,
        });
        assert_eq!(published, serde_json::json!({ "keys": [key] }));
    }

    #[test]
    fn a_key_is_found_among_keys_of_other_kinds_by_what_it_is_and_not_by_what_it_is_called() {
        let own = format!(r#"{{"kty":"OKP","crv":"Ed25519","kid":"a","x":"{X}"}}"#);
        let others = r#"{"kty":"RSA","n":"AQAB","e":"AQAB","kid":"a"},{"kty":"oct","k":"AQAB"},
                        {"kty":"OKP","crv":"Ed25519","x":"AQAB"},{"kty":"new","kid":"a"}"#;
        let set = format!(r#"{{"keys":[{others},{own}]}}"#);
        assert_eq!(DocumentKey::find(&set, THUMBPRINT), Some(shown()));
        assert_eq!(DocumentKey::find(&set, "a"), None);
        assert_eq!(DocumentKey::find("[]", "a"), None);
    }

    #[test]
    fn a_signature_is_verified_with_the_public_key_and_is_the_same_each_time() {
        let (private, public) = Signer::generate().expect("a key");
        let signer = DocumentSigner::from_pem(&private).expect("its own format");
        assert_eq!(DocumentKey::from_pem(&public).as_ref(), Ok(signer.public()));
        let signature = signer.sign(b"due");
        assert_eq!(signer.sign(b"due"), signature);
        let retired = shown();
        let set = key_set([signer.public(), &retired]);
        let key = DocumentKey::find(&set, signer.public().key_id()).expect("it is in the set");
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
