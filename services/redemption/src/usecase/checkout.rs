use std::sync::Arc;

use async_trait::async_trait;
use clock::Clock;
use group_commit::{Lane, LaneOptions, LaneProblem, Stages};
use rpc::Caller;
use tokio::time::Instant;

use super::{Failure, Feed, Members, partner};
use crate::domain::{
    Action, Answer, Checks, Command, Entropy, Moment, OrderPart, Receipt, RequestId, Verb,
    VoidTarget,
};
use crate::store::{Store, StoreError};

/// Runs of one batch. Each but the first is after a conflict with a batch that has committed, so
/// that few are needed; the rest are for a cause that does not pass.
const RUNS_MAX: u32 = 4;

/// What the lane answers: the business's answer, or why the store did not do it.
type Judged = Result<Answer, StoreError>;

/// A command as it waits in a lane.
#[derive(Clone, Debug)]
pub struct Wish {
    /// What is asked for.
    pub command: Command,
    /// Until when the checks that it brings may be used (law E1).
    pub checks_until: Option<Instant>,
}

impl From<Command> for Wish {
    fn from(command: Command) -> Self {
        Self { command, checks_until: None }
    }
}

impl Wish {
    /// The command as it is sent now: checks that have become too old are as good as none.
    fn as_of(&self, now: Instant) -> Command {
        let mut command = self.command.clone();
        let is_over = self.checks_until.is_some_and(|until| until < now);
        if let Action::Authorize(order) = &mut command.action
            && is_over
        {
            order.checks = Checks::default();
        }
        command
    }
}

/// The lanes that the verbs of the checkout go through, side by side. All that concerns a person
/// goes through one of them, in order of arrival; what meets all the same (a void by request id)
/// is kept apart by the store's locks.
pub struct CheckoutLanes(Vec<Lane<Wish, Judged>>);

impl CheckoutLanes {
    /// Starts `count` lanes, at least one.
    pub fn spawn(count: usize, options: LaneOptions, stages: &Arc<CheckoutStages>) -> Self {
        Self((0..count.max(1)).map(|_| Lane::spawn(options, Arc::clone(stages))).collect())
    }

    /// The lane of the person that a command concerns.
    fn of(&self, command: &Command) -> &Lane<Wish, Judged> {
        let shard = match &command.action {
            Action::Authorize(order) => order.person.shard().0,
            Action::Capture(part) | Action::Refund(part) => part.authorization_id.shard().0,
            Action::Void(VoidTarget::Authorization(id)) => id.shard().0,
            Action::Void(VoidTarget::Request(_)) => 0,
        };
        &self.0[usize::from(shard) % self.0.len()]
    }

    /// Refuses new commands and returns when those that were accepted are answered.
    pub async fn close(&self) {
        for lane in &self.0 {
            lane.close().await;
        }
    }
}

/// The checkout verbs.
pub struct Checkout {
    /// Where commands are judged, in batches.
    pub lanes: CheckoutLanes,
    /// What is remembered.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Who the members are.
    pub members: Arc<Members>,
    /// Whether the wallets are level.
    pub feed: Arc<Feed>,
}

