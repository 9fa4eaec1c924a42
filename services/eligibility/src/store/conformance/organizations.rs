//! The tree: what may be added, and how it is listed.

use super::fixture::{TEN_O_CLOCK, first_page, organization, path};
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::organization::{Creation, Organization};
use crate::store::{Decided, Page};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "creating_an_organization_twice_adds_it_once",
            run: |ctx| Box::pin(creating_twice_adds_once(ctx)),
        },
        Case {
            name: "creating_an_organization_with_other_content_names_the_field",
            run: |ctx| Box::pin(other_content_names_the_field(ctx)),
        },
        Case {
            name: "an_organization_needs_its_parent_and_lies_within_its_region",
            run: |ctx| Box::pin(needs_its_parent(ctx)),
        },
        Case {
            name: "organizations_are_listed_by_the_bytes_of_their_path_within_a_subtree",
            run: |ctx| Box::pin(listed_by_path(ctx)),
        },
    ]
}

async fn creating_twice_adds_once(ctx: Ctx) {
    let gd = organization("gd", 440_000);
    ctx.create(gd.clone()).await;
    assert_eq!(create(&ctx, gd.clone()).await, Ok(Creation::Exists(gd.clone())));
    assert_eq!(list(&ctx, first_page(None, 10)).await, ["gd"]);
    assert_eq!(ctx.store.organization(&path("gd")).await, Ok(Some(gd)));
    assert_eq!(ctx.store.organization(&path("gx")).await, Ok(None));
}

async fn other_content_names_the_field(ctx: Ctx) {
    ctx.create(organization("gd", 440_000)).await;
    let elsewhere = organization("gd", 450_000);
    let refused = create(&ctx, elsewhere).await;
    assert_eq!(refused, Err(Refusal::OrganizationExists { field: "region_code" }));
    let renamed = Organization { name: String::from("另一个"), ..organization("gd", 440_000) };
    let refused = create(&ctx, renamed).await;
    assert_eq!(refused, Err(Refusal::OrganizationExists { field: "name" }));
}

async fn needs_its_parent(ctx: Ctx) {
    let orphan = create(&ctx, organization("gd/guangzhou", 440_100)).await;
    assert_eq!(orphan, Err(Refusal::ParentMissing { parent: path("gd") }));
    ctx.create(organization("gd", 440_000)).await;
    let elsewhere = create(&ctx, organization("gd/nanning", 450_100)).await;
    assert!(matches!(elsewhere, Err(Refusal::FieldInvalid { .. })), "{elsewhere:?}");
    ctx.create(organization("gd/guangzhou", 440_100)).await;
}

async fn listed_by_path(ctx: Ctx) {
    for (text, region) in
        [("gd", 440_000), ("gdx", 440_000), ("gd-x", 440_000), ("gd/b", 440_100), ("gd/a", 440_300)]
    {
        ctx.create(organization(text, region)).await;
    }
    ctx.create(organization("gd/a/one", 440_305)).await;
    let all = list(&ctx, first_page(None, 10)).await;
    assert_eq!(all, ["gd", "gd-x", "gd/a", "gd/a/one", "gd/b", "gdx"]);
    let subtree = list(&ctx, first_page(Some("gd"), 10)).await;
    assert_eq!(subtree, ["gd", "gd/a", "gd/a/one", "gd/b"]);
    let page = Page { below: Some(path("gd")), after: Some(path("gd/a")), size: 1 };
    assert_eq!(list(&ctx, page).await, ["gd/a/one"]);
}

async fn create(ctx: &Ctx, organization: Organization) -> Decided<Creation> {
    let created = ctx.store.create_organization(organization, TEN_O_CLOCK).await;
    created.expect("the store works")
}

async fn list(ctx: &Ctx, page: Page<member_identity::OrganizationPath>) -> Vec<String> {
    let listed = ctx.store.organizations(page).await.expect("the store works");
    listed.into_iter().map(|organization| organization.path.to_string()).collect()
}
