use sql::StoreError;
use sql::postgres::classify;
use sqlx::Row as _;
use sqlx::postgres::PgRow;

use crate::store::columns::Columns;

impl Columns for PgRow {
    fn bytes(&self, column: &'static str) -> Result<&[u8], StoreError> {
        self.try_get(column).map_err(classify)
    }

    fn optional_bytes(&self, column: &'static str) -> Result<Option<&[u8]>, StoreError> {
        self.try_get(column).map_err(classify)
    }

    fn text(&self, column: &'static str) -> Result<&str, StoreError> {
        self.try_get(column).map_err(classify)
    }

    fn number(&self, column: &'static str) -> Result<i64, StoreError> {
        self.try_get(column).map_err(classify)
    }

    fn optional_number(&self, column: &'static str) -> Result<Option<i64>, StoreError> {
        self.try_get(column).map_err(classify)
    }

    fn small(&self, column: &'static str) -> Result<i32, StoreError> {
        self.try_get(column).map_err(classify)
    }
}
