//! Batches go to PostgreSQL as one array a column, read by `unnest`: one static statement a table,
//! whatever the size of the batch.

/// One column of a batch.
pub(super) fn column<'a, T: 'a, C>(
    rows: impl IntoIterator<Item = &'a T>,
    value: impl Fn(&'a T) -> C,
) -> Vec<C> {
    rows.into_iter().map(value).collect()
}

/// The number of rows of a batch, as the server counts them.
pub(super) fn count(rows: usize) -> u64 {
    u64::try_from(rows).expect("batches are bounded")
}
