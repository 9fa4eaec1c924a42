//! Every failure as the refusal that a caller sees. The one place that maps them.

use clock::Timestamp;
use group_commit::LaneProblem;
use rpc::{ErrorReason, Problem};
use tonic::Status;

use crate::domain::{CampaignId, CampaignRefusal, ClaimRefusal, FundRefusal};
use crate::store::StoreError;
use crate::usecase::Failure;

pub(super) fn status(failure: Failure) -> Status {
    problem(failure).into()
}

pub(super) fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Claim(refusal) => claim(refusal),
        Failure::Campaign(refusal) => campaign(&refusal),
        Failure::Fund(refusal) => fund(&refusal),
        Failure::NotFound(kind) => Problem::not_found(kind),
        Failure::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        // Only reads ask for a member by itself.
        Failure::MemberUnknown => Problem::new(ErrorReason::MemberUnknown).as_not_found(),
        Failure::ForeignCursors(_) => Problem::new(ErrorReason::ForeignCursors),
        Failure::ForeignCursor => {
            Problem::field("header.selection.cursor", "not a cursor of this selection")
        }
        Failure::Stopping => Problem::new(ErrorReason::Stopping),
        Failure::Eligibility => Problem::unavailable("eligibility"),
        Failure::Lane(problem) => lane(problem),
        Failure::Store(error) => store(&error),
    }
}

fn claim(refusal: ClaimRefusal) -> Problem {
    match refusal {
        ClaimRefusal::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        ClaimRefusal::RequestIdReused => request_id_reused("member_id"),
        ClaimRefusal::CampaignNotActive { state } => {
            Problem::new(ErrorReason::CampaignNotActive).with("state", state)
        }
        ClaimRefusal::OutsideDates { starts_on, ends_on } => {
            Problem::new(ErrorReason::OutsideCampaignDates)
                .with("starts_on", starts_on)
                .with("ends_on", ends_on)
        }
        ClaimRefusal::OutsideHours { opens_at } => {
            Problem::new(ErrorReason::OutsideClaimHours).with("opens_at", opens_at)
        }
        ClaimRefusal::VerdictsOutdated => Problem::new(ErrorReason::Conflict),
        ClaimRefusal::MemberUnknown => Problem::new(ErrorReason::MemberUnknown),
        ClaimRefusal::PersonLimitReached { campaign_id, limit, resets_at } => {
            let problem = Problem::new(ErrorReason::PersonLimitReached).with("limit", limit);
            let allowed = format!("{limit} for a person in one period");
            quota(problem, &campaign_id, allowed, resets_at)
        }
        ClaimRefusal::SoldOut { campaign_id, quota: all, resets_at } => {
            let problem = Problem::new(ErrorReason::SoldOut).with("quota", all);
            quota(problem, &campaign_id, format!("{all} in one period"), resets_at)
        }
        ClaimRefusal::MoneyExhausted { fund_id, free, liability } => {
            let (yuan, cost) = (free.yuan_text(), liability.yuan_text());
            let allowed = format!("{yuan} yuan are free, a voucher can cost {cost}");
            Problem::new(ErrorReason::MoneyExhausted)
                .with("free_fen", free.0)
                .with("liability_fen", liability.0)
                .quota(format!("fund:{fund_id}"), allowed)
        }
        ClaimRefusal::NotEligible { policy_id, failed } => Problem::new(ErrorReason::NotEligible)
            .with("policy", policy_id)
            .with("criterion", failed.criterion_id)
            .texts(failed.text_zh, failed.text_en),
    }
}

/// Names what is used up, and when there is more of it.
fn quota(
    problem: Problem,
    campaign_id: &CampaignId,
    allowed: String,
    resets_at: Option<Timestamp>,
) -> Problem {
    let problem = problem.quota(format!("campaign:{campaign_id}"), allowed);
    match resets_at {
        Some(resets_at) => problem.with("resets_at", resets_at),
        None => problem,
    }
}

fn campaign(refusal: &CampaignRefusal) -> Problem {
    match refusal {
        CampaignRefusal::RequestIdReused { field } => request_id_reused(field),
        CampaignRefusal::NotFound => Problem::not_found("campaign"),
        CampaignRefusal::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        CampaignRefusal::FundUnknown { fund_id } => {
            Problem::new(ErrorReason::FundUnknown).with("fund", fund_id)
        }
        CampaignRefusal::Transition(refused) => Problem::new(ErrorReason::CampaignState)
            .with("state", refused.state)
            .with("verb", refused.verb),
        CampaignRefusal::Immutable { state } => {
            Problem::new(ErrorReason::CampaignImmutable).with("state", state)
        }
    }
}

fn fund(refusal: &FundRefusal) -> Problem {
    match refusal {
        FundRefusal::RequestIdReused { field } => request_id_reused(field),
        FundRefusal::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        FundRefusal::Exists => Problem::new(ErrorReason::FundExists),
    }
}

fn request_id_reused(field: &str) -> Problem {
    Problem::new(ErrorReason::RequestIdReused).with("field", field)
}

fn lane(problem: LaneProblem) -> Problem {
    match problem {
        LaneProblem::Full => Problem::new(ErrorReason::Overloaded),
        LaneProblem::Expired => Problem::new(ErrorReason::DeadlinePassed),
        // It may have ended between the commit and the answer.
        LaneProblem::Closed => Problem::new(ErrorReason::OutcomeUnknown),
    }
}

fn store(error: &StoreError) -> Problem {
    match error {
        StoreError::Conflict => Problem::new(ErrorReason::Conflict),
        StoreError::OutcomeUnknown => Problem::new(ErrorReason::OutcomeUnknown),
        StoreError::Unavailable { .. } => {
            tracing::warn!(%error, "the database cannot be used");
            Problem::unavailable("database")
        }
        StoreError::Corrupt { .. } => {
            tracing::error!(%error, "stored data contradict themselves");
            Problem::new(ErrorReason::Internal)
        }
    }
}
