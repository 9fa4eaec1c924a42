//! What a lane does with a batch of claims: one question to eligibility, one transaction. Whom
//! memory refuses for certain has no part in the transaction.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use group_commit::Stages;
use member_identity::MemberId;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::shortcut::{Shortcuts, Sight};
use crate::domain::{
    Caller, CampaignId, ClaimCommand, ClaimRefusal, FundId, JudgedBy, MemberVerdict, RequestId,
};
use crate::store::{ClaimBatch, Issued, StoreError};
use crate::usecase::{Checked, Failure, Surroundings};

/// Law E1: no verdict is used that is older than this when the transaction is sent.
const VERDICT_AGE_MAX: Duration = Duration::from_secs(1);
/// Transactions that one batch is worth: it may meet another change, its outcome may be unknown,
/// its verdicts may be of yesterday.
const TRIES_MAX: u32 = 3;

/// One claim as it waits in the lane of its campaign.
#[derive(Clone, Debug)]
pub(in crate::usecase) struct Wish {
    pub caller: Caller,
    pub request_id: RequestId,
    pub member_id: MemberId,
    /// The random part of the voucher's id, the same however often it is tried.
    pub entropy: [u8; 9],
}

/// What one caller is told.
pub(in crate::usecase) type ClaimAnswer = Result<Issued, Failure>;

/// The work of a lane of one campaign.
pub(in crate::usecase) struct ClaimStages {
    campaign_id: CampaignId,
    surroundings: Surroundings,
    shortcuts: Shortcuts,
    /// Held by the caller who looks how the campaign is, for all who are told from memory.
    looking: Mutex<()>,
}

/// A batch with its verdicts, or why there are none.
pub(in crate::usecase) struct Prepared {
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
        if judged.is_ok() {
            self.read_pages(&wishes).await;
        }
        Prepared { wishes, judged }
    }

    async fn commit(&self, mut batch: Prepared) -> Vec<ClaimAnswer> {
        let mut answers = vec![None; batch.wishes.len()];
        let is_open = |place: &usize| self.remembered(&batch.wishes[*place]).is_none();
        let open: Vec<_> = (0..answers.len()).filter(is_open).collect();
        self.settle(&mut batch, &open, &mut answers).await;
        // The transaction took its time: what memory says is said as it is now, or not at all.
        for (answer, wish) in answers.iter_mut().zip(&batch.wishes) {
            *answer = answer.take().or_else(|| self.remembered(wish));
        }
        let late: Vec<_> = (0..answers.len()).filter(|place| answers[*place].is_none()).collect();
        self.settle(&mut batch, &late, &mut answers).await;
        answers.into_iter().map(|answer| answer.expect("every place was settled")).collect()
    }
}

impl ClaimStages {
    /// Remembers so many members at least, and at most twice as many.
    pub fn new(campaign_id: CampaignId, surroundings: Surroundings, members_max: usize) -> Self {
        let (shortcuts, looking) = (Shortcuts::new(members_max), Mutex::default());
        Self { campaign_id, surroundings, shortcuts, looking }
    }

    /// The answer from memory, if it is there. What is told again and again is looked at again by
    /// one of those who are told.
    pub async fn tell(&self, wish: &Wish) -> Option<ClaimAnswer> {
        let answer = self.remembered(wish)?;
        let is_due = self.shortcuts.sight(self.surroundings.clock.now(), Instant::now()).is_none();
        match self.looking.try_lock() {
            Ok(_turn) if is_due => {
                self.look().await.ok()?;
                self.remembered(wish)
            }
            _ => Some(answer),
        }
    }

    fn remembered(&self, wish: &Wish) -> Option<ClaimAnswer> {
        self.shortcuts.answer(wish, self.surroundings.clock.now(), Instant::now())
    }

    // --- prepare ---

    /// The campaign and its stock as they were a moment ago.
    async fn look(&self) -> Result<Arc<Sight>, Failure> {
        let (at, now) = (self.surroundings.clock.now(), Instant::now());
        if let Some(sight) = self.shortcuts.sight(at, now) {
            return Ok(sight);
        }
        let store = &self.surroundings.store;
        let campaign = store.campaign(&self.campaign_id).await?;
        let campaign = campaign.ok_or(Failure::NotFound("campaign"))?;
        let stock = store.stock(&campaign.stock_key(at)).await?;
        let fund = match FundId::of(&campaign.programme) {
            Some(fund_id) => store.fund(&fund_id).await?,
            None => None,
        };
        let sight = Arc::new(Sight::new(campaign, (stock, fund), (at, now)));
        self.shortcuts.see(&sight);
        Ok(sight)
    }

    /// One question to eligibility for all members of the batch.
    async fn judge(&self, wishes: &[Wish]) -> Result<Judged, Failure> {
        let sight = self.look().await?;
        let judged_by = sight.campaign().judged_by(self.surroundings.clock.now());
        let members: Vec<_> = wishes.iter().map(|wish| wish.member_id).collect();
        let asked_at = Instant::now();
        let checked = self.surroundings.eligibility.batch_check(&judged_by, &members).await;
        let checked = checked.map_err(|_| Failure::Eligibility)?;
        self.shortcuts.learn(wishes, &checked.verdicts, asked_at);
        Ok(Judged::new(judged_by, checked, asked_at))
    }

