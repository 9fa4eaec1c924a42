//! Files of offices: CSV with a header line, in UTF-8 or GB18030.

mod header;
mod reader;
mod records;
mod report;
mod source;
mod survey;

use std::borrow::Cow;
use std::fs::File;
use std::io;
use std::path::Path;

use encoding_rs::Encoding;
use tokio::task::JoinError;

pub(super) use self::header::{Field, Header};
use self::reader::Reader;
pub(super) use self::reader::{Cells, Shape, Unreadable};
pub(super) use self::records::{Record, Records};
pub(super) use self::report::{BadRow, Report};
pub(super) use self::source::{Source, say_resumed};
use self::survey::survey;
pub(super) use self::survey::{Said, Survey};
use super::arguments::Shown;
use super::failure::Failure;
use super::output::{BYTES, bar};

/// Opens a file, and says how many bytes it has.
pub(super) fn open(path: &Path) -> Result<(File, u64), Failure> {
    let file = File::open(path).map_err(|why| file_problem(path, &why))?;
    let found = file.metadata().map_err(|why| file_problem(path, &why))?;
    match found.is_file() {
        true => Ok((file, found.len())),
        // It is read twice: what it holds must be known before the first row is sent.
        false => Err(Failure::local(format!("{} is not an ordinary file", path.display()))),
    }
}

/// What came of reading a file on another thread.
pub(super) fn joined<T>(
    ended: Result<io::Result<T>, JoinError>,
    path: &Path,
) -> Result<T, Failure> {
    match ended {
        Ok(result) => result.map_err(|why| file_problem(path, &why)),
        Err(_) => Err(Failure::local(format!("{} could not be read", path.display()))),
    }
}

/// What is wrong with a file.
pub(super) fn file_problem(path: &Path, why: &io::Error) -> Failure {
    Failure::local(format!("{}: {why}", path.display()))
}

/// A file whose content is not what it should be.
pub(super) fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

/// The text of a cell; none when a part of it cannot be read. The mark that stands for a character
/// that was lost before is such a part.
pub(super) fn decode<'a>(cell: &'a [u8], encoding: &'static Encoding) -> Option<Cow<'a, str>> {
    let text = encoding.decode_without_bom_handling_and_without_replacement(cell)?;
    (!text.contains(char::REPLACEMENT_CHARACTER)).then_some(text)
}

/// The names in the header line of a file, which is its first record; and its line.
pub(super) fn header_names(
    records: &mut Records<impl io::BufRead>,
    encoding: &'static Encoding,
) -> io::Result<(i64, Vec<String>)> {
    let Some((line, first)) = records.next()? else {
        return Err(invalid(String::from("is empty: it needs a header line")));
    };
    let wrong = |why: &str| invalid(format!("line {line}, the header: {why}"));
    let first = first.map_err(|fault| wrong(fault.reason()))?;
    let names = first.cells().map(|cell| decode(cell, encoding).map(Cow::into_owned));
    let names: Option<Vec<String>> = names.collect();
    Ok((line, names.ok_or_else(|| wrong(&format!("is not {}", encoding.name())))?))
}

/// Reads a file to its end behind a bar; says what it is, and how many bytes it has.
pub(super) async fn look_through(
    path: &Path,
    said: Said,
    shown: Shown,
) -> Result<(Survey, u64), Failure> {
    let (file, length) = open(path)?;
    let bar = bar(shown, "survey", length, BYTES);
    let looking = tokio::task::spawn_blocking(move || {
        let survey = survey(file, said, |bytes| bar.inc(bytes));
        bar.finish_and_clear();
        survey
    });
    Ok((joined(looking.await, path)?, length))
}
