//! What replicas follow: every change has the next version of its shard, and none is missed.

use member_identity::{MemberId, Shard};

use super::fixture::{TEN_O_CLOCK, path, person_row};
use super::{Case, Ctx};
use crate::domain::member::State;
use crate::domain::policy::{Criterion, PolicyDraft};
use crate::domain::roster::WrittenRow;
use crate::domain::standing::{StandingChange, StandingVerb};
use crate::store::{ShardCursor, StoredMember, Versions};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a_change_advances_the_version_of_its_shard_and_of_no_other",
            run: |ctx| Box::pin(one_shard_advances(ctx)),
        },
        Case {
            name: "an_import_says_which_versions_it_made",
            run: |ctx| Box::pin(import_versions(ctx)),
        },
        Case {
            name: "a_shard_is_read_on_page_by_page_in_the_order_of_its_changes",
            run: |ctx| Box::pin(read_page_by_page(ctx)),
        },
        Case {
            name: "a_blind_index_is_given_up_to_the_version_that_was_asked_for",
            run: |ctx| Box::pin(blind_versions(ctx)),
        },
        Case {
            name: "published_policies_are_read_on_by_their_version_the_newest_of_each",
            run: |ctx| Box::pin(published_policies(ctx)),
        },
    ]
}

async fn one_shard_advances(ctx: Ctx) {
    ctx.with_guangdong().await;
    assert_eq!(ctx.versions().await, Versions::none());
    let id = ctx.one_member("gd", 1).await;
    let imported = ctx.versions().await;
    assert_eq!(advanced(&Versions::none(), &imported), [id.shard()]);
    ctx.store.change_standing(suspend(id)).await.expect("the store works").expect("may");
    let suspended = ctx.versions().await;
    assert_eq!(advanced(&imported, &suspended), [id.shard()]);
    let changed = ctx.changed_after(&imported).await;
    let [StoredMember { member, shard_version, .. }] = changed.as_slice() else {
        panic!("one change, not {}", changed.len());
    };
    assert_eq!((member.member_id, member.state), (id, State::Suspended));
    assert_eq!(*shard_version, suspended.shards[usize::from(id.shard().0)]);
    ctx.store.change_standing(suspend(id)).await.expect("the store works").expect("is replayed");
    ctx.import("again", "gd", &[person_row(1, 1)]).await;
    assert_eq!(ctx.versions().await, suspended, "nothing changed");
    assert!(ctx.changed_after(&suspended).await.is_empty());
}

async fn import_versions(ctx: Ctx) {
    ctx.with_guangdong().await;
    let rows: Vec<WrittenRow> = (1..=600).map(|n| person_row(i64::from(n), n)).collect();
    ctx.import("some", "gd", &rows[..300]).await;
    let before = ctx.versions().await;
    let step = ctx.import("more", "gd", &rows).await;
    let after = ctx.versions().await;
    let mut told: Vec<(Shard, i64)> = step.versions;
    told.sort_unstable();
    let shards = advanced(&before, &after);
    let read: Vec<(Shard, i64)> =
        shards.into_iter().map(|shard| (shard, after.shards[usize::from(shard.0)])).collect();
    assert_eq!(told, read);
    assert_eq!(ctx.changed_after(&before).await.len(), 300);
}

async fn read_page_by_page(ctx: Ctx) {
    ctx.with_guangdong().await;
    let rows: Vec<WrittenRow> = (1..=900).map(|n| person_row(i64::from(n), n)).collect();
    for (position, part) in rows.chunks(300).enumerate() {
        ctx.import(&format!("part-{position}"), "gd", part).await;
    }
    let everyone = ctx.loaded().await;
    assert_eq!(everyone.len(), 900);
    let shard = everyone[0].member.member_id.shard();
    let whole: Vec<_> = everyone.iter().filter(|one| of(one).0 == shard).map(order).collect();
    assert!(whole.len() > 1 && whole.is_sorted(), "{whole:?}");
    let mut cursor = ShardCursor::behind(shard, 0);
    let mut by_page = Vec::new();
    loop {
        let page = ctx.store.changed_members(&[cursor], 1, 1).await.expect("the store works");
        let Some(last) = page.last() else { break };
        let (version, member_id) = order(last);
        cursor = ShardCursor { version, member_id, ..cursor };
        by_page.extend(page.iter().map(order));
    }
    assert_eq!(by_page, whole);
}

async fn blind_versions(ctx: Ctx) {
    ctx.with_guangdong().await;
    let id = ctx.one_member("gd", 1).await;
    for (index_version, found) in [(0, false), (1, true), (2, true)] {
        let cursor = ShardCursor::behind(id.shard(), 0);
        let read = ctx.store.changed_members(&[cursor], 1, index_version).await;
        assert_eq!(read.expect("the store works")[0].blind.is_some(), found);
    }
}

async fn published_policies(ctx: Ctx) {
    ctx.with_guangdong().await;
    for (policy_id, expression) in [("a", "true"), ("b", "true"), ("a", "false"), ("a", "false")] {
        let draft = PolicyDraft {
            policy_id: policy_id.parse().expect("a slug"),
            organization: path("gd"),
            criteria: vec![Criterion {
                criterion_id: "all".parse().expect("a slug"),
                expression: expression.to_owned(),
                text_zh: String::from("不符合条件"),
                text_en: String::from("does not qualify"),
            }],
        };
        let published = ctx.store.publish_policy(draft, TEN_O_CLOCK).await;
        published.expect("the store works").expect("may");
    }
    assert_eq!(ctx.versions().await.policies, 3, "the last one changed nothing");
    assert_eq!(published(&ctx, 0, 10).await, ["2 b 1", "3 a 2"]);
    assert_eq!(published(&ctx, 0, 1).await, ["2 b 1"]);
    assert_eq!(published(&ctx, 2, 10).await, ["3 a 2"]);
    assert!(published(&ctx, 3, 10).await.is_empty());
}

async fn published(ctx: &Ctx, after: i64, size: u32) -> Vec<String> {
    let changed = ctx.store.changed_policies(after, size).await.expect("the store works");
    let shown = |(version, policy): &(i64, crate::domain::policy::Policy)| {
        format!("{version} {} {}", policy.content.policy_id, policy.revision)
    };
    changed.iter().map(shown).collect()
}

fn suspend(member_id: MemberId) -> StandingChange {
    StandingChange {
        caller: String::from("office-1"),
        request_id: String::from("s-1"),
        verb: StandingVerb::Suspend,
        member_id,
        within: None,
        at: TEN_O_CLOCK,
    }
}

/// The shards whose versions differ; each must be later.
fn advanced(before: &Versions, after: &Versions) -> Vec<Shard> {
    let both = before.shards.iter().zip(after.shards.iter());
    let differing = (0..=u8::MAX).zip(both).filter(|(_, (before, after))| before != after);
    let shard = |(shard, (before, after)): (u8, (&i64, &i64))| {
        assert_eq!(before + 1, *after, "shard {shard}");
        Shard(shard)
    };
    differing.map(shard).collect()
}

fn of(stored: &StoredMember) -> (Shard, i64) {
    (stored.member.member_id.shard(), stored.shard_version)
}

fn order(stored: &StoredMember) -> (i64, MemberId) {
    (stored.shard_version, stored.member.member_id)
}
