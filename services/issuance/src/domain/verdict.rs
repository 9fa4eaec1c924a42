use clock::BusinessDay;
use member_identity::{OrganizationPath, PersonKey};

/// What eligibility says of one member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MemberVerdict {
    /// No live member has that id.
    Unknown,
    /// A live member.
    Known {
        /// The natural person.
        person: PersonKey,
        /// The organization that keeps the membership.
        organization: OrganizationPath,
        /// The first criterion that does not hold; none when the member qualifies.
        failed: Option<FailedCriterion>,
    },
}

/// A criterion that a member does not meet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedCriterion {
    /// Its name within the policy; `suspended` for a suspended member.
    pub criterion_id: String,
    /// What the member is told, in Chinese.
    pub text_zh: String,
    /// The same in English.
    pub text_en: String,
}

/// What verdicts were taken for: they say nothing about another policy or day.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JudgedBy {
    /// The policy.
    pub policy_id: String,
    /// The day that ages were counted on.
    pub day: BusinessDay,
}

impl MemberVerdict {
    /// The person, when the member is known.
    pub const fn person(&self) -> Option<PersonKey> {
        match self {
            Self::Unknown => None,
            Self::Known { person, .. } => Some(*person),
        }
    }
}
