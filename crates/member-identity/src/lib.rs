//! What the three services share about a person.
//!
//! A roster cell, a request field or a card is turned into a value of this crate exactly once, at
//! the edge; behind it a value is known to be well formed and has one normal form.
//!
//! | file | concept |
//! |---|---|
//! | `id_document` | [`IdDocument`]: which document a number is of, and its [`IdProblem`]s |
//! | `resident_id` | [`NationalId`]: the GB 11643 number of a resident |
//! | `permit` | [`HongKongMacaoNumber`], [`TaiwanNumber`]: mainland travel permits |
//! | `card_number` | [`CardNumber`]: what is printed on a membership card |
//! | `mobile_number`, `person_name` | [`MobileNumber`], [`PersonName`] |
//! | `region`, `region_catalogue` | [`RegionCode`] over the embedded GB/T 2260 catalogue |
//! | `trade`, `employment`, `honour`, `sex` | closed vocabularies with stable keys (`word`) |
//! | `person_key`, `typed_id` | [`PersonKey`], [`Shard`], [`MemberId`] and the other typed ids |
//! | `organization_path` | [`OrganizationPath`]: a union in the tree |
//! | `text`, `secret` | width folding; what prints as `REDACTED` |
//!
//! **Invariant:** one person's document has one canonical form, however it was typed: the blind
//! index of it finds the person again.
//!
//! **Invariant:** no `Debug`, `Display` or error text of this crate shows a document number, a
//! telephone number, a name or a birth date; `reveal()` and `canonical()` are the only way to
//! a number or a name, and are easy to search for.
//!
//! **Invariant:** every problem has a stable `reason()` key; keys are part of row reports and are
//! never renamed.
//!
//! **Invariant:** a [`RegionCode`] is in the catalogue, so its name and its parents exist.
//!
//! **Invariant:** ids of different things are different types and different texts.
//!
//! Absent on purpose: files, clocks, randomness, serialisation and async. Today's date, instants
//! and entropy are arguments; the keyed blind index itself lives in eligibility, with its key.

mod card_number;
mod employment;
mod honour;
mod id_document;
mod mobile_number;
mod organization_path;
mod permit;
mod person_key;
mod person_name;
mod region;
mod region_catalogue;
mod resident_id;
mod secret;
mod sex;
mod text;
mod trade;
mod typed_id;
mod word;

pub use card_number::{CardNumber, CardNumberProblem};
pub use employment::Employment;
pub use honour::{Honour, Honours, HonoursIter};
pub use id_document::{IdDocument, IdProblem};
pub use mobile_number::{MobileNumber, PhoneProblem};
pub use organization_path::{OrganizationPath, OrganizationProblem};
pub use permit::{HongKongMacaoNumber, TaiwanNumber};
pub use person_key::{PersonKey, Shard};
pub use person_name::{NameProblem, PersonName};
pub use region::{RegionCode, RegionLevel, RegionProblem};
pub use resident_id::{NationalId, resident_id_from_parts};
pub use sex::Sex;
pub use trade::Trade;
pub use typed_id::{
    AuthorizationId, CardId, IdTextProblem, ImportId, LinkId, MemberId, RefundId, TransactionId,
    VoucherId,
};
pub use word::WordProblem;

#[cfg(test)]
mod tests;
