//! Batches go to SQLite as one JSON array, read by `json_each`: one static statement a table,
//! whatever the size of the batch. Blobs travel as hexadecimal text.

use serde_json::Value;

/// The batch as the one text that a statement binds.
pub(super) fn array(rows: impl IntoIterator<Item = Value>) -> String {
    Value::Array(rows.into_iter().collect()).to_string()
}