    /// What the hopeless have, while the batch before commits. Without it they are decided like
    /// all others.
    async fn read_pages(&self, wishes: &[Wish]) {
        let Ok(sight) = self.look().await else { return };
        let times = (self.surroundings.clock.now(), Instant::now());
        let Some(query) = self.shortcuts.to_read(wishes, &sight, times) else { return };
        let asked = query.persons.clone();
        if let Ok(standings) = self.surroundings.store.standings(query).await {
            self.shortcuts.read(wishes, (&sight, &asked), &standings);
        }
    }

    // --- commit ---

    /// Settles the claims at these places of the batch.
    async fn settle(
        &self,
        batch: &mut Prepared,
        places: &[usize],
        answers: &mut [Option<ClaimAnswer>],
    ) {
        if places.is_empty() {
            return;
        }
        let settled = self.decide(batch, places).await;
        for (place, answer) in places.iter().zip(settled) {
            self.shortcuts.hear(&batch.wishes[*place], &answer, Instant::now());
            answers[*place] = Some(answer);
        }
    }

    /// In one transaction, tried again while that may help. A commit whose outcome is not known is
    /// found out by the next try, where requests that took effect are replays (law A2).
    async fn decide(&self, batch: &mut Prepared, places: &[usize]) -> Vec<ClaimAnswer> {
        let mut unknown = false;
        let mut failed = Failure::Store(StoreError::Conflict);
        for _ in 0..TRIES_MAX {
            match self.attempt(batch, places).await {
                // Midnight passed, or the draft was replaced and activated, since the question.
                Ok(answers) if answers.contains(&OUTDATED) => {
                    self.shortcuts.forget_sight();
                    batch.judged = self.judge(&batch.wishes).await;
                }
                Ok(answers) => return answers,
                Err(failure) => {
                    failed = failure;
                    unknown |= failed == UNKNOWN;
                    if failed != UNKNOWN && failed != Failure::Store(StoreError::Conflict) {
                        break;
                    }
                }
            }
        }
        // One bad row must fail alone, and two changes that met may not meet again.
        let apart =
            matches!(failed, Failure::Store(StoreError::Conflict | StoreError::Corrupt { .. }));
        match apart && places.len() > 1 {
            true => self.decide_singly(batch, places, unknown).await,
            false => places.iter().map(|_| Err(said(unknown, &failed))).collect(),
        }
    }

    async fn decide_singly(
        &self,
        batch: &mut Prepared,
        places: &[usize],
        unknown: bool,
    ) -> Vec<ClaimAnswer> {
        let mut answers = Vec::with_capacity(places.len());
        for place in places {
            match self.attempt(batch, std::slice::from_ref(place)).await {
                Ok(answer) => answers.extend(answer),
                Err(failure) => answers.push(Err(said(unknown, &failure))),
            }
        }
        answers
    }

    /// One transaction.
    async fn attempt(
        &self,
        batch: &mut Prepared,
        places: &[usize],
    ) -> Result<Vec<ClaimAnswer>, Failure> {
        if batch.judged.as_ref().is_ok_and(|judged| !judged.is_usable()) {
            // The batch before this one took its time.
            batch.judged = self.judge(&batch.wishes).await;
        }
        let judged = batch.judged.as_ref().map_err(Failure::clone)?;
        if !judged.is_usable() {
            return Err(Failure::Eligibility);
        }
        let command = |place: &usize| {
            let (wish, verdict) = (&batch.wishes[*place], &judged.verdicts[*place]);
            wish.command(verdict)
        };
        let claims = ClaimBatch {
            campaign_id: self.campaign_id.clone(),
            judged_by: judged.judged_by.clone(),
            at: self.surroundings.clock.now(),
            commands: places.iter().map(command).collect(),
        };
        let answers = self.surroundings.store.claim_batch(claims).await?;
        if answers.iter().any(Result::is_ok) {
            self.surroundings.signal.committed();
        }
        Ok(answers.into_iter().map(|answer| answer.map_err(Failure::Claim)).collect())
    }
}

impl Wish {
    fn command(&self, verdict: &MemberVerdict) -> ClaimCommand {
        ClaimCommand {
            caller: self.caller.clone(),
            request_id: self.request_id.clone(),
            member_id: self.member_id,
            verdict: verdict.clone(),
            entropy: self.entropy,
        }
    }
}

const OUTDATED: ClaimAnswer = Err(Failure::Claim(ClaimRefusal::VerdictsOutdated));
const UNKNOWN: Failure = Failure::Store(StoreError::OutcomeUnknown);

/// Law A2: once an outcome was not known, no later failure says that nothing was done.
fn said(unknown: bool, failure: &Failure) -> Failure {
    if unknown { UNKNOWN } else { failure.clone() }
}
