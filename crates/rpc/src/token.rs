use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use clock::{Clock, Timestamp};
use contracts::common::v1::ErrorReason;
use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use member_identity::OrganizationPath;
use serde::{Deserialize, Serialize};

use crate::{Caller, Problem};

/// The audience of every token.
const AUDIENCE: &str = "zhisong";
/// Verified tokens kept, so that a busy partner's signature is not checked on each call.
const CACHE_MAX: usize = 10_000;

#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    aud: String,
    /// Scopes joined by blanks (RFC 8693, section 4.2).
    scope: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    org: Option<String>,
    iat: i64,
    exp: i64,
}

/// What a token grants.
#[derive(Debug, Clone)]
pub struct Grant {
    /// Whom.
    pub subject: String,
    /// What, as `voucher.claim`.
    pub scopes: Vec<String>,
    /// Within which subtree; everywhere when absent.
    pub organization: Option<OrganizationPath>,
}

/// A key file that is not an Ed25519 key in PEM.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an Ed25519 key in PEM")]
pub struct KeyProblem;

/// Signs tokens (EdDSA JWT, RFC 8037) with one Ed25519 key.
pub struct Signer {
    key: EncodingKey,
    key_id: String,
}

impl Signer {
    /// A new key as PEM: the private key (PKCS 8) and the public key (SPKI).
    pub fn generate() -> Result<(String, String), KeyProblem> {
        let pair = Ed25519KeyPair::generate().map_err(|_| KeyProblem)?;
        let private = pair.to_pkcs8v1().map_err(|_| KeyProblem)?;
        // SubjectPublicKeyInfo of an Ed25519 key (RFC 8410): a fixed prefix, then the key.
        let mut public = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00".to_vec();
        public.extend_from_slice(pair.public_key().as_ref());
        Ok((pem("PRIVATE KEY", private.as_ref()), pem("PUBLIC KEY", &public)))
    }

    /// A signer from its private key in PEM, known to verifiers as `key_id`.
    pub fn from_pem(key_id: &str, private_pem: &str) -> Result<Self, KeyProblem> {
        let key = EncodingKey::from_ed_pem(private_pem.as_bytes()).map_err(|_| KeyProblem)?;
        Ok(Self { key, key_id: key_id.to_owned() })
    }

    /// A token for `grant`, valid from `now` for `valid_for`.
    pub fn sign(
        &self,
        grant: &Grant,
        now: Timestamp,
        valid_for: Duration,
    ) -> Result<String, KeyProblem> {
        let claims = Claims {
            sub: grant.subject.clone(),
            aud: AUDIENCE.to_owned(),
            scope: grant.scopes.join(" "),
            org: grant.organization.as_ref().map(ToString::to_string),
            iat: now.as_seconds(),
            exp: now.plus(valid_for).as_seconds(),
        };
        let header = Header { kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.key).map_err(|_| KeyProblem)
    }
}

/// Checks tokens against the public keys of those who may sign them.
pub struct Verifier {
    keys: HashMap<String, DecodingKey>,
    clock: Arc<dyn Clock>,
    verified: Mutex<HashMap<String, (Arc<Caller>, i64)>>,
}

impl Verifier {
    /// A verifier of `keys`: key id and public key in PEM. Expiry follows the wall clock.
    pub fn new(keys: &[(String, String)], clock: Arc<dyn Clock>) -> Result<Self, KeyProblem> {
        let mut decoding = HashMap::new();
        for (key_id, pem) in keys {
            let key = DecodingKey::from_ed_pem(pem.as_bytes()).map_err(|_| KeyProblem)?;
            decoding.insert(key_id.clone(), key);
        }
        Ok(Self { keys: decoding, clock, verified: Mutex::default() })
    }

    /// The caller that a token names, or why it is refused.
    pub fn verify(&self, token: &str) -> Result<Arc<Caller>, Problem> {
        let now = self.clock.wall().as_seconds();
        if let Some((caller, expires)) = self.cache().get(token) {
            return match *expires > now {
                true => Ok(Arc::clone(caller)),
                false => Err(Problem::new(ErrorReason::TokenExpired)),
            };
        }
        let claims = self.decode(token)?;
        if claims.exp <= now {
            return Err(Problem::new(ErrorReason::TokenExpired));
        }
        let expires = claims.exp;
        let caller = Arc::new(caller_of(claims)?);
        self.remember(token, &caller, expires);
        Ok(caller)
    }

    fn decode(&self, token: &str) -> Result<Claims, Problem> {
        let invalid = || Problem::new(ErrorReason::TokenInvalid);
        let header = jsonwebtoken::decode_header(token).map_err(|_| invalid())?;
        let key = header.kid.and_then(|key_id| self.keys.get(&key_id)).ok_or_else(invalid)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_audience(&[AUDIENCE]);
        // Expiry is checked by the caller of this function, against the clock that was given.
        validation.validate_exp = false;
        match jsonwebtoken::decode::<Claims>(token, key, &validation) {
            Ok(token) => Ok(token.claims),
            Err(error) if *error.kind() == ErrorKind::ExpiredSignature => {
                Err(Problem::new(ErrorReason::TokenExpired))
            }
            Err(_) => Err(invalid()),
        }
    }

    fn remember(&self, token: &str, caller: &Arc<Caller>, expires: i64) {
        let mut verified = self.cache();
        if verified.len() >= CACHE_MAX {
            verified.clear();
        }
        verified.insert(token.to_owned(), (Arc::clone(caller), expires));
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, HashMap<String, (Arc<Caller>, i64)>> {
        self.verified.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn caller_of(claims: Claims) -> Result<Caller, Problem> {
    let invalid = || Problem::new(ErrorReason::TokenInvalid);
    let organization = match claims.org {
        Some(path) => Some(OrganizationPath::parse(&path).map_err(|_| invalid())?),
        None => None,
    };
    claims.sub.parse::<crate::RequestId>().map_err(|_| invalid())?;
    let scopes = claims.scope.split_ascii_whitespace().map(str::to_owned);
    Ok(Caller { subject: claims.sub, scopes: scopes.collect::<BTreeSet<_>>(), organization })
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", base64(der))
}

/// Base 64 (RFC 4648, section 4) of a key, which always fits one or two lines.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0u32, |group, byte| group << 8 | u32::from(*byte));
        let group = group << (8 * (3 - chunk.len()));
        for at in 0..=chunk.len() {
            let index = group >> (18 - 6 * at) & 63;
            text.push(char::from(ALPHABET[index as usize]));
        }
        text.extend(std::iter::repeat_n('=', 3 - chunk.len()));
    }
    text
}
