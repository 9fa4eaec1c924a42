//! Policies and their revisions.

use aws_lc_rs::digest::{Context, SHA256};
use clock::Timestamp;
use member_identity::OrganizationPath;

use super::criterion::{Condition, ExpressionProblem};
use super::{Refusal, Slug};

/// Criteria of one policy at most.
pub const CRITERIA_MAX: usize = 32;
/// Characters of a criterion's text at most.
pub const TEXT_CHARS_MAX: usize = 200;

/// One condition that must hold, as its author wrote it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Its name within the policy.
    pub criterion_id: Slug,
    /// The CEL expression.
    pub expression: String,
    /// What a member who fails it is told, in Chinese.
    pub text_zh: String,
    /// The same in English.
    pub text_en: String,
}

/// What is to be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PolicyDraft {
    /// The policy's name.
    pub policy_id: Slug,
    /// The organization that owns it.
    pub organization: OrganizationPath,
    /// In the order in which they are judged.
    pub criteria: Vec<Criterion>,
}

/// A revision of a policy. Never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// 1 for the first publication.
    pub revision: i32,
    /// What was published.
    pub content: PolicyDraft,
    /// When.
    pub published_at: Timestamp,
}

/// A criterion that cannot be published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CriterionProblem {
    /// Its position in the request.
    pub position: usize,
    /// Its name.
    pub criterion_id: Slug,
    /// What is wrong with its expression.
    pub problem: ExpressionProblem,
}

/// A revision that is ready to judge by.
#[derive(Debug)]
pub struct ReadyPolicy {
    /// The revision.
    pub policy: Policy,
    /// One a criterion, in the same order.
    pub conditions: Vec<Condition>,
}

/// What a publication comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Publication {
    /// A new revision.
    New(Policy),
    /// The newest revision says the same already.
    Same(Policy),
}

impl PolicyDraft {
    /// A digest of the criteria, to see that two publications say the same.
    pub fn digest(&self) -> [u8; 32] {
        let mut context = Context::new(&SHA256);
        for criterion in &self.criteria {
            let Criterion { criterion_id, expression, text_zh, text_en } = criterion;
            for text in [criterion_id.as_str(), expression, text_zh, text_en] {
                // Lengths keep neighbours apart, so that only equal criteria have equal digests.
                context.update(&(text.len() as u64).to_be_bytes());
                context.update(text.as_bytes());
            }
        }
        context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
    }
}

/// Decides on a publication, given the newest revision and whether the owner exists.
pub fn decide_publication(
    draft: PolicyDraft,
    newest: Option<Policy>,
    owner_exists: bool,
    at: Timestamp,
) -> Result<Publication, Refusal> {
    if !owner_exists {
        return Err(Refusal::NotFound("organization"));
    }
    let Some(newest) = newest else {
        return Ok(Publication::New(Policy { revision: 1, content: draft, published_at: at }));
    };
    if newest.content.organization != draft.organization {
        let problem = "a policy's owner never changes";
        return Err(Refusal::FieldInvalid { path: "organization", problem });
    }
    if newest.content.criteria == draft.criteria {
        return Ok(Publication::Same(newest));
    }
    let revision = newest.revision + 1;
    Ok(Publication::New(Policy { revision, content: draft, published_at: at }))
}
