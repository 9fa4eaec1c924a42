//! Batches go to SQLite as one JSON array, read by `json_each`: one static statement a table,
//! whatever the size of the batch. Blobs travel as hexadecimal text.

use serde_json::Value;

/// Bytes as hexadecimal text, for `unhex`.
pub(super) fn hex(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut text = String::with_capacity(bytes.len() * 2);
    for byte in bytes {
        text.push(char::from(DIGITS[usize::from(byte >> 4)]));
        text.push(char::from(DIGITS[usize::from(byte & 15)]));
    }
    text
}

/// The batch as the one text that a statement binds.
pub(super) fn array(rows: impl IntoIterator<Item = Value>) -> String {
    Value::Array(rows.into_iter().collect()).to_string()
}
