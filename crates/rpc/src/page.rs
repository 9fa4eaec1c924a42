use aws_lc_rs::digest;

use crate::Problem;

/// Bytes of the query's digest that a token carries.
const QUERY_TAG_LEN: usize = 8;

/// Where a list goes on: opaque to callers and bound to the query it came from.
#[derive(Debug)]
pub struct PageToken;

impl PageToken {
    /// A token that goes on after `last_key` in the list of `query`.
    pub fn encode(query: &str, last_key: &[u8]) -> String {
        let mut bytes = query_tag(query).to_vec();
        bytes.extend_from_slice(last_key);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The key to go on after; `None` for the first page (an empty token). A token of another
    /// query, or one that is not ours, is `FIELD_INVALID` at `page_token`.
    pub fn decode(query: &str, token: &str) -> Result<Option<Vec<u8>>, Problem> {
        if token.is_empty() {
            return Ok(None);
        }
        let foreign = || Problem::field("page_token", "not a token of this list");
        let bytes = decode_hex(token).ok_or_else(foreign)?;
        match bytes.split_at_checked(QUERY_TAG_LEN) {
            Some((tag, key)) if tag == query_tag(query) => Ok(Some(key.to_vec())),
            _ => Err(foreign()),
        }
    }
}

/// The number of rows to send: `default` for 0, `max` for more, refused when negative.
pub fn page_size(requested: i32, default: u32, max: u32) -> Result<u32, Problem> {
    match u32::try_from(requested) {
        Ok(0) => Ok(default),
        Ok(size) => Ok(size.min(max)),
        Err(_) => Err(Problem::field("page_size", "must not be negative")),
    }
}

fn query_tag(query: &str) -> [u8; QUERY_TAG_LEN] {
    let digest = digest::digest(&digest::SHA256, query.as_bytes());
    let mut tag = [0; QUERY_TAG_LEN];
    tag.copy_from_slice(&digest.as_ref()[..QUERY_TAG_LEN]);
    tag
}

fn decode_hex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    let byte = |at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}
