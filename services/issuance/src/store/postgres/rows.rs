use sqlx::postgres::PgRow;
use sqlx::{Column as _, Row as _, TypeInfo as _};

use crate::store::rows::{Columns, Detailed};

impl Columns for PgRow {
    /// Of any width: small numbers have small columns.
    fn integer(&self, column: &'static str) -> Detailed<i64> {
        let found = self.try_column(column).map_err(|_| format!("{column} is not there"))?;
        let value = match found.type_info().name() {
            "INT2" => self.try_get::<i16, _>(column).map(i64::from),
            _ => self.try_get(column),
        };
        value.map_err(|_| format!("{column} is not an integer"))
    }

    fn text(&self, column: &'static str) -> Detailed<&str> {
        self.try_get(column).map_err(|_| format!("{column} is not text"))
    }

    fn bytes(&self, column: &'static str) -> Detailed<&[u8]> {
        self.try_get(column).map_err(|_| format!("{column} is not bytes"))
    }

    fn maybe_integer(&self, column: &'static str) -> Detailed<Option<i64>> {
        self.try_get(column).map_err(|_| format!("{column} is not an integer"))
    }

    fn maybe_text(&self, column: &'static str) -> Detailed<Option<&str>> {
        self.try_get(column).map_err(|_| format!("{column} is not text"))
    }

    fn maybe_bytes(&self, column: &'static str) -> Detailed<Option<&[u8]>> {
        self.try_get(column).map_err(|_| format!("{column} is not bytes"))
    }
}
