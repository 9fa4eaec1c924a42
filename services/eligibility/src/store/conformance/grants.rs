//! What partners are granted: the whole is stated, and replicas learn of each change once.

use super::fixture::{TEN_O_CLOCK, first_page, path};
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::grant::{Chosen, Claim, Grant, GrantKey, ReferenceKind};
use crate::store::{Decided, Page};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a_grant_is_replaced_as_a_whole_and_stating_it_again_changes_nothing",
            run: |ctx| Box::pin(replaced(ctx)),
        },
        Case {
            name: "grants_are_listed_by_their_names_within_a_subtree",
            run: |ctx| Box::pin(listed(ctx)),
        },
    ]
}

fn grant(partner: &str, organization: &str, references: &[ReferenceKind]) -> Grant {
    Grant {
        key: GrantKey {
            partner: partner.to_owned(),
            purpose: "bus-fare".parse().expect("a slug"),
            organization: path(organization),
        },
        references: Chosen::of(references),
        claims: Chosen::of(&[Claim::Region]),
        updated_at: TEN_O_CLOCK,
    }
}

async fn set(ctx: &Ctx, grant: Grant) -> Decided<Grant> {
    ctx.store.set_grant(grant).await.expect("the store works")
}

async fn replaced(ctx: Ctx) {
    ctx.with_guangdong().await;
    let by_code = grant("bus", "gd", &[ReferenceKind::CardCode]);
    assert_eq!(set(&ctx, by_code.clone()).await, Ok(by_code.clone()));
    assert_eq!(ctx.versions().await.grants, 1);
    let later = TEN_O_CLOCK.plus(std::time::Duration::from_secs(1));
    let again = Grant { updated_at: later, ..by_code.clone() };
    assert_eq!(set(&ctx, again).await, Ok(by_code.clone()), "as it was stated");
    assert_eq!(ctx.versions().await.grants, 1);
    let nothing = Grant { updated_at: later, ..grant("bus", "gd", &[]) };
    assert_eq!(set(&ctx, nothing.clone()).await, Ok(nothing.clone()));
    let changed = ctx.store.changed_grants(1, 10).await.expect("the store works");
    assert_eq!(changed, [(2, nothing)]);
    assert!(ctx.store.changed_grants(2, 10).await.expect("the store works").is_empty());
    let page = ctx.store.grants(first_page(None, 10)).await.expect("the store works");
    assert!(page.is_empty(), "what grants nothing is not shown");
    let nowhere = grant("bus", "gd/zhuhai", &[ReferenceKind::CardCode]);
    assert_eq!(set(&ctx, nowhere).await, Err(Refusal::NotFound("organization")));
}

async fn listed(ctx: Ctx) {
    ctx.with_guangdong().await;
    let of = |partner, organization| grant(partner, organization, &[ReferenceKind::CardNumber]);
    let all = [of("bus", "gd"), of("bus", "gd/guangzhou"), of("shop", "gd/shenzhen")];
    for one in all.iter().rev() {
        set(&ctx, one.clone()).await.expect("may");
    }
    let page = async |page: Page<GrantKey>| ctx.store.grants(page).await.expect("the store works");
    let first = page(first_page(None, 2)).await;
    assert_eq!(first, all[..2]);
    let after = Some(first[1].key.clone());
    assert_eq!(page(Page { below: None, after, size: 2 }).await, all[2..]);
    assert_eq!(page(first_page(Some("gd/guangzhou"), 10)).await, all[1..2]);
}
