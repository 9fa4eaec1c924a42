//! The keys that personal data is sealed and found with.
//!
//! A ring holds versioned *wrapping* keys, which wrap one data key a person, and versioned *index*
//! keys, which turn an identity number or a phone into a blind index. The newest version of each is
//! used for what is written; older ones still open and find what was written before.
//!
//! **Invariant:** what is sealed for one table, column and row opens for no other (it is the
//! additional data of AES-256-GCM).

use std::collections::BTreeMap;
use std::fmt;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::hmac;
use member_identity::PersonKey;
use serde::Deserialize;

use super::entropy::{Entropy, SystemEntropy, random};

/// Bytes of an AES-256 key and of an index key.
const KEY_LEN: usize = 32;
/// Bytes of a blind index or a content tag: too few to be worth storing less of, enough that two
/// of two thousand million numbers never meet.
pub const BLIND_LEN: usize = 16;

/// A keyed digest that an identity number or a phone is found by.
pub type Blind = [u8; BLIND_LEN];

/// What a blind index is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum BlindKind {
    /// The canonical number of an identity document.
    IdNumber,
    /// A mobile number.
    Phone,
    /// The number of a card.
    CardNumber,
    /// A partner's account.
    Account,
}

impl BlindKind {
    /// The word that the store and the digest know it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::CardNumber => "card_number",
            Self::Account => "account",
        }
    }
}

/// Why a key ring cannot be used. Never shows a key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyRingProblem {
    /// Not the documented form.
    #[error("the key ring is not a TOML file with the tables [wrapping] and [index]")]
    Form,
    /// A version that is not a positive number.
    #[error("a key's version is not a number from 1 to 2147483647")]
    Version,
    /// A key that is not 32 bytes in hexadecimal.
    #[error("a key is not 64 hexadecimal digits")]
    Key,
    /// No wrapping key or no index key.
    #[error("the key ring has no {0} key")]
    Missing(&'static str),
}

/// Something sealed that does not open: another ring, another row, or damage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("sealed data does not open with this key ring")]
pub struct SealBroken;

/// A person's data key as it is stored: sealed under a wrapping key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKey {
    /// The wrapping key's version.
    pub version: u32,
    /// Nonce, ciphertext and tag.
    pub sealed: Vec<u8>,
}

/// A person's data key, ready for use. Never printed, never stored.
pub struct DataKey(LessSafeKey);

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(REDACTED)")
    }
}

/// The versioned keys of one installation.
pub struct KeyRing {
    wrapping: BTreeMap<u32, LessSafeKey>,
    index: BTreeMap<u32, hmac::Key>,
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyRing(REDACTED)")
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct RingFile {
    wrapping: BTreeMap<String, String>,
    index: BTreeMap<String, String>,
}

/// The content of a new key ring file. Whoever writes it makes it readable by its owner only.
pub fn generate() -> String {
    let key = || encode_hex(&random::<KEY_LEN>(&SystemEntropy));
    format!(
        "# Keys of the real-name registry. Without this file its personal data is lost; with it,\n\
         # the data can be read: keep it secret, and keep a copy apart from the database.\n\
         # To rotate a key, add the next number; never take an old one away.\n\
         [wrapping]\n1 = \"{}\"\n\n[index]\n1 = \"{}\"\n",
        key(),
        key()
    )
}

impl KeyRing {
    /// Reads the content of a key ring file.
    pub fn parse(text: &str) -> Result<Self, KeyRingProblem> {
        // The parser's own error would show a line of the file, so it is not passed on.
        let file: RingFile = toml::from_str(text).map_err(|_| KeyRingProblem::Form)?;
        let wrapping = versions(&file.wrapping, |key| aead_key(&key))?;
        let index = versions(&file.index, |key| hmac::Key::new(hmac::HMAC_SHA256, &key))?;
        if wrapping.is_empty() {
            return Err(KeyRingProblem::Missing("wrapping"));
        }
        if index.is_empty() {
            return Err(KeyRingProblem::Missing("index"));
        }
        Ok(Self { wrapping, index })
    }

    /// Makes a data key for a person and wraps it for the store.
    pub fn new_data_key(&self, person: PersonKey, entropy: &dyn Entropy) -> (DataKey, WrappedKey) {
        let plain: [u8; KEY_LEN] = random(entropy);
        let (version, wrapping) = self.wrapping.last_key_value().expect("a ring has a key");
        let sealed = seal(wrapping, &person_row(person), &plain, entropy);
        (DataKey(aead_key(&plain)), WrappedKey { version: *version, sealed })
    }

