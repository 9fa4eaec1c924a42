//! What the registry is and what it decides. Names no database, no transport and no runtime; time
//! and randomness are arguments.

pub mod account;
pub mod card;
pub mod card_code;
pub mod criterion;
pub mod entropy;
pub mod grant;
pub mod keyring;
pub mod member;
pub mod organization;
pub mod policy;
mod refusal;
pub mod registry;
pub mod roster;
mod slug;
pub mod standing;
pub mod vault;
pub mod verdict;

pub use refusal::Refusal;
pub use slug::{Slug, SlugProblem};
