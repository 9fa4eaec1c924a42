use std::fmt;

use url::{Host, Url};

/// Why an address is not spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "must be https:// and a host name, at most 500 characters, without user, fragment or address"
)]
pub struct ReceiverProblem;

/// How far receivers may be looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// At public addresses, by TLS.
    Public,
    /// Anywhere, in the clear too: for tests.
    Anywhere,
}

/// Where a webhook's events go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReceiverUrl(Url);

impl ReceiverUrl {
    /// Reads an address that a platform gave.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, ReceiverProblem> {
        let url = Self::stored(text)?.0;
        let is_named = matches!(url.host(), Some(Host::Domain(_)));
        match reach {
            Reach::Public if url.scheme() == "https" && is_named => Ok(Self(url)),
            Reach::Anywhere if ["http", "https"].contains(&url.scheme()) => Ok(Self(url)),
            _ => Err(ReceiverProblem),
        }
    }

    /// Reads an address that was taken once.
    pub fn stored(text: &str) -> Result<Self, ReceiverProblem> {
        if text.len() > 500 {
            return Err(ReceiverProblem);
        }
        let url = Url::parse(text).map_err(|_| ReceiverProblem)?;
        let is_plain = url.username().is_empty() && url.password().is_none();
        match is_plain && url.fragment().is_none() && url.has_host() {
            true => Ok(Self(url)),
            false => Err(ReceiverProblem),
        }
    }

    /// The address.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl fmt::Display for ReceiverUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
