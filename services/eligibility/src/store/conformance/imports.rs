//! Rosters: one live membership a person, safe to repeat, resumable, and nothing in the clear.

use member_identity::MemberId;

use super::fixture::{TEN_O_CLOCK, first_page, path, person_row};
use super::{Case, Ctx};
use crate::domain::Refusal;
use crate::domain::keyring::BlindKind;
use crate::domain::roster::{ImportBatch, ReadRow, RosterImport, RowProblem, WrittenRow};
use crate::domain::vault::Column;
use crate::store::Page;

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "a_roster_under_a_new_import_id_is_unchanged",
            run: |ctx| Box::pin(the_same_roster_is_unchanged(ctx)),
        },
        Case {
            name: "a_row_that_says_something_else_changes_the_member_and_keeps_its_id",
            run: |ctx| Box::pin(other_content_changes(ctx)),
        },
        Case {
            name: "a_person_twice_in_a_batch_is_judged_against_the_earlier_row",
            run: |ctx| Box::pin(twice_in_a_batch(ctx)),
        },
        Case {
            name: "a_person_of_another_organization_is_a_problem_of_the_row",
            run: |ctx| Box::pin(member_elsewhere(ctx)),
        },
        Case {
            name: "a_row_for_an_unknown_organization_is_a_problem_of_the_row",
            run: |ctx| Box::pin(unknown_organization(ctx)),
        },
        Case { name: "two_persons_may_share_a_phone", run: |ctx| Box::pin(shared_phone(ctx)) },
        Case {
            name: "a_batch_that_was_overtaken_passes_over_what_is_committed",
            run: |ctx| Box::pin(overtaken(ctx)),
        },
        Case {
            name: "an_import_id_is_one_organizations",
            run: |ctx| Box::pin(import_id_reused(ctx)),
        },
        Case {
            name: "the_first_thousand_bad_rows_are_kept_by_line",
            run: |ctx| Box::pin(problems_are_kept(ctx)),
        },
        Case {
            name: "members_are_loaded_sealed_and_open_with_their_vault",
            run: |ctx| Box::pin(loaded_sealed(ctx)),
        },
        Case {
            name: "members_are_listed_by_id_page_by_page_within_a_subtree",
            run: |ctx| Box::pin(listed_by_id(ctx)),
        },
    ]
}

async fn the_same_roster_is_unchanged(ctx: Ctx) {
    ctx.with_guangdong().await;
    let rows: Vec<WrittenRow> = (1..=200).map(|n| person_row(i64::from(n), n)).collect();
    let first = ctx.import("first", "gd/guangzhou", &rows).await;
    assert_eq!(counts(&first.import), (200, 200, 0, 0, 0));
    let again = ctx.import("again", "gd/guangzhou", &rows).await;
    assert_eq!(counts(&again.import), (200, 0, 0, 200, 0));
    assert!(again.applied.is_empty());
    assert_eq!(ctx.loaded().await.len(), 200);
    assert_eq!(ctx.begin("first", "gd/guangzhou").await, first.import);
}

async fn other_content_changes(ctx: Ctx) {
    ctx.with_guangdong().await;
    let id = ctx.one_member("gd/guangzhou", 7).await;
    let moved = WrittenRow {
        organization: String::from("gd/shenzhen"),
        honours: String::from("全国劳模"),
        ..person_row(1, 7)
    };
    let changed = ctx.import("moved", "gd", std::slice::from_ref(&moved)).await;
    assert_eq!(counts(&changed.import), (1, 0, 1, 0, 0));
    let renamed = WrittenRow { name: String::from("王大明"), phone: String::new(), ..moved };
    let changed = ctx.import("renamed", "gd", &[renamed]).await;
    assert_eq!(counts(&changed.import), (1, 0, 1, 0, 0));
    let member = ctx.store.member(id).await.expect("the store works").expect("keeps its id");
    assert_eq!(member.version, 3);
    assert_eq!(member.registration.organization, path("gd/shenzhen"));
    assert_eq!(member.registration.honours.to_string(), "NATIONAL_MODEL_WORKER");
    assert_eq!(ctx.loaded().await.len(), 1);
}

