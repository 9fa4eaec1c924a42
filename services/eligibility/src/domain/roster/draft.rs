use clock::Timestamp;
use member_identity::{MemberId, PersonKey};

use super::{PersonalContent, RosterRow};
use crate::domain::entropy::random;
use crate::domain::keyring::{Blind, DataKey, WrappedKey};
use crate::domain::vault::{Column, Vault};

/// A person and a member made ready for a row, should its person turn out to be new. Keys and
/// sealing are most of a row's work, and this much of it needs no lock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The key that stands for the person.
    pub person: PersonKey,
    /// Their data key.
    pub key: WrappedKey,
    /// The member.
    pub member_id: MemberId,
    /// The member's personal columns.
    pub sealed: SealedContent,
}

/// Personal columns, each sealed for its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealedContent {
    /// Canonical number of the identity document.
    pub id_number: Vec<u8>,
    /// Mobile number.
    pub phone: Option<Vec<u8>>,
    /// Name.
    pub name: Vec<u8>,
    /// Sex.
    pub sex: Option<Vec<u8>>,
    /// Birth date.
    pub birth: Option<Vec<u8>>,
    /// Keyed digest of the whole.
    pub tag: Blind,
}

impl Draft {
    /// Makes a person and a member for a row.
    pub fn of(row: &RosterRow, at: Timestamp, vault: &Vault) -> Self {
        let person = PersonKey::from_bytes(random(vault.entropy()));
        let (data_key, key) = vault.new_data_key(person);
        let member_id = Self::mint(person, at, vault);
        let sealed = SealedContent::seal(row, &data_key, member_id, vault);
        Self { person, key, member_id, sealed }
    }

    /// An id for a new member.
    pub fn mint(person: PersonKey, at: Timestamp, vault: &Vault) -> MemberId {
        MemberId::mint(person.shard(), at, random(vault.entropy()))
    }
}

impl SealedContent {
    /// Seals what a row says of a person for the columns of a member.
    pub fn seal(row: &RosterRow, key: &DataKey, member_id: MemberId, vault: &Vault) -> Self {
        let seal = |column, text: &str| vault.seal(key, column, member_id, text);
        let PersonalContent { id, phone, name } = &row.content;
        Self {
            id_number: seal(Column::IdNumber, &id.canonical()),
            phone: phone.as_ref().map(|phone| seal(Column::Phone, phone.reveal())),
            name: seal(Column::Name, name.reveal()),
            sex: id.sex().map(|sex| seal(Column::Sex, sex.as_str())),
            birth: id.birth_date().map(|birth| seal(Column::Birth, &birth.to_string())),
            tag: row.tag,
        }
    }
}
