use std::array::TryFromSliceError;
use std::fmt;
use std::str::FromStr;

use clock::Timestamp;

use crate::Shard;

/// Largest millisecond that six bytes hold, in the year 10889.
const MILLIS_MAX: i64 = (1 << 48) - 1;
/// Bytes of every id.
const BYTES: usize = 16;

/// Why a text is not an id of the wanted kind, in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum IdTextProblem {
    /// Another prefix: the id of another thing, or of none.
    #[error("the id does not begin with the prefix of its kind")]
    Prefix,
    /// Not 32 characters behind the prefix.
    #[error("an id has 32 digits behind its prefix")]
    Length,
    /// Something other than lower-case hexadecimal digits: an id has one text only.
    #[error("an id has lower-case hexadecimal digits only")]
    Digits,
}

impl IdTextProblem {
    /// The stable key of this problem in row reports.
    pub const fn reason(self) -> &'static str {
        match self {
            Self::Prefix => "ID_TEXT_PREFIX",
            Self::Length => "ID_TEXT_LENGTH",
            Self::Digits => "ID_TEXT_DIGITS",
        }
    }
}

/// Shard, 48 bits of milliseconds, 72 bits of entropy: ids of one shard sort by age, so that
/// inserts go to the end of an index.
fn layout(shard: Shard, at: Timestamp, entropy: [u8; 9]) -> [u8; BYTES] {
    let millis = at.as_millis().clamp(0, MILLIS_MAX).to_be_bytes();
    let mut bytes = [shard.0; BYTES];
    bytes[1..7].copy_from_slice(&millis[2..]);
    bytes[7..].copy_from_slice(&entropy);
    bytes
}

fn write_text(f: &mut fmt::Formatter<'_>, prefix: &str, bytes: &[u8; BYTES]) -> fmt::Result {
    write!(f, "{prefix}_{:032x}", u128::from_be_bytes(*bytes))
}

fn read_text(prefix: &str, text: &str) -> Result<[u8; BYTES], IdTextProblem> {
    let behind = text.strip_prefix(prefix).and_then(|rest| rest.strip_prefix('_'));
    let digits = behind.ok_or(IdTextProblem::Prefix)?;
    if digits.chars().count() != 2 * BYTES {
        return Err(IdTextProblem::Length);
    }
    if !digits.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Err(IdTextProblem::Digits);
    }
    u128::from_str_radix(digits, 16).map(u128::to_be_bytes).map_err(|_| IdTextProblem::Digits)
}

/// A 16-byte id of its own type and prefix.
macro_rules! typed_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        ///
        /// Byte 0 is the shard, bytes 1 to 6 are big-endian milliseconds, the rest is entropy.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; BYTES]);

        impl $name {
            /// What the text begins with, before the underscore.
            pub const PREFIX: &'static str = $prefix;

            /// A new id. An instant before 1970 counts as 1970, one after 10889 as 10889.
            pub fn mint(shard: Shard, at: Timestamp, entropy: [u8; 9]) -> Self {
                Self(layout(shard, at, entropy))
            }

            /// The id with these bytes.
            pub const fn from_bytes(bytes: [u8; BYTES]) -> Self {
                Self(bytes)
            }

            /// The bytes, as tables carry them.
            pub const fn as_bytes(&self) -> &[u8; BYTES] {
                &self.0
            }

            /// The shard of the person it belongs to.
            pub const fn shard(self) -> Shard {
                Shard(self.0[0])
            }
        }

        /// From exactly 16 bytes.
        impl TryFrom<&[u8]> for $name {
            type Error = TryFromSliceError;

            fn try_from(bytes: &[u8]) -> Result<Self, TryFromSliceError> {
                bytes.try_into().map(Self)
            }
        }

        impl FromStr for $name {
            type Err = IdTextProblem;

            fn from_str(text: &str) -> Result<Self, IdTextProblem> {
                read_text($prefix, text).map(Self)
            }
        }

        /// The prefix, an underscore and 32 lower-case hexadecimal digits.
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_text(f, $prefix, &self.0)
            }
        }

        /// As `Display`: the prefix names the type.
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }
    };
}

typed_id!(
    /// A member: one person's membership of one organization.
    MemberId, "mem"
);
typed_id!(
    /// A voucher, issued to one person.
    VoucherId, "vch"
);
typed_id!(
    /// An authorization: vouchers held for one order.
    AuthorizationId, "aut"
);
typed_id!(
    /// A membership card. Codes show it to partners, so the bytes behind the shard are all random:
    /// they do not tell when the card was issued.
    CardId, "crd"
);
typed_id!(
    /// A link between a member and a partner's user.
    LinkId, "lnk"
);
typed_id!(
    /// A roster import.
    ImportId, "imp"
);
typed_id!(
    /// A refund of a captured authorization.
    RefundId, "rfd"
);
typed_id!(
    /// A transaction of the journal.
    TransactionId, "txn"
);
