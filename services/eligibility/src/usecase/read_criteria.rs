use std::thread;

use tokio::sync::oneshot;

use super::Failure;
use crate::domain::criterion::{Condition, READING_STACK_BYTES, read};
use crate::domain::policy::{Criterion, CriterionProblem, Policy, ReadyPolicy};
use sql::StoreError;

/// Reads the criteria of a policy: ready to judge by, or all that is wrong with them.
///
/// The reader recurses over what its author wrote, so it runs on a thread with a stack for it.
pub(super) async fn read_criteria(
    criteria: Vec<Criterion>,
) -> Result<Result<Vec<Condition>, Vec<CriterionProblem>>, Failure> {
    let (send, receive) = oneshot::channel();
    let work = move || {
        // Nobody waits any more when the call was cancelled.
        let _ = send.send(read_all(&criteria));
    };
    thread::Builder::new()
        .name(String::from("criteria"))
        .stack_size(READING_STACK_BYTES)
        .spawn(work)
        .map_err(|_| Failure::Fault("a thread to read criteria on could not be started"))?;
    receive.await.map_err(|_| Failure::Fault("criteria could not be read"))
}

/// Makes a stored revision ready to judge by.
pub(super) async fn ready(policy: Policy) -> Result<ReadyPolicy, Failure> {
    let conditions = read_criteria(policy.content.criteria.clone()).await?;
    let conditions = conditions.map_err(|problems| StoreError::Corrupt {
        table: "policy_criterion",
        id: policy.content.policy_id.to_string(),
        detail: format!("{} criteria cannot be read", problems.len()),
    })?;
    Ok(ReadyPolicy { policy, conditions })
}

fn read_all(criteria: &[Criterion]) -> Result<Vec<Condition>, Vec<CriterionProblem>> {
    let mut conditions = Vec::new();
    let mut problems = Vec::new();
    for (position, criterion) in criteria.iter().enumerate() {
        let criterion_id = criterion.criterion_id.clone();
        match read(&criterion.expression) {
            Ok(condition) => conditions.push(condition),
            Err(problem) => problems.push(CriterionProblem { position, criterion_id, problem }),
        }
    }
    if problems.is_empty() { Ok(conditions) } else { Err(problems) }
}
