//! Reads a file of shops piece by piece, beside the call that sends it.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, Take};

use contracts::redemption::v1::{ShopRow, ShopRowProblem, ShopRows};
use encoding_rs::Encoding;
use indicatif::ProgressBar;
use tokio::sync::mpsc::Sender;

use super::super::sheet::{Header, Record, Records, decode, header_names, invalid};
use super::header::{Column, FIELDS};

/// Rows of one message, as the contract states.
const ROWS_MAX: usize = 1_000;
/// Unreadable rows that are kept, as many as the service keeps of its own.
const PROBLEMS_MAX: usize = 1_000;
/// The reason of a cell that is not text in the file's encoding.
const UNREADABLE: &str = "NOT_IN_ENCODING";
/// The column of what is wrong with a row as a whole.
const WHOLE_ROW: &str = "row";

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
    pub(super) problems: Vec<ShopRowProblem>,
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
        let header = Header::read(&names, &FIELDS);
        let header = header.map_err(|why| invalid(format!("line {line}, the header: {why}")))?;
        records.expect_width(header.width());
        Ok(Self { records, header, encoding })
    }

    /// Sends the rows behind `after_line`, until nobody takes them any more.
    pub(super) fn send(
        mut self,
        after_line: i64,
        messages: &Sender<ShopRows>,
        bar: &ProgressBar,
    ) -> io::Result<Unreadable> {
        let mut unreadable = Unreadable::default();
        let mut rows = Vec::with_capacity(ROWS_MAX);
        while let Some((line, record)) = self.records.next()? {
            let row = match record {
                Ok(_) if line <= after_line => continue,
                Ok(record) => self.row(line, &record),
                Err(fault) => Err(problem(line, WHOLE_ROW, fault.reason())),
            };
            match row {
                Ok(row) => rows.push(row),
                Err(problem) => unreadable.add(problem),
            }
            if rows.len() == ROWS_MAX {
                bar.set_position(self.records.used());
                let rows = std::mem::take(&mut rows);
                if messages.blocking_send(ShopRows { rows }).is_err() {
                    return Ok(unreadable);
                }
            }
        }
        bar.set_position(self.records.used());
        if !rows.is_empty() {
            // When nobody takes it, the call has ended and says why.
            let _ = messages.blocking_send(ShopRows { rows });
        }
        Ok(unreadable)
    }

    fn row(&self, line: i64, record: &Record) -> Result<ShopRow, ShopRowProblem> {
        let cells: Vec<&[u8]> = record.cells().collect();
        let text = |column: Column| -> Result<String, ShopRowProblem> {
            let cell = self.header.position(column as usize).and_then(|at| cells.get(at)).copied();
            let text = decode(cell.unwrap_or_default(), self.encoding);
            text.map(Cow::into_owned).ok_or_else(|| problem(line, column.name_en(), UNREADABLE))
        };
        Ok(ShopRow {
            line,
            shop_id: text(Column::ShopId)?,
            title_zh: text(Column::Title)?,
            region: text(Column::Region)?,
            chain: text(Column::Chain)?,
        })
    }
}

impl Unreadable {
    fn add(&mut self, problem: ShopRowProblem) {
        self.count += 1;
        if self.problems.len() < PROBLEMS_MAX {
            self.problems.push(problem);
        }
    }
}

fn problem(line: i64, column: &str, reason: &str) -> ShopRowProblem {
    ShopRowProblem { line, column: column.to_owned(), reason: reason.to_owned() }
}
