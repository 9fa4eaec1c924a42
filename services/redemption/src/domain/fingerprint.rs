use aws_lc_rs::digest;

/// Bytes kept of each field's digest.
const TAG_LEN: usize = 8;

/// What a request said, field by field, so that another use of its id can be told apart and the
/// first field that differs be named (law A1). Holds digests only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fingerprint(Vec<u8>);

impl Fingerprint {
    /// The field of Authorize that is the member.
    pub const MEMBER: usize = 0;
    /// The fingerprint of a request that was answered before it arrived. Differs from none.
    pub const UNSEEN: Self = Self(Vec::new());

    /// The fingerprint of `values`, one a field, in the order of the verb's fields.
    pub fn of(values: &[&str]) -> Self {
        let tags = values.iter().flat_map(|value| {
            let digest = digest::digest(&digest::SHA256, value.as_bytes());
            digest.as_ref()[..TAG_LEN].to_vec()
        });
        Self(tags.collect())
    }

    /// A fingerprint as it was stored.
    pub fn from_bytes(bytes: Vec<u8>) -> Self {
        Self(bytes)
    }

    /// Whether the request that it belongs to has not arrived yet.
    pub fn is_unseen(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes to store.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Which of the verb's fields is the first that differs from `other`; `None` when none does.
    pub fn first_difference(&self, other: &Self) -> Option<usize> {
        self.first_difference_from(0, other)
    }

    /// The first field from number `first` on that differs from `other`; the last may be absent.
    pub fn first_difference_from(&self, first: usize, other: &Self) -> Option<usize> {
        let (own, other) = (self.tags(), other.tags());
        let count = match own.is_empty() || other.is_empty() {
            true => 0,
            false => own.len().max(other.len()),
        };
        (first..count).find(|field| own.get(*field) != other.get(*field))
    }

    fn tags(&self) -> Vec<&[u8]> {
        self.0.chunks(TAG_LEN).collect()
    }
}
