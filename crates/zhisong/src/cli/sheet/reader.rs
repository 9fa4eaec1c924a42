//! Reads a file of rows piece by piece, beside the call that sends them.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, Take};

use encoding_rs::Encoding;
use indicatif::ProgressBar;
use prost::Message;
use tokio::sync::mpsc::Sender;

use super::{BadRow, Field, Header, Record, Records, decode, header_names, invalid};

/// Rows of one message, as the contracts state.
const ROWS_MAX: usize = 1_000;
/// Bytes of one message, well below what a server takes.
const MESSAGE_BYTES: usize = 1024 * 1024;
/// Unreadable rows that are kept, as many as the services keep of their own.
const UNREADABLE_MAX: usize = 1_000;
/// The reason of a cell that is not text in the file's encoding.
const UNREADABLE: &str = "NOT_IN_ENCODING";
/// The column of what is wrong with a row as a whole.
const WHOLE_ROW: &str = "row";

/// What a file holds.
pub(in crate::cli) struct Shape<Row> {
    /// The fields that it may have a column of.
    pub(in crate::cli) fields: &'static [Field],
    /// Makes a row of a record's cells.
    pub(in crate::cli) row: fn(&Cells<'_>) -> Result<Row, BadRow>,
}

/// A file whose header has been read.
pub(in crate::cli) struct Reader<Row> {
    records: Records<BufReader<Take<File>>>,
    header: Header,
    encoding: &'static Encoding,
    shape: Shape<Row>,
}

/// The cells of one record, by the fields of its file.
pub(in crate::cli) struct Cells<'a> {
    line: i64,
    cells: Vec<&'a [u8]>,
    header: &'a Header,
    fields: &'static [Field],
    encoding: &'static Encoding,
}

/// Rows that never left, because they cannot be read.
#[derive(Debug, Default)]
pub(in crate::cli) struct Unreadable {
    /// The first of them.
    pub(in crate::cli) rows: Vec<BadRow>,
    /// All of them.
    pub(in crate::cli) count: i64,
}

impl<Row: Message> Reader<Row> {
    /// Opens a file at its beginning and reads its header. Of a file that grows meanwhile, only
    /// what was there is read.
    pub(in crate::cli) fn open(
        mut file: File,
        length: u64,
        encoding: &'static Encoding,
        shape: Shape<Row>,
    ) -> io::Result<Self> {
        file.rewind()?;
        let mut records = Records::new(BufReader::new(file.take(length)));
        let (line, names) = header_names(&mut records, encoding)?;
        let header = Header::read(&names, shape.fields);
        let header = header.map_err(|why| invalid(format!("line {line}, the header: {why}")))?;
        records.expect_width(header.width());
        Ok(Self { records, header, encoding, shape })
    }

    /// Sends the rows behind `after_line`, until nobody takes them any more. Rows that cannot be
    /// read are found in all of the file: no earlier command left them anywhere.
    pub(in crate::cli) fn send(
        mut self,
        after_line: i64,
        rows: &Sender<Vec<Row>>,
        bar: &ProgressBar,
    ) -> io::Result<Unreadable> {
        let mut unreadable = Unreadable::default();
        let mut block = Block::new();
        while let Some((line, record)) = self.records.next()? {
            let row = match record {
                Ok(record) => self.row(line, &record),
                Err(fault) => Err(BadRow::new(line, WHOLE_ROW, fault.reason())),
            };
            match row {
                Ok(row) if line > after_line => block.push(row),
                Ok(_) => {}
                Err(row) => unreadable.add(row),
            }
            if block.is_full() {
                bar.set_position(self.records.used());
                if rows.blocking_send(block.take()).is_err() {
                    return Ok(unreadable);
                }
            }
        }
        bar.set_position(self.records.used());
        if !block.rows.is_empty() {
            // When nobody takes it, the call has ended and says why.
            let _ = rows.blocking_send(block.take());
        }
        Ok(unreadable)
    }

    fn row(&self, line: i64, record: &Record) -> Result<Row, BadRow> {
        (self.shape.row)(&Cells {
            line,
            cells: record.cells().collect(),
            header: &self.header,
            fields: self.shape.fields,
            encoding: self.encoding,
        })
    }
}

