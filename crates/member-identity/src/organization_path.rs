use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

/// Deepest path: province, city, district, street, enterprise, workshop.
const DEPTH_MAX: usize = 6;
/// Longest segment in bytes.
const SEGMENT_BYTES_MAX: usize = 32;

/// A trade union in the tree, as `gd/guangzhou/sf-express`: 1 to 6 segments of 1 to 32 characters
/// `a-z`, `0-9` and inner `-`, joined by `/`. Ordered as its bytes, as a database orders it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OrganizationPath(Arc<str>);

/// Why a text is not a path, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum OrganizationProblem {
    /// More than 6 segments.
    #[error("an organization path has at most 6 segments")]
    Depth,
    /// A segment that is empty, too long, or not made of `a-z`, `0-9` and inner `-`.
    #[error("a segment has 1 to 32 characters a-z, 0-9 and inner hyphens")]
    Segment,
}

impl OrganizationPath {
    /// Reads a path exactly as written: no case folding, no trimming, since paths are keys.
    pub fn parse(text: &str) -> Result<Self, OrganizationProblem> {
        if text.split('/').nth(DEPTH_MAX).is_some() {
            return Err(OrganizationProblem::Depth);
        }
        if !text.split('/').all(is_segment) {
            return Err(OrganizationProblem::Segment);
        }
        Ok(Self(text.into()))
    }

    /// The path as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The organization right above; none above the first segment.
    pub fn parent(&self) -> Option<Self> {
        self.0.rsplit_once('/').map(|(above, _)| Self(above.into()))
    }

    /// The number of segments, 1..=6.
    pub fn depth(&self) -> usize {
        self.0.split('/').count()
    }

    /// Whether `other` is this organization or below it, by whole segments: `gd` does not
    /// contain `gdx`.
    pub fn contains(&self, other: &Self) -> bool {
        let behind = other.0.strip_prefix(&*self.0);
        behind.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

impl FromStr for OrganizationPath {
    type Err = OrganizationProblem;

    fn from_str(text: &str) -> Result<Self, OrganizationProblem> {
        Self::parse(text)
    }
}

impl fmt::Display for OrganizationPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl OrganizationProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Depth => "ORGANIZATION_DEPTH",
            Self::Segment => "ORGANIZATION_SEGMENT",
        }
    }
}

fn is_segment(text: &str) -> bool {
    (1..=SEGMENT_BYTES_MAX).contains(&text.len())
        && !text.starts_with('-')
        && !text.ends_with('-')
        && text.bytes().all(|b| matches!(b, b'a'..=b'z' | b'0'..=b'9' | b'-'))
}
