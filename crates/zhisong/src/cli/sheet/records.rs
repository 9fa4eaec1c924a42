//! CSV records (RFC 4180) with the line that each begins on.
//!
//! An office's file is corrected by hand, so a record that cannot be read must cost its own line
//! and no other, and must say which line that is. The `csv` crate, which writes such files here,
//! takes a quote that is never closed for the rest of the file: it would keep all of it in memory,
//! and lose its rows without a word. So a record is bounded here in bytes and in lines, and one
//! that cannot be read gives back the lines behind its first.
//!
//! Structure is read from bytes: no other character of UTF-8 or GB18030 has a byte that is a
//! comma, a quote or a line end.

use std::io::{self, BufRead, Read as _};

/// A record's bytes at most, several times what the contract lets a row hold.
const BYTES_MAX: usize = 16 * 1024;
/// Lines that a record may span, for names with line ends in them.
const LINES_MAX: usize = 8;

/// The cells of a record, not yet decoded.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Record {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

/// Why a record could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cli) enum Fault {
    /// A cell begins with a quote and has no other, or goes on behind it.
    Quote,
    /// It has more or fewer cells than the header.
    CellCount,
    /// It is longer than any row can be.
    TooLong,
}

impl Fault {
    /// The stable key of this problem in row reports.
    pub(in crate::cli) const fn reason(self) -> &'static str {
        match self {
            Self::Quote => "CSV_QUOTE",
            Self::CellCount => "CSV_CELL_COUNT",
            Self::TooLong => "CSV_TOO_LONG",
        }
    }
}

impl Record {
    /// The cells in order.
    pub(in crate::cli) fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }

    fn is_empty(&self) -> bool {
        self.bytes.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
    }

    fn close_cell(&mut self) {
        self.ends.push(self.bytes.len());
    }
}

/// Reads the records of a file one by one.
pub(in crate::cli) struct Records<R> {
    reader: R,
    /// Cells of each record; any number while it is not known.
    width: Option<usize>,
    /// Lines that were read and not used, and where the next of them begins.
    kept: Vec<u8>,
    kept_at: usize,
    /// Lines and bytes that were used.
    line: i64,
    used: u64,
}

/// A record, or why it could not be read, and the line on which it begins.
pub(in crate::cli) type Numbered = (i64, Result<Record, Fault>);

impl<R: BufRead> Records<R> {
    /// The records of a file.
    pub(in crate::cli) fn new(reader: R) -> Self {
        Self { reader, width: None, kept: Vec::new(), kept_at: 0, line: 0, used: 0 }
    }

    /// From now on a record has this many cells; empty ones behind them are passed over.
    pub(in crate::cli) fn expect_width(&mut self, width: usize) {
        self.width = Some(width);
    }

    /// Bytes that were used so far.
    pub(in crate::cli) fn used(&self) -> u64 {
        self.used
    }

    /// The next record with anything in it.
    pub(in crate::cli) fn next(&mut self) -> io::Result<Option<Numbered>> {
        loop {
            let mut raw = Vec::new();
            if !self.read_line(&mut raw)? {
                return Ok(None);
            }
            let begins = self.line;
            let record = self.read_record(&mut raw)?;
            match record {
                Ok(record) if record.is_empty() => {}
                record => return Ok(Some((begins, record))),
            }
        }
    }

    /// Reads the record that begins with the line in `raw`, and gives back the lines behind it
    /// when it cannot be read.
    fn read_record(&mut self, raw: &mut Vec<u8>) -> io::Result<Result<Record, Fault>> {
        let first = raw.len();
        if first > BYTES_MAX {
            return Ok(Err(Fault::TooLong));
        }
        for _ in 0..LINES_MAX {
            match split(raw) {
                Split::Whole(record) => {
                    let fitted = self.fitted(record);
                    return Ok(fitted.ok_or_else(|| self.refuse(raw, first, Fault::CellCount)));
                }
                Split::Open if raw.len() <= BYTES_MAX => {
                    if !self.read_line(raw)? {
                        break;
                    }
                }
                Split::Open | Split::Broken => break,
            }
        }
        Ok(Err(self.refuse(raw, first, Fault::Quote)))
    }

