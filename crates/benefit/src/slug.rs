/// The most characters in a slug.
pub(crate) const SLUG_CHARS_MAX: usize = 64;

/// Whether `text` can name a campaign, a policy, a criterion or a goods category: 1 to 64 of
/// `a-z 0-9 -`.
pub fn is_slug(text: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    (1..=SLUG_CHARS_MAX).contains(&text.len()) && text.bytes().all(allowed)
}
