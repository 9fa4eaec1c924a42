//! A statement as a Parquet file, made from its CSV as that comes in: one column each, amounts and
//! line numbers as INT64, instants as microseconds in UTC, everything else as text. It can be turned
//! back into the CSV byte by byte, whose digest and signed lines it carries.
//!
//! **Invariant:** at most [`GROUP_ROWS`] rows are in memory, however many there are.

use std::fs::File;
use std::io::{self, Write};
use std::sync::Arc;

use contracts::redemption::v1::StatementHead;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::parser::parse_message_type;

use crate::hex::hex;

/// Rows of one row group: a few megabytes.
const GROUP_ROWS: usize = 10_000;
/// A cell that may be empty has a value at this level, and none below it.
const THERE: i16 = 1;

/// Takes a statement's CSV in pieces that end anywhere.
pub(super) struct Rows {
    /// The beginning of a line that has not ended yet.
    begun: Vec<u8>,
    table: Table,
}

enum Table {
    /// The header line has not come yet.
    Nameless(File),
    Named(Box<Named>),
}

struct Named {
    columns: Vec<Column>,
    rows: usize,
    file: SerializedFileWriter<File>,
}

/// The cells of a row group that come under one name.
enum Column {
    Integers(Vec<i64>),
    Instants(Vec<i64>),
    Texts(Vec<ByteArray>),
    /// Texts that are there, and the level of each row.
    MaybeTexts(Vec<ByteArray>, Vec<i16>),
}

impl Rows {
    /// Rows that are written to a file which is empty.
    pub(super) fn into(file: File) -> Self {
        Self { begun: Vec::new(), table: Table::Nameless(file) }
    }

    /// Ends the file with what was signed. Its CSV has come to its end, and is what the head says.
    pub(super) fn finish(self, head: &StatementHead, signed: String) -> io::Result<File> {
        let Table::Named(mut table) = self.table else {
            return Err(io::Error::other("the statement has no header line"));
        };
        table.end_group()?;
        let said = [
            ("zhisong.statement", signed),
            ("zhisong.sha256", hex(&head.sha256)),
            ("zhisong.signature", hex(&head.signature)),
        ];
        for (key, value) in said {
            table.file.append_key_value_metadata(KeyValue::new(key.to_owned(), value));
        }
        table.file.into_inner().map_err(unwritten)
    }
}

impl Write for Rows {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut rest = bytes;
        while let Some(end) = rest.iter().position(|byte| *byte == b'\n') {
            let (last, after) = rest.split_at(end);
            self.begun.extend_from_slice(last);
            let line = std::mem::take(&mut self.begun);
            let line = String::from_utf8(line).map_err(io::Error::other)?;
            self.table.take(&line)?;
            rest = &after[1..];
        }
        self.begun.extend_from_slice(rest);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Table {
    fn take(&mut self, line: &str) -> io::Result<()> {
        match self {
            Self::Nameless(file) => {
                let named = Named::begin(file.try_clone()?, line)?;
                *self = Self::Named(Box::new(named));
                Ok(())
            }
            Self::Named(named) => named.take(line),
        }
    }
}

impl Named {
    fn begin(file: File, header: &str) -> io::Result<Self> {
        let names: Vec<_> = header.split(',').collect();
        let fields: String = names.iter().map(|name| field(name)).collect();
        let schema = parse_message_type(&format!("message statement {{ {fields} }}"));
        let schema = Arc::new(schema.map_err(unwritten)?);
        let properties = Arc::new(WriterProperties::builder().build());
        let file = SerializedFileWriter::new(file, schema, properties).map_err(unwritten)?;
        Ok(Self { columns: names.into_iter().map(Column::named).collect(), rows: 0, file })
    }

    fn take(&mut self, line: &str) -> io::Result<()> {
        // No value of a statement needs quoting.
        let cells: Vec<_> = line.split(',').collect();
        if cells.len() != self.columns.len() {
            return Err(io::Error::other("a row has not as many cells as the header line"));
        }
        for (column, cell) in self.columns.iter_mut().zip(cells) {
            column.add(cell)?;
        }
        self.rows += 1;
        match self.rows < GROUP_ROWS {
            true => Ok(()),
            false => self.end_group(),
        }
    }

    fn end_group(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.rows) == 0 {
            return Ok(());
        }
        let mut group = self.file.next_row_group().map_err(unwritten)?;
        for column in &mut self.columns {
            let writer = group.next_column().map_err(unwritten)?;
            let writer = writer.ok_or_else(|| io::Error::other("a column has no place"))?;
            column.write_to(writer).map_err(unwritten)?;
        }
        group.close().map_err(unwritten).map(drop)
    }
}

impl Column {
    fn named(name: &str) -> Self {
        match name {
            "line" | "amount_fen" => Self::Integers(Vec::new()),
            "at" => Self::Instants(Vec::new()),
            "late_of" => Self::MaybeTexts(Vec::new(), Vec::new()),
            _ => Self::Texts(Vec::new()),
        }
    }

    fn add(&mut self, cell: &str) -> io::Result<()> {
        match self {
            Self::Integers(values) => values.push(cell.parse().map_err(io::Error::other)?),
            Self::Instants(values) => {
                let at: jiff::Timestamp = cell.parse().map_err(io::Error::other)?;
                values.push(at.as_microsecond());
            }
            Self::Texts(values) => values.push(ByteArray::from(cell)),
            Self::MaybeTexts(_, levels) if cell.is_empty() => levels.push(THERE - 1),
            Self::MaybeTexts(values, levels) => {
                values.push(ByteArray::from(cell));
                levels.push(THERE);
            }
        }
        Ok(())
    }

    /// Writes its cells and forgets them.
    fn write_to(&mut self, writer: SerializedColumnWriter<'_>) -> Result<(), ParquetError> {
        match self {
            Self::Integers(values) | Self::Instants(values) => {
                write_all::<Int64Type>(writer, std::mem::take(values), None)
            }
            Self::Texts(values) => write_all::<ByteArrayType>(writer, std::mem::take(values), None),
            Self::MaybeTexts(values, levels) => {
                let levels = std::mem::take(levels);
                write_all::<ByteArrayType>(writer, std::mem::take(values), Some(&levels))
            }
        }
    }
}

fn write_all<T: DataType>(
    mut writer: SerializedColumnWriter<'_>,
    values: Vec<T::T>,
    levels: Option<&[i16]>,
) -> Result<(), ParquetError> {
    writer.typed::<T>().write_batch(&values, levels, None)?;
    writer.close()
}

/// A column in the language of schemas.
fn field(name: &str) -> String {
    match Column::named(name) {
        Column::Integers(_) => format!("required int64 {name};"),
        Column::Instants(_) => format!("required int64 {name} (TIMESTAMP(MICROS,true));"),
        Column::Texts(_) => format!("required binary {name} (UTF8);"),
        Column::MaybeTexts(..) => format!("optional binary {name} (UTF8);"),
    }
}

fn unwritten(why: ParquetError) -> io::Error {
    io::Error::other(why)
}

#[cfg(test)]
mod tests;
