//! Cards: law A1, one card a member, legal transitions only, and what is found by them.

use std::time::Duration;

use member_identity::{CardId, CardNumber, MemberId};
use tokio::task::JoinSet;

use super::fixture::{TEN_O_CLOCK, path};
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::card::{
    Card, CardChange, CardOutcome, CardState, CardTarget, CardVerb, FreshCard,
};
use crate::domain::entropy::random;
use crate::domain::keyring::BlindKind;
use crate::domain::registry::Handle;
use crate::domain::standing::{StandingChange, StandingVerb};
use crate::store::{CardStep, Decided, HandleCursor, StoredHandle, Versions};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a_card_issued_with_the_same_request_id_is_the_same_card_for_ever",
            run: |ctx| Box::pin(same_request_same_card(ctx)),
        },
        Case {
            name: "a_request_id_of_a_card_with_other_content_is_reused",
            run: |ctx| Box::pin(request_id_reused(ctx)),
        },
        Case {
            name: "ten_offices_that_issue_at_once_issue_one_card",
            run: |ctx| Box::pin(ten_at_once(ctx)),
        },
        Case {
            name: "a_card_goes_from_stage_to_stage_as_documented_and_no_other_way",
            run: |ctx| Box::pin(transitions(ctx)),
        },
        Case {
            name: "a_member_is_found_by_the_card_that_is_active_and_by_no_other",
            run: |ctx| Box::pin(found_by_the_active_card(ctx)),
        },
        Case {
            name: "the_revocation_list_has_what_was_blocked_or_suspended_since",
            run: |ctx| Box::pin(revocations(ctx)),
        },
        Case {
            name: "a_members_cards_are_listed_page_by_page_with_their_numbers_sealed",
            run: |ctx| Box::pin(listed(ctx)),
        },
    ]
}

impl Ctx {
    /// A card that may come to be for the owner of a target.
    async fn fresh(&self, target: CardTarget) -> Option<FreshCard> {
        let member_id = match target {
            CardTarget::Member(member_id) => member_id,
            CardTarget::Card(card_id) => {
                self.store.card(card_id).await.expect("the store works")?.card.member_id
            }
        };
        let owner = self.store.person_of(member_id).await.expect("the store works");
        let (person, wrapped) = owner?;
        let key = self.vault.unwrap(person, &wrapped).expect("opens");
        let mut id: [u8; 16] = random(self.vault.entropy());
        id[0] = member_id.shard().0;
        let card_id = CardId::from_bytes(id);
        let number = CardNumber::from_entropy(u64::from_be_bytes(random(self.vault.entropy())));
        Some(FreshCard {
            card_id,
            number: self.vault.seal_card_number(&key, card_id, &number),
            number_blind: self.vault.ring().blind(BlindKind::CardNumber, number.reveal()),
            index_version: self.vault.ring().index_version(),
        })
    }

    pub(super) async fn card_change(
        &self,
        verb: CardVerb,
        request_id: &str,
        target: CardTarget,
    ) -> CardChange {
        CardChange {
            caller: String::from("office-1"),
            request_id: request_id.to_owned(),
            verb,
            target,
            states_honour: false,
            within: Some(path("gd/guangzhou")),
            fresh: if verb.makes() { self.fresh(target).await } else { None },
            at: TEN_O_CLOCK,
        }
    }

    pub(super) async fn change_card(&self, change: CardChange) -> Decided<CardStep> {
        super::replicas::attempt(|| self.store.change_card(change.clone())).await
    }

    /// Issues a card to a member.
    pub(super) async fn issue(&self, request_id: &str, member_id: MemberId) -> Card {
        let target = CardTarget::Member(member_id);
        let change = self.card_change(CardVerb::Issue, request_id, target).await;
        *self.change_card(change).await.expect("may").outcome.card()
    }

    async fn verb(&self, verb: CardVerb, request_id: &str, card: &Card) -> Decided<CardStep> {
        let target = CardTarget::Card(card.card_id);
        let change = self.card_change(verb, request_id, target).await;
        self.change_card(change).await
    }

    /// Every handle, in the order in which replicas read them.
    pub(super) async fn handles(&self) -> Vec<StoredHandle> {
        self.handles_after(&Versions::none()).await
    }

    pub(super) async fn handles_after(&self, known: &Versions) -> Vec<StoredHandle> {
        let shards = known.shards.iter().zip(0..=u8::MAX);
        let cursors: Vec<HandleCursor> = shards
            .map(|(version, shard)| HandleCursor::behind(member_identity::Shard(shard), *version))
            .collect();
        self.store.changed_handles(&cursors, 10_000).await.expect("the store works")
    }
}

async fn one_member(ctx: &Ctx) -> MemberId {
    ctx.with_guangdong().await;
    ctx.one_member("gd/guangzhou", 1).await
}

