use aws_lc_rs::digest::{Context, SHA256};
use benefit::Fen;
use member_identity::TransactionId;

use super::{OrderNumber, TransactionKind};

/// Records of one part of a file.
pub const PART_RECORDS: usize = 1_000;
/// Bytes of a line at most, several times what a row of a statement has.
const LINE_BYTES_MAX: usize = 4_096;
/// Fen of a row at most: a billion yuan, so that the sums of any file fit.
const AMOUNT_FEN_MAX: i64 = 100_000_000_000;
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// A row of a partner's file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// Its line, from 1.
    pub line: i64,
    /// What it says happened.
    pub kind: TransactionKind,
    /// The platform's number of the order.
    pub order_number: OrderNumber,
    /// The transaction, when it names one.
    pub transaction_id: Option<TransactionId>,
    /// How much.
    pub amount: Fen,
}

/// A row that does not read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadRow {
    /// Its line, from 1.
    pub line: i64,
    /// The stable key of the problem.
    pub reason: String,
}

/// Lines of a file, all behind one line up to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileBatch {
    /// The last line before it.
    pub after_line: i64,
    /// Its last line.
    pub last_line: i64,
    /// The digest of the file up to its last line: that of its bytes, chained to the one before.
    pub chain: [u8; 32],
    /// The rows that read.
    pub rows: Vec<FileRow>,
    /// The rows that do not.
    pub bad: Vec<BadRow>,
    /// Whether the file ends with it.
    pub is_last: bool,
}

/// The header line of a file does not have the columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("needs a header line, in UTF-8, with order_number, kind and amount_fen, each once")]
pub struct HeaderProblem;

/// Reads a partner's file as it comes, in parts of [`PART_RECORDS`] records, whatever pieces it is
/// sent in. Keeps one unfinished line and one part, however long the file is. A record is a line:
/// no cell can hold a line end, though one in quotes holds commas and quotes.
pub struct PartnerFile {
    columns: Option<Columns>,
    cells: Cells,
    partial: Vec<u8>,
    too_long: bool,
    line: i64,
    chain: [u8; 32],
    digest: Context,
    part: FileBatch,
}

/// Reads the cells of one line after the other, with room for those of the longest.
struct Cells {
    reader: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

/// Where each column stands.
struct Columns {
    order_number: usize,
    kind: usize,
    amount_fen: usize,
    transaction_id: Option<usize>,
    count: usize,
}

impl Default for PartnerFile {
    fn default() -> Self {
        Self {
            columns: None,
            cells: Cells::new(),
            partial: Vec::new(),
            too_long: false,
            line: 0,
            chain: [0; 32],
            digest: Context::new(&SHA256),
            part: FileBatch::behind(0),
        }
    }
}

impl PartnerFile {
    /// Takes the next piece, and gives the parts that it completes.
    pub fn take(&mut self, piece: &[u8]) -> Result<Vec<FileBatch>, HeaderProblem> {
        let mut parts = Vec::new();
        for bytes in piece.split_inclusive(|byte| *byte == b'\n') {
            self.add(bytes);
            if bytes.ends_with(b"\n") {
                self.end_line()?;
                if self.part.rows.len() + self.part.bad.len() == PART_RECORDS {
                    parts.push(self.end_part(false));
                }
            }
        }
        Ok(parts)
    }

    /// The last part: there is always one, be it empty.
    pub fn finish(mut self) -> Result<FileBatch, HeaderProblem> {
        if !self.partial.is_empty() || self.too_long {
            self.end_line()?;
        }
        match self.columns {
            Some(_) => Ok(self.end_part(true)),
            None => Err(HeaderProblem),
        }
    }

