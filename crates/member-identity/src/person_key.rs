use std::array::TryFromSliceError;
use std::fmt;

/// One of the 256 parts that people are divided into; everything about a person has their shard
/// in its first byte, so that a distributed database can keep it together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Shard(pub u8);

/// A natural person across the three services: 16 random bytes that eligibility mints when it
/// first meets the person. Never shown to partners, never computed from anything.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PersonKey([u8; 16]);

impl PersonKey {
    /// The key with these bytes, which are random when it is new.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// The bytes, as tables and messages carry them.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// The shard of everything about the person: the first byte.
    pub const fn shard(self) -> Shard {
        Shard(self.0[0])
    }
}

/// From exactly 16 bytes.
impl TryFrom<&[u8]> for PersonKey {
    type Error = TryFromSliceError;

    fn try_from(bytes: &[u8]) -> Result<Self, TryFromSliceError> {
        bytes.try_into().map(Self)
    }
}

/// The first two bytes: enough to tell people apart in a test, too little to find one.
impl fmt::Debug for PersonKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PersonKey({:02x}{:02x}..)", self.0[0], self.0[1])
    }
}
