use std::fmt;
use std::str::FromStr;

use benefit::is_slug;

/// A key that somebody else chose is not of the agreed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyProblem {
    /// Not the form of the name of a campaign or a fund.
    #[error("must be 1 to 64 characters of a-z 0-9 -")]
    Slug,
    /// Not the form of a caller's key.
    #[error("must be 1 to 64 characters of 0-9 A-Z a-z _ -")]
    Key,
}

/// A campaign's name: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct CampaignId(String);

/// A fund's name: 1 to 64 of `a-z 0-9 -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FundId(String);

/// Who calls: the subject of the token, 1 to 64 characters of `0-9 A-Z a-z _ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Partner(String);

/// A request's id, scoped as law A1 says: 1 to 64 characters of `0-9 A-Z a-z _ -`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RequestId(String);

impl CampaignId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FundId {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Partner {
    /// The subject as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl RequestId {
    /// The id as its caller wrote it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for CampaignId {
    type Err = KeyProblem;

    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(KeyProblem::Slug) }
    }
}

impl FromStr for FundId {
    type Err = KeyProblem;

    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        if is_slug(text) { Ok(Self(text.to_owned())) } else { Err(KeyProblem::Slug) }
    }
}

impl FromStr for Partner {
    type Err = KeyProblem;

    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        key(text).map(Self)
    }
}

impl FromStr for RequestId {
    type Err = KeyProblem;

    fn from_str(text: &str) -> Result<Self, KeyProblem> {
        key(text).map(Self)
    }
}

impl fmt::Display for CampaignId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for FundId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn key(text: &str) -> Result<String, KeyProblem> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    match (1..=64).contains(&text.len()) && text.bytes().all(allowed) {
        true => Ok(text.to_owned()),
        false => Err(KeyProblem::Key),
    }
}
