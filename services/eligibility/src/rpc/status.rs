use rpc::{ErrorReason, Problem};
use sql::StoreError;

use crate::domain::Refusal;
use crate::domain::policy::CriterionProblem;
use crate::usecase::Failure;

/// What a caller is told about a failure. The one place that maps them.
pub(super) fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Refused(refusal) => refused(refusal),
        Failure::Store(error) => store_problem(&error),
        // The task that follows the database says why, once.
        Failure::Outdated => Problem::unavailable("database"),
        Failure::Fault(fault) => {
            tracing::error!(fault, "a call met a fault");
            Problem::new(ErrorReason::Internal)
        }
    }
}

fn refused(refusal: Refusal) -> Problem {
    match refusal {
        Refusal::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        Refusal::NotFound(kind) => Problem::not_found(kind),
        Refusal::FieldInvalid { path, problem } => Problem::field(path, problem),
        Refusal::OrganizationExists { field } => {
            Problem::new(ErrorReason::OrganizationExists).with("field", field)
        }
        Refusal::ParentMissing { parent } => {
            Problem::new(ErrorReason::ParentMissing).with("parent", parent)
        }
        Refusal::MemberUnknown => Problem::new(ErrorReason::MemberUnknown).as_not_found(),
        Refusal::RequestIdReused { field } => {
            Problem::new(ErrorReason::RequestIdReused).with("field", field)
        }
        Refusal::ImportIdReused => Problem::new(ErrorReason::ImportIdReused),
        Refusal::CriteriaInvalid(problems) => criteria_invalid(&problems),
        Refusal::CardExists(card_id) => {
            Problem::new(ErrorReason::CardExists).with("card_id", card_id)
        }
        Refusal::CardState { state, verb } => Problem::new(ErrorReason::CardState)
            .with("state", state.as_str())
            .with("verb", verb.as_str()),
        Refusal::MemberSuspended => Problem::new(ErrorReason::MemberSuspended),
        Refusal::CodeInvalid => Problem::new(ErrorReason::CardCodeInvalid),
        Refusal::CodeExpired => Problem::new(ErrorReason::CardCodeExpired),
        Refusal::CodeReplayed => Problem::new(ErrorReason::CardCodeReplayed),
        Refusal::VerificationLimited { retry_after } => {
            Problem::new(ErrorReason::VerificationLimited)
                .quota("verification", "verifications that came to nothing in a minute")
                .retry_after(retry_after)
        }
        Refusal::AccountLinked => Problem::new(ErrorReason::AccountLinked),
    }
}

fn criteria_invalid(problems: &[CriterionProblem]) -> Problem {
    let first = problems.first().map_or("", |first| first.criterion_id.as_str());
    let answer = Problem::new(ErrorReason::CriterionInvalid).with("criterion", first);
    problems.iter().fold(answer, |answer, one| {
        let path = format!("criteria[{}].expression", one.position);
        answer.violation(path, one.problem.to_string())
    })
}

fn store_problem(error: &StoreError) -> Problem {
    match error {
        StoreError::Conflict => Problem::new(ErrorReason::Conflict),
        StoreError::OutcomeUnknown => Problem::new(ErrorReason::OutcomeUnknown),
        StoreError::Unavailable { .. } => {
            tracing::warn!(error = %error, "the database cannot be used");
            Problem::unavailable("database")
        }
        StoreError::Corrupt { .. } => {
            tracing::error!(error = %error, "the database holds what it cannot hold");
            Problem::new(ErrorReason::Internal)
        }
    }
}