async fn twice_in_a_batch(ctx: Ctx) {
    ctx.with_guangdong().await;
    let other = WrittenRow { trade: String::from("TRUCK"), ..person_row(3, 1) };
    let rows = [person_row(1, 1), person_row(2, 1), other];
    let step = ctx.import("twice", "gd/guangzhou", &rows).await;
    assert_eq!(counts(&step.import), (3, 1, 1, 1, 0));
    assert_eq!(step.applied.len(), 1, "the member as it came out");
    assert_eq!(step.applied[0].member.version, 2);
    let loaded = ctx.loaded().await;
    assert_eq!(loaded.len(), 1);
    assert_eq!(loaded[0].member, step.applied[0].member);
}

async fn member_elsewhere(ctx: Ctx) {
    ctx.with_guangdong().await;
    let id = ctx.one_member("gd/guangzhou", 1).await;
    let step = ctx.import("poached", "gd/shenzhen", &[person_row(1, 1)]).await;
    assert_eq!(counts(&step.import), (1, 0, 0, 0, 1));
    assert_eq!(problems(&ctx, "poached").await, ["1 id_number MEMBER_ELSEWHERE"]);
    let member = ctx.store.member(id).await.expect("the store works").expect("is there");
    assert_eq!((member.version, member.registration.organization), (1, path("gd/guangzhou")));
}

async fn unknown_organization(ctx: Ctx) {
    ctx.with_guangdong().await;
    let nowhere = WrittenRow { organization: String::from("gd/nowhere"), ..person_row(1, 1) };
    let step = ctx.import("nowhere", "gd", &[nowhere]).await;
    assert_eq!(counts(&step.import), (1, 0, 0, 0, 1));
    assert_eq!(problems(&ctx, "nowhere").await, ["1 organization ORGANIZATION_UNKNOWN"]);
    let begun = ctx.store.begin_import("lost", &path("gd/nowhere"), TEN_O_CLOCK).await;
    assert_eq!(begun, Ok(Err(Refusal::NotFound("organization"))));
}

async fn shared_phone(ctx: Ctx) {
    ctx.with_guangdong().await;
    let phone = person_row(1, 1).phone;
    let second = WrittenRow { phone, ..person_row(2, 2) };
    let step = ctx.import("family", "gd", &[person_row(1, 1), second]).await;
    assert_eq!(counts(&step.import), (2, 2, 0, 0, 0));
}

async fn overtaken(ctx: Ctx) {
    ctx.with_guangdong().await;
    ctx.begin("twice", "gd").await;
    let rows: Vec<ReadRow> =
        (1..=4).map(|n| ctx.read("gd", &person_row(i64::from(n), n))).collect();
    let batch = |rows: &[ReadRow]| ImportBatch {
        import_id: String::from("twice"),
        after_line: 0,
        rows: rows.to_vec(),
        at: TEN_O_CLOCK,
    };
    ctx.take(batch(&rows[..3])).await;
    let slower = ctx.take(batch(&rows)).await;
    assert_eq!(counts(&slower.import), (4, 4, 0, 0, 0));
}

async fn import_id_reused(ctx: Ctx) {
    ctx.with_guangdong().await;
    ctx.begin("mine", "gd/guangzhou").await;
    let begun = ctx.store.begin_import("mine", &path("gd/shenzhen"), TEN_O_CLOCK).await;
    assert_eq!(begun, Ok(Err(Refusal::ImportIdReused)));
    assert_eq!(ctx.store.import_report("yours").await, Ok(None));
}

