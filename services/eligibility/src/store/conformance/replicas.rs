//! Two stores over one database: whatever they do at once, the laws hold, and who is told that
//! another got in the way may try again.

use std::collections::BTreeSet;
use std::future::Future;
use std::sync::Arc;

use member_identity::PersonKey;
use sql::StoreError;
use tokio::task::JoinSet;

use super::fixture::{TEN_O_CLOCK, organization, path, person_row};
use super::{Case, Ctx};
use crate::domain::member::State;
use crate::domain::organization::Creation;
use crate::domain::policy::{Criterion, PolicyDraft, Publication};
use crate::domain::roster::{ImportBatch, RosterImport, WrittenRow};
use crate::domain::standing::{StandingChange, StandingOutcome, StandingVerb};
use crate::store::{ImportStep, Versions, open};

pub(super) fn cases() -> Vec<Case> {
    vec![
        Case {
            name: "one_roster_imported_by_two_replicas_at_once_makes_each_person_a_member_once",
            run: |ctx| Box::pin(one_roster_twice(ctx)),
        },
        Case {
            name: "one_import_streamed_to_two_replicas_at_once_counts_each_line_once",
            run: |ctx| Box::pin(one_import_twice(ctx)),
        },
        Case {
            name: "a_member_changed_by_two_replicas_at_once_has_every_change",
            run: |ctx| Box::pin(roster_and_standing(ctx)),
        },
        Case {
            name: "a_request_id_used_by_two_replicas_at_once_for_two_members_suspends_one",
            run: |ctx| Box::pin(request_id_raced(ctx)),
        },
        Case {
            name: "what_two_replicas_add_at_once_is_added_once",
            run: |ctx| Box::pin(added_once(ctx)),
        },
        Case {
            name: "callers_that_went_away_leave_nothing_open_and_nothing_half_done",
            run: |ctx| Box::pin(cancelled(ctx)),
        },
    ]
}

impl Ctx {
    /// This store and a second one over its database.
    pub(super) async fn replicas(&self) -> [Ctx; 2] {
        let other = open(&self.config).await.expect("opens a second time");
        [self.clone(), Ctx { store: other, ..self.clone() }]
    }
}

/// As a use case does: whoever was in the way came through.
pub(super) async fn attempt<T, F>(step: impl Fn() -> F) -> T
where
    F: Future<Output = Result<T, StoreError>>,
{
    loop {
        match step().await {
            Err(StoreError::Conflict) => (),
            answer => return answer.expect("the store works"),
        }
    }
}

async fn take(ctx: &Ctx, batch: ImportBatch) -> ImportStep {
    let batch = Arc::new(batch);
    attempt(|| ctx.store.import_rows(Arc::clone(&batch), Arc::clone(&ctx.vault))).await
}

async fn begin(ctx: &Ctx, import_id: &str) -> RosterImport {
    let organization = path("gd");
    let begun = attempt(|| ctx.store.begin_import(import_id, &organization, TEN_O_CLOCK)).await;
    begun.expect("may begin")
}

/// Streams rows as an import, a batch a hundred. Knows only what it has sent itself.
async fn stream(ctx: Ctx, import_id: String, rows: Vec<WrittenRow>) -> RosterImport {
    let mut import = begin(&ctx, &import_id).await;
    let mut after_line = import.committed_line;
    let rows: Vec<WrittenRow> = rows.into_iter().filter(|row| row.line > after_line).collect();
    for part in rows.chunks(100) {
        let batch = ImportBatch {
            import_id: import_id.clone(),
            after_line,
            rows: part.iter().map(|row| ctx.read("gd", row)).collect(),
            at: TEN_O_CLOCK,
        };
        after_line = part.last().map_or(after_line, |row| row.line);
        import = take(&ctx, batch).await.import;
    }
    import
}

async fn one_roster_twice(ctx: Ctx) {
    ctx.with_guangdong().await;
    let replicas = ctx.replicas().await;
    let rows: Vec<WrittenRow> = (1..=500).map(|n| person_row(i64::from(n), n)).collect();
    let mut streams = JoinSet::new();
    for (position, replica) in replicas.iter().enumerate() {
        let rows = match position {
            0 => rows.clone(),
            // In another order, so that the two meet everywhere.
            _ => rows
                .iter()
                .rev()
                .zip(1..)
                .map(|(row, line)| WrittenRow { line, ..row.clone() })
                .collect(),
        };
        streams.spawn(stream(replica.clone(), format!("replica-{position}"), rows));
    }
    let imports = streams.join_all().await;
    let added: i64 = imports.iter().map(|import| import.added).sum();
    let unchanged: i64 = imports.iter().map(|import| import.unchanged).sum();
    assert_eq!((added, unchanged), (500, 500));
    let members = ctx.loaded().await;
    let persons: BTreeSet<PersonKey> = members.iter().map(|one| one.member.person).collect();
    assert_eq!((members.len(), persons.len()), (500, 500));
    replicas[1].store.close().await;
}

async fn one_import_twice(ctx: Ctx) {
    ctx.with_guangdong().await;
    let replicas = ctx.replicas().await;
    let rows: Vec<WrittenRow> = (1..=500).map(|n| person_row(i64::from(n), n)).collect();
    let mut streams = JoinSet::new();
    for replica in &replicas {
        streams.spawn(stream(replica.clone(), String::from("one"), rows.clone()));
    }
    streams.join_all().await;
    let import = begin(&ctx, "one").await;
    assert_eq!((import.committed_line, import.added, import.unchanged), (500, 500, 0));
    assert_eq!(ctx.loaded().await.len(), 500);
    replicas[1].store.close().await;
}