    /// Opens a person's data key as the store has it.
    pub fn unwrap(&self, person: PersonKey, wrapped: &WrappedKey) -> Result<DataKey, SealBroken> {
        let wrapping = self.wrapping.get(&wrapped.version).ok_or(SealBroken)?;
        let plain = open(wrapping, &person_row(person), &wrapped.sealed)?;
        let plain: [u8; KEY_LEN] = plain.try_into().map_err(|_| SealBroken)?;
        Ok(DataKey(aead_key(&plain)))
    }

    /// The newest index key's version: what is written is found by it.
    pub fn index_version(&self) -> u32 {
        *self.newest_index().0
    }

    /// The blind index of a value under the newest index key.
    pub fn blind(&self, kind: BlindKind, value: &str) -> Blind {
        digest(self.newest_index().1, kind.as_str(), value)
    }

    /// The blind indexes of a value under every index key, the newest first: what to look up.
    pub fn blinds(&self, kind: BlindKind, value: &str) -> Vec<Blind> {
        self.index.values().rev().map(|key| digest(key, kind.as_str(), value)).collect()
    }

    /// A keyed digest of a person's whole personal content, to see that it has not changed.
    pub fn content_tag(&self, content: &str) -> Blind {
        digest(self.newest_index().1, "content", content)
    }

    fn newest_index(&self) -> (&u32, &hmac::Key) {
        self.index.last_key_value().expect("a ring has a key")
    }
}

impl DataKey {
    /// Seals the value of one column of one row, named as `member|phone|mem_...`.
    pub fn seal(&self, place: &str, value: &str, entropy: &dyn Entropy) -> Vec<u8> {
        seal(&self.0, place, value.as_bytes(), entropy)
    }

    /// Opens what was sealed for that place.
    pub fn open(&self, place: &str, sealed: &[u8]) -> Result<String, SealBroken> {
        String::from_utf8(open(&self.0, place, sealed)?).map_err(|_| SealBroken)
    }
}

/// Bytes as lower-case hexadecimal digits.
pub(crate) fn encode_hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let digit = |value: u8| char::from(DIGITS[usize::from(value)]);
    let mut text = String::with_capacity(2 * bytes.len());
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}

fn versions<K>(
    table: &BTreeMap<String, String>,
    make: impl Fn([u8; KEY_LEN]) -> K,
) -> Result<BTreeMap<u32, K>, KeyRingProblem> {
    let entry = |(version, key): (&String, &String)| {
        let version = version.parse().ok().filter(|version| (1..=0x7fff_ffff).contains(version));
        let version = version.ok_or(KeyRingProblem::Version)?;
        Ok((version, make(decode_key(key).ok_or(KeyRingProblem::Key)?)))
    };
    table.iter().map(entry).collect()
}

fn decode_key(text: &str) -> Option<[u8; KEY_LEN]> {
    if text.len() != 2 * KEY_LEN || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    let mut key = [0; KEY_LEN];
    for (byte, at) in key.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(key)
}

fn aead_key(key: &[u8; KEY_LEN]) -> LessSafeKey {
    let key = UnboundKey::new(&AES_256_GCM, key).expect("the key has the algorithm's length");
    LessSafeKey::new(key)
}

fn person_row(person: PersonKey) -> String {
    format!("person|wrapped_key|{}", encode_hex(person.as_bytes()))
}

fn seal(key: &LessSafeKey, place: &str, value: &[u8], entropy: &dyn Entropy) -> Vec<u8> {
    let nonce: [u8; NONCE_LEN] = random(entropy);
    let mut sealed = Vec::with_capacity(NONCE_LEN + value.len() + AES_256_GCM.tag_len());
    sealed.extend_from_slice(&nonce);
    sealed.extend_from_slice(value);
    let (_, text) = sealed.split_at_mut(NONCE_LEN);
    let nonce = Nonce::assume_unique_for_key(nonce);
    let tag = key.seal_in_place_separate_tag(nonce, Aad::from(place), text);
    let tag = tag.expect("a column is far below the algorithm's limit");
    sealed.extend_from_slice(tag.as_ref());
    sealed
}

fn open(key: &LessSafeKey, place: &str, sealed: &[u8]) -> Result<Vec<u8>, SealBroken> {
    let (nonce, text) = sealed.split_at_checked(NONCE_LEN).ok_or(SealBroken)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealBroken)?;
    let mut text = text.to_vec();
    let plain = key.open_in_place(nonce, Aad::from(place), &mut text).map_err(|_| SealBroken)?;
    Ok(plain.to_vec())
}

fn digest(key: &hmac::Key, kind: &str, value: &str) -> Blind {
    let mut context = hmac::Context::with_key(key);
    context.update(kind.as_bytes());
    context.update(b"|");
    context.update(value.as_bytes());
    let tag = context.sign();
    tag.as_ref()[..BLIND_LEN].try_into().expect("SHA-256 is longer than a blind index")
}

#[cfg(test)]
mod tests;