impl Cells<'_> {
    /// The line that the record begins on.
    pub(in crate::cli) fn line(&self) -> i64 {
        self.line
    }

    /// What a field holds, by its place in the list of fields; nothing when the file has no column
    /// of it.
    pub(in crate::cli) fn text(&self, field: usize) -> Result<String, BadRow> {
        let cell = self.header.position(field).and_then(|at| self.cells.get(at)).copied();
        let text = decode(cell.unwrap_or_default(), self.encoding).map(Cow::into_owned);
        text.ok_or_else(|| BadRow::new(self.line, self.fields[field].name_en(), UNREADABLE))
    }
}

impl Unreadable {
    fn add(&mut self, row: BadRow) {
        self.count += 1;
        if self.rows.len() < UNREADABLE_MAX {
            self.rows.push(row);
        }
    }
}

/// The rows of one message.
struct Block<Row> {
    rows: Vec<Row>,
    bytes: usize,
}

impl<Row: Message> Block<Row> {
    const fn new() -> Self {
        Self { rows: Vec::new(), bytes: 0 }
    }

    fn push(&mut self, row: Row) {
        self.bytes += row.encoded_len();
        self.rows.push(row);
    }

    fn is_full(&self) -> bool {
        self.rows.len() == ROWS_MAX || self.bytes >= MESSAGE_BYTES
    }

    fn take(&mut self) -> Vec<Row> {
        std::mem::replace(self, Self::new()).rows
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use contracts::redemption::v1::ShopRow;
    use encoding_rs::UTF_8;
    use indicatif::ProgressBar;
    use prost::Message as _;
    use tokio::sync::mpsc;

    use super::{BadRow, Cells, Field, MESSAGE_BYTES, Reader, Shape, Unreadable};

    const FIELDS: [Field; 2] = [
        Field { names: &["shop_id"], is_required: true },
        Field { names: &["title_zh"], is_required: true },
    ];

    fn row(cells: &Cells<'_>) -> Result<ShopRow, BadRow> {
        let (shop_id, title_zh) = (cells.text(0)?, cells.text(1)?);
        Ok(ShopRow { line: cells.line(), shop_id, title_zh, ..ShopRow::default() })
    }

    /// What is sent of those records behind a line, message by message, and what cannot be.
    fn read(records: &[u8], after_line: i64) -> (Vec<Vec<ShopRow>>, Unreadable) {
        let mut file = tempfile::tempfile().expect("a file");
        file.write_all(b"shop_id,title_zh\n").expect("writes");
        file.write_all(records).expect("writes");
        let shape = Shape { fields: &FIELDS, row };
        let reader = Reader::open(file, u64::MAX, UTF_8, shape).expect("has a header");
        let (rows, mut sent) = mpsc::channel(1_000);
        let unreadable = reader.send(after_line, &rows, &ProgressBar::hidden()).expect("reads");
        drop(rows);
        (std::iter::from_fn(|| sent.blocking_recv()).collect(), unreadable)
    }

    #[test]
    fn rows_that_cannot_be_read_are_found_before_the_line_behind_which_rows_are_sent_too() {
        let records = b"s2,\xff\ns3,three\n\xff,four\ntoo few\ns6,six\n";
        for (after_line, sent) in [(0, vec![3, 6]), (3, vec![6]), (6, vec![])] {
            let (messages, unreadable) = read(records, after_line);
            let lines: Vec<i64> = messages.concat().iter().map(|row| row.line).collect();
            assert_eq!(lines, sent, "behind {after_line}");
            let found = [
                BadRow::new(2, "title_zh", "NOT_IN_ENCODING"),
                BadRow::new(4, "shop_id", "NOT_IN_ENCODING"),
                BadRow::new(5, "row", "CSV_CELL_COUNT"),
            ];
            assert_eq!((unreadable.rows.as_slice(), unreadable.count), (found.as_slice(), 3));
        }
    }

    #[test]
    fn a_message_is_bounded_in_rows_and_in_bytes() {
        let rows = |messages: &[Vec<ShopRow>]| messages.iter().map(Vec::len).collect::<Vec<_>>();
        assert_eq!(rows(&read("s,t\n".repeat(2_500).as_bytes(), 0).0), [1_000, 1_000, 500]);
        let long = format!("s,{}\n", "t".repeat(15_000)).repeat(500);
        let (messages, _) = read(long.as_bytes(), 0);
        assert_eq!(rows(&messages).iter().sum::<usize>(), 500);
        for message in messages {
            let bytes: usize = message.iter().map(ShopRow::encoded_len).sum();
            assert!(bytes < MESSAGE_BYTES + 16 * 1024, "{bytes}");
        }
    }
}