    fn fitted(&self, mut record: Record) -> Option<Record> {
        let Some(width) = self.width else { return Some(record) };
        let end = record.ends.get(width.checked_sub(1)?).copied();
        if record.is_empty() {
            return Some(record);
        }
        let rest_is_empty = record.bytes.len() == end?;
        record.ends.truncate(width);
        rest_is_empty.then_some(record)
    }

    /// Only the first line is lost.
    fn refuse(&mut self, raw: &[u8], first: usize, fault: Fault) -> Fault {
        let back = &raw[first..];
        self.used -= back.len() as u64;
        self.line -= back.split_inclusive(|byte| *byte == b'\n').count() as i64;
        self.kept = [back, &self.kept[self.kept_at..]].concat();
        self.kept_at = 0;
        fault
    }

    /// Adds the next line to `raw`, at most so much of it that it is too long. False at the end.
    fn read_line(&mut self, raw: &mut Vec<u8>) -> io::Result<bool> {
        let kept = &self.kept[self.kept_at..];
        let read = match kept.split_inclusive(|byte| *byte == b'\n').next() {
            Some(line) => {
                raw.extend_from_slice(line);
                self.kept_at += line.len();
                line.len()
            }
            None => self.read_fresh(raw)?,
        };
        self.used += read as u64;
        self.line += i64::from(read > 0);
        Ok(read > 0)
    }

    /// Adds the next line of the file; what is behind its limit is skipped.
    fn read_fresh(&mut self, raw: &mut Vec<u8>) -> io::Result<usize> {
        let limit = BYTES_MAX as u64 + 1;
        let mut read = self.reader.by_ref().take(limit).read_until(b'\n', raw)?;
        if read as u64 == limit && raw.last() != Some(&b'\n') {
            read += self.reader.skip_until(b'\n')?;
            // So that every line ends with one, whatever was skipped.
            raw.push(b'\n');
        }
        Ok(read)
    }
}

enum Split {
    Whole(Record),
    /// The last cell is quoted and goes on in the next line.
    Open,
    /// A quoted cell goes on behind its quote.
    Broken,
}

fn split(raw: &[u8]) -> Split {
    let raw = raw.strip_suffix(b"\n").unwrap_or(raw);
    let raw = raw.strip_suffix(b"\r").unwrap_or(raw);
    let mut record = Record::default();
    let mut at = 0;
    loop {
        let end = match raw.get(at) {
            Some(b'"') => quoted(raw, at + 1, &mut record),
            _ => Some(plain(raw, at, &mut record)),
        };
        let Some(end) = end else { return Split::Open };
        record.close_cell();
        match raw.get(end) {
            None => return Split::Whole(record),
            Some(b',') => at = end + 1,
            Some(_) => return Split::Broken,
        }
    }
}

/// Reads a cell up to its comma or the end, and says where that is.
fn plain(raw: &[u8], start: usize, record: &mut Record) -> usize {
    let length = raw[start..].iter().position(|byte| *byte == b',');
    let end = length.map_or(raw.len(), |length| start + length);
    record.bytes.extend_from_slice(&raw[start..end]);
    end
}

/// Reads a quoted cell, and says what is behind its quote; none when it is not closed.
fn quoted(raw: &[u8], start: usize, record: &mut Record) -> Option<usize> {
    let mut at = start;
    loop {
        let length = raw[at..].iter().position(|byte| *byte == b'"')?;
        record.bytes.extend_from_slice(&raw[at..at + length]);
        at += length + 1;
        if raw.get(at) != Some(&b'"') {
            return Some(at);
        }
        record.bytes.push(b'"');
        at += 1;
    }
}

#[cfg(test)]
mod tests;
