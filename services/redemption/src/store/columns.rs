//! Reading one row of any backend, column by column.

use benefit::Fen;
use clock::{BusinessDay, Timestamp};
use member_identity::OrganizationPath;
use sql::StoreError;
use sqlx::{ColumnIndex, Decode, Row, Type};

use super::written::hex;

/// What is wrong with a row, before it is known which one.
pub(super) type Detailed<T> = Result<T, String>;

/// A row of a backend: the three types that tables have.
pub(super) trait StoredRow {
    fn integer(&self, column: &'static str) -> sqlx::Result<Option<i64>>;
    fn text(&self, column: &'static str) -> sqlx::Result<Option<&str>>;
    fn bytes(&self, column: &'static str) -> sqlx::Result<Option<&[u8]>>;
}

impl<R> StoredRow for R
where
    R: Row,
    &'static str: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r str: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r [u8]: Decode<'r, R::Database> + Type<R::Database>,
{
    fn integer(&self, column: &'static str) -> sqlx::Result<Option<i64>> {
        self.try_get(column)
    }

    fn text(&self, column: &'static str) -> sqlx::Result<Option<&str>> {
        self.try_get(column)
    }

    fn bytes(&self, column: &'static str) -> sqlx::Result<Option<&[u8]>> {
        self.try_get(column)
    }
}

/// One row, read column by column.
#[derive(Clone, Copy)]
pub(super) struct Columns<'a>(&'a dyn StoredRow);

impl<'a> Columns<'a> {
    pub fn integer(self, column: &'static str) -> Detailed<i64> {
        self.maybe_integer(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    pub fn text(self, column: &'static str) -> Detailed<&'a str> {
        self.maybe_text(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    pub fn bytes(self, column: &'static str) -> Detailed<&'a [u8]> {
        self.maybe_bytes(column)?.ok_or_else(|| format!("{column} is missing"))
    }

    pub fn maybe_integer(self, column: &'static str) -> Detailed<Option<i64>> {
        self.0.integer(column).map_err(|_| format!("{column} is not an integer"))
    }

    pub fn maybe_text(self, column: &'static str) -> Detailed<Option<&'a str>> {
        self.0.text(column).map_err(|_| format!("{column} is not text"))
    }

    pub fn maybe_bytes(self, column: &'static str) -> Detailed<Option<&'a [u8]>> {
        self.0.bytes(column).map_err(|_| format!("{column} is not bytes"))
    }

    /// A number that fits a smaller type.
    pub fn small<T: TryFrom<i64>>(self, column: &'static str) -> Detailed<T> {
        T::try_from(self.integer(column)?).map_err(|_| format!("{column} is out of range"))
    }

    /// 1 for yes.
    pub fn flag(self, column: &'static str) -> Detailed<bool> {
        self.integer(column).map(|flag| flag == 1)
    }

    /// Text that a type reads.
    pub fn parsed<T: std::str::FromStr>(self, column: &'static str) -> Detailed<T> {
        self.text(column)?.parse().map_err(|_| format!("{column} does not parse"))
    }

    /// Text that a type reads, if there is any.
    pub fn maybe_parsed<T: std::str::FromStr>(self, column: &'static str) -> Detailed<Option<T>> {
        let text = self.maybe_text(column)?;
        text.map(|text| text.parse().map_err(|_| format!("{column} does not parse"))).transpose()
    }

    /// Amounts joined by commas; none when the column is null.
    pub fn maybe_amounts(self, column: &'static str) -> Detailed<Option<Vec<Fen>>> {
        let amounts = |text: &str| text.split(',').map(|fen| fen.parse().map(Fen)).collect();
        let read = self.maybe_text(column)?.map(amounts).transpose();
        read.map_err(|_: std::num::ParseIntError| format!("{column} are not amounts"))
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

    pub fn day(self, column: &'static str) -> Detailed<BusinessDay> {
        self.maybe_day(column)?.ok_or_else(|| format!("{column} is missing"))
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
pub(super) fn read_rows<R: StoredRow, T>(
    table: &'static str,
    rows: &[R],
    key: &'static str,
    read: impl Fn(Columns<'_>) -> Detailed<T>,
) -> Result<Vec<T>, StoreError> {
    let one = |row: &R| {
        let columns = Columns(row);
        read(columns).map_err(|detail| {
            let id = columns.bytes(key).map(hex);
            let id = id.or_else(|_| columns.text(key).map(str::to_owned));
            StoreError::Corrupt { table, id: id.unwrap_or_default(), detail }
        })
    };
    rows.iter().map(one).collect()
}

/// Reads one row, or says that `table` is corrupt.
pub(super) fn read_row<R: StoredRow, T>(
    table: &'static str,
    row: &R,
    read: impl Fn(Columns<'_>) -> Detailed<T>,
) -> Result<T, StoreError> {
    let corrupt = |detail| StoreError::Corrupt { table, id: String::new(), detail };
    read(Columns(row)).map_err(corrupt)
}
