use std::collections::BTreeMap;

/// What eligibility says of one member, policy by policy, for one order: only what its terms ask
/// for is ever looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checks(BTreeMap<String, Standing>);

/// How a member stands to a policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Every criterion holds.
    Qualifies,
    /// A criterion does not hold any more.
    Fails {
        /// Its name within the policy; `suspended` for a suspended member, `unknown` for one who is
        /// no member any more.
        criterion: String,
    },
    /// Nobody can tell now.
    Untold,
}

impl Checks {
    /// How the member stands to a policy; none when that was not asked.
    pub fn of(&self, policy_id: &str) -> Option<&Standing> {
        self.0.get(policy_id)
    }

    /// Whether nobody could tell how the member stands to one of the policies.
    pub fn lack_some(&self) -> bool {
        self.0.values().any(|standing| *standing == Standing::Untold)
    }
}

impl FromIterator<(String, Standing)> for Checks {
    fn from_iter<I: IntoIterator<Item = (String, Standing)>>(standings: I) -> Self {
        Self(standings.into_iter().collect())
    }
}
