//! What the tests of the whole suite share; the tests themselves are in the folders beside this
//! one.
//!
//! | module | what |
//! |---|---|
//! | [`served`] | the three services, served in the test's own process on a manual clock |
//! | [`callers`] | tokens and channels |
//! | [`office`] | what a union office does before a campaign: unions, roster, policy, campaign |
//! | [`refusal`] | a refusal taken apart |

pub mod callers;
pub mod office;
pub mod refusal;
pub mod served;
