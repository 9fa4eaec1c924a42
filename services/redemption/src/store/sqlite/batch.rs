//! Batches go to SQLite as one JSON array, read by `json_each`: one static statement a table,
//! whatever the size of the batch. Blobs travel as hexadecimal text.

use serde_json::Value;

/// Bytes as hexadecimal text, for `unhex`.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string");
        text
    })
}

/// An id as a row of a batch: its shard, then the id.
pub(super) fn id_row(bytes: &[u8; 16]) -> Value {
    Value::from(vec![Value::from(bytes[0]), Value::from(hex(bytes))])
}

/// The batch as the one text that a statement binds.
pub(super) fn array(rows: impl IntoIterator<Item = Value>) -> String {
    Value::Array(rows.into_iter().collect()).to_string()
}

/// The number of rows of a batch.
pub(super) fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("batches are bounded")
}
