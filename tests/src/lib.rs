//! What the tests of the whole suite share; the tests themselves are in the folders beside this
//! one.
//!
//! | module | what |
//! |---|---|
//! | [`served`] | the three services, served in the test's own process on a manual clock |
//! | [`callers`] | tokens and channels |
//! | [`office`] | what a union office does before a campaign: unions, roster, policy, campaign |
//! | [`refusal`] | a refusal taken apart |
//! | [`apps`], [`tills`] | a member app that claims, and a payment platform that redeems |
//! | [`wallets`] | when a voucher has reached redemption |
//! | [`evidence`] | what callers were answered, and the laws that it must agree with |

pub mod apps;
pub mod callers;
pub mod evidence;
pub mod office;
pub mod refusal;
pub mod served;
pub mod tills;
pub mod wallets;
