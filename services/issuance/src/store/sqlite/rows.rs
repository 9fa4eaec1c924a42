//! Rows as SQLite has them, and what they mean. A row that means nothing is `Corrupt`.

use std::str::FromStr;

use benefit::Fen;
use clock::Timestamp;
use sql::StoreError;
use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use super::batch::hex;
use crate::domain::{
    CampaignEntry, CampaignState, Fingerprint, RememberedChange, Stock, StockKey, Voucher,
};

/// What is wrong with a row, before it is known which one.
pub(super) type Detailed<T> = Result<T, String>;

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

    /// Text that a type reads.
    pub fn parsed<T: FromStr>(self, column: &'static str) -> Detailed<T> {
        self.text(column)?.parse().map_err(|_| format!("{column} does not parse"))
    }

    /// Bytes that are an id.
    pub fn id<T: for<'b> TryFrom<&'b [u8]>>(self, column: &'static str) -> Detailed<T> {
        T::try_from(self.bytes(column)?).map_err(|_| format!("{column} is not an id"))
    }

    /// An integer within the range of a type.
    pub fn number<T: TryFrom<i64>>(self, column: &'static str) -> Detailed<T> {
        T::try_from(self.integer(column)?).map_err(|_| format!("{column} is out of range"))
    }

    pub fn time(self, column: &'static str) -> Detailed<Timestamp> {
        self.integer(column).map(Timestamp::from_micros)
    }
}

/// Reads one row, or says which one of `table` is corrupt. `key` names the row.
pub(super) fn read_row<T>(
    table: &'static str,
    row: &SqliteRow,
    key: &'static str,
    read: impl Fn(Columns<'_>) -> Detailed<T>,
) -> Result<T, StoreError> {
    let columns = Columns(row);
    read(columns).map_err(|detail| {
        let id = columns.text(key).map(str::to_owned).or_else(|_| columns.bytes(key).map(hex));
        StoreError::Corrupt { table, id: id.unwrap_or_default(), detail }
    })
}

/// Reads every row, or says which one of `table` is corrupt.
pub(super) fn read_rows<T>(
    table: &'static str,
    rows: &[SqliteRow],
    key: &'static str,
    read: impl Fn(Columns<'_>) -> Detailed<T>,
) -> Result<Vec<T>, StoreError> {
    rows.iter().map(|row| read_row(table, row, key, &read)).collect()
}

pub(super) fn stock_key(row: Columns<'_>) -> Detailed<StockKey> {
    Ok(StockKey {
        campaign_id: row.parsed("campaign_id")?,
        period: row.text("period")?.to_owned(),
        slice: row.number("slice")?,
    })
}

pub(super) fn stock(row: Columns<'_>) -> Detailed<Stock> {
    Ok(Stock {
        quota: row.number("quota")?,
        issued: row.number("issued")?,
        returned: row.number("returned")?,
        feed_head: row.integer("feed_head")?,
    })
}

pub(super) fn voucher(row: Columns<'_>) -> Detailed<Voucher> {
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

pub(super) fn campaign_state(row: Columns<'_>) -> Detailed<CampaignState> {
    CampaignState::from_name(row.text("state")?).ok_or_else(|| String::from("unknown state"))
}

/// A change of a campaign, in a row of `campaign_feed`.
pub(super) fn campaign_entry(row: Columns<'_>) -> Detailed<CampaignEntry> {
    let (position, state) = (row.integer("position")?, campaign_state(row)?);
    Ok(CampaignEntry { position, state, at: row.time("created_at")? })
}

pub(super) fn remembered(row: Columns<'_>) -> Detailed<RememberedChange> {
    Ok(RememberedChange {
        fingerprint: Fingerprint(digest(row, "fingerprint")?),
        state: campaign_state(row)?,
        updated_at: row.time("updated_at")?,
    })
}

/// A SHA-256.
pub(super) fn digest(row: Columns<'_>, column: &'static str) -> Detailed<[u8; 32]> {
    row.bytes(column)?.try_into().map_err(|_| format!("{column} is not 32 bytes"))
}
