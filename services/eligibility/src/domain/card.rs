//! Membership cards: their stages, and what office verbs come to.

use clock::Timestamp;
use member_identity::{CardId, MemberId, OrganizationPath};

use super::Refusal;
use super::keyring::Blind;
use super::member::Member;

/// The stage of a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardState {
    /// It may be used.
    Active,
    /// Its member cannot find it.
    Lost,
    /// Another was issued in its place. Final.
    Replaced,
    /// Ended by the office. Final.
    Revoked,
}

impl CardState {
    /// The word that the store knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "ACTIVE",
            Self::Lost => "LOST",
            Self::Replaced => "REPLACED",
            Self::Revoked => "REVOKED",
        }
    }

    /// Reads that word.
    pub fn parse(text: &str) -> Option<Self> {
        let all = [Self::Active, Self::Lost, Self::Replaced, Self::Revoked];
        all.into_iter().find(|state| state.as_str() == text)
    }
}

/// What an office does with cards.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CardVerb {
    /// Issues one to a member who has none.
    Issue,
    /// Blocks one.
    ReportLost,
    /// Issues another in the place of one.
    Reissue,
    /// Ends one.
    Revoke,
}

impl CardVerb {
    /// The word that the store knows it by.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Issue => "ISSUE",
            Self::ReportLost => "REPORT_LOST",
            Self::Reissue => "REISSUE",
            Self::Revoke => "REVOKE",
        }
    }

    /// The stage of the card that it answers with.
    pub const fn leads_to(self) -> CardState {
        match self {
            Self::Issue | Self::Reissue => CardState::Active,
            Self::ReportLost => CardState::Lost,
            Self::Revoke => CardState::Revoked,
        }
    }

    /// Whether it makes a card.
    pub const fn makes(self) -> bool {
        matches!(self, Self::Issue | Self::Reissue)
    }
}

/// A card without its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its id.
    pub card_id: CardId,
    /// Whose it is.
    pub member_id: MemberId,
    /// The stage.
    pub state: CardState,
    /// Whether its codes state the level of a model worker.
    pub states_honour: bool,
    /// 1 when it was made, then one more with each change.
    pub version: i64,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// What a request names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CardTarget {
    /// The member who is to have a card.
    Member(MemberId),
    /// The card.
    Card(CardId),
}

impl CardTarget {
    /// The bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        match self {
            Self::Member(member_id) => member_id.as_bytes(),
            Self::Card(card_id) => card_id.as_bytes(),
        }
    }

    /// The shard of the person.
    pub const fn shard(self) -> member_identity::Shard {
        match self {
            Self::Member(member_id) => member_id.shard(),
            Self::Card(card_id) => card_id.shard(),
        }
    }
}

/// A card that may come to be: made before the step, so that the step makes nothing up.
#[derive(Clone, Debug)]
pub struct FreshCard {
    /// Its id.
    pub card_id: CardId,
    /// Its number, sealed under the person's data key.
    pub number: Vec<u8>,
    /// The blind index of its number.
    pub number_blind: Blind,
    /// The index key's version.
    pub index_version: u32,
}

/// One call of an office's verb.
#[derive(Clone, Debug)]
pub struct CardChange {
    /// The caller's subject: with the verb, the scope of the request id (law A1).
    pub caller: String,
    /// The caller's request id.
    pub request_id: String,
    /// What is to be done.
    pub verb: CardVerb,
    /// With what.
    pub target: CardTarget,
    /// Whether a card that is issued states the level of a model worker.
    pub states_honour: bool,
    /// The subtree that the caller may change; everything when absent.
    pub within: Option<OrganizationPath>,
    /// The card that is made, for a verb that makes one.
    pub fresh: Option<FreshCard>,
    /// The time of the commit.
    pub at: Timestamp,
}

/// What the first call of a request id named, and was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierCard {
    /// The bytes of its target.
    pub target: Vec<u8>,
    /// What it said of the level of a model worker.
    pub states_honour: bool,
    /// The card as it was answered.
    pub card: Card,
}

/// What a step finds.
#[derive(Clone, Debug)]
pub struct CardSituation {
    /// The answer to the same request id.
    pub earlier: Option<EarlierCard>,
    /// The member who is named, or whose card is.
    pub member: Option<Member>,
    /// The card that is named; for an issue, the one that the member has, active or lost.
    pub card: Option<Card>,
}

