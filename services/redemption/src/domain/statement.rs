use std::fmt::Write as _;

use aws_lc_rs::digest;
use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, OrganizationPath, TransactionId, VoucherId};

use super::{
    CampaignId, Counterparty, OrderNumber, Partner, PayoutId, ShopChain, ShopId, SideTotals,
    TransactionKind,
};

/// The form of a statement's rows. A closed day keeps the form that it was closed with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatementFormat {
    /// Rows that name neither payment nor platform, as the first days have them.
    First,
    /// Rows that name both.
    Second,
    /// Rows that name the shop as well: those of chains.
    OfShops,
}

/// One row of a statement: a capture or a refund. The amount is positive for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// The transaction.
    pub transaction_id: TransactionId,
    /// What it records.
    pub kind: TransactionKind,
    /// The platform.
    pub platform: Partner,
    /// The platform's id of the shop; none when it was authorized before shops were kept.
    pub shop_id: Option<ShopId>,
    /// The chain that it counts as, as it was captured.
    pub chain: Option<ShopChain>,
    /// The authorization.
    pub authorization_id: AuthorizationId,
    /// The platform's number of the order.
    pub order_number: OrderNumber,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// The organization that funds it.
    pub organization: OrganizationPath,
    /// The voucher.
    pub voucher_id: VoucherId,
    /// The discount used or given back.
    pub amount: Fen,
    /// When.
    pub at: Timestamp,
    /// The closed day that it came too late for.
    pub late_of: Option<BusinessDay>,
}

/// What a statement holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementHead {
    /// The form of the rows.
    pub format: StatementFormat,
    /// Rows, without the header line.
    pub rows: i64,
    /// Discount captured.
    pub captured: Fen,
    /// Discount given back.
    pub refunded: Fen,
    /// SHA-256 of the whole file.
    pub sha256: [u8; 32],
    /// When the day was closed.
    pub closed_at: Timestamp,
}

/// Writes a statement as CSV and counts as it goes. The same rows give the same bytes, always:
/// no value needs quoting, and lines end in LF.
pub struct StatementWriter {
    format: StatementFormat,
    day: BusinessDay,
    payout_id: PayoutId,
    totals: SideTotals,
    digest: digest::Context,
}

impl StatementFormat {
    /// The form of platforms' and funders' statements of the days that are closed now.
    pub const CURRENT: Self = Self::Second;

    /// Its number in tables and heads.
    pub fn number(self) -> u8 {
        match self {
            Self::First => 1,
            Self::Second => 2,
            Self::OfShops => 3,
        }
    }

    /// The form of that number.
    pub fn from_number(number: i64) -> Option<Self> {
        let mut forms = [Self::First, Self::Second, Self::OfShops].into_iter();
        forms.find(|form| i64::from(form.number()) == number)
    }

    fn header(self) -> &'static str {
        match self {
            Self::First => {
                "line,business_day,kind,transaction_id,authorization_id,order_number,\
                 campaign_id,organization,voucher_id,amount_fen,at,late_of\n"
            }
            Self::Second => {
                "line,payout_id,business_day,kind,platform,transaction_id,authorization_id,\
                 order_number,campaign_id,organization,voucher_id,amount_fen,at,late_of\n"
            }
            Self::OfShops => {
                "line,payout_id,business_day,kind,platform,shop_id,transaction_id,\
                 authorization_id,order_number,campaign_id,organization,voucher_id,amount_fen,at,\
                 late_of\n"
            }
        }
    }
}

impl StatementHead {
    /// The lines that a signature is over, as the contract states them.
    pub fn signed_text(
        &self,
        day: BusinessDay,
        counterparty: &Counterparty,
        key_id: &str,
    ) -> String {
        let Self { format, rows, captured, refunded, sha256, closed_at } = self;
        let payout_id = counterparty.payout_id(day);
        let due_fen = captured.0 - refunded.0;
        let mut text = format!(
            "zhisong-statement-1\nbusiness_day={day}\ncounterparty={counterparty}\n\
             payout_id={payout_id}\nformat={}\nrows={rows}\ncaptured_fen={captured}\n\
             refunded_fen={refunded}\ndue_fen={due_fen}\nsha256=",
            format.number()
        );
        for byte in sha256 {
            write!(text, "{byte:02x}").expect("a String takes everything");
        }
        text + &format!("\nclosed_at_us={}\nkey_id={key_id}\n", closed_at.as_micros())
    }
}

impl StatementWriter {
    /// The start of a counterparty's file: the writer, and the header line.
    pub fn begin(
        format: StatementFormat,
        day: BusinessDay,
        counterparty: &Counterparty,
    ) -> (Self, String) {
        let header = format.header();
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(header.as_bytes());
        let writer = Self {
            format,
            day,
            payout_id: counterparty.payout_id(day),
            totals: SideTotals::EMPTY,
            digest,
        };
        (writer, header.to_owned())
    }

    /// The line of the next row.
    pub fn line(&mut self, row: &StatementRow) -> String {
        self.totals.add(row.kind, row.amount);
        let (number, day, kind) = (self.totals.rows, self.day, row.kind.name());
        let (payout_id, platform) = (self.payout_id, &row.platform);
        let begin = match self.format {
            StatementFormat::First => format!("{number},{day},{kind}"),
            StatementFormat::Second => format!("{number},{payout_id},{day},{kind},{platform}"),
            StatementFormat::OfShops => {
                let shop_id = row.shop_id.as_ref().map_or("", ShopId::as_str);
                format!("{number},{payout_id},{day},{kind},{platform},{shop_id}")
            }
        };
        let late_of = row.late_of.map(|day| day.to_string()).unwrap_or_default();
        let line = format!(
            "{begin},{},{},{},{},{},{},{},{},{late_of}\n",
            row.transaction_id,
            row.authorization_id,
            row.order_number,
            row.campaign_id,
            row.organization,
            row.voucher_id,
            row.amount,
            row.at,
        );
        self.digest.update(line.as_bytes());
        line
    }

    /// What the file holds.
    pub fn finish(self, closed_at: Timestamp) -> StatementHead {
        let mut sha256 = [0; 32];
        sha256.copy_from_slice(self.digest.finish().as_ref());
        let SideTotals { rows, captured, refunded } = self.totals;
        StatementHead { format: self.format, rows, captured, refunded, sha256, closed_at }
    }
}

/// One platform's dealings with one campaign on one day. Never netted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DailyTotal {
    /// The platform.
    pub platform: Partner,
    /// The campaign that pays.
    pub campaign_id: CampaignId,
    /// The organization that funds it.
    pub organization: OrganizationPath,
    /// Captures.
    pub captures: i64,
    /// Discount captured.
    pub captured: Fen,
    /// Refunds.
    pub refunds: i64,
    /// Discount given back.
    pub refunded: Fen,
}

#[cfg(test)]
mod tests;
