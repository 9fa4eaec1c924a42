//! Linked accounts: law A1, and one member an account.

use member_identity::{CardId, LinkId, MemberId};
use tokio::task::JoinSet;

use super::fixture::{TEN_O_CLOCK, path};
use super::replicas::attempt;
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::account::{AccountOutcome, AccountRequest, AccountVerb, FreshLink};
use crate::domain::entropy::random;
use crate::store::Decided;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "an_account_is_one_members_until_it_is_unlinked",
            run: |ctx| Box::pin(one_members(ctx)),
        },
        Case {
            name: "a_request_about_an_account_is_answered_the_same_for_ever",
            run: |ctx| Box::pin(same_request_same_answer(ctx)),
        },
        Case {
            name: "a_member_ends_a_link_whatever_the_partner_says",
            run: |ctx| Box::pin(withdrawn(ctx)),
        },
        Case {
            name: "an_account_linked_with_ten_members_at_once_is_one_members",
            run: |ctx| Box::pin(ten_at_once(ctx)),
        },
    ]
}

fn request(verb: AccountVerb, request_id: &str, account: u8) -> AccountRequest {
    AccountRequest {
        caller: String::from("pay"),
        request_id: request_id.to_owned(),
        verb,
        blinds: vec![[account; 16]],
        index_version: 1,
        card_id: (verb == AccountVerb::Link).then_some(CardId::from_bytes([5; 16])),
        at: TEN_O_CLOCK,
    }
}

async fn link(
    ctx: &Ctx,
    request_id: &str,
    account: u8,
    member_id: MemberId,
) -> Decided<AccountOutcome> {
    let mut id: [u8; 16] = random(ctx.vault.entropy());
    id[0] = member_id.shard().0;
    let fresh = FreshLink {
        link_id: LinkId::from_bytes(id),
        member_id,
        account: vec![1, 2, 3],
        consent: [9; 8],
    };
    let request = request(AccountVerb::Link, request_id, account);
    let step = attempt(|| ctx.store.link_account(request.clone(), fresh.clone())).await?;
    if let AccountOutcome::Changed(_) = step.outcome {
        let [handle] = step.handles[..] else { panic!("one handle: {:?}", step.handles) };
        assert_eq!(
            (handle.key, handle.member_id, handle.is_live),
            ([account; 16], member_id, true)
        );
    }
    Ok(step.outcome)
}

async fn unlink(ctx: &Ctx, request_id: &str, account: u8) -> Decided<AccountOutcome> {
    let request = request(AccountVerb::Unlink, request_id, account);
    let step = attempt(|| ctx.store.unlink_account(request.clone())).await?;
    assert!(step.handles.iter().all(|handle| !handle.is_live));
    Ok(step.outcome)
}

async fn two_members(ctx: &Ctx) -> [MemberId; 2] {
    ctx.with_guangdong().await;
    [ctx.one_member("gd/guangzhou", 1).await, ctx.one_member("gd/guangzhou", 2).await]
}

async fn one_members(ctx: Ctx) {
    let [one, other] = two_members(&ctx).await;
    let changed = Ok(AccountOutcome::Changed(TEN_O_CLOCK));
    assert_eq!(unlink(&ctx, "u-0", 1).await, Err(Refusal::NotFound("account")));
    assert_eq!(link(&ctx, "l-1", 1, one).await, changed);
    assert_eq!(link(&ctx, "l-2", 1, one).await, Ok(AccountOutcome::Unchanged(TEN_O_CLOCK)));
    assert_eq!(link(&ctx, "l-3", 1, other).await, Err(Refusal::AccountLinked));
    assert_eq!(link(&ctx, "l-4", 2, one).await, changed, "a member may have several");
    assert_eq!(unlink(&ctx, "u-1", 1).await, changed);
    assert_eq!(unlink(&ctx, "u-2", 1).await, Err(Refusal::NotFound("account")));
    let before = ctx.versions().await;
    assert_eq!(link(&ctx, "l-5", 1, other).await, changed, "it may be another's then");
    let changes = ctx.handles_after(&before).await;
    let [stored] = changes[..] else { panic!("one change: {changes:?}") };
    assert_eq!((stored.handle.member_id, stored.handle.version), (other, 3));
}

