use std::collections::HashMap;
use std::hash::Hash;

/// A map that keeps what was put in last. Two generations: when the younger is full it becomes the
/// older one, and what was in that is forgotten.
pub(super) struct Recent<K, V> {
    max: usize,
    young: HashMap<K, V>,
    old: HashMap<K, V>,
}

impl<K: Eq + Hash, V> Recent<K, V> {
    /// With at most `max` entries in a generation.
    pub fn new(max: usize) -> Self {
        Self { max, young: HashMap::new(), old: HashMap::new() }
    }

    pub fn get(&self, key: &K) -> Option<&V> {
        self.young.get(key).or_else(|| self.old.get(key))
    }

    /// The entry, which counts as young again; none when it is not known.
    pub fn refresh(&mut self, key: K) -> Option<&mut V> {
        if !self.young.contains_key(&key) {
            let value = self.old.remove(&key)?;
            return Some(self.put(key, value));
        }
        self.young.get_mut(&key)
    }

    /// Puts an entry in; gives it back.
    pub fn put(&mut self, key: K, value: V) -> &mut V {
        if self.young.len() >= self.max {
            self.old = std::mem::take(&mut self.young);
        }
        self.young.entry(key).insert_entry(value).into_mut()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_in_last_is_kept_and_what_was_not_used_is_forgotten() {
        let mut recent = Recent::new(2);
        for (key, value) in [(1, "one"), (2, "two"), (3, "three")] {
            recent.put(key, value);
        }
        assert_eq!(recent.refresh(1).copied(), Some("one"));
        recent.put(4, "four");
        let found = [1, 2, 3, 4].map(|key| recent.get(&key).copied());
        assert_eq!(found, [Some("one"), None, Some("three"), Some("four")]);
        assert_eq!(recent.refresh(2), None);
    }

    #[test]
    fn no_more_than_two_generations_are_kept() {
        let mut recent = Recent::new(10);
        for key in 0..1_000 {
            recent.put(key, ());
        }
        let kept = (0..1_000).filter(|key| recent.get(key).is_some()).count();
        assert!((10..=20).contains(&kept), "{kept}");
    }
}
