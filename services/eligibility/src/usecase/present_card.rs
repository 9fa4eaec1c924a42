use clock::Timestamp;
use member_identity::MemberId;
use rpc::Caller;

use super::{Eligibility, Failure, MemberReference, require_within};
use crate::domain::Refusal;
use crate::domain::card::CardState;
use crate::domain::card_code::{CardCode, CodeBody, Level};
use crate::domain::entropy::random;
use crate::domain::member::State;

/// What a member shows.
#[derive(Clone, Debug)]
pub struct Presented {
    /// The text of the code.
    pub text: String,
    /// When it was made.
    pub issued_at: Timestamp,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Eligibility {
    /// A fresh code of a member's active card. Order of answers: member known, subtree, standing,
    /// card. The card is looked at in the store: a card that was blocked shows nothing any more.
    pub async fn present_card(
        &self,
        caller: &Caller,
        member_id: MemberId,
    ) -> Result<Presented, Failure> {
        let (found, current_at) = self.find(&MemberReference::Id(member_id));
        let entry = self.require_known(found, current_at, Refusal::MemberUnknown)?;
        require_within(caller, &entry.organization)?;
        self.require_current(current_at)?;
        if entry.state != State::Active {
            return Err(Refusal::MemberSuspended.into());
        }
        let card = self.core.store.held_card(member_id).await?;
        let card = card.filter(|card| card.state == CardState::Active);
        let card = card.ok_or(Refusal::NotFound("card"))?;
        let core = &self.core;
        let life = u16::try_from(core.cards.code_life.as_secs()).expect("it is bounded");
        let body = CodeBody {
            key_hint: core.cards.keys.hint(),
            card_id: card.card_id,
            issued_at: u32::try_from(core.clock.now().as_seconds()).unwrap_or(0),
            life,
            nonce: random(core.vault.entropy()),
            level: if card.states_honour { Level::of(entry.honours) } else { Level::None },
        };
        let code: CardCode = core.cards.keys.sign(body);
        let issued_at = Timestamp::from_micros(i64::from(body.issued_at) * 1_000_000);
        Ok(Presented { text: code.text(), issued_at, expires_at: body.expires_at() })
    }
}
