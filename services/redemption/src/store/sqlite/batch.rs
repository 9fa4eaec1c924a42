//! Batches go to SQLite as one JSON array, read by `json_each`: one static statement a table,
//! whatever the size of the batch. Blobs travel as hexadecimal text.

use serde::{Serialize, Serializer};

use crate::store::written::hex;

/// Bytes as text, for `unhex`.
pub(super) struct Hex<B>(pub B);

impl<B: AsRef<[u8]>> Serialize for Hex<B> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(self.0.as_ref()))
    }
}

/// An id as a row of a batch: its shard, then the id.
pub(super) fn id_row(bytes: &[u8; 16]) -> (u8, Hex<[u8; 16]>) {
    (bytes[0], Hex(*bytes))
}

/// The batch as the one text that a statement binds; a row is a tuple or one value.
pub(super) fn array<T: Serialize>(rows: impl IntoIterator<Item = T>) -> String {
    let rows: Vec<T> = rows.into_iter().collect();
    serde_json::to_string(&rows).expect("numbers and texts become JSON")
}

/// The number of rows of a batch.
pub(super) fn count(rows: usize) -> u32 {
    u32::try_from(rows).expect("batches are bounded")
}
