//! The edge: decode, use case, map the error, encode. Nothing here decides.

mod account_service;
mod card_decode;
mod card_encode;
mod card_service;
mod decode;
mod eligibility_service;
mod encode;
mod grant_service;
mod policy_service;
mod registry_service;
mod status;
mod verification_service;

use std::sync::Arc;

use clock::{BusinessDay, Clock, Zone};

use crate::usecase::Eligibility;

/// The services of the contract over one registry.
#[derive(Clone)]
pub struct Edge {
    eligibility: Eligibility,
    clock: Arc<dyn Clock>,
}

impl Edge {
    /// An edge over an open registry. The clock says what day "not in the future" means.
    pub fn new(eligibility: Eligibility, clock: Arc<dyn Clock>) -> Self {
        Self { eligibility, clock }
    }

    /// The day by which a birth date is in the future.
    fn today(&self) -> BusinessDay {
        BusinessDay::of(self.clock.now(), &Zone::shanghai())
    }
}
