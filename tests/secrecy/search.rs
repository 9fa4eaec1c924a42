//! Finds personal data in whatever form it may have slipped out.

use aho_corasick::AhoCorasick;

/// The forms of some canaries.
pub struct Search {
    needles: Vec<(String, Vec<u8>)>,
    automaton: AhoCorasick,
}

impl Search {
    /// Looks for these texts.
    pub fn for_any_of(canaries: &[String]) -> Self {
        let needles: Vec<_> = canaries
            .iter()
            .flat_map(|canary| forms(canary).into_iter().map(|form| (canary.clone(), form)))
            .collect();
        let automaton = AhoCorasick::new(needles.iter().map(|(_, form)| form));
        Self { needles, automaton: automaton.expect("a few short forms") }
    }

    /// The first canary that stands in `bytes`.
    pub fn first_in(&self, bytes: &[u8]) -> Option<&str> {
        let found = self.automaton.find(bytes)?;
        Some(&self.needles[found.pattern().as_usize()].0)
    }

    /// Every form, for a proof that it would be found.
    pub fn forms(&self) -> impl Iterator<Item = &[u8]> {
        self.needles.iter().map(|(_, form)| form.as_slice())
    }
}

/// As text in UTF-8 and UTF-16, as hexadecimal digits, and as escaped bytes of a debug print.
fn forms(canary: &str) -> [Vec<u8>; 5] {
    let hex: String = canary.bytes().map(|byte| format!("{byte:02x}")).collect();
    [
        canary.as_bytes().to_vec(),
        canary.encode_utf16().flat_map(u16::to_le_bytes).collect(),
        hex.to_uppercase().into_bytes(),
        hex.into_bytes(),
        canary.as_bytes().escape_ascii().to_string().into_bytes(),
    ]
}
