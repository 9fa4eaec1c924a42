use sql::StoreError;

/// A row of either database, read by the names of its columns.
pub(super) trait Columns {
    /// Bytes.
    fn bytes(&self, column: &'static str) -> Result<&[u8], StoreError>;

    /// Bytes, or nothing.
    fn optional_bytes(&self, column: &'static str) -> Result<Option<&[u8]>, StoreError>;

    /// A text.
    fn text(&self, column: &'static str) -> Result<&str, StoreError>;

    /// A number of 64 bits.
    fn number(&self, column: &'static str) -> Result<i64, StoreError>;

    /// A number of 64 bits, or nothing.
    fn optional_number(&self, column: &'static str) -> Result<Option<i64>, StoreError>;

    /// A number of 32 bits.
    fn small(&self, column: &'static str) -> Result<i32, StoreError>;
}
