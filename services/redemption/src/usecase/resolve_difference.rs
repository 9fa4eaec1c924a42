use rpc::{Caller, ErrorReason, Problem};

use super::get_statement::require_ops;
use super::reconcile::reused;
use super::{Failure, Page, Settlement, attempt, partner, subject};
use crate::domain::{
    Difference, Partner, ReconciliationKey, RequestId, Resolution, ResolutionAction, Resolve,
    ResolveProblem,
};

/// A word that a caller wants to add.
#[derive(Clone, Debug)]
pub struct ResolveRequest {
    /// The request.
    pub request_id: RequestId,
    /// Which reconciliation.
    pub reconciliation_id: RequestId,
    /// Whose; the caller's own when absent.
    pub platform: Option<Partner>,
    /// Which difference.
    pub difference_id: String,
    /// What is done.
    pub action: ResolutionAction,
    /// Why.
    pub text: String,
}

impl Settlement {
    /// Differences of a finished reconciliation, by id, behind `after`.
    pub async fn list_differences(
        &self,
        caller: &Caller,
        (platform, id): (Option<Partner>, RequestId),
        after: &str,
        size: u32,
    ) -> Result<Page<Difference, String>, Failure> {
        let key = self.finished(caller, platform, id).await?;
        // One more than asked for tells whether there is a next page.
        let found = self.store.differences(&key, after, size + 1).await?;
        Ok(Page::of(found, size, |difference| difference.id.clone()))
    }

    /// Adds a word to a difference.
    pub async fn resolve_difference(
        &self,
        caller: &Caller,
        request: ResolveRequest,
    ) -> Result<Resolution, Failure> {
        let ResolveRequest { request_id, reconciliation_id, platform, .. } = request;
        let key = self.finished(caller, platform, reconciliation_id).await?;
        let command = Resolve {
            request_id,
            by: subject(caller),
            key,
            difference_id: request.difference_id,
            action: request.action,
            text: request.text,
            at: self.clock.now(),
        };
        let resolve = || self.store.resolve_difference(command.clone());
        let resolved = attempt(resolve).await?;
        resolved.map_err(|problem| match problem {
            ResolveProblem::Unknown => Problem::not_found("difference").into(),
            ResolveProblem::Accepted { by } => {
                let accepted = Problem::new(ErrorReason::DifferenceAccepted);
                accepted.with("resolved_by", by).into()
            }
            ResolveProblem::Reused(field) => reused(field),
        })
    }

    /// A finished reconciliation of the caller's own; or another platform's for ops, whose subtree
    /// holds every organization of that day. What others' files hold of a day on which the
    /// platform had no row is for nobody who is bound to a subtree.
    async fn finished(
        &self,
        caller: &Caller,
        platform: Option<Partner>,
        id: RequestId,
    ) -> Result<ReconciliationKey, Failure> {
        let own = partner(caller);
        let partner = platform.unwrap_or_else(|| own.clone());
        if partner != own {
            require_ops(caller)?;
        }
        let key = ReconciliationKey { partner, id };
        let found = self.store.reconciliation(&key).await?;
        let found = found.filter(|found| found.is_finished());
        let found = found.ok_or_else(|| Problem::not_found("reconciliation"))?;
        let must_see_all = key.partner != own && caller.organization.is_some();
        if must_see_all && self.seen_of_day(caller, found.day, &key.partner).await?.is_empty() {
            return Err(Problem::new(ErrorReason::OutsideSubtree).into());
        }
        Ok(key)
    }
}
