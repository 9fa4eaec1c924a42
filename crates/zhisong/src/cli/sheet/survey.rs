//! A first look at the whole of a file: its digest, and how it is encoded.

use std::io::{self, Read};

use aws_lc_rs::digest::{Context, Digest, SHA256};
use clap::ValueEnum;
use encoding_rs::{Decoder, DecoderResult, Encoding, GB18030, UTF_8};

use crate::hex::hex;

const BLOCK: usize = 64 * 1024;
/// Bytes of a digest that name what is made of a file.
const ID_BYTES: usize = 16;

/// How the file is said to be encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Said {
    /// Whichever leaves fewer places that cannot be read; UTF-8 when both leave as many.
    Auto,
    #[value(name = "utf-8")]
    Utf8,
    Gb18030,
}

/// What the first look found.
#[derive(Debug)]
pub(in crate::cli) struct Survey {
    /// Stands for the bytes of the file.
    pub(in crate::cli) digest: Digest,
    /// How it is encoded.
    pub(in crate::cli) encoding: &'static Encoding,
}

impl Survey {
    /// Names what is made of this file under these options: the same file under the same options
    /// is the same.
    pub(in crate::cli) fn id(&self, what: &str, options: &[&str]) -> String {
        let mut digest = Context::new(&SHA256);
        digest.update(self.digest.as_ref());
        digest.update(options.join("\n").as_bytes());
        format!("{what}-{}", hex(&digest.finish().as_ref()[..ID_BYTES]))
    }
}

/// Reads a file to its end. `seen` is told how many bytes were read.
pub(in crate::cli) fn survey(
    mut file: impl Read,
    said: Said,
    mut seen: impl FnMut(u64),
) -> io::Result<Survey> {
    let mut digest = Context::new(&SHA256);
    let (mut utf_8, mut gb18030) = (Trial::of(UTF_8), Trial::of(GB18030));
    let mut block = vec![0; BLOCK];
    let mut first = true;
    loop {
        let read = file.read(&mut block)?;
        let bytes = &block[..read];
        if std::mem::take(&mut first) {
            refuse_other_formats(bytes)?;
        }
        utf_8.feed(bytes);
        gb18030.feed(bytes);
        digest.update(bytes);
        seen(read as u64);
        if read == 0 {
            break;
        }
    }
    let encoding = match said {
        Said::Utf8 => UTF_8,
        Said::Gb18030 => GB18030,
        Said::Auto if gb18030.unreadable < utf_8.unreadable => GB18030,
        Said::Auto => UTF_8,
    };
    Ok(Survey { digest: digest.finish(), encoding })
}

/// What spreadsheets write when they are not asked for CSV.
fn refuse_other_formats(start: &[u8]) -> io::Result<()> {
    let what = match start {
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => "UTF-16 text",
        [b'P', b'K', 3, 4, ..] => "a workbook",
        _ => return Ok(()),
    };
    Err(io::Error::new(io::ErrorKind::InvalidData, format!("is {what}: save it as CSV (UTF-8)")))
}

/// Counts the places that one encoding cannot read.
struct Trial {
    decoder: Decoder,
    scratch: Vec<u8>,
    unreadable: u64,
}

impl Trial {
    fn of(encoding: &'static Encoding) -> Self {
        let decoder = encoding.new_decoder_without_bom_handling();
        Self { decoder, scratch: vec![0; BLOCK], unreadable: 0 }
    }

    /// Reads on; nothing more to read ends the text.
    fn feed(&mut self, mut bytes: &[u8]) {
        let last = bytes.is_empty();
        loop {
            let scratch = &mut self.scratch;
            let (result, read, _) =
                self.decoder.decode_to_utf8_without_replacement(bytes, scratch, last);
            bytes = &bytes[read..];
            match result {
                DecoderResult::InputEmpty => return,
                DecoderResult::OutputFull => {}
                DecoderResult::Malformed(..) => self.unreadable += 1,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use encoding_rs::{Encoding, GB18030, UTF_8};

    use super::{BLOCK, Said, survey};

    const TEXT: &str = "姓名,证件号码,工种,工作地区\n张伟,11010519491231002X,快递员,广州市\n";

    fn encoding_of(bytes: &[u8]) -> &'static Encoding {
        survey(bytes, Said::Auto, |_| {}).expect("reads").encoding
    }

    #[test]
    fn the_encoding_is_told_from_the_bytes() {
        assert_eq!(encoding_of(TEXT.as_bytes()), UTF_8);
        assert_eq!(encoding_of(format!("\u{feff}{TEXT}").as_bytes()), UTF_8);
        assert_eq!(encoding_of(&GB18030.encode(TEXT).0), GB18030);
        assert_eq!(encoding_of(b"name,trade\n"), UTF_8);
        assert_eq!(encoding_of(b""), UTF_8);
    }

    #[test]
    fn characters_across_blocks_are_whole() {
        for shift in 0..4 {
            let long = format!("{}{}", "x".repeat(BLOCK - shift), TEXT.repeat(3_000));
            assert_eq!(encoding_of(long.as_bytes()), UTF_8, "{shift}");
            assert_eq!(encoding_of(&GB18030.encode(&long).0), GB18030, "{shift}");
        }
    }

    #[test]
    fn one_damaged_row_does_not_make_utf_8_look_like_gb18030() {
        let mut bytes = TEXT.repeat(10).into_bytes();
        let at = bytes.len() / 2;
        bytes.splice(at..at, [0xff, 0xd5]);
        assert_eq!(encoding_of(&bytes), UTF_8);
    }

    #[test]
    fn an_id_is_of_the_bytes_and_of_each_option() {
        let id = |text: &[u8], options: &[&str]| {
            survey(text, Said::Auto, |_| {}).expect("reads").id("shops", options)
        };
        assert_eq!(id(b"a,b", &["gd", "p"]), id(b"a,b", &["gd", "p"]));
        assert_eq!(id(b"a,b", &["gd"]).len(), "shops-".len() + 32);
        for other in [id(b"a,c", &["gd", "p"]), id(b"a,b", &["g", "dp"])] {
            assert_ne!(id(b"a,b", &["gd", "p"]), other);
        }
    }

    #[test]
    fn the_digest_is_of_the_bytes_and_what_is_not_csv_is_refused() {
        let digest =
            |text: &[u8]| survey(text, Said::Auto, |_| {}).map(|it| it.digest.as_ref().to_vec());
        assert_eq!(digest(b"a,b").expect("reads"), digest(b"a,b").expect("reads"));
        assert_ne!(digest(b"a,b").expect("reads"), digest(b"a,c").expect("reads"));
        for other in [b"\xff\xfea\0".as_slice(), b"PK\x03\x04"] {
            assert!(digest(other).is_err_and(|why| why.to_string().contains("save it as CSV")));
        }
    }
}
