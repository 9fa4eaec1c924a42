use sqlx::Row as _;
use sqlx::sqlite::SqliteRow;

use crate::store::rows::{Columns, Detailed};

impl Columns for SqliteRow {
    fn integer(&self, column: &'static str) -> Detailed<i64> {
        self.try_get(column).map_err(|_| format!("{column} is not an integer"))
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
