use std::fmt;
use std::str::FromStr;

use member_identity::OrganizationPath;

use super::ChainId;

/// A chain of shops: those that one organization registers under one name, on any platform. The
/// same name with another organization is another chain, so that nobody's registration puts rows
/// into a chain of somebody else's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ShopChain {
    name: String,
    organization: OrganizationPath,
}

/// A text is not the name of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be <organization>:<chain>")]
pub struct ChainProblem;

impl ShopChain {
    /// The chain of that name, of the shops that the organization registers.
    pub fn new(organization: OrganizationPath, chain: &ChainId) -> Self {
        Self { name: format!("{organization}:{chain}"), organization }
    }

    /// As `gd/zhuhai:corner-shop`: no part has a colon in it.
    pub fn as_str(&self) -> &str {
        &self.name
    }

    /// Who registers its shops, and reads its statements.
    pub fn organization(&self) -> &OrganizationPath {
        &self.organization
    }

    /// Whether what an organization pays for in its shops counts as the chain's: what is registered
    /// concerns the campaigns of the registering organization and of all below it, and no others.
    pub fn concerns(&self, payer: &OrganizationPath) -> bool {
        self.organization.contains(payer)
    }
}

impl FromStr for ShopChain {
    type Err = ChainProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (organization, chain) = text.split_once(':').ok_or(ChainProblem)?;
        let organization = OrganizationPath::parse(organization).map_err(|_| ChainProblem)?;
        let chain: ChainId = chain.parse().map_err(|_| ChainProblem)?;
        Ok(Self::new(organization, &chain))
    }
}

/// `gd/zhuhai:corner-shop`.
impl fmt::Display for ShopChain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_chain_reads_back_as_it_is_written_and_nothing_else_does() {
        for text in ["gd:corner-shop", "gd/zhuhai:CORNER_1"] {
            assert_eq!(text.parse::<ShopChain>().map(|chain| chain.to_string()), Ok(text.into()));
        }
        for text in ["", "gd", "gd:", ":corner-shop", "GD:corner-shop", "gd:a:b", "gd:a b"] {
            assert_eq!(text.parse::<ShopChain>(), Err(ChainProblem), "{text}");
        }
    }

    #[test]
    fn a_chain_concerns_what_its_organization_and_those_below_it_pay_for() {
        let chain: ShopChain = "gd/zhuhai:corner-shop".parse().expect("a chain");
        for (payer, concerns) in
            [("gd/zhuhai", true), ("gd/zhuhai/doumen", true), ("gd", false), ("gd/zhuhai2", false)]
        {
            let payer = OrganizationPath::parse(payer).expect("a path");
            assert_eq!(chain.concerns(&payer), concerns, "{payer}");
        }
    }
}
