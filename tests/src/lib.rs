//! What the suite does as a whole, over gRPC: see the folders beside this one.
//!
//! Here is what these tests share: [`stage`] sets a suite up and holds it to its laws, [`rush`]
//! has members claim, [`wallets`] waits for their vouchers, [`tills`] has them shop, [`arrivals`]
//! says when a fault is due.

pub mod arrivals;
pub mod rush;
pub mod stage;
pub mod tills;
pub mod wallets;
