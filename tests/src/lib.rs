//! What the tests of the whole suite share; the tests themselves are in the folders beside this
//! one.
//!
//! Processes:
//!
//! | module | what |
//! |---|---|
//! | [`stage`] | sets a suite up as processes and holds it to its laws |
//! | [`rush`] | has members claim |
//! | [`wallets`] | waits for their vouchers |
//! | [`tills`] | has them shop |
//! | [`arrivals`] | says when a fault is due |
//!
//! In the test's own process:
//!
//! | module | what |
//! |---|---|
//! | [`served`] | the three services, served in the test's own process on a manual clock |
//! | [`callers`] | tokens and channels |
//! | [`office`] | what a union office does before a campaign: unions, roster, policy, campaign |
//! | [`refusal`] | a refusal taken apart |
//! | [`apps`], [`platform`] | a member app that claims, and a payment platform that redeems |
//! | [`evidence`] | what callers were answered, and the laws that it must agree with |

pub mod apps;
pub mod arrivals;
pub mod callers;
pub mod evidence;
pub mod office;
pub mod platform;
pub mod refusal;
pub mod rush;
pub mod served;
pub mod stage;
pub mod tills;
pub mod wallets;
