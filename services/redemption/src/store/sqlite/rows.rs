//! Rows as SQLite has them, and what they mean. A row that means nothing is `Corrupt`.

use benefit::{Category, Fen, Hours, Kind, RefundRule, Terms, TermsParts};
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{OrganizationPath, RegionCode};
use sql::StoreError;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::batch::hex;
use crate::domain::{
    AppliedVoucher, Authorization, Booked, Campaign, CampaignState, Detail, Fingerprint, Reason,
    Refusal, Remembered, Stage, VoucherStage, WalletVoucher,
};

/// What is wrong with a row, before it is known which one.
type Detailed<T> = Result<T, String>;

/// One row, read column by column.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a>(pub &'a SqliteRow);

impl<'a> Columns<'a> {
    pub fn integer(self, column: &'static str) -> Detailed<i64> {
        self.0.try_get(column).map_err(|_| format!("{column} is not an integer"))
    }

    pub fn text(self, column: &'static str) -> Detailed<&'a str> {
        self.0.try_get(column).map_err(|_| format!("{column} is not text"))
    }

    pub fn bytes(self, column: &'static str) -> Detailed<&'a [u8]> {
        self.0.try_get(column).map_err(|_| format!("{column} is not bytes"))
    }

    pub fn maybe_integer(self, column: &'static str) -> Detailed<Option<i64>> {
        self.0.try_get(column).map_err(|_| format!("{column} is not an integer"))
    }

    pub fn maybe_text(self, column: &'static str) -> Detailed<Option<&'a str>> {
        self.0.try_get(column).map_err(|_| format!("{column} is not text"))
    }

    pub fn maybe_bytes(self, column: &'static str) -> Detailed<Option<&'a [u8]>> {
        self.0.try_get(column).map_err(|_| format!("{column} is not bytes"))
    }

    /// Text that a type reads.
    pub fn parsed<T: std::str::FromStr>(self, column: &'static str) -> Detailed<T> {
        self.text(column)?.parse().map_err(|_| format!("{column} does not parse"))
    }

    /// Bytes that are an id.
    pub fn id<T: for<'b> TryFrom<&'b [u8]>>(self, column: &'static str) -> Detailed<T> {
        T::try_from(self.bytes(column)?).map_err(|_| format!("{column} is not an id"))
    }

    pub fn maybe_id<T: for<'b> TryFrom<&'b [u8]>>(
        self,
        column: &'static str,
    ) -> Detailed<Option<T>> {
        let bytes = self.maybe_bytes(column)?;
        bytes
            .map(|bytes| T::try_from(bytes).map_err(|_| format!("{column} is not an id")))
            .transpose()
    }

    pub fn time(self, column: &'static str) -> Detailed<Timestamp> {
        self.integer(column).map(Timestamp::from_micros)
    }

    pub fn maybe_time(self, column: &'static str) -> Detailed<Option<Timestamp>> {
        Ok(self.maybe_integer(column)?.map(Timestamp::from_micros))
    }

    pub fn maybe_day(self, column: &'static str) -> Detailed<Option<BusinessDay>> {
        let day = |text| BusinessDay::parse(text).map_err(|_| format!("{column} is not a day"));
        self.maybe_text(column)?.map(day).transpose()
    }

    pub fn fen(self, column: &'static str) -> Detailed<Fen> {
        self.integer(column).map(Fen)
    }

    pub fn organization(self, column: &'static str) -> Detailed<OrganizationPath> {
        OrganizationPath::parse(self.text(column)?).map_err(|_| format!("{column} is not a path"))
    }
}

/// Reads every row, or says which one of `table` is corrupt. `key` names the row.
pub(super) fn read_rows<T>(
    table: &'static str,
    rows: &[SqliteRow],
    key: &'static str,
    read: impl Fn(Columns<'_>) -> Detailed<T>,
) -> Result<Vec<T>, StoreError> {
    let one = |row: &SqliteRow| {
        let columns = Columns(row);
        read(columns).map_err(|detail| {
            let id = columns.bytes(key).map(hex);
            let id = id.or_else(|_| columns.text(key).map(str::to_owned));
            StoreError::Corrupt { table, id: id.unwrap_or_default(), detail }
        })
    };
    rows.iter().map(one).collect()
}

/// A voucher; its row carries `expires_at` of the authorization that holds it.
pub(super) fn voucher(row: Columns<'_>) -> Detailed<WalletVoucher> {
    let holder = (row.maybe_id("held_by")?, row.maybe_time("expires_at")?);
    let stage = match (row.text("state")?, holder) {
        ("AVAILABLE", (None, _)) => VoucherStage::Available,
        ("HELD", (Some(by), Some(until))) => VoucherStage::Held { by, until },
        ("USED", (None, _)) => VoucherStage::Used,
        (state, _) => return Err(format!("state {state} with or without a holder")),
    };
    let uses_left = u32::try_from(row.integer("uses_left")?);
    Ok(WalletVoucher {
        voucher_id: row.id("voucher_id")?,
        person: row.id("person_key")?,
        campaign_id: row.parsed("campaign_id")?,
        stage,
        uses_left: uses_left.map_err(|_| String::from("uses_left is out of range"))?,
        valid_from: row.time("valid_from")?,
        valid_until: row.time("valid_until")?,
    })
}

/// An authorization without its vouchers, which are rows of their own.
pub(super) fn authorization(row: Columns<'_>) -> Detailed<Authorization> {
    Ok(Authorization {
        authorization_id: row.id("authorization_id")?,
        person: row.id("person_key")?,
        partner: row.parsed("partner")?,
        order_number: row.parsed("order_number")?,
        request_id: row.parsed("authorize_request_id")?,
        order_amount: row.fen("order_amount_fen")?,
        vouchers: Vec::new(),
        created_at: row.time("created_at")?,
        expires_at: row.time("expires_at")?,
        stage: stage(row)?,
    })
}

fn stage(row: Columns<'_>) -> Detailed<Stage> {
    let booked = |at, on| -> Detailed<Option<Booked>> {
        Ok(row.maybe_time(at)?.zip(row.maybe_day(on)?).map(|(at, on)| Booked { at, on }))
    };
    let captured = booked("captured_at", "captured_on")?;
    let refunded = booked("refunded_at", "refunded_on")?;
    let closed = row.maybe_time("closed_at")?;
    match (row.text("state")?, captured, refunded, closed) {
        ("HELD", None, None, None) => Ok(Stage::Held),
        ("CAPTURED", Some(captured), None, None) => Ok(Stage::Captured(captured)),
        ("VOIDED", None, None, Some(at)) => Ok(Stage::Voided { at }),
        ("EXPIRED", None, None, Some(at)) => Ok(Stage::Expired { at }),
        ("REFUNDED", Some(captured), Some(refunded), None) => {
            let right_returned = row.maybe_integer("right_returned")? == Some(1);
            Ok(Stage::Refunded { captured, refunded, right_returned })
        }
        (state, ..) => Err(format!("state {state} with other times than it has")),
    }
}

pub(super) fn applied(row: Columns<'_>) -> Detailed<AppliedVoucher> {
    let lines = row.text("line_discounts")?.split(',');
    let lines: Result<Vec<_>, _> = lines.map(|line| line.parse().map(Fen)).collect();
    Ok(AppliedVoucher {
        voucher_id: row.id("voucher_id")?,
        campaign_id: row.parsed("campaign_id")?,
        discount: row.fen("discount_fen")?,
        line_discounts: lines.map_err(|_| String::from("line_discounts are not numbers"))?,
    })
}

pub(super) fn remembered(row: Columns<'_>) -> Detailed<Remembered> {
    let outcome = match (row.text("outcome")?, row.maybe_text("reason")?) {
        ("OK", None) => Ok(row.maybe_id("authorization_id")?),
        ("REFUSED", Some(reason)) => Err(refusal(reason, row.text("details")?)?),
        (outcome, _) => return Err(format!("outcome {outcome} with or without a reason")),
    };
    let fingerprint = Fingerprint::from_bytes(row.bytes("fingerprint")?.to_vec());
    Ok(Remembered { fingerprint, outcome, created_at: row.time("created_at")? })
}

/// Details are stored as a JSON list of key and value.
fn refusal(reason: &str, details: &str) -> Detailed<Refusal> {
    let reason = Reason::from_name(reason).ok_or_else(|| format!("reason {reason}"))?;
    let details: Vec<(String, String)> =
        serde_json::from_str(details).map_err(|_| String::from("details are not a list"))?;
    let detail = |(key, value): (String, String)| Some((Detail::from_name(&key)?, value));
    let details = details.into_iter().map(detail).collect::<Option<_>>();
    Ok(Refusal { reason, details: details.ok_or_else(|| String::from("an unknown detail"))? })
}

pub(super) fn campaign(row: Columns<'_>) -> Detailed<Campaign> {
    let state = campaign_state(row.text("state")?).ok_or_else(|| String::from("unknown state"))?;
    Ok(Campaign {
        campaign_id: row.parsed("campaign_id")?,
        organization: row.organization("organization")?,
        state,
        terms: terms(row)?,
        title_zh: row.text("title_zh")?.to_owned(),
        title_en: row.text("title_en")?.to_owned(),
        position: row.integer("position")?,
    })
}

fn terms(row: Columns<'_>) -> Detailed<Terms> {
    let kind = match row.text("kind")? {
        "AMOUNT_OFF" => {
            Kind::AmountOff { threshold: row.fen("threshold_fen")?, amount: row.fen("amount_fen")? }
        }
        kind => return Err(format!("unknown kind {kind}")),
    };
    let rule = RefundRule::parse(row.text("refund_rule")?);
    let parts = TermsParts {
        kind,
        goods_categories: list(row, "goods_categories", Category::parse)?,
        regions: list(row, "regions", RegionCode::parse)?,
        hours: list(row, "hours", Hours::parse)?,
        refund_rule: rule.ok_or_else(|| String::from("unknown refund_rule"))?,
        zone: Zone::parse(row.text("zone")?).map_err(|problem| problem.to_string())?,
    };
    Terms::new(parts).map_err(|problem| problem.to_string())
}

/// A list in one column, joined by commas; empty text is the empty list.
fn list<T, E: std::fmt::Display>(
    row: Columns<'_>,
    column: &'static str,
    parse: impl Fn(&str) -> Result<T, E>,
) -> Detailed<Vec<T>> {
    let parts = row.text(column)?.split(',').filter(|part| !part.is_empty());
    parts.map(|part| parse(part).map_err(|problem| format!("{column}: {problem}"))).collect()
}

const CAMPAIGN_STATES: [(CampaignState, &str); 4] = [
    (CampaignState::Draft, "DRAFT"),
    (CampaignState::Active, "ACTIVE"),
    (CampaignState::Paused, "PAUSED"),
    (CampaignState::Ended, "ENDED"),
];

fn campaign_state(name: &str) -> Option<CampaignState> {
    CAMPAIGN_STATES.iter().find(|(_, known)| *known == name).map(|(state, _)| *state)
}

/// The name of a campaign's stage in the table.
pub(super) fn campaign_state_name(state: CampaignState) -> &'static str {
    let found = CAMPAIGN_STATES.iter().find(|(known, _)| *known == state);
    found.map(|(_, name)| *name).expect("the table lists every state")
}
