//! The rotating code of a card: what it says, and its bytes. `proto/README.md` is its specification.
//!
//! **Invariant:** a text that is read has exactly one reading, and writing that gives the text back.

mod base45;

use std::time::Duration;

use clock::Timestamp;
use member_identity::{CardId, Honour, Honours};

/// What every code begins with: the format's first version.
pub const PREFIX: &str = "ZS1:";
/// What is signed before the code's own bytes, so that no other document is taken for a code.
pub const CODE_CONTEXT: &[u8] = b"zhisong card code v1\n";
/// What is signed before a revocation list.
pub const REVOCATIONS_CONTEXT: &[u8] = b"zhisong card revocations v1\n";
/// The longest that a code may live, whatever is configured: revocation lists are complete for it.
pub const LIFE_MAX: Duration = Duration::from_secs(300);
/// The shortest.
pub const LIFE_MIN: Duration = Duration::from_secs(15);
/// How far the clock of who made a code may be ahead of the clock of who reads it.
pub const AHEAD_MAX: Duration = Duration::from_secs(5);

/// Characters of a key's id that a code names it by.
pub const KEY_HINT_LEN: usize = 6;
/// Bytes of the number that makes each code another one.
pub const NONCE_LEN: usize = 8;
const BODY_LEN: usize = 38;
const SIGNATURE_LEN: usize = 64;
const VERSION: u8 = 1;

/// The number that makes each code another one.
pub type Nonce = [u8; NONCE_LEN];

/// The highest level of a model worker, where the card states it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Level {
    /// Not stated, or none.
    None,
    /// Of the whole country.
    National,
    /// Of a province.
    Provincial,
    /// Of a city.
    City,
    /// Of a county.
    County,
}

/// What a code says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeBody {
    /// The first characters of the id of the key that signed it.
    pub key_hint: [u8; KEY_HINT_LEN],
    /// The card.
    pub card_id: CardId,
    /// When it was made, in seconds since 1970.
    pub issued_at: u32,
    /// How long it lives, in seconds.
    pub life: u16,
    /// Makes it another one than the one before.
    pub nonce: Nonce,
    /// The level of a model worker.
    pub level: Level,
}

/// A code as it is read: what it says, and what is to be verified before that is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CardCode {
    /// What it says.
    pub body: CodeBody,
    /// The signature over [`CodeBody::signed_bytes`].
    pub signature: [u8; SIGNATURE_LEN],
}

/// The text is not a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not the text of a card code")]
pub struct CodeProblem;

impl Level {
    const ALL: [Self; 5] = [Self::None, Self::National, Self::Provincial, Self::City, Self::County];

    /// The highest level among honours.
    pub fn of(honours: Honours) -> Self {
        let levels = Self::ALL.into_iter();
        let held = |level: &Self| level.honour().is_some_and(|honour| honours.contains(honour));
        levels.into_iter().find(held).unwrap_or(Self::None)
    }

    /// The honour that it is the level of.
    pub const fn honour(self) -> Option<Honour> {
        match self {
            Self::None => None,
            Self::National => Some(Honour::NationalModelWorker),
            Self::Provincial => Some(Honour::ProvincialModelWorker),
            Self::City => Some(Honour::CityModelWorker),
            Self::County => Some(Honour::CountyModelWorker),
        }
    }
}

impl CodeBody {
    /// The bytes that are signed.
    pub fn signed_bytes(&self) -> Vec<u8> {
        [CODE_CONTEXT, &self.bytes()].concat()
    }

    /// Whether the code may be believed at a time.
    pub fn is_current(&self, now: Timestamp) -> bool {
        let issued_at = Timestamp::from_micros(i64::from(self.issued_at) * 1_000_000);
        now.plus(AHEAD_MAX) >= issued_at && now < self.expires_at()
    }

    /// When it ends.
    pub fn expires_at(&self) -> Timestamp {
        let seconds = i64::from(self.issued_at) + i64::from(self.life);
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn bytes(&self) -> [u8; BODY_LEN] {
        let mut bytes = [VERSION; BODY_LEN];
        bytes[1..7].copy_from_slice(&self.key_hint);
        bytes[7..23].copy_from_slice(self.card_id.as_bytes());
        bytes[23..27].copy_from_slice(&self.issued_at.to_be_bytes());
        bytes[27..29].copy_from_slice(&self.life.to_be_bytes());
        bytes[29..37].copy_from_slice(&self.nonce);
        bytes[37] = self.level as u8;
        bytes
    }

    fn read(bytes: &[u8; BODY_LEN]) -> Option<Self> {
        let part = |from: usize| bytes[from..].first_chunk().copied();
        let body = Self {
            key_hint: *bytes[1..].first_chunk()?,
            card_id: CardId::from_bytes(*bytes[7..].first_chunk()?),
            issued_at: u32::from_be_bytes(part(23)?),
            life: u16::from_be_bytes(*bytes[27..].first_chunk()?),
            nonce: *bytes[29..].first_chunk()?,
            level: *Level::ALL.get(usize::from(bytes[37]))?,
        };
        (bytes[0] == VERSION && u64::from(body.life) <= LIFE_MAX.as_secs()).then_some(body)
    }
}

impl CardCode {
    /// Reads the text of a code. What it says is not to be believed before its signature was
    /// verified.
    pub fn parse(text: &str) -> Result<Self, CodeProblem> {
        let bytes = text.strip_prefix(PREFIX).and_then(base45::decode).ok_or(CodeProblem)?;
        let (body, signature) = bytes.split_first_chunk().ok_or(CodeProblem)?;
        let signature = signature.try_into().map_err(|_| CodeProblem)?;
        Ok(Self { body: CodeBody::read(body).ok_or(CodeProblem)?, signature })
    }

    /// The text of the code.
    pub fn text(&self) -> String {
        let bytes = [self.body.bytes().as_slice(), &self.signature].concat();
        format!("{PREFIX}{}", base45::encode(&bytes))
    }
}

#[cfg(test)]
mod tests;
