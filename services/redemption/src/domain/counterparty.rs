use std::fmt;

use aws_lc_rs::digest::{SHA256, digest};
use clock::BusinessDay;
use member_identity::OrganizationPath;

use super::{Partner, ShopChain, StatementFormat};

/// With whom the accounts of a day are settled.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Counterparty {
    /// A payment platform: what is due to it for its captures.
    Platform(Partner),
    /// An organization: what it pays for its own campaigns, over all platforms.
    Funder(OrganizationPath),
    /// A chain of shops: what was used in its shops, over all platforms, of the campaigns that its
    /// registration concerns.
    Chain(ShopChain),
}

/// Names the payment of a day and a counterparty, so that nobody pays twice. Made of the two alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayoutId([u8; 16]);

impl Counterparty {
    /// What it is, by its name in tables and signatures.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Platform(_) => "PLATFORM",
            Self::Funder(_) => "FUNDER",
            Self::Chain(_) => "CHAIN",
        }
    }

    /// Which one of its kind.
    pub fn name(&self) -> &str {
        match self {
            Self::Platform(partner) => partner.as_str(),
            Self::Funder(organization) => organization.as_str(),
            Self::Chain(chain) => chain.as_str(),
        }
    }

    /// The form of the rows of its statements of days that are closed now.
    pub fn format(&self) -> StatementFormat {
        match self {
            Self::Platform(_) | Self::Funder(_) => StatementFormat::CURRENT,
            Self::Chain(_) => StatementFormat::OfShops,
        }
    }

    /// Its payment for a day.
    pub fn payout_id(&self, day: BusinessDay) -> PayoutId {
        let named = format!("zhisong-payout {day} {self}");
        let digest = digest(&SHA256, named.as_bytes());
        let mut id = [0; 16];
        id.copy_from_slice(&digest.as_ref()[..16]);
        PayoutId(id)
    }
}

/// `PLATFORM:wepay`, `FUNDER:gd` or `CHAIN:gd:corner-shop`.
impl fmt::Display for Counterparty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.name())
    }
}

/// `pay_` and 32 hexadecimal digits.
impl fmt::Display for PayoutId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pay_")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}
