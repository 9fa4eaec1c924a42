use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use clap::{Args, ValueEnum};
use contracts::eligibility::v1::RosterRow;
use encoding_rs::{Encoding, GB18030, UTF_8};
use member_identity::{RegionCode, Trade};

use super::super::Problem;
use super::super::arguments::Shown;
use super::super::failure::Failure;
use super::super::output::{ROWS, bar, show_failure};
use super::header::Column;
use crate::roster::{cities, rows};

/// Rows that are written together.
const ROWS_AT_ONCE: usize = 1_000;

/// How to make up a roster.
#[derive(Debug, Args)]
#[command(
    after_help = "The rows name a union for each city, which `zhisong organization create gd \
--region 440000 --name 广东省总工会 --with-cities` makes.

Example: zhisong roster generate --members 1000 --seed 7 --headers zh --encoding gb18030 roster.csv"
)]
pub(super) struct Generate {
    /// How many.
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    members: usize,
    /// The same seed makes the same members.
    #[arg(long, default_value_t = 2022)]
    seed: u64,
    /// The GB/T 2260 code of the province over whose cities they are spread.
    #[arg(long, value_name = "CODE", default_value = "440000")]
    province: String,
    /// The path of the province's union, below which each city has one.
    #[arg(long, value_name = "PATH", default_value = "gd")]
    union: String,
    /// How the file is encoded.
    #[arg(long, value_enum, default_value_t = Written::Utf8)]
    encoding: Written,
    /// The language of the header and of the words in the rows.
    #[arg(long, value_enum, default_value_t = Headers::Zh)]
    headers: Headers,
    /// Where to write; - for standard output.
    file: String,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Written {
    #[value(name = "utf-8")]
    Utf8,
    Gb18030,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Headers {
    /// 姓名, 快递员, 广东省广州市
    Zh,
    /// name, COURIER, 440100
    En,
}

impl Written {
    const fn encoding(self) -> &'static Encoding {
        match self {
            Self::Utf8 => UTF_8,
            Self::Gb18030 => GB18030,
        }
    }
}

impl Generate {
    pub(super) fn run(self) -> Result<(), Problem> {
        let shown = Shown::for_people();
        self.write().map_err(|failure| show_failure(shown, &failure))
    }

    fn write(&self) -> Result<(), Failure> {
        let problem = |why: io::Error| Failure::local(format!("{}: {why}", self.file));
        let result = match self.file.as_str() {
            "-" => self.write_to(io::stdout().lock())?,
            path => self.write_to(File::create(Path::new(path)).map_err(problem)?)?,
        };
        result.map_err(problem)
    }

    /// What the file has against it, inside what the command line has.
    fn write_to(&self, out: impl Write) -> Result<io::Result<()>, Failure> {
        let province = RegionCode::parse(&self.province)
            .map_err(|problem| Failure::local(format!("--province: {problem}")))?;
        let cities = cities(province, &self.union);
        if cities.is_empty() {
            return Err(Failure::local(format!("--province: {} has no cities", self.province)));
        }
        let mut out = BufWriter::new(out);
        let bar = bar(Shown::for_people(), "roster", self.members as u64, ROWS);
        let mut rows = rows(&cities, self.members, self.seed).map(|row| self.cells(row));
        let mut block = vec![self.header()];
        let mut write = || -> io::Result<()> {
            while !block.is_empty() {
                out.write_all(&self.encode(&block)?)?;
                block = rows.by_ref().take(ROWS_AT_ONCE).collect();
                bar.inc(block.len() as u64);
            }
            out.flush()
        };
        let written = write();
        bar.finish_and_clear();
        Ok(written)
    }

    fn header(&self) -> [String; Column::ALL.len()] {
        Column::ALL.map(|column| match self.headers {
            Headers::Zh => column.name_zh().to_owned(),
            Headers::En => column.name_en().to_owned(),
        })
    }

    fn cells(&self, row: RosterRow) -> [String; Column::ALL.len()] {
        let row = match self.headers {
            Headers::Zh => in_chinese(row),
            Headers::En => row,
        };
        [
            row.name,
            row.id_number,
            row.phone,
            row.trade,
            row.employment,
            row.region,
            row.honours,
            row.organization,
        ]
    }

    fn encode(&self, rows: &[[String; Column::ALL.len()]]) -> io::Result<Vec<u8>> {
        let mut csv = csv::Writer::from_writer(Vec::new());
        rows.iter().try_for_each(|row| csv.write_record(row))?;
        let text = csv.into_inner().map_err(|_| io::Error::other("a row could not be written"))?;
        let text = String::from_utf8(text).map_err(io::Error::other)?;
        let (bytes, _, _) = self.encoding.encoding().encode(&text);
        Ok(bytes.into_owned())
    }
}

/// As an office writes it: words and names instead of keys and codes.
fn in_chinese(row: RosterRow) -> RosterRow {
    let trade = Trade::parse(&row.trade).map(|trade| trade.label_zh().to_owned());
    let region = RegionCode::parse(&row.region).map(RegionCode::full_name);
    RosterRow {
        trade: trade.unwrap_or_else(|_| row.trade.clone()),
        region: region.unwrap_or_else(|_| row.region.clone()),
        ..row
    }
}
