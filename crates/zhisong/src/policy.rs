//! The policy of a programme file, as eligibility takes it.

use benefit::programme::Programme;
use contracts::eligibility::v1::{Criterion, PublishPolicyRequest};

/// What publishes a programme's policy.
pub(crate) fn publish_request(programme: &Programme) -> PublishPolicyRequest {
    let criteria = programme.policy.criteria.iter().map(|criterion| Criterion {
        criterion_id: criterion.criterion_id.clone(),
        expression: criterion.expression.clone(),
        text_zh: criterion.text_zh.clone(),
        text_en: criterion.text_en.clone(),
    });
    PublishPolicyRequest {
        policy_id: programme.policy.policy_id.clone(),
        organization: programme.organization.to_string(),
        criteria: criteria.collect(),
    }
}
