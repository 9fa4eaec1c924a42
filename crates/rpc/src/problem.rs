use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Display;
use std::time::Duration;

use contracts::common::v1::ErrorReason;
use tonic::{Code, Status};
use tonic_types::{
    BadRequest, ErrorDetail, ErrorInfo, FieldViolation, LocalizedMessage, QuotaFailure, RetryInfo,
    StatusExt,
};

use crate::reasons::{self, Spec};

/// The domain of every `google.rpc.ErrorInfo` we send.
const DOMAIN: &str = "zhisong";
/// Clients cap the size of trailers, so no more violations than this are listed.
const VIOLATIONS_MAX: usize = 20;
/// Each listed violation is cut to this many characters.
const VIOLATION_CHARS_MAX: usize = 160;

/// A refusal, as a caller receives it: a reason, its data, and text for a till or a member.
///
/// Code and texts follow from the reason; the message is constant and data are metadata.
#[derive(Debug, Clone)]
pub struct Problem(Box<Content>);

#[derive(Debug, Clone)]
struct Content {
    reason: ErrorReason,
    code: Option<Code>,
    metadata: HashMap<String, String>,
    violations: Vec<FieldViolation>,
    quota: Option<(String, String)>,
    retry_after: Option<Duration>,
    texts: Option<(String, String)>,
}

impl Problem {
    /// A refusal for `reason`, with the code and texts that the reason has.
    pub fn new(reason: ErrorReason) -> Self {
        Self(Box::new(Content {
            reason,
            code: None,
            metadata: HashMap::new(),
            violations: Vec::new(),
            quota: None,
            retry_after: reasons::spec(reason).retry_after,
            texts: None,
        }))
    }

    /// A request with one malformed field.
    pub fn field(path: impl Into<String>, problem: impl Into<String>) -> Self {
        Self::new(ErrorReason::FieldInvalid).violation(path, problem)
    }

    /// Nothing of that kind is visible to the caller.
    pub fn not_found(kind: &'static str) -> Self {
        Self::new(ErrorReason::NotFound).with("kind", kind)
    }

    /// A database or peer that cannot be reached.
    pub fn unavailable(dependency: &'static str) -> Self {
        Self::new(ErrorReason::DependencyUnavailable).with("dependency", dependency)
    }

    /// Uses the code that reads use for a reason that changes answer with another.
    pub fn as_not_found(mut self) -> Self {
        self.0.code = Some(Code::NotFound);
        self
    }

    /// Adds a metadata value, under a key that the reason documents.
    pub fn with(mut self, key: &'static str, value: impl Display) -> Self {
        let reason = self.0.reason;
        debug_assert!(reasons::spec(reason).keys.contains(&key), "{reason:?} documents no {key}");
        self.0.metadata.insert(key.to_owned(), value.to_string());
        self
    }

    /// Adds a field path and what is wrong there.
    pub fn violation(mut self, path: impl Into<String>, problem: impl Into<String>) -> Self {
        let problem: String = problem.into();
        let problem = problem.chars().take(VIOLATION_CHARS_MAX).collect::<String>();
        self.0.violations.push(FieldViolation::new(path, problem));
        self
    }

    /// Names the quota that is used up: the subject, as `campaign:x`, and what it allows.
    pub fn quota(mut self, subject: impl Into<String>, description: impl Into<String>) -> Self {
        self.0.quota = Some((subject.into(), description.into()));
        self
    }

    /// States when the same request may be sent again.
    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.0.retry_after = Some(delay);
        self
    }

    /// Replaces the reason's texts by those of a criterion, in Chinese and English.
    pub fn texts(mut self, zh: impl Into<String>, en: impl Into<String>) -> Self {
        self.0.texts = Some((zh.into(), en.into()));
        self
    }

    /// The reason.
    pub fn reason(&self) -> ErrorReason {
        self.0.reason
    }

    /// The reason's stable name, as `SOLD_OUT`.
    pub fn reason_name(&self) -> &'static str {
        reason_name(self.0.reason)
    }

    /// The texts that would be shown, in Chinese and English.
    pub fn shown(&self) -> (Cow<'_, str>, Cow<'_, str>) {
        match &self.0.texts {
            Some((zh, en)) => (Cow::Borrowed(zh), Cow::Borrowed(en)),
            None => {
                let Spec { zh, en, .. } = reasons::spec(self.0.reason);
                (Cow::Borrowed(zh), Cow::Borrowed(en))
            }
        }
    }

    fn details(&self) -> Vec<ErrorDetail> {
        let content = &self.0;
        let info = ErrorInfo::new(self.reason_name(), DOMAIN, content.metadata.clone());
        let (zh, en) = self.shown();
        let mut details = vec![
            info.into(),
            LocalizedMessage::new("zh-CN", zh).into(),
            LocalizedMessage::new("en", en).into(),
        ];
        if !content.violations.is_empty() {
            let listed = content.violations.iter().take(VIOLATIONS_MAX).cloned();
            details.push(BadRequest::new(listed.collect::<Vec<_>>()).into());
        }
        if let Some((subject, description)) = &content.quota {
            details.push(QuotaFailure::with_violation(subject, description).into());
        }
        if let Some(delay) = content.retry_after {
            details.push(RetryInfo::new(Some(delay)).into());
        }
        details
    }
}

/// A reason's stable name: the enum value without its prefix.
pub(crate) fn reason_name(reason: ErrorReason) -> &'static str {
    let name = reason.as_str_name();
    name.strip_prefix("ERROR_REASON_").unwrap_or(name)
}

impl From<Problem> for Status {
    fn from(problem: Problem) -> Self {
        let spec = reasons::spec(problem.0.reason);
        let code = problem.0.code.unwrap_or(spec.code);
        Self::with_error_details_vec(code, spec.en, problem.details())
    }
}