async fn same_request_same_answer(ctx: Ctx) {
    let [one, other] = two_members(&ctx).await;
    link(&ctx, "r-1", 1, one).await.expect("may");
    unlink(&ctx, "r-1", 1).await.expect("verbs have ids of their own");
    let replayed = Ok(AccountOutcome::Replayed(TEN_O_CLOCK));
    assert_eq!(link(&ctx, "r-1", 1, one).await, replayed);
    assert_eq!(unlink(&ctx, "r-1", 1).await, replayed);
    let reused = Err(Refusal::RequestIdReused { field: "account_id" });
    assert_eq!(link(&ctx, "r-1", 2, one).await, reused);
    assert_eq!(unlink(&ctx, "r-1", 2).await, reused);
    assert_eq!(link(&ctx, "r-2", 1, other).await, Ok(AccountOutcome::Changed(TEN_O_CLOCK)));
    let earlier = ctx.store.answered_account(&request(AccountVerb::Link, "r-2", 1)).await;
    assert_eq!(earlier.expect("the store works").expect("is known").account, [1; 16]);
}

async fn withdrawn(ctx: Ctx) {
    let [one, _] = two_members(&ctx).await;
    link(&ctx, "l-1", 1, one).await.expect("may");
    link(&ctx, "l-2", 2, one).await.expect("may");
    let links =
        async |after, size| ctx.store.links(one, after, size).await.expect("the store works");
    let first = links(None, 1).await;
    let second = links(Some(first[0].link_id), 9).await;
    assert_eq!((first.len(), second.len(), &*second[0].partner), (1, 1, "pay"));
    let withdraw = async |request_id: &str, link_id: LinkId, within: &str| {
        let request = AccountRequest {
            caller: String::from("app"),
            blinds: vec![*link_id.as_bytes()],
            ..request(AccountVerb::Withdraw, request_id, 0)
        };
        let within = Some(path(within));
        let step = || ctx.store.withdraw_link(request.clone(), link_id, within.clone());
        attempt(step).await.map(|step| step.outcome)
    };
    let link_id = first[0].link_id;
    let outside = withdraw("w-1", link_id, "gd/shenzhen").await;
    assert_eq!(outside, Err(Refusal::OutsideSubtree));
    let changed = Ok(AccountOutcome::Changed(TEN_O_CLOCK));
    assert_eq!(withdraw("w-1", link_id, "gd").await, changed);
    assert_eq!(withdraw("w-1", link_id, "gd").await, Ok(AccountOutcome::Replayed(TEN_O_CLOCK)));
    assert_eq!(withdraw("w-2", link_id, "gd").await, Ok(AccountOutcome::Unchanged(TEN_O_CLOCK)));
    let reused = withdraw("w-1", second[0].link_id, "gd").await;
    assert_eq!(reused, Err(Refusal::RequestIdReused { field: "link_id" }));
    let nothing = withdraw("w-3", LinkId::from_bytes([9; 16]), "gd").await;
    assert_eq!(nothing, Err(Refusal::NotFound("link")));
    assert_eq!(links(None, 9).await, second, "the other is in force still");
    let live = ctx.handles().await.into_iter().filter(|stored| stored.handle.is_live);
    assert_eq!(live.count(), 1);
}

async fn ten_at_once(ctx: Ctx) {
    ctx.with_guangdong().await;
    let mut members = Vec::new();
    for number in 1..=10 {
        members.push(ctx.one_member("gd/guangzhou", number).await);
    }
    let mut calls = JoinSet::new();
    for (at, member_id) in members.into_iter().enumerate() {
        let ctx = ctx.clone();
        calls.spawn(async move { link(&ctx, &format!("l-{at}"), 1, member_id).await });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|answer| answer.is_ok()).count(), 1);
    let refused = answers.iter().filter(|answer| **answer == Err(Refusal::AccountLinked));
    assert_eq!(refused.count(), 9);
}
