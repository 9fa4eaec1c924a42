use std::fmt;
use std::str::FromStr;

/// A key that somebody else chose is not of the agreed form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("must be 1 to 64 characters of 0-9 A-Z a-z _ -")]
pub struct KeyProblem;

/// Keys of the same form that must not be mistaken for one another.
macro_rules! text_key {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// The key as it was written.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = KeyProblem;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                match is_key(text) {
                    true => Ok(Self(text.to_owned())),
                    false => Err(KeyProblem),
                }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_key! {
    /// A payment platform: the subject of its token.
    Partner
}
text_key! {
    /// A request's id, scoped to partner and verb (law A1).
    RequestId
}
text_key! {
    /// A platform's own number of an order.
    OrderNumber
}
text_key! {
    /// A platform's own id of a shop.
    ShopId
}
text_key! {
    /// A platform's own id of a till within a shop.
    TerminalId
}
text_key! {
    /// A chain of shops, as ops name it.
    ChainId
}
text_key! {
    /// Whoever makes a call: the subject of their token.
    Subject
}
text_key! {
    /// A platform's name for one of its webhooks.
    WebhookId
}
text_key! {
    /// A campaign's name.
    CampaignId
}

fn is_key(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
    (1..=64).contains(&text.len()) && text.bytes().all(allowed)
}
