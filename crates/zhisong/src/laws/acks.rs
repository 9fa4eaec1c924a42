//! Answers that callers got and hold the services to: one JSON object a line.
//!
//! Whoever drives load writes them with an [`AckWriter`] as they arrive; `zhisong laws --acks`
//! compares them with what is stored. A writer that was killed may leave a last line unfinished.

use std::fs::{File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

use member_identity::{AuthorizationId, MemberId, VoucherId};
use serde::{Deserialize, Serialize};

use super::LawProblem;

/// The answer to a call that did what it was asked to.
pub const OK: &str = "OK";
/// The reason of a claim that came too late.
pub(super) const SOLD_OUT: &str = "SOLD_OUT";

/// One acknowledged answer. `answer` is `OK` or the reason of the refusal, as `SOLD_OUT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verb", rename_all = "lowercase")]
pub enum Ack {
    /// Issuance's Claim.
    Claim(ClaimAck),
    /// Redemption's Authorize.
    Authorize(CheckoutAck),
    /// Redemption's Capture.
    Capture(CheckoutAck),
    /// Redemption's Void.
    Void(CheckoutAck),
    /// Redemption's Refund.
    Refund(CheckoutAck),
}

/// What a member app was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClaimAck {
    /// The subject of the caller's token.
    pub caller: String,
    /// The campaign.
    pub campaign_id: String,
    /// The request.
    pub request_id: String,
    /// The member, `mem_...`.
    pub member_id: String,
    /// `OK` or the reason.
    pub answer: String,
    /// The voucher, `vch_...`; of an `OK` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub voucher_id: Option<String>,
    /// The stock, as `day:2022-07-22`: of an `OK`, and of a `SOLD_OUT`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stock_period: Option<String>,
    /// The serial; of an `OK` only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub serial: Option<i64>,
}

/// What a payment platform was told.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckoutAck {
    /// The subject of the caller's token.
    pub caller: String,
    /// The request.
    pub request_id: String,
    /// The authorization of the answer, `aut_...`: of an `OK`, unless it voided an Authorize that
    /// had not arrived.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authorization_id: Option<String>,
    /// `OK` or the reason.
    pub answer: String,
}

/// Writes answers to a file, each whole and at once, so that a killed process loses none that it
/// wrote. May be shared by threads.
pub struct AckWriter(File);

impl AckWriter {
    /// Begins a new file, in the place of an older one.
    pub fn create(path: &Path) -> io::Result<Self> {
        File::create(path)?;
        Self::append(path)
    }

    /// Goes on with a file, which is made when it is not there.
    pub fn append(path: &Path) -> io::Result<Self> {
        OpenOptions::new().create(true).append(true).open(path).map(Self)
    }

    /// Writes one answer down.
    pub fn add(&self, ack: &Ack) -> io::Result<()> {
        let mut line = serde_json::to_vec(ack)?;
        line.push(b'\n');
        (&self.0).write_all(&line)
    }
}

impl Ack {
    /// Why it says nothing that can be checked, when it does.
    fn problem(&self) -> Option<&'static str> {
        match self {
            Self::Claim(claim) => claim.problem(),
            Self::Authorize(ack) | Self::Capture(ack) | Self::Void(ack) | Self::Refund(ack) => {
                let id = ack.authorization_id.as_ref();
                let odd = id.is_some_and(|id| id.parse::<AuthorizationId>().is_err());
                odd.then_some("authorization_id is not aut_ and 32 hexadecimal digits")
            }
        }
    }
}

impl ClaimAck {
    fn problem(&self) -> Option<&'static str> {
        let voucher_id = self.voucher_id.as_ref().map(|id| id.parse::<VoucherId>());
        match (self.answer.as_str(), voucher_id) {
            _ if self.member_id.parse::<MemberId>().is_err() => {
                Some("member_id is not mem_ and 32 hexadecimal digits")
            }
            (OK | SOLD_OUT, _) if self.stock_period.is_none() => Some("stock_period is missing"),
            (OK, None) => Some("voucher_id is missing"),
            (OK, Some(Err(_))) => Some("voucher_id is not vch_ and 32 hexadecimal digits"),
            (OK, Some(Ok(_))) if self.serial.is_none() => Some("serial is missing"),
            _ => None,
        }
    }
}

/// The file as it was when the check began; read line by line, as often as it is needed.
pub(super) struct Acks {
    path: PathBuf,
    bytes: u64,
}

/// How a line was read.
enum Line {
    Ack(Box<Ack>),
    Unfinished,
}

impl Acks {
    pub fn open(path: &Path) -> Result<Self, LawProblem> {
        let file = |source| LawProblem::File { path: path.to_owned(), source };
        let bytes = path.metadata().map_err(file)?.len();
        Ok(Self { path: path.to_owned(), bytes })
    }

    /// Every answer in turn, and at the end whether the last line was left unfinished.
    pub fn lines(&self) -> Result<AckLines<'_>, LawProblem> {
        let file = File::open(&self.path).map_err(|source| self.file_problem(source))?;
        let reader = BufReader::new(file.take(self.bytes));
        Ok(AckLines { acks: self, reader, line: 0, unfinished: 0 })
    }

    fn file_problem(&self, source: io::Error) -> LawProblem {
        LawProblem::File { path: self.path.clone(), source }
    }
}

/// The lines of a file of answers.
pub(super) struct AckLines<'a> {
    acks: &'a Acks,
    reader: BufReader<io::Take<File>>,
    line: u64,
    unfinished: u64,
}

impl AckLines<'_> {
    /// The next answer; none at the end.
    pub fn next(&mut self) -> Result<Option<Ack>, LawProblem> {
        let mut bytes = Vec::new();
        loop {
            bytes.clear();
            let read = self.reader.read_until(b'\n', &mut bytes);
            if read.map_err(|source| self.acks.file_problem(source))? == 0 {
                return Ok(None);
            }
            self.line += 1;
            if bytes.trim_ascii().is_empty() {
                continue;
            }
            match self.read(&bytes)? {
                Line::Ack(ack) => return Ok(Some(*ack)),
                Line::Unfinished => self.unfinished += 1,
            }
        }
    }

    /// Lines that a killed writer left unfinished: none or one.
    pub fn unfinished(&self) -> u64 {
        self.unfinished
    }

    fn read(&self, bytes: &[u8]) -> Result<Line, LawProblem> {
        let problem = |problem: String| LawProblem::Line {
            path: self.acks.path.clone(),
            line: self.line,
            problem,
        };
        match serde_json::from_slice::<Ack>(bytes) {
            Ok(ack) => match ack.problem() {
                None => Ok(Line::Ack(Box::new(ack))),
                Some(found) => Err(problem(found.to_owned())),
            },
            Err(_) if bytes.last() != Some(&b'\n') => Ok(Line::Unfinished),
            Err(error) => Err(problem(format!("is not an answer: {error}"))),
        }
    }
}
