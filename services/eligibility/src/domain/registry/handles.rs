use member_identity::MemberId;

use super::slots::{Key, Slots};

/// Something that a member is found by besides the id and the identity number: the id of a card,
/// the blind index of its number, the blind index of a partner's account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Handle {
    /// Sixteen bytes that nobody chooses.
    pub key: Key,
    /// The member.
    pub member_id: MemberId,
    /// Whether the member is found by it.
    pub is_live: bool,
    /// 1 when it was made, then one more with each change.
    pub version: i64,
}

/// Handles of one piece of memory, as those of members.
const PIECE: usize = 4_096;

#[derive(Clone, Copy, Debug)]
struct Packed {
    key: Key,
    /// The member's place.
    slot: u32,
    /// Twice the version, and one more when it is live.
    version: u32,
}

/// Handles by their keys: 24 bytes each and, on average, 8 of the index.
#[derive(Debug, Default)]
pub(super) struct Handles {
    pieces: Vec<Vec<Packed>>,
    by_key: Slots,
}

impl Handles {
    /// Takes in a committed handle, new or changed, unless a later version is there.
    pub(super) fn apply(&mut self, handle: &Handle, slot: u32) {
        let packed = Packed { key: handle.key, slot, version: packed_version(handle) };
        let pieces = &self.pieces;
        match self.by_key.find(&handle.key, |at| key_of(pieces, at)) {
            Some(at) => {
                let known = &mut self.pieces[at as usize / PIECE][at as usize % PIECE];
                if known.version / 2 < packed.version / 2 {
                    *known = packed;
                }
            }
            None => self.add(packed),
        }
    }

    /// The place of the member who is found by a key.
    pub(super) fn find(&self, key: &Key) -> Option<u32> {
        let at = self.by_key.find(key, |at| key_of(&self.pieces, at))?;
        let packed = self.pieces[at as usize / PIECE][at as usize % PIECE];
        (packed.version % 2 == 1).then_some(packed.slot)
    }

    /// Bytes that handles take.
    pub(super) fn bytes(&self) -> usize {
        self.pieces.len() * PIECE * size_of::<Packed>() + self.by_key.bytes()
    }

    fn add(&mut self, packed: Packed) {
        if self.pieces.last().is_none_or(|last| last.len() == PIECE) {
            self.pieces.push(Vec::with_capacity(PIECE));
        }
        let before = (self.pieces.len() - 1) * PIECE;
        let last = self.pieces.last_mut().expect("one was just made sure of");
        let at = u32::try_from(before + last.len()).expect("handles are a few for each person");
        last.push(packed);
        let pieces = &self.pieces;
        self.by_key.insert(&packed.key, at, |at| key_of(pieces, at));
    }
}

fn key_of(pieces: &[Vec<Packed>], at: u32) -> Key {
    pieces[at as usize / PIECE][at as usize % PIECE].key
}

/// Versions count the changes of one handle: two thousand million of them are never made.
fn packed_version(handle: &Handle) -> u32 {
    let version = u32::try_from(handle.version).unwrap_or(u32::MAX).min(u32::MAX / 2);
    2 * version + u32::from(handle.is_live)
}
