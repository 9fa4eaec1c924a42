//! Policies: a revision never changes, and the same content is the same revision.

use super::fixture::{TEN_O_CLOCK, first_page, path};
use super::{Case, Ctx};
use crate::domain::policy::{Criterion, Policy, PolicyDraft, Publication};
use crate::domain::{Refusal, Slug};
use crate::store::{Decided, Page};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "publishing_the_same_policy_answers_the_same_revision",
            run: |ctx| Box::pin(same_content_same_revision(ctx)),
        },
        Case {
            name: "publishing_other_criteria_makes_a_revision_and_keeps_the_earlier_one",
            run: |ctx| Box::pin(revisions_are_kept(ctx)),
        },
        Case {
            name: "the_owner_of_a_policy_never_changes_and_exists",
            run: |ctx| Box::pin(owner_never_changes(ctx)),
        },
        Case {
            name: "the_newest_revisions_are_listed_by_name_within_a_subtree",
            run: |ctx| Box::pin(newest_are_listed(ctx)),
        },
    ]
}

async fn same_content_same_revision(ctx: Ctx) {
    ctx.with_guangdong().await;
    let draft = draft("couriers", "gd", &["member.trade == 'COURIER'"]);
    let Ok(Publication::New(first)) = publish(&ctx, draft.clone()).await else {
        panic!("the first publication is new");
    };
    assert_eq!(publish(&ctx, draft).await, Ok(Publication::Same(first.clone())));
    assert_eq!(first.revision, 1);
    assert_eq!(get(&ctx, "couriers", None).await, Some(first));
}

async fn revisions_are_kept(ctx: Ctx) {
    ctx.with_guangdong().await;
    let first = draft("couriers", "gd", &["member.age > 17", "true"]);
    let second = draft("couriers", "gd", &["true", "member.age > 17"]);
    for (draft, revision) in [(&first, 1), (&second, 2), (&first, 3)] {
        let published = publish(&ctx, draft.clone()).await;
        assert!(matches!(published, Ok(Publication::New(one)) if one.revision == revision));
    }
    let kept = get(&ctx, "couriers", Some(2)).await.expect("is kept");
    assert_eq!((kept.revision, kept.content), (2, second));
    let newest = get(&ctx, "couriers", None).await.expect("is there");
    assert_eq!((newest.revision, newest.content), (3, first));
    assert_eq!(get(&ctx, "couriers", Some(4)).await, None);
    assert_eq!(get(&ctx, "others", None).await, None);
}

async fn owner_never_changes(ctx: Ctx) {
    ctx.with_guangdong().await;
    publish(&ctx, draft("couriers", "gd/guangzhou", &["true"])).await.expect("may");
    let taken = publish(&ctx, draft("couriers", "gd/shenzhen", &["true"])).await;
    assert!(matches!(taken, Err(Refusal::FieldInvalid { path: "organization", .. })));
    let nobody = publish(&ctx, draft("riders", "gd/nowhere", &["true"])).await;
    assert_eq!(nobody, Err(Refusal::NotFound("organization")));
}

async fn newest_are_listed(ctx: Ctx) {
    ctx.with_guangdong().await;
    for (name, owner) in [("c", "gd"), ("a", "gd/guangzhou"), ("b", "gd/shenzhen")] {
        publish(&ctx, draft(name, owner, &["true"])).await.expect("may");
    }
    publish(&ctx, draft("a", "gd/guangzhou", &["false"])).await.expect("may");
    assert_eq!(list(&ctx, first_page(None, 10)).await, ["a 2", "b 1", "c 1"]);
    assert_eq!(list(&ctx, first_page(Some("gd/guangzhou"), 10)).await, ["a 2"]);
    let page = Page { below: Some(path("gd")), after: Some(slug("a")), size: 1 };
    assert_eq!(list(&ctx, page).await, ["b 1"]);
}

fn slug(text: &str) -> Slug {
    text.parse().expect("a test names a slug")
}

fn draft(policy_id: &str, owner: &str, expressions: &[&str]) -> PolicyDraft {
    let criterion = |(position, expression): (usize, &&str)| Criterion {
        criterion_id: slug(&format!("criterion-{position}")),
        expression: (*expression).to_owned(),
        text_zh: String::from("不符合条件"),
        text_en: String::from("does not qualify"),
    };
    PolicyDraft {
        policy_id: slug(policy_id),
        organization: path(owner),
        criteria: expressions.iter().enumerate().map(criterion).collect(),
    }
}

async fn publish(ctx: &Ctx, draft: PolicyDraft) -> Decided<Publication> {
    ctx.store.publish_policy(draft, TEN_O_CLOCK).await.expect("the store works")
}

async fn get(ctx: &Ctx, policy_id: &str, revision: Option<i32>) -> Option<Policy> {
    ctx.store.policy(&slug(policy_id), revision).await.expect("the store works")
}

async fn list(ctx: &Ctx, page: Page<Slug>) -> Vec<String> {
    let policies = ctx.store.policies(page).await.expect("the store works");
    let shown = |policy: Policy| format!("{} {}", policy.content.policy_id, policy.revision);
    policies.into_iter().map(shown).collect()
}