async fn problems_are_kept(ctx: Ctx) {
    ctx.with_guangdong().await;
    ctx.begin("bad", "gd").await;
    for first in [1, 801] {
        let (column, reason) = ("name", "NAME_EMPTY");
        let bad = |line| ReadRow::Bad(RowProblem { line, column, reason });
        ctx.take(ImportBatch {
            import_id: String::from("bad"),
            after_line: first - 1,
            rows: (first..first + 800).map(bad).collect(),
            at: TEN_O_CLOCK,
        })
        .await;
    }
    let report = ctx.store.import_report("bad").await.expect("the store works");
    let report = report.expect("was begun");
    assert_eq!(counts(&report.import), (1_600, 0, 0, 0, 1_600));
    let lines: Vec<i64> = report.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, (1..=1_000).collect::<Vec<i64>>());
}

async fn loaded_sealed(ctx: Ctx) {
    ctx.with_guangdong().await;
    let id = ctx.one_member("gd/guangzhou", 5).await;
    let loaded = ctx.loaded().await;
    let [stored] = loaded.as_slice() else {
        panic!("one member, not {}", loaded.len());
    };
    assert_eq!(stored.member.member_id, id);
    assert_eq!(id.shard(), stored.member.person.shard());
    let key = ctx.vault.unwrap(stored.member.person, &stored.key).expect("opens");
    let birth = stored.birth.as_deref().expect("the number states a birth date");
    let opened = ctx.vault.open_birth(&key, id, birth).expect("opens");
    assert_eq!(opened.to_string(), "1990-06-11");
    let row = ctx.read("gd", &person_row(1, 5));
    let ReadRow::Good(row) = row else { panic!("the row is good") };
    assert_eq!(stored.blind, Some(row.id_blinds[0]));
    let number = row.content.id.canonical();
    assert_eq!(row.id_blinds, ctx.vault.ring().blinds(BlindKind::IdNumber, &number));
    assert!(ctx.vault.open(&key, Column::Sex, id, birth).is_err(), "sealed for its column");
}

async fn listed_by_id(ctx: Ctx) {
    ctx.with_guangdong().await;
    let guangzhou: Vec<WrittenRow> = (1..=30).map(|n| person_row(i64::from(n), n)).collect();
    let shenzhen: Vec<WrittenRow> = (31..=40).map(|n| person_row(i64::from(n), n)).collect();
    ctx.import("guangzhou", "gd/guangzhou", &guangzhou).await;
    ctx.import("shenzhen", "gd/shenzhen", &shenzhen).await;
    let everyone = listed(&ctx, first_page(None, 100)).await;
    assert_eq!(everyone.len(), 40);
    assert!(everyone.is_sorted());
    assert_eq!(listed(&ctx, first_page(Some("gd/shenzhen"), 100)).await.len(), 10);
    let mut by_page: Vec<MemberId> = Vec::new();
    loop {
        let page = Page { below: Some(path("gd")), after: by_page.last().copied(), size: 7 };
        let more = listed(&ctx, page).await;
        if more.is_empty() {
            break;
        }
        by_page.extend(more);
    }
    assert_eq!(by_page, everyone);
}

async fn listed(ctx: &Ctx, page: Page<MemberId>) -> Vec<MemberId> {
    let members = ctx.store.members(page).await.expect("the store works");
    members.into_iter().map(|member| member.member_id).collect()
}

async fn problems(ctx: &Ctx, import_id: &str) -> Vec<String> {
    let report = ctx.store.import_report(import_id).await.expect("the store works");
    let problems = report.expect("was begun").problems;
    problems.iter().map(|one| format!("{} {} {}", one.line, one.column, one.reason)).collect()
}

/// Committed line, added, changed, unchanged, bad.
fn counts(import: &RosterImport) -> (i64, i64, i64, i64, i64) {
    let RosterImport { committed_line, added, changed, unchanged, bad, .. } = import;
    (*committed_line, *added, *changed, *unchanged, *bad)
}
