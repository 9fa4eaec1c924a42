//! Every failure as the refusal that a caller sees.

use rpc::{ErrorReason, Problem};
use tonic::Status;

use crate::domain::shops::ShopRefusal;
use crate::domain::{Detail, Reason, Refusal};
use crate::store::StoreError;
use crate::usecase::Failure;

/// The refusal of a verb that changes something.
pub(super) fn status(failure: Failure) -> Status {
    problem(failure).into()
}

/// The refusal of a read, which says "not found" where a verb says "not possible".
pub(super) fn read_status(failure: Failure) -> Status {
    match failure {
        Failure::MemberUnknown => Problem::new(ErrorReason::MemberUnknown).as_not_found().into(),
        Failure::AuthorizationUnknown => {
            Problem::new(ErrorReason::AuthorizationUnknown).as_not_found().into()
        }
        other => status(other),
    }
}

fn problem(failure: Failure) -> Problem {
    match failure {
        Failure::Refused(refusal) => refusal_problem(&refusal),
        Failure::Shop(refusal) => shop_problem(refusal),
        Failure::Caller(problem) => problem,
        Failure::MemberUnknown => Problem::new(ErrorReason::MemberUnknown),
        Failure::EligibilityUnavailable => Problem::unavailable("eligibility"),
        Failure::AuthorizationUnknown => Problem::new(ErrorReason::AuthorizationUnknown),
        Failure::DayNotClosed(day) => {
            Problem::new(ErrorReason::DayNotClosed).with("business_day", day)
        }
        Failure::Overloaded => Problem::new(ErrorReason::Overloaded),
        Failure::DeadlinePassed => Problem::new(ErrorReason::DeadlinePassed),
        Failure::Stopping => Problem::unavailable("redemption"),
        Failure::Store(error) => store_problem(&error),
    }
}

fn store_problem(error: &StoreError) -> Problem {
    match error {
        StoreError::Conflict => Problem::new(ErrorReason::Conflict),
        StoreError::OutcomeUnknown => Problem::new(ErrorReason::OutcomeUnknown),
        StoreError::Unavailable { .. } => {
            tracing::warn!(%error, "the database cannot be reached");
            Problem::unavailable("database")
        }
        StoreError::Corrupt { .. } => {
            tracing::error!(%error, "stored data contradict themselves");
            Problem::new(ErrorReason::Internal)
        }
    }
}

fn shop_problem(refusal: ShopRefusal) -> Problem {
    match refusal {
        ShopRefusal::RequestIdReused(field) => {
            Problem::new(ErrorReason::RequestIdReused).with("field", field)
        }
        ShopRefusal::OutsideSubtree => Problem::new(ErrorReason::OutsideSubtree),
        ShopRefusal::NotFound(kind) => Problem::not_found(kind),
        ShopRefusal::ShopChanged(version) => {
            Problem::new(ErrorReason::ShopChanged).with("version", version)
        }
        ShopRefusal::ImportIdReused => Problem::new(ErrorReason::ImportIdReused),
    }
}

/// A business refusal with its data.
pub(super) fn refusal_problem(refusal: &Refusal) -> Problem {
    let problem = Problem::new(error_reason(refusal.reason));
    let details = refusal.details.iter().filter(|(detail, _)| !detail.is_text());
    let problem =
        details.fold(problem, |problem, (detail, value)| problem.with(detail.name(), value));
    match (refusal.detail(Detail::TextZh), refusal.detail(Detail::TextEn)) {
        (Some(zh), Some(en)) => problem.texts(zh, en),
        _ => problem,
    }
}

fn error_reason(reason: Reason) -> ErrorReason {
    match reason {
        Reason::NoVoucher => ErrorReason::NoVoucher,
        Reason::VoucherUnknown => ErrorReason::VoucherUnknown,
        Reason::VoucherHeld => ErrorReason::VoucherHeld,
        Reason::VoucherUsed => ErrorReason::VoucherUsed,
        Reason::VoucherNotYetValid => ErrorReason::VoucherNotYetValid,
        Reason::VoucherExpired => ErrorReason::VoucherExpired,
        Reason::BelowThreshold => ErrorReason::BelowThreshold,
        Reason::GoodsNotCovered => ErrorReason::GoodsNotCovered,
        Reason::RegionNotCovered => ErrorReason::RegionNotCovered,
        Reason::OutsideHours => ErrorReason::OutsideHours,
        Reason::ShopUnknown => ErrorReason::ShopUnknown,
        Reason::ShopBlocked => ErrorReason::ShopBlocked,
        Reason::TerminalBlocked => ErrorReason::TerminalBlocked,
        Reason::ShopRegionDiffers => ErrorReason::ShopRegionDiffers,
        Reason::ShopNotListed => ErrorReason::ShopNotListed,
        Reason::RedeemingStopped => ErrorReason::RedeemingStopped,
        Reason::CampaignUnknown => ErrorReason::CampaignUnknown,
        Reason::NotCombinable => ErrorReason::NotCombinable,
        Reason::OrderAlreadyAuthorized => ErrorReason::OrderAlreadyAuthorized,
        Reason::AlreadyVoided => ErrorReason::AlreadyVoided,
        Reason::AlreadyCaptured => ErrorReason::AlreadyCaptured,
        Reason::HoldExpired => ErrorReason::HoldExpired,
        Reason::AlreadyRefunded => ErrorReason::AlreadyRefunded,
        Reason::NotCaptured => ErrorReason::NotCaptured,
        Reason::VoidedBeforeAuthorize => ErrorReason::VoidedBeforeAuthorize,
        Reason::AuthorizationUnknown => ErrorReason::AuthorizationUnknown,
        Reason::RequestIdReused => ErrorReason::RequestIdReused,
        Reason::NothingLeft => ErrorReason::NothingLeft,
        Reason::OrderCapReached => ErrorReason::OrderCapReached,
        Reason::UsesOfPeriodSpent => ErrorReason::UsesOfPeriodSpent,
        Reason::PortionAboveOrder => ErrorReason::PortionAboveOrder,
        Reason::PortionLineUnknown => ErrorReason::PortionLineUnknown,
        Reason::TooManyRefunds => ErrorReason::TooManyRefunds,
        Reason::NoLongerEligible => ErrorReason::NoLongerEligible,
        Reason::BenefitNotAvailableNow => ErrorReason::BenefitNotAvailableNow,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_remembered_under_the_name_that_callers_see() {
        for reason in Reason::ALL {
            let problem = refusal_problem(&Refusal::new(reason));
            assert_eq!(problem.reason_name(), reason.name());
            assert_eq!(Reason::from_name(reason.name()), Some(reason));
        }
    }
}
