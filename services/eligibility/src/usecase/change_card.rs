use member_identity::{CardId, CardNumber, MemberId};
use rpc::{Caller, RequestId};

use super::{Core, Eligibility, Failure, attempt, require_within};
use crate::domain::Refusal;
use crate::domain::card::{Card, CardChange, CardTarget, CardVerb, FreshCard};
use crate::domain::entropy::random;
use crate::domain::keyring::{BlindKind, SealBroken};
use crate::store::StoredCard;
use sql::StoreError;

/// A call of an office's verb.
#[derive(Clone, Debug)]
pub struct CardRequest {
    /// The caller's request id.
    pub request_id: RequestId,
    /// What is to be done.
    pub verb: CardVerb,
    /// With what.
    pub target: CardTarget,
    /// Whether a card that is issued states the level of a model worker.
    pub states_honour: bool,
}

/// A card as an office sees it.
#[derive(Clone, Debug)]
pub struct ShownCard {
    /// The card.
    pub card: Card,
    /// Its number.
    pub number: CardNumber,
}

impl Eligibility {
    /// Issues, blocks, replaces or ends a card. Order of answers: replay, member or card known,
    /// subtree, the card's state. Memory has the change before it is answered.
    pub async fn change_card(
        &self,
        caller: &Caller,
        request: CardRequest,
    ) -> Result<ShownCard, Failure> {
        let change = CardChange {
            caller: caller.subject.clone(),
            request_id: request.request_id.as_str().to_owned(),
            verb: request.verb,
            target: request.target,
            states_honour: request.states_honour,
            within: caller.organization.clone(),
            fresh: None,
            at: self.core.clock.now(),
        };
        self.change(|core| async move {
            let step = attempt(|| async {
                let fresh = core.fresh_card(&change).await?;
                core.store.change_card(CardChange { fresh, ..change.clone() }).await
            });
            let step = step.await??;
            core.memory.apply_handles(&step.handles);
            core.revocations.forget().await;
            let card = *step.outcome.card();
            let stored = core.store.card(card.card_id).await?;
            let stored = stored.ok_or(Failure::Fault("a card that was answered is not there"))?;
            Ok(ShownCard { number: core.open_number(&stored)?, card })
        })
        .await
    }

    /// One card. Order of answers: card known, subtree.
    pub async fn get_card(&self, caller: &Caller, card_id: CardId) -> Result<ShownCard, Failure> {
        let stored = self.core.store.card(card_id).await?.ok_or(Refusal::NotFound("card"))?;
        require_within(caller, &stored.organization)?;
        Ok(ShownCard { number: self.core.open_number(&stored)?, card: stored.card })
    }

    /// All cards of a member after a key, by id. Order of answers: member known, subtree.
    pub async fn list_cards(
        &self,
        caller: &Caller,
        member_id: MemberId,
        (after, size): (Option<CardId>, u32),
    ) -> Result<Vec<ShownCard>, Failure> {
        let member = self.core.store.member(member_id).await?.ok_or(Refusal::MemberUnknown)?;
        require_within(caller, &member.registration.organization)?;
        let cards = self.core.store.cards(member_id, after, size).await?;
        let shown = |stored: StoredCard| {
            Ok(ShownCard { number: self.core.open_number(&stored)?, card: stored.card })
        };
        cards.into_iter().map(shown).collect()
    }
}

impl Core {
    /// The card that a change may make; none when the change makes none, or when there is nobody
    /// to make it for. Another one with each attempt: no two have the same number for long.
    async fn fresh_card(&self, change: &CardChange) -> Result<Option<FreshCard>, StoreError> {
        if !change.verb.makes() {
            return Ok(None);
        }
        let member_id = match change.target {
            CardTarget::Member(member_id) => Some(member_id),
            CardTarget::Card(card_id) => {
                self.store.card(card_id).await?.map(|stored| stored.card.member_id)
            }
        };
        let owner = match member_id {
            Some(member_id) => self.store.person_of(member_id).await?,
            None => None,
        };
        let Some((person, wrapped)) = owner else { return Ok(None) };
        let key = self.vault.unwrap(person, &wrapped).map_err(|why| broken("person", why))?;
        let mut id: [u8; 16] = random(self.vault.entropy());
        id[0] = change.target.shard().0;
        let card_id = CardId::from_bytes(id);
        let number = CardNumber::from_entropy(u64::from_be_bytes(random(self.vault.entropy())));
        let ring = self.vault.ring();
        Ok(Some(FreshCard {
            card_id,
            number: self.vault.seal_card_number(&key, card_id, &number),
            number_blind: ring.blind(BlindKind::CardNumber, number.reveal()),
            index_version: ring.index_version(),
        }))
    }

    fn open_number(&self, stored: &StoredCard) -> Result<CardNumber, StoreError> {
        let key = self.vault.unwrap(stored.person, &stored.key);
        let key = key.map_err(|why| broken("person", why))?;
        let number = self.vault.open_card_number(&key, stored.card.card_id, &stored.number);
        number.map_err(|why| broken("card", why))
    }
}

fn broken(table: &'static str, why: SealBroken) -> StoreError {
    StoreError::Corrupt { table, id: String::from("?"), detail: why.to_string() }
}
