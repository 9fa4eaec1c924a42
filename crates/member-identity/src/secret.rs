use std::fmt;

/// What stands in the place of a personal value.
pub(crate) const REDACTED: &str = "REDACTED";

/// A personal value. Types built of secrets can derive `Debug` without showing anything.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) struct Secret<T>(pub(crate) T);

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}
