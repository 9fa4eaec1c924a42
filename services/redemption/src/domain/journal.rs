use std::fmt;
use std::str::FromStr;

use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, OrganizationPath, TransactionId, VoucherId};

use super::{
    AppliedVoucher, Authorization, Booking, CampaignId, OrderNumber, Partner, ShopChain, ShopId,
};

/// What a transaction of the journal records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TransactionKind {
    /// A discount was used.
    Capture,
    /// A discount was given back.
    Refund,
}

/// Whose money an entry moves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Account {
    /// What the organization spends on the campaign.
    Fund(OrganizationPath, CampaignId),
    /// What is due to the platform.
    Platform(Partner),
}

/// One line of a transaction: positive amounts are debits, negative ones credits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The account.
    pub account: Account,
    /// Signed, in fen.
    pub amount_fen: i64,
}

/// A transaction of the journal. Its entries come to zero (law R4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transaction {
    /// Its id.
    pub transaction_id: TransactionId,
    /// The authorization that it belongs to.
    pub authorization_id: AuthorizationId,
    /// The voucher that was used.
    pub voucher_id: VoucherId,
    /// What it records.
    pub kind: TransactionKind,
    /// Which refund of the authorization it belongs to, from 1; 0 for its capture.
    pub part: u32,
    /// The platform.
    pub partner: Partner,
    /// The platform's number of the order.
    pub order_number: OrderNumber,
    /// The platform's id of the shop; none when it was authorized before shops were kept.
    pub shop_id: Option<ShopId>,
    /// The chain that it counts as, if any.
    pub chain: Option<ShopChain>,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// The organization that funds it.
    pub organization: OrganizationPath,
    /// The day of the ledger.
    pub business_day: BusinessDay,
    /// When.
    pub created_at: Timestamp,
    /// The closed day that it came too late for.
    pub late_of: Option<BusinessDay>,
    /// Its lines.
    pub entries: Vec<Entry>,
}

/// A discount to be booked, or a part of one, with what the transaction says about it.
pub(super) struct Posting<'a> {
    pub transaction_id: TransactionId,
    pub kind: TransactionKind,
    pub part: u32,
    pub authorization: &'a Authorization,
    pub applied: &'a AppliedVoucher,
    pub amount: Fen,
    pub booking: Booking,
    pub at: Timestamp,
}

impl Posting<'_> {
    /// A capture debits the fund and credits the platform; a refund does the reverse.
    pub fn transaction(self) -> Transaction {
        let fen = self.amount.0;
        let debit_fen = match self.kind {
            TransactionKind::Capture => fen,
            TransactionKind::Refund => -fen,
        };
        let (authorization, applied) = (self.authorization, self.applied);
        let fund = Account::Fund(applied.organization.clone(), applied.campaign_id.clone());
        let platform = Account::Platform(authorization.partner.clone());
        let chain = authorization.chain.as_ref();
        let chain = chain.filter(|chain| chain.concerns(&applied.organization)).cloned();
        Transaction {
            transaction_id: self.transaction_id,
            authorization_id: authorization.authorization_id,
            voucher_id: applied.voucher_id,
            kind: self.kind,
            part: self.part,
            partner: authorization.partner.clone(),
            order_number: authorization.order_number.clone(),
            shop_id: authorization.shop_id.clone(),
            chain,
            campaign_id: applied.campaign_id.clone(),
            organization: applied.organization.clone(),
            business_day: self.booking.day,
            created_at: self.at,
            late_of: self.booking.late_of,
            entries: vec![
                Entry { account: fund, amount_fen: debit_fen },
                Entry { account: platform, amount_fen: -debit_fen },
            ],
        }
    }
}

impl TransactionKind {
    /// The name in tables and statements.
    pub fn name(self) -> &'static str {
        match self {
            Self::Capture => "CAPTURE",
            Self::Refund => "REFUND",
        }
    }

    /// The kind of that name.
    pub fn from_name(name: &str) -> Option<Self> {
        [Self::Capture, Self::Refund].into_iter().find(|kind| kind.name() == name)
    }
}

impl Account {
    /// Its class, by the name in tables and balances.
    pub fn class(&self) -> &'static str {
        match self {
            Self::Fund(..) => "fund",
            Self::Platform(_) => "platform",
        }
    }

    /// Which one of its class.
    pub fn name(&self) -> String {
        match self {
            Self::Fund(organization, campaign_id) => format!("{organization}:{campaign_id}"),
            Self::Platform(partner) => partner.to_string(),
        }
    }
}

/// `fund:gd:guangdong-cool-drinks-2022` or `platform:wepay`.
impl fmt::Display for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.class(), self.name())
    }
}

/// A text is not the name of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be fund:<organization>:<campaign> or platform:<platform>")]
pub struct AccountProblem;

/// Reads what [`Account`] displays.
impl FromStr for Account {
    type Err = AccountProblem;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some(("fund", name)) => {
                let (organization, campaign_id) = name.split_once(':').ok_or(AccountProblem)?;
                let organization = OrganizationPath::parse(organization);
                let organization = organization.map_err(|_| AccountProblem)?;
                Ok(Self::Fund(organization, campaign_id.parse().map_err(|_| AccountProblem)?))
            }
            Some(("platform", name)) => {
                Ok(Self::Platform(name.parse().map_err(|_| AccountProblem)?))
            }
            Some(_) | None => Err(AccountProblem),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_reads_back_as_it_is_written_and_nothing_else_does() {
        for text in ["fund:gd:cool-drinks", "fund:gd/zhuhai:drinks", "platform:wepay"] {
            assert_eq!(text.parse::<Account>().map(|account| account.to_string()), Ok(text.into()));
        }
        let bad = ["", "fund", "fund:gd", "fund:GD:drinks", "fund:gd:", "fund:gd:a:b", "bank:x"];
        for text in bad.into_iter().chain(["platform", "platform:", "platform:a:b"]) {
            assert_eq!(text.parse::<Account>(), Err(AccountProblem), "{text}");
        }
    }
}