async fn same_request_same_card(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let card = ctx.issue("i-1", member_id).await;
    assert_eq!((card.state, card.version, card.member_id), (CardState::Active, 1, member_id));
    let lost = ctx.verb(CardVerb::ReportLost, "l-1", &card).await.expect("may");
    assert_eq!(lost.outcome.card().state, CardState::Lost);
    // Answers show everything but the version.
    let again = ctx.issue("i-1", member_id).await;
    assert_eq!(Card { version: 1, ..again }, card, "as it was answered");
    let again = ctx.verb(CardVerb::ReportLost, "l-1", &card).await.expect("is remembered");
    assert!(matches!(again.outcome, CardOutcome::Replayed(card) if card == *lost.outcome.card()));
    assert!(again.handles.is_empty(), "a replay changes nothing");
    let reissued = ctx.verb(CardVerb::Reissue, "n-1", &card).await.expect("may");
    let again = ctx.verb(CardVerb::Reissue, "n-1", &card).await.expect("is remembered");
    assert_eq!(again.outcome.card(), reissued.outcome.card());
    assert_eq!(ctx.handles().await.len(), 4, "two cards, each with an id and a number");
}

async fn request_id_reused(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let other = ctx.one_member("gd/guangzhou", 2).await;
    let card = ctx.issue("i-1", member_id).await;
    let change = ctx.card_change(CardVerb::Issue, "i-1", CardTarget::Member(other)).await;
    let refused = ctx.change_card(change).await.map(|step| step.outcome);
    assert_eq!(refused, Err(Refusal::RequestIdReused { field: "member_id" }));
    let target = CardTarget::Member(member_id);
    let change = ctx.card_change(CardVerb::Issue, "i-1", target).await;
    let refused = ctx.change_card(CardChange { states_honour: true, ..change.clone() }).await;
    let reused = Err(Refusal::RequestIdReused { field: "states_honour" });
    assert_eq!(refused.map(|step| step.outcome), reused);
    let elsewhere = CardChange { caller: String::from("office-2"), ..change };
    let refused = ctx.change_card(elsewhere).await.map(|step| step.outcome);
    assert_eq!(refused, Err(Refusal::CardExists(card.card_id)), "another caller's id");
    assert_eq!(ctx.issue("i-2", other).await.member_id, other, "a refusal is not remembered");
}

async fn ten_at_once(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let mut calls = JoinSet::new();
    for number in 0..10 {
        let ctx = ctx.clone();
        calls.spawn(async move {
            let request_id = format!("i-{}", number / 2);
            let target = CardTarget::Member(member_id);
            let change = ctx.card_change(CardVerb::Issue, &request_id, target).await;
            ctx.change_card(change).await.map(|step| step.outcome)
        });
    }
    let answers = calls.join_all().await;
    let made = answers.iter().filter(|one| matches!(one, Ok(CardOutcome::Made { .. })));
    assert_eq!(made.count(), 1);
    let replayed = answers.iter().filter(|one| matches!(one, Ok(CardOutcome::Replayed(_))));
    assert_eq!(replayed.count(), 1, "the same request, once more");
    let refused = answers.iter().filter(|one| matches!(one, Err(Refusal::CardExists(_))));
    assert_eq!(refused.count(), 8);
    assert_eq!(ctx.handles().await.len(), 2);
}

async fn transitions(ctx: Ctx) {
    ctx.with_guangdong().await;
    use CardState::{Active, Lost, Replaced, Revoked};
    use CardVerb::{Reissue, ReportLost, Revoke};
    let table: [(&[CardVerb], CardVerb, Result<CardState, CardState>); 12] = [
        (&[], ReportLost, Ok(Lost)),
        (&[], Reissue, Ok(Active)),
        (&[], Revoke, Ok(Revoked)),
        (&[ReportLost], ReportLost, Ok(Lost)),
        (&[ReportLost], Reissue, Ok(Active)),
        (&[ReportLost], Revoke, Ok(Revoked)),
        (&[Reissue], ReportLost, Err(Replaced)),
        (&[Reissue], Reissue, Err(Replaced)),
        (&[Reissue], Revoke, Err(Replaced)),
        (&[Revoke], ReportLost, Err(Revoked)),
        (&[Revoke], Reissue, Err(Revoked)),
        (&[Revoke], Revoke, Ok(Revoked)),
    ];
    for (row, (before, verb, expected)) in (1..).zip(table) {
        let member_id = ctx.one_member("gd/guangzhou", row).await;
        let card = ctx.issue(&format!("issue-{row}"), member_id).await;
        for (at, verb) in before.iter().enumerate() {
            ctx.verb(*verb, &format!("before-{row}-{at}"), &card).await.expect("may");
        }
        let came = ctx.verb(verb, &format!("verb-{row}"), &card).await;
        let came = came.map(|step| step.outcome.card().state);
        let expected = expected.map_err(|state| Refusal::CardState { state, verb });
        assert_eq!(came, expected, "{before:?} {verb:?}");
    }
    let nobody = CardTarget::Member(MemberId::from_bytes([9; 16]));
    let change = ctx.card_change(CardVerb::Issue, "n", nobody).await;
    let refused = ctx.change_card(change).await.map(|step| step.outcome);
    assert_eq!(refused, Err(Refusal::MemberUnknown));
    let nothing = CardTarget::Card(CardId::from_bytes([9; 16]));
    let change = ctx.card_change(Reissue, "n", nothing).await;
    let refused = ctx.change_card(change).await.map(|step| step.outcome);
    assert_eq!(refused, Err(Refusal::NotFound("card")));
    let member_id = ctx.one_member("gd/shenzhen", 100).await;
    let change = ctx.card_change(CardVerb::Issue, "n", CardTarget::Member(member_id)).await;
    let refused = ctx.change_card(change).await.map(|step| step.outcome);
    assert_eq!(refused, Err(Refusal::OutsideSubtree));
}

