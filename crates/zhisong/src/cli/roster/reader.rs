//! Reads a roster's file piece by piece, beside the call that sends it.

use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, Take};

use contracts::eligibility::v1::{RosterRow, RosterRows, RowProblem};
use encoding_rs::Encoding;
use indicatif::ProgressBar;
use prost::Message as _;
use tokio::sync::mpsc::Sender;

use super::super::sheet::{Records, header_names, invalid};
use super::header::Header;
use super::rows::{fault_problem, read_row};

/// Rows of one message, as the contract states.
const ROWS_MAX: usize = 1_000;
/// Bytes of one message, well below what a server takes.
const MESSAGE_BYTES: usize = 1024 * 1024;
/// Unreadable rows that are kept, as many as the registry keeps of its own.
const PROBLEMS_MAX: usize = 1_000;

/// A file whose header has been read.
pub(super) struct Reader {
    records: Records<BufReader<Take<File>>>,
    header: Header,
    encoding: &'static Encoding,
}

/// Rows that never left, because they cannot be read.
#[derive(Debug, Default)]
pub(super) struct Unreadable {
    /// The first of them.
    pub(super) problems: Vec<RowProblem>,
    /// All of them.
    pub(super) count: i64,
}

impl Reader {
    /// Opens a file at its beginning and reads its header. Of a file that grows meanwhile, only
    /// what was there is read.
    pub(super) fn open(
        mut file: File,
        length: u64,
        encoding: &'static Encoding,
    ) -> io::Result<Self> {
        file.rewind()?;
        let mut records = Records::new(BufReader::new(file.take(length)));
        let (line, names) = header_names(&mut records, encoding)?;
        let header = Header::read(&names);
        let header = header.map_err(|why| invalid(format!("line {line}, the header: {why}")))?;
        records.expect_width(header.width());
        Ok(Self { records, header, encoding })
    }

    /// Sends the rows behind `after_line`, until nobody takes them any more.
    pub(super) fn send(
        mut self,
        after_line: i64,
        rows: &Sender<RosterRows>,
        bar: &ProgressBar,
    ) -> io::Result<Unreadable> {
        let mut unreadable = Unreadable::default();
        let mut message = Message::default();
        while let Some((line, record)) = self.records.next()? {
            let row = match record {
                Ok(_) if line <= after_line => continue,
                Ok(record) => read_row(line, &record, &self.header, self.encoding),
                Err(fault) => Err(fault_problem(line, fault)),
            };
            match row {
                Ok(row) => message.push(row),
                Err(problem) => unreadable.add(problem),
            }
            if message.is_full() {
                bar.set_position(self.records.used());
                if rows.blocking_send(message.take()).is_err() {
                    return Ok(unreadable);
                }
            }
        }
        bar.set_position(self.records.used());
        if !message.rows.is_empty() {
            // When nobody takes it, the call has ended and says why.
            let _ = rows.blocking_send(message.take());
        }
        Ok(unreadable)
    }
}

impl Unreadable {
    fn add(&mut self, problem: RowProblem) {
        self.count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

#[derive(Default)]
struct Message {
    rows: Vec<RosterRow>,
    bytes: usize,
}

impl Message {
    fn push(&mut self, row: RosterRow) {
        self.bytes += row.encoded_len();
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() == ROWS_MAX || self.bytes >= MESSAGE_BYTES
    }

    fn take(&mut self) -> RosterRows {
        RosterRows { rows: std::mem::take(self).rows }
    }
}
