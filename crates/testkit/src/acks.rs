//! Every acknowledged answer, written down for the law check and held against later answers.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use contracts::issuance::v1::{ClaimRequest, ClaimResponse, Voucher};
use contracts::redemption::v1::Authorization;
use serde_json::{Value, json};

use crate::answers::Answer;
use crate::clients::{APP, PLATFORM};

/// A verb of the checkout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Hold.
    Authorize,
    /// Use.
    Capture,
    /// Let go.
    Void,
    /// Give back.
    Refund,
}

impl Verb {
    const fn name(self) -> &'static str {
        match self {
            Self::Authorize => "authorize",
            Self::Capture => "capture",
            Self::Void => "void",
            Self::Refund => "refund",
        }
    }
}

/// The same request was answered in two ways, or the answer could not be written down.
#[derive(Debug, thiserror::Error)]
pub enum AckProblem {
    /// Law A1 is broken.
    #[error("{request_id} was answered {first} and then {then}")]
    Contradiction {
        /// The request.
        request_id: String,
        /// What was said first.
        first: String,
        /// What was said later.
        then: String,
    },
    /// The file cannot be written.
    #[error("the acknowledged answers cannot be written down: {0}")]
    File(#[from] io::Error),
}

/// The book of what callers were told, one JSON object a line. Nothing that a caller did not
/// receive is ever written down.
pub struct Acks {
    path: PathBuf,
    book: Mutex<Book>,
}

struct Book {
    file: File,
    claims: HashMap<(String, String), Voucher>,
    checkouts: HashMap<(Verb, String), Answer<Option<Authorization>>>,
}

impl Acks {
    /// An empty book in a file.
    pub fn create(path: &Path) -> Result<Self, AckProblem> {
        let book =
            Book { file: File::create(path)?, claims: HashMap::new(), checkouts: HashMap::new() };
        Ok(Self { path: path.to_owned(), book: Mutex::new(book) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What a member app was told that drew on a stock, as `day:2022-07-22`. A voucher must be
    /// told again for ever; a refusal may change.
    pub fn claim(
        &self,
        request: &ClaimRequest,
        stock_period: &str,
        answer: &Answer<ClaimResponse>,
    ) -> Result<(), AckProblem> {
        let mut line = json!({
            "verb": "claim",
            "caller": APP,
            "campaign_id": request.campaign_id,
            "request_id": request.request_id,
            "member_id": request.member_id,
            "stock_period": stock_period,
        });
        let key = (request.member_id.clone(), request.request_id.clone());
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        match answer {
            Answer::Lost(_) => return Ok(()),
            Answer::Refused(reason) => {
                if let Some(first) = book.claims.get(&key) {
                    return Err(contradiction(&request.request_id, first, reason));
                }
                line["answer"] = reason.as_str().into();
            }
            Answer::Done(ClaimResponse { voucher }) => {
                let voucher = voucher.clone().unwrap_or_default();
                line["answer"] = "OK".into();
                line["voucher_id"] = voucher.voucher_id.as_str().into();
                line["stock_period"] = voucher.stock_period.as_str().into();
                line["serial"] = voucher.serial.into();
                match book.claims.entry(key) {
                    Entry::Occupied(first) if *first.get() != voucher => {
                        return Err(contradiction(&request.request_id, first.get(), &voucher));
                    }
                    Entry::Occupied(_) => return Ok(()),
                    Entry::Vacant(place) => drop(place.insert(voucher)),
                }
            }
        }
        book.write(&line)
    }

    /// What a payment platform was told: the same must be told again for ever, also a refusal.
    pub fn checkout(
        &self,
        verb: Verb,
        request_id: &str,
        answer: &Answer<Option<Authorization>>,
    ) -> Result<(), AckProblem> {
        let mut line = json!({
            "verb": verb.name(),
            "caller": PLATFORM,
            "request_id": request_id,
        });
        match answer {
            Answer::Lost(_) => return Ok(()),
            Answer::Refused(reason) => line["answer"] = reason.as_str().into(),
            Answer::Done(made) => {
                line["answer"] = "OK".into();
                if let Some(made) = made {
                    line["authorization_id"] = made.authorization_id.as_str().into();
                }
            }
        }
        let mut book = self.book.lock().unwrap_or_else(PoisonError::into_inner);
        match book.checkouts.entry((verb, request_id.to_owned())) {
            Entry::Occupied(first) if first.get() != answer => {
                Err(contradiction(request_id, first.get(), answer))
            }
            Entry::Occupied(_) => Ok(()),
            Entry::Vacant(place) => {
                place.insert(answer.clone());
                book.write(&line)
            }
        }
    }
}

impl Book {
    fn write(&mut self, line: &Value) -> Result<(), AckProblem> {
        Ok(writeln!(self.file, "{line}")?)
    }
}

fn contradiction(
    request_id: &str,
    first: &impl std::fmt::Debug,
    then: &impl std::fmt::Debug,
) -> AckProblem {
    AckProblem::Contradiction {
        request_id: request_id.to_owned(),
        first: format!("{first:?}"),
        then: format!("{then:?}"),
    }
}