/// What a call comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CardOutcome {
    /// The request id has been answered before, and this is what it was answered.
    Replayed(Card),
    /// The card is in that stage already.
    Unchanged(Card),
    /// The card changes.
    Changed(Card),
    /// A card is made.
    Made {
        /// The new one.
        card: Card,
        /// The one that it takes the place of, as it now is.
        replaced: Option<Card>,
    },
}

impl CardOutcome {
    /// The card of the answer.
    pub const fn card(&self) -> &Card {
        match self {
            Self::Replayed(card) | Self::Unchanged(card) | Self::Changed(card) => card,
            Self::Made { card, replaced: _ } => card,
        }
    }
}

/// Decides in the order of answers: replay, member or card known, subtree, the card's state.
pub fn decide_card(change: &CardChange, found: CardSituation) -> Result<CardOutcome, Refusal> {
    if let Some(earlier) = found.earlier {
        return replay(change, earlier);
    }
    let (member, card) = match (change.target, found.member, found.card) {
        (CardTarget::Member(_), None, _) => return Err(Refusal::MemberUnknown),
        (CardTarget::Card(_), None, _) | (CardTarget::Card(_), _, None) => {
            return Err(Refusal::NotFound("card"));
        }
        (_, Some(member), card) => (member, card),
    };
    let organization = &member.registration.organization;
    if change.within.as_ref().is_some_and(|within| !within.contains(organization)) {
        return Err(Refusal::OutsideSubtree);
    }
    match (change.verb, card) {
        (CardVerb::Issue, None) => {
            let card = made(change, &member, change.states_honour);
            let card = card.ok_or(Refusal::MemberUnknown)?;
            Ok(CardOutcome::Made { card, replaced: None })
        }
        (CardVerb::Issue, Some(card)) => Err(Refusal::CardExists(card.card_id)),
        (_, None) => Err(Refusal::NotFound("card")),
        (verb, Some(card)) => decide_change(change, verb, &member, card),
    }
}

fn replay(change: &CardChange, earlier: EarlierCard) -> Result<CardOutcome, Refusal> {
    if earlier.target != change.target.as_bytes() {
        let field = match change.target {
            CardTarget::Member(_) => "member_id",
            CardTarget::Card(_) => "card_id",
        };
        return Err(Refusal::RequestIdReused { field });
    }
    match earlier.states_honour == change.states_honour {
        true => Ok(CardOutcome::Replayed(earlier.card)),
        false => Err(Refusal::RequestIdReused { field: "states_honour" }),
    }
}

fn decide_change(
    change: &CardChange,
    verb: CardVerb,
    member: &Member,
    card: Card,
) -> Result<CardOutcome, Refusal> {
    use CardState::{Active, Lost, Replaced, Revoked};
    let into = |state| Card { state, version: card.version + 1, updated_at: change.at, ..card };
    match (verb, card.state) {
        (CardVerb::ReportLost, Active) => Ok(CardOutcome::Changed(into(Lost))),
        (CardVerb::Revoke, Active | Lost) => Ok(CardOutcome::Changed(into(Revoked))),
        (CardVerb::ReportLost, Lost) | (CardVerb::Revoke, Revoked) => {
            Ok(CardOutcome::Unchanged(card))
        }
        (CardVerb::Reissue, Active | Lost) => {
            let new = made(change, member, card.states_honour);
            let new = new.ok_or(Refusal::NotFound("card"))?;
            Ok(CardOutcome::Made { card: new, replaced: Some(into(Replaced)) })
        }
        (CardVerb::Issue, _)
        | (CardVerb::ReportLost, Replaced | Revoked)
        | (CardVerb::Reissue, Replaced | Revoked)
        | (CardVerb::Revoke, Replaced) => Err(Refusal::CardState { state: card.state, verb }),
    }
}

/// The new card; none when it was not known yet whom it would be for when it was to be prepared.
fn made(change: &CardChange, member: &Member, states_honour: bool) -> Option<Card> {
    let fresh = change.fresh.as_ref()?;
    Some(Card {
        card_id: fresh.card_id,
        member_id: member.member_id,
        state: CardState::Active,
        states_honour,
        version: 1,
        issued_at: change.at,
        updated_at: change.at,
    })
}
