//! Where records are, found by keys that are random: ids and blind indexes.

/// A key: its first byte chooses the part, its last eight bytes, which nobody chooses, the place.
pub(super) type Key = [u8; 16];

/// A place without a record.
const EMPTY: u32 = u32::MAX;
/// Places of a part that is not empty, at least.
const PLACES_MIN: usize = 8;

/// Numbers of records by key: four bytes a place, and the keys stay in the records. In 256 parts,
/// so that growing one takes no time that anybody would notice.
#[derive(Debug)]
pub(super) struct Slots {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, Default)]
struct Part {
    places: Vec<u32>,
    used: usize,
}

impl Default for Slots {
    fn default() -> Self {
        Self { parts: vec![Part::default(); 256] }
    }
}

impl Slots {
    /// The record whose key it is.
    pub(super) fn find(&self, key: &Key, key_of: impl Fn(u32) -> Key) -> Option<u32> {
        let part = &self.parts[usize::from(key[0])];
        let found = part.probe(key).find(|slot| *slot == EMPTY || key_of(*slot) == *key)?;
        (found != EMPTY).then_some(found)
    }

    /// Enters a record under a key that no other record has.
    pub(super) fn insert(&mut self, key: &Key, slot: u32, key_of: impl Fn(u32) -> Key) {
        let part = &mut self.parts[usize::from(key[0])];
        // A quarter stays empty, so that searches are short.
        if 4 * (part.used + 1) > 3 * part.places.len() {
            part.grow(key_of);
        }
        part.enter(key, slot);
    }

    /// Bytes that the places take.
    pub(super) fn bytes(&self) -> usize {
        let places: usize = self.parts.iter().map(|part| part.places.capacity()).sum();
        places * size_of::<u32>() + self.parts.len() * size_of::<Part>()
    }
}

impl Part {
    /// The places at which a key may be, in order; ends only when there are none.
    fn probe(&self, key: &Key) -> impl Iterator<Item = u32> {
        let mask = self.places.len().wrapping_sub(1);
        (0..self.places.len()).map(move |step| self.places[(home(key) + step) & mask])
    }

    fn enter(&mut self, key: &Key, slot: u32) {
        let mask = self.places.len() - 1;
        let steps = (0..self.places.len()).map(|step| (home(key) + step) & mask);
        for place in steps {
            if self.places[place] == slot {
                return;
            }
            if self.places[place] == EMPTY {
                self.places[place] = slot;
                self.used += 1;
                return;
            }
        }
    }

    /// Twice the places. Records enter under the keys that they have now; what a record was found
    /// by before is left behind.
    fn grow(&mut self, key_of: impl Fn(u32) -> Key) {
        let places = (2 * self.places.len()).max(PLACES_MIN);
        let before = std::mem::replace(&mut self.places, vec![EMPTY; places]);
        self.used = 0;
        for slot in before.into_iter().filter(|slot| *slot != EMPTY) {
            self.enter(&key_of(slot), slot);
        }
    }
}

fn home(key: &Key) -> usize {
    usize::from_le_bytes(*key.last_chunk().expect("a key is longer than a word"))
}