impl Checkout {
    /// The order was paid, or a part of it.
    pub async fn capture(
        &self,
        caller: &Caller,
        request_id: RequestId,
        part: OrderPart,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Failure> {
        let action = Action::Capture(part);
        let command = Command { partner: partner(caller), request_id, action };
        self.submit(command.into(), deadline).await
    }

    /// The order was not paid.
    pub async fn void(
        &self,
        caller: &Caller,
        request_id: RequestId,
        target: VoidTarget,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Failure> {
        let action = Action::Void(target);
        let command = Command { partner: partner(caller), request_id, action };
        self.submit(command.into(), deadline).await
    }

    /// The goods were returned, or a part of them.
    pub async fn refund(
        &self,
        caller: &Caller,
        request_id: RequestId,
        part: OrderPart,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Failure> {
        let action = Action::Refund(part);
        let command = Command { partner: partner(caller), request_id, action };
        self.submit(command.into(), deadline).await
    }

    /// Whether a request arrived under that id before. What comes under it now and is malformed
    /// differs from what was answered, because that was not.
    pub async fn is_used(
        &self,
        caller: &Caller,
        verb: Verb,
        request_id: RequestId,
    ) -> Result<bool, Failure> {
        let recalled = self.store.recall(&(partner(caller), verb, request_id)).await?;
        Ok(recalled.is_some_and(|recalled| !recalled.remembered.fingerprint.is_unseen()))
    }

    pub(super) async fn submit(
        &self,
        wish: Wish,
        deadline: Option<Instant>,
    ) -> Result<Receipt, Failure> {
        let judged =
            self.lanes.of(&wish.command).submit(wish, deadline).await.map_err(|problem| {
                match problem {
                    LaneProblem::Full => Failure::Overloaded,
                    LaneProblem::Expired => Failure::DeadlinePassed,
                    LaneProblem::Closed => Failure::Stopping,
                }
            })?;
        Ok(judged.map_err(Failure::Store)??)
    }
}

/// What the lane does with a batch.
pub struct CheckoutStages {
    /// Where it is judged and kept.
    pub store: Arc<dyn Store>,
    /// Business time.
    pub clock: Arc<dyn Clock>,
    /// Where ids come from.
    pub entropy: Arc<dyn Entropy>,
}

#[async_trait]
impl Stages for CheckoutStages {
    type Command = Wish;
    type Prepared = Vec<Wish>;
    type Answer = Judged;

    async fn prepare(&self, wishes: Vec<Wish>) -> Vec<Wish> {
        wishes
    }

    async fn commit(&self, wishes: Vec<Wish>) -> Vec<Judged> {
        match self.attempt(&wishes).await {
            Ok(answers) => answers.into_iter().map(Ok).collect(),
            Err(error) if wishes.len() > 1 && may_be_one_command(&error) => {
                self.commit_singly(&wishes).await
            }
            Err(error) => wishes.iter().map(|_| Err(error.clone())).collect(),
        }
    }
}

impl CheckoutStages {
    /// Runs a batch, and again when it met another replica's: it is judged anew by what that one
    /// has committed. Once more, too, when the outcome is not known: whatever the first run
    /// committed is then answered from what it remembered. What fails after that is still not
    /// known, whatever it fails of (law A2).
    async fn attempt(&self, wishes: &[Wish]) -> Result<Vec<Answer>, StoreError> {
        let mut is_unknown = false;
        for _ in 0..RUNS_MAX {
            let now = Instant::now();
            let commands = wishes.iter().map(|wish| wish.as_of(now)).collect();
            match self.store.checkout_batch(commands, self.moment()).await {
                Ok(answers) => return Ok(answers),
                Err(StoreError::Conflict) => {}
                Err(StoreError::OutcomeUnknown) if !is_unknown => is_unknown = true,
                Err(error) if is_unknown => {
                    tracing::error!(%error, "the outcome of a batch could not be read back");
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Err(if is_unknown { StoreError::OutcomeUnknown } else { StoreError::Conflict })
    }

    /// A batch that fails on one command is judged again command by command, so that only that
    /// one fails.
    async fn commit_singly(&self, wishes: &[Wish]) -> Vec<Judged> {
        let mut answers = Vec::with_capacity(wishes.len());
        for wish in wishes {
            let answer = self.attempt(std::slice::from_ref(wish)).await;
            answers.push(answer.map(|mut answers| answers.remove(0)));
        }
        answers
    }

    fn moment(&self) -> Moment {
        Moment { now: self.clock.now(), entropy: Arc::clone(&self.entropy) }
    }
}

fn may_be_one_command(error: &StoreError) -> bool {
    matches!(error, StoreError::Conflict | StoreError::Corrupt { .. })
}
