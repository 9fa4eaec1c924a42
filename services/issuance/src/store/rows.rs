//! Rows as the databases have them, and what they mean. A row that means nothing is `Corrupt`.

use std::str::FromStr;

use benefit::Fen;
use clock::Timestamp;
use member_identity::{OrganizationPath, PersonKey};
use sql::StoreError;

use crate::domain::{
    CampaignEntry, CampaignState, ClaimKey, Fingerprint, Fund, RememberedChange, Stock, StockKey,
    Voucher,
};

/// What is wrong with a row, before it is known which one.
pub(super) type Detailed<T> = Result<T, String>;

/// One row of a database, read column by column. A backend says how it reads the three kinds of
/// column that our tables have.
pub(super) trait Columns {
    fn integer(&self, column: &'static str) -> Detailed<i64>;

    fn text(&self, column: &'static str) -> Detailed<&str>;

    fn bytes(&self, column: &'static str) -> Detailed<&[u8]>;

    fn maybe_integer(&self, column: &'static str) -> Detailed<Option<i64>>;

    fn maybe_text(&self, column: &'static str) -> Detailed<Option<&str>>;

    fn maybe_bytes(&self, column: &'static str) -> Detailed<Option<&[u8]>>;

    /// Text that a type reads.
    fn parsed<T: FromStr>(&self, column: &'static str) -> Detailed<T> {
        self.text(column)?.parse().map_err(|_| format!("{column} does not parse"))
    }

    /// Bytes that are an id.
    fn id<T: for<'b> TryFrom<&'b [u8]>>(&self, column: &'static str) -> Detailed<T> {
        T::try_from(self.bytes(column)?).map_err(|_| format!("{column} is not an id"))
    }

    /// An integer within the range of a type.
    fn number<T: TryFrom<i64>>(&self, column: &'static str) -> Detailed<T> {
        T::try_from(self.integer(column)?).map_err(|_| format!("{column} is out of range"))
    }

    fn time(&self, column: &'static str) -> Detailed<Timestamp> {
        self.integer(column).map(Timestamp::from_micros)
    }
}

/// Reads one row, or says which one of `table` is corrupt. `key` names the row.
pub(super) fn read_row<R: Columns, T>(
    table: &'static str,
    row: &R,
    key: &'static str,
    read: impl Fn(&R) -> Detailed<T>,
) -> Result<T, StoreError> {
    read(row).map_err(|detail| {
        let id = row.text(key).map(str::to_owned).or_else(|_| row.bytes(key).map(hex));
        StoreError::Corrupt { table, id: id.unwrap_or_default(), detail }
    })
}

/// Reads every row, or says which one of `table` is corrupt.
pub(super) fn read_rows<R: Columns, T>(
    table: &'static str,
    rows: &[R],
    key: &'static str,
    read: impl Fn(&R) -> Detailed<T>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| read_row(table, row, key, &read)).collect()
}

pub(super) fn stock_key(row: &impl Columns) -> Detailed<StockKey> {
    Ok(StockKey {
        campaign_id: row.parsed("campaign_id")?,
        period: row.text("period")?.to_owned(),
        slice: row.number("slice")?,
    })
}

pub(super) fn stock(row: &impl Columns) -> Detailed<Stock> {
    Ok(Stock {
        quota: row.number("quota")?,
        issued: row.number("issued")?,
        returned: row.number("returned")?,
        feed_head: row.integer("feed_head")?,
    })
}

pub(super) fn fund(row: &impl Columns) -> Detailed<Fund> {
    Ok(Fund {
        fund_id: row.parsed("fund_id")?,
        organization: OrganizationPath::parse(row.text("organization")?)
            .map_err(|_| String::from("organization does not parse"))?,
        pledged: row.integer("pledged_fen").map(Fen)?,
        issued: row.integer("issued_fen").map(Fen)?,
        spent: row.integer("spent_fen").map(Fen)?,
        returned: row.integer("returned_fen").map(Fen)?,
        postings: row.integer("postings")?,
        created_at: row.time("created_at")?,
    })
}

pub(super) fn voucher(row: &impl Columns) -> Detailed<Voucher> {
    Ok(Voucher {
        voucher_id: row.id("voucher_id")?,
        person: row.id("person_key")?,
        member_id: row.id("member_id")?,
        stock: stock_key(row)?,
        serial: row.number("serial")?,
        valid_from: row.time("valid_from")?,
        valid_until: row.time("valid_until")?,
        liability: row.integer("liability_fen").map(Fen)?,
        issued_at: row.time("issued_at")?,
        version: row.number("version")?,
    })
}

/// A request that took effect before, in a row of `claim_request`.
pub(super) fn claim_key(row: &impl Columns) -> Detailed<ClaimKey> {
    let (partner, request_id) = (row.parsed("caller")?, row.parsed("request_id")?);
    Ok(ClaimKey { person: row.id("person_key")?, partner, request_id })
}

/// The same with its voucher.
pub(super) fn replay(row: &impl Columns) -> Detailed<(ClaimKey, Voucher)> {
    Ok((claim_key(row)?, voucher(row)?))
}

/// How many a person has in a limit period.
pub(super) fn taken(row: &impl Columns) -> Detailed<(PersonKey, u32)> {
    Ok((row.id("person_key")?, row.number("taken")?))
}

pub(super) fn campaign_state(row: &impl Columns) -> Detailed<CampaignState> {
    CampaignState::from_name(row.text("state")?).ok_or_else(|| String::from("unknown state"))
}

/// A change of a campaign, in a row of `campaign_feed`.
pub(super) fn campaign_entry(row: &impl Columns) -> Detailed<CampaignEntry> {
    let (position, state) = (row.integer("position")?, campaign_state(row)?);
    Ok(CampaignEntry { position, state, at: row.time("created_at")? })
}

pub(super) fn remembered(row: &impl Columns) -> Detailed<RememberedChange> {
    Ok(RememberedChange {
        fingerprint: Fingerprint(digest(row, "fingerprint")?),
        state: campaign_state(row)?,
        updated_at: row.time("updated_at")?,
    })
}

/// A SHA-256.
pub(super) fn digest(row: &impl Columns, column: &'static str) -> Detailed<[u8; 32]> {
    row.bytes(column)?.try_into().map_err(|_| format!("{column} is not 32 bytes"))
}

/// Bytes as hexadecimal text.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}
