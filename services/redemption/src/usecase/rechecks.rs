use std::time::Duration;

use async_trait::async_trait;
use clock::{BusinessDay, Timestamp};
use futures::future::join_all;
use member_identity::MemberId;
use tokio::time::{Instant, timeout};

use super::Members;
use crate::domain::{Checks, Standing};
use crate::store::WalletRead;

/// Law E1: no verdict is used that is older than this when the transaction is sent.
const CHECK_AGE_MAX: Duration = Duration::from_secs(1);
/// How long a checkout waits for eligibility's verdicts.
const CHECK_TIMEOUT: Duration = Duration::from_millis(500);
/// Policies that are asked about for one order; the campaigns of one wallet share a few. Of more
/// nobody can tell.
const POLICIES_MAX: usize = 16;

/// What eligibility is asked at the till.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct CheckQuestion {
    /// The policy.
    pub policy_id: String,
    /// The day that ages are counted on.
    pub day: BusinessDay,
}

/// A verdict as eligibility sent it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// How the member stands to the policy.
    pub standing: Standing,
    /// How old that was when it was sent, by eligibility's monotonic clock.
    pub age: Duration,
}

/// Eligibility did not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EligibilityUnavailable;

/// Eligibility, as far as terms are checked again at the till.
#[async_trait]
pub trait CheckPeer: Send + Sync + 'static {
    /// Judges a member by a policy.
    async fn check(
        &self,
        member_id: MemberId,
        question: &CheckQuestion,
    ) -> Result<Checked, EligibilityUnavailable>;
}

/// Verdicts for one order, and until when they may be used.
#[derive(Clone, Debug)]
pub(super) struct FreshChecks {
    pub checks: Checks,
    pub usable_until: Instant,
}

impl Members {
    /// Asks about every policy that the terms of a voucher of `wallet` ask for, all at once. What
    /// is not answered in time is a verdict too: nobody can tell.
    pub(super) async fn check(
        &self,
        member_id: MemberId,
        wallet: &WalletRead,
        now: Timestamp,
    ) -> FreshChecks {
        let asked_at = Instant::now();
        let mut questions = questions(wallet, now);
        let not_asked = questions.split_off(questions.len().min(POLICIES_MAX));
        let answers = questions.iter().map(|question| self.check_one(member_id, question));
        let answers = join_all(answers).await;
        let oldest = answers.iter().map(|checked| checked.age).max().unwrap_or_default();
        let standings = answers.into_iter().map(|checked| checked.standing);
        let told = questions.into_iter().map(|question| question.policy_id).zip(standings);
        let untold = not_asked.into_iter().map(|question| (question.policy_id, Standing::Untold));
        FreshChecks {
            checks: told.chain(untold).collect(),
            usable_until: asked_at + CHECK_AGE_MAX.saturating_sub(oldest),
        }
    }

    async fn check_one(&self, member_id: MemberId, question: &CheckQuestion) -> Checked {
        let answer = timeout(CHECK_TIMEOUT, self.peer.check(member_id, question)).await;
        match answer {
            Ok(Ok(checked)) if checked.age <= CHECK_AGE_MAX => checked,
            Ok(Ok(_) | Err(EligibilityUnavailable)) | Err(_) => {
                Checked { standing: Standing::Untold, age: Duration::ZERO }
            }
        }
    }
}

/// One question a policy.
fn questions(wallet: &WalletRead, now: Timestamp) -> Vec<CheckQuestion> {
    let valid = wallet.vouchers.iter().filter(|voucher| voucher.is_valid(now));
    let campaigns = valid.filter_map(|voucher| wallet.campaigns.get(&voucher.campaign_id));
    let asking = campaigns.filter(|campaign| campaign.terms.rechecks_membership());
    let mut questions: Vec<_> = asking
        .map(|campaign| CheckQuestion {
            policy_id: campaign.policy_id.clone(),
            day: BusinessDay::of(now, campaign.terms.zone()),
        })
        .collect();
    questions.sort();
    questions.dedup_by(|one, other| one.policy_id == other.policy_id);
    questions
}
