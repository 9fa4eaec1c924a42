//! What a lane does with a batch of claims: one question to eligibility, one transaction.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use group_commit::Stages;
use member_identity::MemberId;
use tokio::time::Instant;

use crate::domain::{
    Caller, CampaignId, ClaimCommand, ClaimRefusal, JudgedBy, MemberVerdict, RequestId,
};
use crate::store::{ClaimAnswers, ClaimBatch, Issued, StoreError};
use crate::usecase::{Checked, Failure, Surroundings};

/// Law E1: no verdict is used that is older than this when the transaction is sent.
const VERDICT_AGE_MAX: Duration = Duration::from_secs(1);

/// One claim as it waits in the lane of its campaign.
#[derive(Clone, Debug)]
pub(in crate::usecase) struct Wish {
    pub caller: Caller,
    pub request_id: RequestId,
    pub member_id: MemberId,
}

/// What one caller is told.
pub(in crate::usecase) type ClaimAnswer = Result<Issued, Failure>;

/// The work of one campaign's lane.
pub(super) struct ClaimStages {
    campaign_id: CampaignId,
    surroundings: Surroundings,
}

/// A batch with its verdicts, or why there are none.
pub(super) struct Prepared {
    wishes: Vec<Wish>,
    judged: Result<Judged, Failure>,
}

/// Verdicts, one a wish, and until when they may be used.
struct Judged {
    judged_by: JudgedBy,
    verdicts: Vec<MemberVerdict>,
    usable_until: Instant,
}

impl Judged {
    /// The age when they were sent counts, and all the time since the question was.
    fn new(judged_by: JudgedBy, checked: Checked, asked_at: Instant) -> Self {
        let left = VERDICT_AGE_MAX.saturating_sub(checked.age);
        Self { judged_by, verdicts: checked.verdicts, usable_until: asked_at + left }
    }

    fn is_usable(&self) -> bool {
        Instant::now() <= self.usable_until
    }
}

#[async_trait]
impl Stages for ClaimStages {
    type Command = Wish;
    type Prepared = Prepared;
    type Answer = ClaimAnswer;

    async fn prepare(&self, wishes: Vec<Wish>) -> Prepared {
        let judged = self.judge(&wishes).await;
        Prepared { wishes, judged }
    }

    async fn commit(&self, prepared: Prepared) -> Vec<ClaimAnswer> {
        let Prepared { wishes, judged } = prepared;
        let judged = match judged {
            // The batch before this one took its time.
            Ok(judged) if !judged.is_usable() => self.judge(&wishes).await,
            judged => judged,
        };
        let answers = self.decide(&wishes, &judged).await;
        // Midnight passed, or the draft was replaced and activated, since the question.
        let outdated = Err(Failure::Claim(ClaimRefusal::VerdictsOutdated));
        match answers.contains(&outdated) {
            true => self.decide(&wishes, &self.judge(&wishes).await).await,
            false => answers,
        }
    }
}

impl ClaimStages {
    pub fn new(campaign_id: CampaignId, surroundings: Surroundings) -> Self {
        Self { campaign_id, surroundings }
    }

    /// One question to eligibility for all members of the batch.
    async fn judge(&self, wishes: &[Wish]) -> Result<Judged, Failure> {
        let campaign = self.surroundings.store.campaign(&self.campaign_id).await?;
        let campaign = campaign.ok_or(Failure::NotFound("campaign"))?;
        let judged_by = campaign.judged_by(self.surroundings.clock.now());
        let members: Vec<_> = wishes.iter().map(|wish| wish.member_id).collect();
        let asked_at = Instant::now();
        let checked = self.surroundings.eligibility.batch_check(&judged_by, &members).await;
        let checked = checked.map_err(|_| Failure::Eligibility)?;
        Ok(Judged::new(judged_by, checked, asked_at))
    }

    async fn decide(&self, wishes: &[Wish], judged: &Result<Judged, Failure>) -> Vec<ClaimAnswer> {
        let all = |failure: Failure| wishes.iter().map(|_| Err(failure.clone())).collect();
        let judged = match judged {
            Ok(judged) => judged,
            Err(failure) => return all(failure.clone()),
        };
        let commands = self.commands(wishes, judged);
        match self.send(&commands, judged).await {
            Ok(answers) => answers,
            // One bad row must fail alone, and two changes that met may not meet again.
            Err(Failure::Store(StoreError::Conflict | StoreError::Corrupt { .. }))
                if wishes.len() > 1 =>
            {
                self.decide_singly(&commands, judged).await
            }
            Err(failure) => all(failure),
        }
    }

    async fn decide_singly(&self, commands: &[ClaimCommand], judged: &Judged) -> Vec<ClaimAnswer> {
        let mut answers = Vec::with_capacity(commands.len());
        for command in commands {
            match self.send(std::slice::from_ref(command), judged).await {
                Ok(answer) => answers.extend(answer),
                Err(failure) => answers.push(Err(failure)),
            }
        }
        answers
    }

    /// One transaction.
    async fn send(
        &self,
        commands: &[ClaimCommand],
        judged: &Judged,
    ) -> Result<Vec<ClaimAnswer>, Failure> {
        if !judged.is_usable() {
            return Err(Failure::Eligibility);
        }
        let batch = ClaimBatch {
            campaign_id: self.campaign_id.clone(),
            judged_by: judged.judged_by.clone(),
            at: self.surroundings.clock.now(),
            commands: Arc::from(commands),
        };
        let answers: ClaimAnswers = self.surroundings.store.claim_batch(batch).await?;
        if answers.iter().any(Result::is_ok) {
            self.surroundings.signal.committed();
        }
        Ok(answers.into_iter().map(|answer| answer.map_err(Failure::Claim)).collect())
    }

    fn commands(&self, wishes: &[Wish], judged: &Judged) -> Vec<ClaimCommand> {
        let command = |(wish, verdict): (&Wish, &MemberVerdict)| ClaimCommand {
            caller: wish.caller.clone(),
            request_id: wish.request_id.clone(),
            member_id: wish.member_id,
            verdict: verdict.clone(),
            entropy: self.surroundings.entropy.draw(),
        };
        wishes.iter().zip(&judged.verdicts).map(command).collect()
    }
}
