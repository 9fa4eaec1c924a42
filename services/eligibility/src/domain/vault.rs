//! Sealing and opening personal columns.

use std::fmt;
use std::sync::Arc;

use jiff::civil::Date;
use member_identity::{CardId, CardNumber, LinkId, MemberId, PersonKey, Sex};

use super::account::AccountId;
use super::entropy::Entropy;
use super::keyring::{DataKey, KeyRing, SealBroken, WrappedKey};

/// A personal column of `member`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Column {
    /// Canonical number of the identity document.
    IdNumber,
    /// Mobile number.
    Phone,
    /// Name.
    Name,
    /// Sex.
    Sex,
    /// Birth date.
    Birth,
}

impl Column {
    const fn as_str(self) -> &'static str {
        match self {
            Self::IdNumber => "id_number",
            Self::Phone => "phone",
            Self::Name => "name",
            Self::Sex => "sex",
            Self::Birth => "birth",
        }
    }
}

/// The key ring with the randomness that sealing needs, and the place of every personal column.
pub struct Vault {
    ring: KeyRing,
    entropy: Arc<dyn Entropy>,
}

impl fmt::Debug for Vault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Vault(REDACTED)")
    }
}

impl Vault {
    /// A vault over a key ring.
    pub fn new(ring: KeyRing, entropy: Arc<dyn Entropy>) -> Self {
        Self { ring, entropy }
    }

    /// The key ring.
    pub fn ring(&self) -> &KeyRing {
        &self.ring
    }

    /// Where keys and ids come from.
    pub fn entropy(&self) -> &dyn Entropy {
        &*self.entropy
    }

    /// Makes a data key for a person and wraps it for the store.
    pub fn new_data_key(&self, person: PersonKey) -> (DataKey, WrappedKey) {
        self.ring.new_data_key(person, &*self.entropy)
    }

    /// Opens a person's data key.
    pub fn unwrap(&self, person: PersonKey, key: &WrappedKey) -> Result<DataKey, SealBroken> {
        self.ring.unwrap(person, key)
    }

    /// Seals a personal column of a member.
    pub fn seal(&self, key: &DataKey, column: Column, row: MemberId, text: &str) -> Vec<u8> {
        key.seal(&place(column, row), text, &*self.entropy)
    }

    /// Opens a personal column of a member.
    pub fn open(
        &self,
        key: &DataKey,
        column: Column,
        row: MemberId,
        sealed: &[u8],
    ) -> Result<String, SealBroken> {
        key.open(&place(column, row), sealed)
    }

    /// Seals the number of a card.
    pub fn seal_card_number(&self, key: &DataKey, card_id: CardId, number: &CardNumber) -> Vec<u8> {
        key.seal(&card_place(card_id), number.reveal(), &*self.entropy)
    }

    /// Opens the number of a card.
    pub fn open_card_number(
        &self,
        key: &DataKey,
        card_id: CardId,
        sealed: &[u8],
    ) -> Result<CardNumber, SealBroken> {
        key.open(&card_place(card_id), sealed)?.parse().map_err(|_| SealBroken)
    }

    /// Seals the id of a linked account.
    pub fn seal_account(&self, key: &DataKey, link_id: LinkId, account: &AccountId) -> Vec<u8> {
        let place = format!("linked_account|account|{link_id}");
        key.seal(&place, account.reveal(), &*self.entropy)
    }

    /// Opens a member's sex.
    pub fn open_sex(&self, key: &DataKey, row: MemberId, sealed: &[u8]) -> Result<Sex, SealBroken> {
        Sex::parse(&self.open(key, Column::Sex, row, sealed)?).map_err(|_| SealBroken)
    }

    /// Opens a member's birth date.
    pub fn open_birth(
        &self,
        key: &DataKey,
        row: MemberId,
        sealed: &[u8],
    ) -> Result<Date, SealBroken> {
        let text = self.open(key, Column::Birth, row, sealed)?;
        text.parse().map_err(|_| SealBroken)
    }
}

/// Where the number of a card is sealed.
fn card_place(card_id: CardId) -> String {
    format!("card|number|{card_id}")
}

fn place(column: Column, row: MemberId) -> String {
    format!("member|{}|{row}", column.as_str())
}
