use unicode_normalization::UnicodeNormalization;

/// Blanks and the invisible characters that spreadsheets and telephone books leave in a cell:
/// zero-width spaces, direction marks, the byte order mark.
pub(crate) fn is_blank(c: char) -> bool {
    c.is_whitespace() || is_invisible(c)
}

/// Characters without a glyph of their own. Variation selectors choose between shapes of one Han
/// character; two shapes are still one name.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{200B}'..='\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2060}'..='\u{2064}'
        | '\u{FE00}'..='\u{FE0F}'
        | '\u{FEFF}'
        | '\u{E0100}'..='\u{E01EF}')
}

/// Half-width text without blanks, at most `chars_max` characters of it.
///
/// Callers ask for one character more than they accept, so that a hostile cell of any size costs
/// little and is still seen to be too long.
pub(crate) fn fold(text: &str, chars_max: usize) -> String {
    text.nfkc().filter(|c| !is_blank(*c)).take(chars_max).collect()
}