async fn found_by_the_active_card(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let before = ctx.versions().await;
    let card = ctx.issue("i-1", member_id).await;
    let issued = ctx.versions().await;
    assert_ne!(before, issued, "replicas learn of it");
    let keys = live(&ctx.handles_after(&before).await);
    assert!(keys.len() == 2 && keys.contains(card.card_id.as_bytes()), "the id and the number");
    assert!(ctx.handles_after(&issued).await.is_empty());
    ctx.verb(CardVerb::ReportLost, "l-1", &card).await.expect("may");
    let changed = ctx.handles_after(&issued).await;
    assert_eq!(changed.len(), 2, "the id and the number");
    assert!(live(&changed).is_empty());
    let step = ctx.verb(CardVerb::Reissue, "n-1", &card).await.expect("may");
    let new = *step.outcome.card();
    let own: Vec<&Handle> = step.handles.iter().filter(|handle| handle.is_live).collect();
    assert_eq!((step.handles.len(), own.len()), (4, 2), "memory is told of both cards");
    let keys = live(&ctx.handles().await);
    assert!(keys.len() == 2 && keys.contains(new.card_id.as_bytes()), "the new card alone");
    let held = ctx.store.held_card(member_id).await.expect("the store works");
    assert_eq!(held, Some(new));
    ctx.verb(CardVerb::Revoke, "r-1", &new).await.expect("may");
    assert!(live(&ctx.handles().await).is_empty());
    assert_eq!(ctx.store.held_card(member_id).await.expect("the store works"), None);
    ctx.issue("i-2", member_id).await;
}

/// The keys of live handles, ordered.
fn live(handles: &[StoredHandle]) -> Vec<[u8; 16]> {
    let live = handles.iter().map(|stored| &stored.handle).filter(|handle| handle.is_live);
    let mut keys: Vec<_> = live.map(|handle| handle.key).collect();
    keys.sort_unstable();
    keys
}

async fn revocations(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let other = ctx.one_member("gd/guangzhou", 2).await;
    let (lost, suspended) = (ctx.issue("i-1", member_id).await, ctx.issue("i-2", other).await);
    let before = TEN_O_CLOCK.minus(Duration::from_secs(1));
    let blocked = async |since| ctx.store.blocked_cards(since).await.expect("the store works");
    assert!(blocked(before).await.is_empty());
    ctx.verb(CardVerb::ReportLost, "l-1", &lost).await.expect("may");
    assert_eq!(blocked(before).await, [lost.card_id]);
    let suspend = StandingChange {
        caller: String::from("office-1"),
        request_id: String::from("s-1"),
        verb: StandingVerb::Suspend,
        member_id: other,
        within: None,
        at: TEN_O_CLOCK,
    };
    ctx.store.change_standing(suspend).await.expect("the store works").expect("may");
    let mut both = [lost.card_id, suspended.card_id];
    both.sort();
    assert_eq!(blocked(before).await, both);
    assert!(blocked(TEN_O_CLOCK).await.is_empty(), "only what was blocked since");
}

async fn listed(ctx: Ctx) {
    let member_id = one_member(&ctx).await;
    let mut card = ctx.issue("i-1", member_id).await;
    let mut ids = vec![card.card_id];
    for number in 0..2 {
        let step = ctx.verb(CardVerb::Reissue, &format!("n-{number}"), &card).await.expect("may");
        card = *step.outcome.card();
        ids.push(card.card_id);
    }
    ids.sort();
    let page =
        async |after, size| ctx.store.cards(member_id, after, size).await.expect("the store works");
    let first = page(None, 2).await;
    let second = page(Some(first[1].card.card_id), 2).await;
    let all: Vec<CardId> = first.iter().chain(&second).map(|one| one.card.card_id).collect();
    assert_eq!(all, ids);
    for stored in first.iter().chain(&second) {
        let key = ctx.vault.unwrap(stored.person, &stored.key).expect("opens");
        let opened = ctx.vault.open_card_number(&key, stored.card.card_id, &stored.number);
        opened.expect("is the number of that card and of no other");
        let elsewhere = CardId::from_bytes([1; 16]);
        assert!(ctx.vault.open_card_number(&key, elsewhere, &stored.number).is_err());
    }
}