async fn roster_and_standing(ctx: Ctx) {
    ctx.with_guangdong().await;
    let replicas = ctx.replicas().await;
    let id = ctx.one_member("gd", 1).await;
    let mut work = JoinSet::new();
    for (position, replica) in replicas.iter().enumerate() {
        let replica = replica.clone();
        work.spawn(async move {
            for round in 0..20 {
                let trade = ["快递员", "货车司机"][round % 2].to_owned();
                let row = WrittenRow { trade, ..person_row(1, 1) };
                stream(replica.clone(), format!("roster-{position}-{round}"), vec![row]).await;
                let verb = [StandingVerb::Suspend, StandingVerb::Reinstate][round % 2];
                let request_id = format!("standing-{position}-{round}");
                let change = change(request_id, verb, id);
                attempt(|| replica.store.change_standing(change.clone())).await.expect("may");
            }
        });
    }
    work.join_all().await;
    let member = ctx.store.member(id).await.expect("the store works").expect("is there");
    let versions = ctx.versions().await;
    let loaded = ctx.loaded().await;
    assert_eq!(loaded[0].member, member);
    assert_eq!(loaded[0].shard_version, versions.shards[usize::from(id.shard().0)]);
    assert_eq!(member.version, loaded[0].shard_version, "every change has a version of both");
    assert_eq!(member.state, State::Active, "both reinstated last");
    replicas[1].store.close().await;
}

fn change(
    request_id: String,
    verb: StandingVerb,
    member_id: member_identity::MemberId,
) -> StandingChange {
    let caller = String::from("office-1");
    StandingChange { caller, request_id, verb, member_id, within: None, at: TEN_O_CLOCK }
}

async fn request_id_raced(ctx: Ctx) {
    ctx.with_guangdong().await;
    let replicas = ctx.replicas().await;
    let ids = [ctx.one_member("gd", 1).await, ctx.one_member("gd", 2).await];
    let mut calls = JoinSet::new();
    for (replica, id) in replicas.iter().zip(ids) {
        let replica = replica.clone();
        let change = change(String::from("r-1"), StandingVerb::Suspend, id);
        calls.spawn(async move { attempt(|| replica.store.change_standing(change.clone())).await });
    }
    let answers = calls.join_all().await;
    let changed = answers.iter().filter(|one| matches!(one, Ok(StandingOutcome::Changed(_))));
    assert_eq!(changed.count(), 1, "{answers:?}");
    let members = ctx.loaded().await;
    let suspended = members.iter().filter(|one| one.member.state == State::Suspended);
    assert_eq!(suspended.count(), 1);
    replicas[1].store.close().await;
}

async fn added_once(ctx: Ctx) {
    let replicas = ctx.replicas().await;
    let mut calls = JoinSet::new();
    for replica in replicas.iter().cycle().take(10).cloned() {
        calls.spawn(async move {
            let gd = organization("gd", 440_000);
            let create = || replica.store.create_organization(gd.clone(), TEN_O_CLOCK);
            let created = attempt(create).await.expect("may");
            let publish = || replica.store.publish_policy(everybody(), TEN_O_CLOCK);
            let published = attempt(publish).await.expect("may");
            let added = matches!(created, Creation::Added(_));
            (added, matches!(published, Publication::New(_)))
        });
    }
    let answers = calls.join_all().await;
    assert_eq!(answers.iter().filter(|(added, _)| *added).count(), 1);
    assert_eq!(answers.iter().filter(|(_, new)| *new).count(), 1);
    assert_eq!(ctx.versions().await.policies, 1);
    replicas[1].store.close().await;
}

fn everybody() -> PolicyDraft {
    PolicyDraft {
        policy_id: "everybody".parse().expect("a slug"),
        organization: path("gd"),
        criteria: vec![Criterion {
            criterion_id: "all".parse().expect("a slug"),
            expression: String::from("true"),
            text_zh: String::from("不符合条件"),
            text_en: String::from("does not qualify"),
        }],
    }
}

async fn cancelled(ctx: Ctx) {
    ctx.with_guangdong().await;
    let replicas = ctx.replicas().await;
    let id = ctx.one_member("gd", 1).await;
    for round in 0..60 {
        let verb = [StandingVerb::Suspend, StandingVerb::Reinstate][round % 2];
        let change = change(format!("r-{round}"), verb, id);
        let call = replicas[round / 2 % 2].store.change_standing(change);
        tokio::select! {
            biased;
            answer = call => assert!(answer.is_ok_and(|decided| decided.is_ok())),
            () = yields(round % 7) => (),
        }
    }
    // Were a transaction left open, its locks would keep this from its end.
    let last = change(String::from("last"), StandingVerb::Suspend, id);
    let answer = attempt(|| replicas[1].store.change_standing(last.clone())).await.expect("may");
    let last = change(String::from("last"), StandingVerb::Suspend, id);
    let again = attempt(|| ctx.store.change_standing(last.clone())).await.expect("may");
    assert!(matches!(again, StandingOutcome::Replayed(_)), "{answer:?} then {again:?}");
    // Closing finishes what callers have left behind.
    for replica in &replicas {
        replica.store.close().await;
    }
    let after = Ctx { store: open(&ctx.config).await.expect("opens again"), ..ctx };
    let Versions { shards, .. } = after.versions().await;
    let [stored] = &after.loaded().await[..] else { panic!("one member") };
    assert_eq!(stored.member.version, shards[usize::from(id.shard().0)], "none half done");
    after.store.close().await;
}

async fn yields(count: usize) {
    for _ in 0..count {
        tokio::task::yield_now().await;
    }
}
