//! Who may do what: the ready tokens of the embedded mode.

use std::time::Duration;

use clock::Timestamp;
use member_identity::OrganizationPath;
use rpc::{Grant, KeyProblem, Signer};

/// How long a printed token is valid.
const VALID_FOR: Duration = Duration::from_secs(24 * 3_600);

/// The callers that a new installation prints tokens for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// A union office: keeps the registry, prepares campaigns and gives out their vouchers.
    UnionOffice,
    /// A member app: claims for members and shows their vouchers.
    MemberApp,
    /// A payment platform: redeems at the till.
    PaymentPlatform,
    /// An ops engineer: runs campaigns, closes days, moves a manual clock.
    Ops,
}

impl Role {
    /// All of them, in the order in which they are printed.
    pub const ALL: [Self; 4] =
        [Self::UnionOffice, Self::MemberApp, Self::PaymentPlatform, Self::Ops];

    /// The subject of the role's token.
    pub const fn subject(self) -> &'static str {
        match self {
            Self::UnionOffice => "union-office",
            Self::MemberApp => "member-app",
            Self::PaymentPlatform => "payment-platform",
            Self::Ops => "ops",
        }
    }

    /// The scopes of the role's token.
    pub const fn scopes(self) -> &'static [&'static str] {
        match self {
            Self::UnionOffice => &[
                "registry.write",
                "registry.read",
                "card.write",
                "card.read",
                "account.read",
                "account.withdraw",
                "policy.write",
                "policy.read",
                "eligibility.explain",
                "campaign.write",
                "campaign.read",
                "voucher.issue",
            ],
            Self::MemberApp => &[
                "voucher.claim",
                "voucher.read",
                "wallet.read",
                "campaign.read",
                "membership.verify",
                "card.present",
                "account.link",
                "account.read",
                "account.withdraw",
            ],
            Self::PaymentPlatform => &[
                "checkout.quote",
                "checkout.authorize",
                "checkout.capture",
                "checkout.void",
                "checkout.refund",
                "events.read",
                "webhooks.manage",
                "settlement.read",
                "settlement.reconcile",
                "settlement.resolve",
            ],
            Self::Ops => &[
                "campaign.write",
                "campaign.read",
                "policy.read",
                "policy.write",
                "registry.read",
                "grant.write",
                "grant.read",
                "voucher.read",
                "settlement.read",
                "settlement.ops",
                "settlement.close",
                "settlement.resolve",
                "settlement.balance",
                "shops.write",
                "shops.read",
                "ops.clock",
            ],
        }
    }

    /// What the role's token grants, within one organization's subtree.
    pub fn grant(self, organization: &OrganizationPath) -> Grant {
        Grant {
            subject: self.subject().to_owned(),
            scopes: self.scopes().iter().map(|scope| (*scope).to_owned()).collect(),
            organization: Some(organization.clone()),
        }
    }

    /// A token for the role, valid for a day.
    pub fn token(
        self,
        signer: &Signer,
        organization: &OrganizationPath,
        now: Timestamp,
    ) -> Result<String, KeyProblem> {
        signer.sign(&self.grant(organization), now, VALID_FOR)
    }
}

/// What one service may ask of its peers.
pub(crate) fn service_grant(service: &str, scopes: &[&str]) -> Grant {
    Grant {
        subject: service.to_owned(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        organization: None,
    }
}
