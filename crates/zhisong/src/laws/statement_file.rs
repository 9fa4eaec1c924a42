//! The file of a statement, made again from rows of the journal alone.

use std::fmt;

use aws_lc_rs::digest;
use clock::Timestamp;

use super::LawProblem;
use super::snapshot::Row;
use crate::hex::hex;

/// The first line of a file of the first form, of the second, and of the third.
const HEADERS: [&str; 3] = [
    "line,business_day,kind,transaction_id,authorization_id,order_number,campaign_id,organization,\
     voucher_id,amount_fen,at,late_of\n",
    "line,payout_id,business_day,kind,platform,transaction_id,authorization_id,order_number,\
     campaign_id,organization,voucher_id,amount_fen,at,late_of\n",
    "line,payout_id,business_day,kind,platform,shop_id,transaction_id,authorization_id,\
     order_number,campaign_id,organization,voucher_id,amount_fen,at,late_of\n",
];

/// Whom a statement is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Platform,
    Funder,
    Chain,
}

/// A day and a counterparty.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Key {
    pub day: String,
    pub kind: Kind,
    counterparty: String,
}

/// What a statement says that it holds.
#[derive(PartialEq, Eq)]
pub(super) struct Head {
    pub format: i64,
    pub rows: i64,
    pub captured_fen: i64,
    pub refunded_fen: i64,
    sha256: Vec<u8>,
}

/// The file that the journal gives.
pub(super) struct Writer {
    day: String,
    payout_id: String,
    head: Head,
    digest: digest::Context,
}

impl Key {
    /// Of a row of `statement`.
    pub fn of_statement(row: &Row) -> Result<Self, LawProblem> {
        let kind = match row.get::<&str>("kind")? {
            "PLATFORM" => Kind::Platform,
            "CHAIN" => Kind::Chain,
            _ => Kind::Funder,
        };
        Ok(Self { day: row.get("business_day")?, kind, counterparty: row.get("counterparty")? })
    }

    /// The statements that a row of the journal is in: two, and that of its chain if it has one.
    pub fn of_row(row: &Row) -> Result<Vec<Self>, LawProblem> {
        let day: &str = row.get("business_day")?;
        let key = |kind, name: String| Self { day: day.to_owned(), kind, counterparty: name };
        let platform = key(Kind::Platform, row.get("partner")?);
        let funder = key(Kind::Funder, row.get("organization")?);
        let chain = row.get::<Option<String>>("chain")?;
        let chain = chain.map(|chain| key(Kind::Chain, chain));
        Ok([platform, funder].into_iter().chain(chain).collect())
    }

    /// The form of such a statement of a day that is closed now.
    pub fn format(&self) -> i64 {
        match self.kind {
            Kind::Platform | Kind::Funder => 2,
            Kind::Chain => 3,
        }
    }

    /// The first 16 bytes of a digest of day and counterparty.
    fn payout_id(&self) -> String {
        let named = format!("zhisong-payout {self}");
        let digest = digest::digest(&digest::SHA256, named.as_bytes());
        format!("pay_{}", hex(&digest.as_ref()[..16]))
    }
}

/// `2022-07-22 PLATFORM:wepay`.
impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            Kind::Platform => "PLATFORM",
            Kind::Funder => "FUNDER",
            Kind::Chain => "CHAIN",
        };
        write!(f, "{} {kind}:{}", self.day, self.counterparty)
    }
}

impl Head {
    /// Of a row of `statement`.
    pub fn stated(row: &Row) -> Result<Self, LawProblem> {
        Ok(Self {
            format: row.get("format")?,
            rows: row.get("rows")?,
            captured_fen: row.get("captured_fen")?,
            refunded_fen: row.get("refunded_fen")?,
            sha256: row.get("sha256")?,
        })
    }
}

impl Writer {
    pub fn begin(format: i64, key: &Key) -> Self {
        let [first, second, third] = HEADERS;
        let mut digest = digest::Context::new(&digest::SHA256);
        let header = match format {
            1 => first,
            3 => third,
            _ => second,
        };
        digest.update(header.as_bytes());
        let head = Head { format, rows: 0, captured_fen: 0, refunded_fen: 0, sha256: Vec::new() };
        Self { day: key.day.clone(), payout_id: key.payout_id(), head, digest }
    }

    pub fn line(&mut self, row: &Row, amount_fen: i64) -> Result<(), LawProblem> {
        let text = |column| row.get::<&str>(column);
        let id = |column| row.get::<&[u8]>(column).map(hex);
        let kind = text("kind")?;
        match kind {
            "CAPTURE" => self.head.captured_fen += amount_fen,
            _ => self.head.refunded_fen += amount_fen,
        }
        self.head.rows += 1;
        let (rows, day) = (self.head.rows, &self.day);
        let begin = match self.head.format {
            1 => format!("{rows},{day},{kind}"),
            2 => format!("{rows},{},{day},{kind},{}", self.payout_id, text("partner")?),
            _ => {
                let (partner, shop_id) = (text("partner")?, row.get::<Option<&str>>("shop_id")?);
                let shop_id = shop_id.unwrap_or_default();
                format!("{rows},{},{day},{kind},{partner},{shop_id}", self.payout_id)
            }
        };
        let line = format!(
            "{begin},txn_{},aut_{},{},{},{},vch_{},{amount_fen},{},{}\n",
            id("transaction_id")?,
            id("authorization_id")?,
            text("order_number")?,
            text("campaign_id")?,
            text("organization")?,
            id("voucher_id")?,
            Timestamp::from_micros(row.get("created_at")?),
            row.get::<Option<&str>>("late_of")?.unwrap_or_default(),
        );
        self.digest.update(line.as_bytes());
        Ok(())
    }

    pub fn finish(self) -> Head {
        let sha256 = self.digest.finish().as_ref().to_vec();
        Head { sha256, ..self.head }
    }
}
