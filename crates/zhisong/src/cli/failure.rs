//! Why a command did not do what it was asked to.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use serde_json::{Value, json};
use tonic::{Code, Status};
use tonic_types::{ErrorDetail, StatusExt as _};

use super::arguments::Language;

/// Why a command failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// The service refused.
    Refused(Box<Refusal>),
    /// Nothing answers there.
    Unreachable {
        /// Where.
        server: String,
    },
    /// The connection broke before the answer came.
    Lost {
        /// What the transport said.
        why: String,
        /// How to go on.
        advice: String,
    },
    /// It never came to a call.
    Local(String),
}

/// A refusal as the service sent it.
#[derive(Debug)]
pub(super) struct Refusal {
    reason: String,
    code: Code,
    message: String,
    texts: Vec<(String, String)>,
    metadata: BTreeMap<String, String>,
    violations: Vec<(String, String)>,
    retry_after: Option<Duration>,
}

impl Failure {
    /// A problem on this side.
    pub(super) fn local(text: impl Into<String>) -> Self {
        Self::Local(text.into())
    }

    /// An answer that lacks what the contract promises.
    pub(super) fn missing(what: &str) -> Self {
        Self::Local(format!("the answer has no {what}: is the server of another version?"))
    }

    /// The refusal's reason, if it is one.
    pub(super) fn reason(&self) -> Option<&str> {
        match self {
            Self::Refused(refusal) => Some(&refusal.reason),
            Self::Unreachable { .. } | Self::Lost { .. } | Self::Local(_) => None,
        }
    }

    /// Says how to go on when it was the connection that broke.
    pub(super) fn or_resume(self, how: impl FnOnce() -> String) -> Self {
        match self {
            Self::Lost { why, .. } => Self::Lost { why, advice: how() },
            other => other,
        }
    }

    /// For people.
    pub(super) fn text(&self, language: Language) -> String {
        match self {
            Self::Refused(refusal) => refusal.text_for(language),
            Self::Unreachable { server } => format!(
                "nothing answers at {server}: start the services with `zhisong up`, or name \
                 another address with --server"
            ),
            Self::Lost { why, advice } => {
                format!("the connection was lost before the answer came ({why}); {advice}")
            }
            Self::Local(text) => text.clone(),
        }
    }

    /// For programs.
    pub(super) fn json(&self, language: Language) -> Value {
        let error = match self {
            Self::Refused(refusal) => refusal.json(language),
            Self::Unreachable { .. } => {
                json!({ "reason": "UNREACHABLE", "text": self.text(language) })
            }
            Self::Lost { .. } => {
                json!({ "reason": "CONNECTION_LOST", "text": self.text(language) })
            }
            Self::Local(text) => json!({ "reason": "LOCAL", "text": text }),
        };
        json!({ "error": error })
    }
}

/// A status that carries a reason is the service's word. One that does not is the transport's: it
/// broke, unless it says what it has against the call itself.
impl From<Status> for Failure {
    fn from(status: Status) -> Self {
        if let Some(refusal) = Refusal::of(&status) {
            return Self::Refused(Box::new(refusal));
        }
        let message = status.message().to_owned();
        match status.code() {
            Code::Unavailable | Code::Unknown | Code::Cancelled | Code::Internal => Self::Lost {
                why: message,
                advice: "repeat the command, with the same --request-id if it has one, to learn \
                         what became of it"
                    .to_owned(),
            },
            code => Self::Local(format!("{code:?}: {message}")),
        }
    }
}

impl Refusal {
    fn of(status: &Status) -> Option<Self> {
        let info = status.get_details_error_info()?;
        let mut refusal = Self {
            reason: info.reason,
            code: status.code(),
            message: status.message().to_owned(),
            texts: Vec::new(),
            metadata: info.metadata.into_iter().collect(),
            violations: Vec::new(),
            retry_after: None,
        };
        for detail in status.get_error_details_vec() {
            match detail {
                ErrorDetail::LocalizedMessage(text) => {
                    refusal.texts.push((text.locale, text.message));
                }
                ErrorDetail::BadRequest(fields) => {
                    let fields = fields.field_violations.into_iter();
                    refusal.violations.extend(fields.map(|one| (one.field, one.description)));
                }
                ErrorDetail::RetryInfo(retry) => refusal.retry_after = retry.retry_delay,
                _ => {}
            }
        }
        Some(refusal)
    }

    fn text_in(&self, language: Language) -> &str {
        let own = self.texts.iter().find(|(locale, _)| locale.starts_with(language.locale()));
        own.map_or(&self.message, |(_, text)| text)
    }

    fn text_for(&self, language: Language) -> String {
        let mut text = format!("{}: {}", self.reason, self.text_in(language));
        for (name, value) in &self.metadata {
            let _ = write!(text, "\n  {name}: {value}");
        }
        for (field, problem) in &self.violations {
            let _ = write!(text, "\n  {field}: {problem}");
        }
        if let Some(delay) = self.retry_after {
            let _ = write!(
                text,
                "\n  the same command, with the same --request-id if it has one, may be repeated \
                 after {delay:?}"
            );
        }
        text
    }

    fn json(&self, language: Language) -> Value {
        let violation =
            |(field, problem): &(String, String)| json!({ "field": field, "problem": problem });
        json!({
            "reason": self.reason,
            "code": format!("{:?}", self.code),
            "text": self.text_in(language),
            "metadata": self.metadata,
            "violations": self.violations.iter().map(violation).collect::<Vec<_>>(),
            "retry_after_ms": self.retry_after.map(|delay| delay.as_millis() as u64),
        })
    }
}
