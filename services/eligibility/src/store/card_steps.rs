//! What steps about cards and accounts take and give.

use clock::Timestamp;
use member_identity::{CardId, OrganizationPath, PersonKey, Shard};

use crate::domain::account::AccountOutcome;
use crate::domain::card::{Card, CardOutcome};
use crate::domain::card_code::Nonce;
use crate::domain::keyring::WrappedKey;
use crate::domain::registry::Handle;

/// How far the changes of a shard's handles have been read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HandleCursor {
    /// The shard.
    pub shard: Shard,
    /// Every earlier version of it has been read.
    pub version: i64,
    /// Of this version, handles up to this one have been read.
    pub key: [u8; 16],
}

impl HandleCursor {
    /// Behind everything of a version.
    pub const fn behind(shard: Shard, version: i64) -> Self {
        Self { shard, version, key: [u8::MAX; 16] }
    }
}

/// A handle as memory takes it from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StoredHandle {
    /// What it finds.
    pub handle: Handle,
    /// The version of the member's shard when it last changed.
    pub shard_version: i64,
}

/// A card with what its number is sealed with.
#[derive(Clone, Debug)]
pub struct StoredCard {
    /// The card.
    pub card: Card,
    /// Its number, sealed.
    pub number: Vec<u8>,
    /// The organization of its member.
    pub organization: OrganizationPath,
    /// The person.
    pub person: PersonKey,
    /// The person's data key.
    pub key: WrappedKey,
}

/// What a change of cards came to.
#[derive(Clone, Debug)]
pub struct CardStep {
    /// The answer.
    pub outcome: CardOutcome,
    /// Handles that are new or changed.
    pub handles: Vec<Handle>,
}

/// What a change of an account came to.
#[derive(Clone, Debug)]
pub struct AccountStep {
    /// The answer.
    pub outcome: AccountOutcome,
    /// Handles that are new or changed.
    pub handles: Vec<Handle>,
}

/// A code that is used at a terminal.
#[derive(Clone, Debug)]
pub struct CodeUse {
    /// The card.
    pub card_id: CardId,
    /// Which of its codes.
    pub nonce: Nonce,
    /// Who uses it.
    pub caller: String,
    /// Where.
    pub terminal: String,
    /// When the code ends: nothing need be known of it then.
    pub expires_at: Timestamp,
    /// The time of the commit.
    pub at: Timestamp,
}

/// Whether a code was used before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CodeSeen {
    /// Never.
    First,
    /// By the same caller at the same terminal.
    Again,
    /// By another caller, or at another terminal.
    Elsewhere,
}
