//! Suspending and reinstating: law A1 and who may.

use member_identity::MemberId;
use tokio::task::JoinSet;

use super::fixture::{TEN_O_CLOCK, path};
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::member::{Member, State};
use crate::domain::standing::{StandingChange, StandingOutcome, StandingVerb};
use crate::store::Decided;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "suspending_with_the_same_request_id_answers_the_same_for_ever",
            run: |ctx| Box::pin(same_request_same_answer(ctx)),
        },
        Case {
            name: "a_request_id_with_another_member_is_reused",
            run: |ctx| Box::pin(request_id_reused(ctx)),
        },
        Case {
            name: "a_request_id_is_its_callers_and_its_verbs",
            run: |ctx| Box::pin(scope_of_a_request_id(ctx)),
        },
        Case {
            name: "a_refused_change_is_judged_anew",
            run: |ctx| Box::pin(refusals_are_not_remembered(ctx)),
        },
        Case {
            name: "ten_suspensions_at_once_change_the_member_once",
            run: |ctx| Box::pin(ten_at_once(ctx)),
        },
    ]
}

async fn same_request_same_answer(ctx: Ctx) {
    let id = one_member(&ctx).await;
    let StandingOutcome::Changed(first) = change(&ctx, suspend("r1", id)).await.expect("may")
    else {
        panic!("an active member changes");
    };
    assert_eq!((first.state, first.version), (State::Suspended, 2));
    let reinstate = StandingChange { verb: StandingVerb::Reinstate, ..suspend("r2", id) };
    change(&ctx, reinstate).await.expect("may");
    let again = change(&ctx, suspend("r1", id)).await.expect("is remembered");
    let StandingOutcome::Replayed(again) = again else {
        panic!("a replay changes nothing: {again:?}");
    };
    assert_eq!(shown(&again), shown(&first));
    assert_eq!(member(&ctx, id).await.state, State::Active);
}

async fn request_id_reused(ctx: Ctx) {
    let id = one_member(&ctx).await;
    let other = ctx.one_member("gd/guangzhou", 2).await;
    change(&ctx, suspend("r1", id)).await.expect("may");
    let refused = change(&ctx, suspend("r1", other)).await;
    assert_eq!(refused, Err(Refusal::RequestIdReused { field: "member_id" }));
    assert_eq!(member(&ctx, other).await.state, State::Active);
}

async fn scope_of_a_request_id(ctx: Ctx) {
    let id = one_member(&ctx).await;
    let other = ctx.one_member("gd/guangzhou", 2).await;
    change(&ctx, suspend("r1", id)).await.expect("may");
    let elsewhere = StandingChange { caller: String::from("office-2"), ..suspend("r1", other) };
    assert!(matches!(change(&ctx, elsewhere).await, Ok(StandingOutcome::Changed(_))));
    let reinstate = StandingChange { verb: StandingVerb::Reinstate, ..suspend("r1", other) };
    assert!(matches!(change(&ctx, reinstate).await, Ok(StandingOutcome::Changed(_))));
    let repeated = change(&ctx, suspend("r3", id)).await;
    assert!(matches!(repeated, Ok(StandingOutcome::Unchanged(member)) if member.version == 2));
}

async fn refusals_are_not_remembered(ctx: Ctx) {
    let id = one_member(&ctx).await;
    let unknown = MemberId::from_bytes([9; 16]);
    assert_eq!(change(&ctx, suspend("r1", unknown)).await, Err(Refusal::MemberUnknown));
    let within = Some(path("gd/shenzhen"));
    let outside = StandingChange { within, ..suspend("r1", id) };
    assert_eq!(change(&ctx, outside).await, Err(Refusal::OutsideSubtree));
    assert!(matches!(change(&ctx, suspend("r1", id)).await, Ok(StandingOutcome::Changed(_))));
}

async fn ten_at_once(ctx: Ctx) {
    let id = one_member(&ctx).await;
    let mut calls = JoinSet::new();
    for _ in 0..10 {
        let ctx = ctx.clone();
        calls.spawn(async move { change(&ctx, suspend("r1", id)).await });
    }
    let answers = calls.join_all().await;
    let changes = answers.iter().filter(|one| matches!(one, Ok(StandingOutcome::Changed(_))));
    assert_eq!(changes.count(), 1);
    assert!(answers.iter().all(Result::is_ok));
    assert_eq!(member(&ctx, id).await.version, 2);
}

async fn one_member(ctx: &Ctx) -> MemberId {
    ctx.with_guangdong().await;
    ctx.one_member("gd/guangzhou", 1).await
}

fn suspend(request_id: &str, member_id: MemberId) -> StandingChange {
    StandingChange {
        caller: String::from("office-1"),
        request_id: request_id.to_owned(),
        verb: StandingVerb::Suspend,
        member_id,
        within: Some(path("gd/guangzhou")),
        at: TEN_O_CLOCK,
    }
}

async fn change(ctx: &Ctx, change: StandingChange) -> Decided<StandingOutcome> {
    ctx.store.change_standing(change).await.expect("the store works")
}

async fn member(ctx: &Ctx, id: MemberId) -> Member {
    ctx.store.member(id).await.expect("the store works").expect("is there")
}

/// What an answer shows of a member: not the person, and not the version.
fn shown(member: &Member) -> impl PartialEq + std::fmt::Debug + use<> {
    (member.member_id, member.registration.clone(), member.state, member.updated_at)
}
