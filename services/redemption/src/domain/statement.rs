use aws_lc_rs::digest;
use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::{AuthorizationId, OrganizationPath, TransactionId, VoucherId};

use super::{CampaignId, OrderNumber, Partner, TransactionKind};

const HEADER: &str = "line,business_day,kind,transaction_id,authorization_id,order_number,\
                      campaign_id,organization,voucher_id,amount_fen,at,late_of\n";

/// One row of a statement: a capture or a refund. The amount is positive for both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatementRow {
    /// The transaction.
    pub transaction_id: TransactionId,
    /// What it records.
    pub kind: TransactionKind,
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
    day: BusinessDay,
    rows: i64,
    captured: Fen,
    refunded: Fen,
    digest: digest::Context,
}

impl StatementWriter {
    /// The start of a file: the writer, and the header line.
    pub fn begin(day: BusinessDay) -> (Self, String) {
        let mut digest = digest::Context::new(&digest::SHA256);
        digest.update(HEADER.as_bytes());
        let writer = Self { day, rows: 0, captured: Fen::ZERO, refunded: Fen::ZERO, digest };
        (writer, HEADER.to_owned())
    }

    /// The line of the next row.
    pub fn line(&mut self, row: &StatementRow) -> String {
        self.rows += 1;
        match row.kind {
            TransactionKind::Capture => self.captured.0 += row.amount.0,
            TransactionKind::Refund => self.refunded.0 += row.amount.0,
        }
        let late_of = row.late_of.map(|day| day.to_string()).unwrap_or_default();
        let line = format!(
            "{},{},{},{},{},{},{},{},{},{},{},{late_of}\n",
            self.rows,
            self.day,
            row.kind.name(),
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
        let Self { rows, captured, refunded, .. } = self;
        StatementHead { rows, captured, refunded, sha256, closed_at }
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
