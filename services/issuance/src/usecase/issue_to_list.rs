//! IssueToList: an office gives vouchers to the members of a list, chunk by chunk. Each row is
//! judged as one who claims, by the same stages, in a lane of the call's own: members who claim
//! wait behind none of them, and the two meet at the stock's lock alone.
//!
//! Nothing is kept of a list: a person's voucher by the call's request id is all there is to
//! remember, so that the same list, or any part of it, may be sent again (law A1).

use std::future::Future;
use std::sync::Arc;

use async_trait::async_trait;
use group_commit::{Lane, LaneOptions, Stages};
use member_identity::{MemberId, VoucherId};

use super::claim::{ClaimAnswer, ClaimStages, Prepared, Wish};
use super::{Failure, Issuance, SelectedPage, SelectionQuery, SelectionRefusal, Surroundings};
use crate::domain::{Caller, Campaign, CampaignId, ClaimRefusal, RequestId};
use crate::store::StoreError;

/// Members of one chunk, which is one commit: eligibility judges no more in one round.
pub const CHUNK_MAX: usize = 1_024;
/// Chunks of one call that are under way: one is judged while the one before it commits.
pub const CHUNKS_IN_FLIGHT: usize = 2;

/// Who gives what.
#[derive(Clone, Debug)]
pub struct ListOrder {
    /// Who gives.
    pub caller: Caller,
    /// The id of the request, for each person of the list.
    pub request_id: RequestId,
    /// The campaign.
    pub campaign_id: CampaignId,
}

/// Everyone of the caller's subtree whom a policy selects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selection {
    /// The policy; the campaign's own when absent.
    pub policy_id: Option<String>,
    /// Its revision; 0 for the newest.
    pub revision: i32,
    /// Goes on behind this; empty for the beginning.
    pub cursor: String,
}

/// When a row of a list was given its voucher.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Given {
    /// By this row.
    Now,
    /// By an earlier call or row with the same request id and person.
    Before,
}

/// What each row of a chunk came to, in their order.
pub type ChunkAnswer = Vec<Result<Given, Failure>>;

/// One call under way. Dropping it lets the chunks that it has begun come to their end.
pub struct ListIssue {
    order: ListOrder,
    campaign: Campaign,
    surroundings: Surroundings,
    lane: Lane<Vec<Wish>, Vec<ClaimAnswer>>,
}

impl Issuance {
    /// Opens a list. Only who offers a campaign, or an organization above it, gives its stock away
    /// unasked. Order of answers: campaign known, subtree.
    pub async fn issue_to_list(&self, order: ListOrder) -> Result<ListIssue, Failure> {
        let surroundings = self.surroundings.clone();
        let campaign = surroundings.store.campaign(&order.campaign_id).await?;
        let campaign = campaign.ok_or(Failure::NotFound("campaign"))?;
        if !order.caller.acts_for(&campaign.programme.organization) {
            return Err(Failure::OutsideSubtree);
        }
        let stages =
            ClaimStages::new(order.campaign_id.clone(), surroundings.clone(), 2 * CHUNK_MAX);
        let options = LaneOptions { name: "list", queue_max: CHUNKS_IN_FLIGHT, batch_max: 1 };
        let lane = Lane::spawn(options, Arc::new(ChunkStages(stages)));
        Ok(ListIssue { order, campaign, surroundings, lane })
    }
}

impl ListIssue {
    /// Begins a chunk of at most [`CHUNK_MAX`] members, behind those that were begun before. No
    /// more than [`CHUNKS_IN_FLIGHT`] may be under way. Fails when a retry may still give all of
    /// them an answer.
    pub fn issue(
        &self,
        members: Vec<MemberId>,
    ) -> impl Future<Output = Result<ChunkAnswer, Failure>> + Send + use<> {
        let wishes: Vec<_> = members.into_iter().map(|member_id| self.wish(member_id)).collect();
        let drawn: Vec<_> = wishes.iter().map(|wish| wish.entropy).collect();
        let begun = (!wishes.is_empty()).then(|| self.lane.submit(wishes, None));
        async move {
            let Some(begun) = begun else { return Ok(Vec::new()) };
            let answers = begun.await?;
            answers.into_iter().zip(drawn).map(|(answer, drawn)| given(answer, drawn)).collect()
        }
    }

    /// A page of the members whom a selection finds.
    pub async fn select(&self, selection: &Selection) -> Result<SelectedPage, Failure> {
        let judged_by = self.campaign.judged_by(self.surroundings.clock.now());
        let query = SelectionQuery {
            policy_id: selection.policy_id.clone().unwrap_or(judged_by.policy_id),
            revision: selection.revision,
            day: judged_by.day,
            organization: self.order.caller.organization.clone(),
            cursor: selection.cursor.clone(),
        };
        let page = self.surroundings.eligibility.select_members(&query).await;
        page.map_err(|_| Failure::Eligibility)?.map_err(|refusal| match refusal {
            SelectionRefusal::PolicyUnknown => Failure::NotFound("policy"),
            SelectionRefusal::OutsideSubtree => Failure::OutsideSubtree,
            SelectionRefusal::ForeignCursor => Failure::ForeignCursor,
        })
    }

    /// Waits for what is to be done next, unless the service stops meanwhile.
    pub async fn while_serving<T>(&self, next: impl Future<Output = T>) -> Result<T, Failure> {
        let mut waiter = self.surroundings.signal.subscribe();
        tokio::select! {
            biased;
            () = waiter.ended() => Err(Failure::Stopping),
            next = next => Ok(next),
        }
    }

    fn wish(&self, member_id: MemberId) -> Wish {
        let ListOrder { caller, request_id, .. } = self.order.clone();
        Wish { caller, request_id, member_id, entropy: self.surroundings.entropy.draw() }
    }
}

/// The stages of Claim, over chunks that stay as they are.
struct ChunkStages(ClaimStages);

#[async_trait]
impl Stages for ChunkStages {
    type Command = Vec<Wish>;
    type Prepared = Prepared;
    type Answer = Vec<ClaimAnswer>;

    async fn prepare(&self, chunk: Vec<Vec<Wish>>) -> Prepared {
        self.0.prepare(chunk.concat()).await
    }

    async fn commit(&self, chunk: Prepared) -> Vec<Vec<ClaimAnswer>> {
        vec![self.0.commit(chunk).await]
    }
}

/// What is said of one row; fails when the call has to end with it. A voucher whose id has the
/// random part that was drawn for the row was made for it, even if that was found out only by
/// trying again.
fn given(answer: ClaimAnswer, drawn: [u8; 9]) -> Result<Result<Given, Failure>, Failure> {
    match answer {
        Ok(issued) => {
            let voucher = &issued.voucher;
            let own = VoucherId::mint(voucher.person.shard(), voucher.issued_at, drawn);
            Ok(Ok(if voucher.voucher_id == own { Given::Now } else { Given::Before }))
        }
        Err(failure) if may_be_cured(&failure) => Err(failure),
        Err(failure) => Ok(Err(failure)),
    }
}

/// Whether the same row may come to something else when it is sent again at once.
fn may_be_cured(failure: &Failure) -> bool {
    match failure {
        Failure::Claim(refusal) => *refusal == ClaimRefusal::VerdictsOutdated,
        Failure::Store(StoreError::Corrupt { .. }) => false,
        _ => true,
    }
}