    /// Adds bytes to the line; of one that is too long, only its digest goes on.
    fn add(&mut self, bytes: &[u8]) {
        self.digest.update(bytes);
        if self.partial.len() + bytes.len() > LINE_BYTES_MAX {
            self.too_long = true;
            self.partial.clear();
        }
        if !self.too_long {
            self.partial.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self) -> Result<(), HeaderProblem> {
        self.line += 1;
        let bytes = std::mem::take(&mut self.partial);
        let too_long = std::mem::take(&mut self.too_long);
        let text = std::str::from_utf8(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(&bytes));
        let Some(columns) = &self.columns else {
            let header = self.cells.of(text.map_err(|_| HeaderProblem)?);
            self.columns = Some(Columns::read(&header)?);
            return Ok(());
        };
        let read = match text {
            _ if too_long => Err("TOO_LONG"),
            Err(_) => Err("NOT_UTF8"),
            Ok(text) if text.trim().is_empty() => return Ok(()),
            Ok(text) => columns.row(self.line, &self.cells.of(text)),
        };
        match read {
            Ok(row) => self.part.rows.push(row),
            Err(reason) => {
                self.part.bad.push(BadRow { line: self.line, reason: reason.to_owned() });
            }
        }
        Ok(())
    }

    fn end_part(&mut self, is_last: bool) -> FileBatch {
        let digest = std::mem::replace(&mut self.digest, Context::new(&SHA256)).finish();
        // An empty part behind another one leaves the chain as it is.
        if self.line > self.part.after_line {
            let mut chained = Context::new(&SHA256);
            chained.update(&self.chain);
            chained.update(digest.as_ref());
            self.chain.copy_from_slice(chained.finish().as_ref());
        }
        let part = std::mem::replace(&mut self.part, FileBatch::behind(self.line));
        FileBatch { last_line: self.line, chain: self.chain, is_last, ..part }
    }
}

impl FileBatch {
    fn behind(line: i64) -> Self {
        let (rows, bad) = (Vec::new(), Vec::new());
        Self { after_line: line, last_line: line, chain: [0; 32], rows, bad, is_last: false }
    }
}

impl Cells {
    fn new() -> Self {
        let line_end = csv_core::Terminator::Any(b'\n');
        let reader = csv_core::ReaderBuilder::new().terminator(line_end).build();
        // A line of commas alone has a cell more than it has bytes.
        Self { reader, text: vec![0; LINE_BYTES_MAX + 1], ends: vec![0; LINE_BYTES_MAX + 2] }
    }

    /// The cells of a line, by RFC 4180, without the spaces around them. A quote that is not closed
    /// ends with the line.
    fn of(&mut self, line: &str) -> Vec<&str> {
        self.reader.reset();
        let line = line.trim_end_matches(['\r', '\n']).as_bytes();
        let (_, _, _, ended) = self.reader.read_record(line, &mut self.text, &mut self.ends);
        // The last cell ends where nothing comes any more.
        let (_, _, _, last) = self.reader.read_record(&[], &mut [], &mut self.ends[ended..]);
        let mut begin = 0;
        let cell = |end: &usize| {
            let cell = &self.text[std::mem::replace(&mut begin, *end)..*end];
            std::str::from_utf8(cell).expect("commas and quotes are whole characters").trim()
        };
        self.ends[..ended + last].iter().map(cell).collect()
    }
}

impl Columns {
    fn read(names: &[&str]) -> Result<Self, HeaderProblem> {
        let place = |name: &str| {
            let mut places = names.iter().enumerate().filter(|(_, found)| **found == name);
            let place = places.next().map(|(at, _)| at);
            if places.next().is_some() { Err(HeaderProblem) } else { Ok(place) }
        };
        let required = |name| place(name)?.ok_or(HeaderProblem);
        Ok(Self {
            order_number: required("order_number")?,
            kind: required("kind")?,
            amount_fen: required("amount_fen")?,
            transaction_id: place("transaction_id")?,
            count: names.len(),
        })
    }

    /// A row, or the stable key of what is wrong with it.
    fn row(&self, line: i64, cells: &[&str]) -> Result<FileRow, &'static str> {
        if cells.len() != self.count {
            return Err("CELL_COUNT");
        }
        let transaction_id = self.transaction_id.map(|at| cells[at]).filter(|id| !id.is_empty());
        Ok(FileRow {
            line,
            order_number: cells[self.order_number].parse().map_err(|_| "ORDER_NUMBER")?,
            kind: TransactionKind::from_name(cells[self.kind]).ok_or("KIND")?,
            amount: amount(cells[self.amount_fen]).ok_or("AMOUNT")?,
            transaction_id: transaction_id
                .map(str::parse)
                .transpose()
                .map_err(|_| "TRANSACTION_ID")?,
        })
    }
}

/// Whole fen, in digits and nothing else.
fn amount(text: &str) -> Option<Fen> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let fen = text.parse().ok().filter(|fen| digits && *fen <= AMOUNT_FEN_MAX);
    fen.map(Fen)
}

#[cfg(test)]
mod tests;
