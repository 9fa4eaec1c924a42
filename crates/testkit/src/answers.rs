//! What a caller was told: done, refused, or nothing for certain.

use tonic::{Code, Response, Status};
use tonic_types::StatusExt as _;

/// What a call came to, as an honest caller sees it.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer<T> {
    /// It is done.
    Done(T),
    /// It is refused, for a reason as `SOLD_OUT`.
    Refused(String),
    /// Nobody knows: the call was lost, cut off, or the service cannot say now. Only a retry with
    /// the same request id tells.
    Lost(String),
}

impl<T> Answer<T> {
    /// What a call's result tells its caller.
    pub fn of(result: Result<Response<T>, Status>) -> Self {
        match result {
            Ok(response) => Self::Done(response.into_inner()),
            Err(status) => Self::of_status(&status),
        }
    }

    fn of_status(status: &Status) -> Self {
        let reason = status.get_details_error_info().map(|info| info.reason);
        match (status.code(), reason) {
            // Whatever may pass by itself, whoever said it.
            (
                Code::Unavailable
                | Code::ResourceExhausted
                | Code::Aborted
                | Code::DeadlineExceeded
                | Code::Cancelled,
                reason,
            ) => Self::Lost(reason.unwrap_or_else(|| status.to_string())),
            (_, Some(reason)) => Self::Refused(reason),
            // No service of ours says no without a reason: the connection broke.
            (_, None) => Self::Lost(status.to_string()),
        }
    }

    /// What was done; panics with the answer when nothing was, for a test to show.
    #[track_caller]
    pub fn done(self) -> T
    where
        T: std::fmt::Debug,
    {
        match self {
            Self::Done(value) => value,
            other => panic!("is not done: {other:?}"),
        }
    }

    /// Whether a retry with the same request id is needed to know.
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::Lost(_))
    }

    /// The same answer about a part of what was done.
    pub fn map<U>(self, part: impl FnOnce(T) -> U) -> Answer<U> {
        match self {
            Self::Done(value) => Answer::Done(part(value)),
            Self::Refused(reason) => Answer::Refused(reason),
            Self::Lost(why) => Answer::Lost(why),
        }
    }
}
