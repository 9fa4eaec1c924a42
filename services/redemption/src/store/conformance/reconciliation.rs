//! Reconciliation: a platform's file of a closed day beside the journal, and what is said of the
//! differences.

use super::till::{OFF, RETURNS, Till, day, key, made, person};
use super::{Case, case};
use crate::domain::{
    Difference, DifferenceKind, DifferenceState, FileBatch, PartnerFile, Reconciliation,
    ReconciliationKey, Resolution, ResolutionAction, Resolve, ResolveProblem, Taken,
};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("reconciliation", a_statement_agrees_with_the_journal_that_it_was_made_from),
        case!("reconciliation", each_kind_of_difference_is_found_with_its_line),
        case!("reconciliation", an_order_of_several_transactions_is_compared_as_one_sum),
        case!("reconciliation", a_row_that_names_a_transaction_is_compared_with_it_alone),
        case!("reconciliation", a_file_that_broke_off_goes_on_and_comes_out_the_same),
        case!("reconciliation", another_file_under_the_same_id_changes_nothing),
        case!("reconciliation", bad_rows_are_counted_and_cost_no_other),
        case!("reconciliation", differences_are_read_page_by_page),
        case!("A1", a_word_on_a_difference_is_kept_once),
        case!("reconciliation", what_was_accepted_stays_so_and_takes_notes),
        case!("reconciliation", an_unfinished_reconciliation_has_no_differences_to_resolve),
    ]
}

const HEADER: &str = "order_number,kind,amount_fen\n";
/// Steps after which a reconciliation of these tests is done, or hangs.
const STEPS_MAX: usize = 50;

/// Persons 1 to `count` buy a drink each, order `o1` and so on, and the day is closed.
async fn sold(till: &Till, count: u8) {
    for n in 1..=count {
        till.give(person(n), RETURNS).await;
        let id = till.held(&format!("a{n}"), person(n), &format!("o{n}")).await;
        made(till.one(till.capture(&format!("c{n}"), id)).await);
    }
    close(till).await;
}

async fn close(till: &Till) {
    till.move_to("2022-07-23", 0);
    till.close().await;
}

fn name(id: &str) -> ReconciliationKey {
    ReconciliationKey { partner: key("wepay"), id: key(id) }
}

fn parts(file: &str) -> Vec<FileBatch> {
    let mut reader = PartnerFile::default();
    let mut parts = reader.take(file.as_bytes()).expect("the header reads");
    parts.push(reader.finish().expect("the header reads"));
    parts
}

async fn begun(till: &Till, id: &str) -> Reconciliation {
    let begun = till.store.begin_reconciliation(&name(id), day("2022-07-22")).await;
    begun.expect("the store is there")
}

async fn stage(till: &Till, id: &str, part: &FileBatch) -> Taken {
    till.store.stage_part(&name(id), part.clone()).await.expect("the store is there").0
}

/// Compares until all is compared.
async fn compared(till: &Till, id: &str) -> Reconciliation {
    for _ in 0..STEPS_MAX {
        let stands = till.store.advance_reconciliation(&name(id), till.now()).await;
        let stands = stands.expect("the store is there");
        if stands.is_finished() {
            return stands;
        }
    }
    panic!("the reconciliation does not end");
}

/// Takes a whole file and compares it.
async fn reconciled(till: &Till, id: &str, file: &str) -> Reconciliation {
    begun(till, id).await;
    for part in parts(file) {
        assert_ne!(stage(till, id, &part).await, Taken::OtherFile);
    }
    compared(till, id).await
}

async fn differences(till: &Till, id: &str) -> Vec<Difference> {
    till.store.differences(&name(id), "", 100).await.expect("the store is there")
}

async fn a_statement_agrees_with_the_journal_that_it_was_made_from(till: Till) {
    sold(&till, 3).await;
    let (file, head) = till.statement("2022-07-22").await;
    let done = reconciled(&till, "m1", &file).await;
    assert_eq!((done.matched, done.differences, done.bad_rows), (3, 0, 0));
    assert_eq!((done.theirs.rows, done.theirs.captured), (head.rows, head.captured));
    assert!(differences(&till, "m1").await.is_empty());
}

async fn each_kind_of_difference_is_found_with_its_line(till: Till) {
    sold(&till, 3).await;
    let file = format!("{HEADER}o1,CAPTURE,299\no2,CAPTURE,300\no9,CAPTURE,299\no1,REFUND,299\n");
    let done = reconciled(&till, "m1", &file).await;
    assert_eq!((done.matched, done.differences), (1, 4));
    let found = differences(&till, "m1").await;
    let shown: Vec<_> = found.iter().map(|one| (one.id.as_str(), one.kind(), one.line)).collect();
    let expected = [
        ("CAPTURE:order:o2", DifferenceKind::AmountDiffers, Some(3)),
        ("CAPTURE:order:o3", DifferenceKind::MissingThere, None),
        ("CAPTURE:order:o9", DifferenceKind::MissingHere, Some(4)),
        ("REFUND:order:o1", DifferenceKind::MissingHere, Some(5)),
    ];
    assert_eq!(shown, expected);
    assert_eq!((found[0].ours.amount, found[0].theirs.amount.0), (OFF, 300));
    assert!(found.iter().all(|one| one.state == DifferenceState::Open && one.history.is_empty()));
}

async fn an_order_of_several_transactions_is_compared_as_one_sum(till: Till) {
    till.give(person(1), RETURNS).await;
    for round in 0..2 {
        let id = till.held(&format!("a{round}"), person(1), "o1").await;
        made(till.one(till.capture(&format!("c{round}"), id)).await);
        made(till.one(till.refund(&format!("r{round}"), id)).await);
    }
    close(&till).await;
    let whole = format!("{HEADER}o1,CAPTURE,598\no1,REFUND,200\no1,REFUND,398\n");
    let done = reconciled(&till, "m1", &whole).await;
    assert_eq!((done.matched, done.differences), (2, 0));
    let half = format!("{HEADER}o1,CAPTURE,299\n");
    let done = reconciled(&till, "m2", &half).await;
    assert_eq!((done.matched, done.differences), (0, 2));
    let sides: Vec<_> = differences(&till, "m2").await.iter().map(|one| one.ours.rows).collect();
    assert_eq!(sides, [2, 2]);
}

async fn a_row_that_names_a_transaction_is_compared_with_it_alone(till: Till) {
    sold(&till, 2).await;
    let (file, _) = till.statement("2022-07-22").await;
    let id = file.lines().nth(1).and_then(|line| line.split(',').nth(5)).expect("a transaction");
    let named = format!("order_number,kind,amount_fen,transaction_id\nx,CAPTURE,299,{id}\n");
    let done = reconciled(&till, "m1", &format!("{named}o2,CAPTURE,299,\n")).await;
    assert_eq!((done.matched, done.differences), (2, 0));
    let done = reconciled(&till, "m2", &named.replace("299", "300")).await;
    assert_eq!((done.matched, done.differences), (0, 2));
    let found = differences(&till, "m2").await;
    assert_eq!(
        (found[0].order_number.as_str(), found[0].kind()),
        ("o2", DifferenceKind::MissingThere)
    );
    assert_eq!(found[1].transaction_id.map(|id| id.to_string()).as_deref(), Some(id));
    assert_eq!(found[1].kind(), DifferenceKind::AmountDiffers);
}

/// A file of several parts, of which the journal has `o1` and `o2`.
fn long_file() -> String {
    let mut file = format!("{HEADER}o1,CAPTURE,299\n");
    for n in 0..2_500 {
        file += &format!("x{n},CAPTURE,1\n");
    }
    file + "o2,CAPTURE,299\n"
}

async fn a_file_that_broke_off_goes_on_and_comes_out_the_same(till: Till) {
    sold(&till, 2).await;
    let file = long_file();
    let whole = reconciled(&till, "m1", &file).await;
    assert_eq!((whole.matched, whole.differences), (2, 2_500));
    begun(&till, "m2").await;
    let parts = parts(&file);
    assert_eq!(parts.len(), 3);
    assert_eq!(stage(&till, "m2", &parts[0]).await, Taken::Next);
    let standing = begun(&till, "m2").await;
    assert_eq!(standing.staged_line, parts[0].last_line);
    for (part, taken) in parts.iter().zip([Taken::Before, Taken::Next, Taken::Next]) {
        assert_eq!(stage(&till, "m2", part).await, taken);
    }
    // It is left in the middle of comparing, too.
    till.store.advance_reconciliation(&name("m2"), till.now()).await.expect("the store is there");
    let again = reconciled(&till, "m2", &file).await;
    assert_eq!(Reconciliation { key: name("m1"), ..again }, whole);
    let third = reconciled(&till, "m2", &file).await;
    assert_eq!(Reconciliation { key: name("m1"), ..third }, whole, "and again");
}

async fn another_file_under_the_same_id_changes_nothing(till: Till) {
    sold(&till, 2).await;
    let file = long_file();
    let done = reconciled(&till, "m1", &file).await;
    let longer = format!("{file}o3,CAPTURE,1\n");
    let shorter = file.replace("o2,CAPTURE,299\n", "");
    for other in [longer, shorter, file.replace("x2000,", "x2999,"), String::from(HEADER)] {
        begun(&till, "m1").await;
        let mut taken = Vec::new();
        for part in parts(&other) {
            taken.push(stage(&till, "m1", &part).await);
        }
        assert!(taken.contains(&Taken::OtherFile), "{taken:?}");
        assert!(!taken.contains(&Taken::Next), "{taken:?}");
    }
    assert_eq!(begun(&till, "m1").await, done);
}

async fn bad_rows_are_counted_and_cost_no_other(till: Till) {
    sold(&till, 1).await;
    let mut file = format!("{HEADER}o1,CAPTURE,299\n");
    for _ in 0..1_200 {
        file += "o1,CAPTURE,much\n";
    }
    let done = reconciled(&till, "m1", &file).await;
    assert_eq!((done.matched, done.differences, done.bad_rows), (1, 0, 1_200));
    let kept = till.store.bad_rows(&name("m1")).await.expect("the store is there");
    assert_eq!(kept.len(), 1_000, "the first ones are kept");
    assert_eq!((kept[0].line, kept[0].reason.as_str()), (3, "AMOUNT"));
    assert_eq!(kept[999].line, 1_002);
}

async fn differences_are_read_page_by_page(till: Till) {
    sold(&till, 5).await;
    reconciled(&till, "m1", HEADER).await;
    let all = differences(&till, "m1").await;
    assert_eq!(all.len(), 5);
    let (mut paged, mut after) = (Vec::new(), String::new());
    loop {
        let page = till.store.differences(&name("m1"), &after, 2).await;
        let page = page.expect("the store is there");
        let Some(last) = page.last() else { break };
        after = last.id.clone();
        paged.extend(page);
    }
    assert_eq!(paged, all);
    let others = ReconciliationKey { partner: key("otherpay"), id: key("m1") };
    let others = till.store.differences(&others, "", 10).await.expect("the store is there");
    assert!(others.is_empty(), "they are the platform's own");
}

fn word(till: &Till, request_id: &str, by: &str, action: ResolutionAction) -> Resolve {
    Resolve {
        request_id: key(request_id),
        by: key(by),
        key: name("m1"),
        difference_id: String::from("CAPTURE:order:o1"),
        action,
        text: String::from("说明"),
        at: till.now(),
    }
}

async fn say(till: &Till, command: Resolve) -> Result<Resolution, ResolveProblem> {
    till.store.resolve_difference(command).await.expect("the store is there")
}

async fn a_word_on_a_difference_is_kept_once(till: Till) {
    sold(&till, 1).await;
    reconciled(&till, "m1", HEADER).await;
    let dispute = word(&till, "w1", "wepay", ResolutionAction::Dispute);
    let said = say(&till, dispute.clone()).await.expect("it is open");
    till.move_to("2022-07-23", 5);
    let again = Resolve { at: till.now(), ..dispute.clone() };
    assert_eq!(say(&till, again).await, Ok(said.clone()), "as it was said first");
    let other = Resolve { text: String::from("other"), ..dispute.clone() };
    assert_eq!(say(&till, other).await, Err(ResolveProblem::Reused("text")));
    // The same id of another caller is another request.
    let note = word(&till, "w1", "ops", ResolutionAction::Note);
    assert_eq!(say(&till, note).await.expect("a note").position, 2);
    let found = &differences(&till, "m1").await[0];
    assert_eq!((found.state.clone(), found.resolutions), (DifferenceState::Disputed, 2));
    assert_eq!(found.history[0], said);
    let unknown = Resolve { difference_id: String::from("x"), request_id: key("w2"), ..dispute };
    assert_eq!(say(&till, unknown).await, Err(ResolveProblem::Unknown));
}

async fn what_was_accepted_stays_so_and_takes_notes(till: Till) {
    sold(&till, 1).await;
    reconciled(&till, "m1", HEADER).await;
    say(&till, word(&till, "w0", "ops", ResolutionAction::Accept)).await.expect("it is open");
    let refused = say(&till, word(&till, "w1", "wepay", ResolutionAction::Dispute)).await;
    assert_eq!(refused, Err(ResolveProblem::Accepted { by: key("ops") }));
    for n in 0..25 {
        let note = word(&till, &format!("n{n}"), "wepay", ResolutionAction::Note);
        assert_eq!(say(&till, note).await.expect("a note").position, n + 2);
    }
    let found = &differences(&till, "m1").await[0];
    assert_eq!((found.resolutions, found.history.len()), (26, 20), "the last ones are shown");
    assert_eq!((found.history[0].position, found.history[19].position), (7, 26));
    assert_eq!(found.state, DifferenceState::Accepted { by: key("ops") });
}

async fn an_unfinished_reconciliation_has_no_differences_to_resolve(till: Till) {
    sold(&till, 1).await;
    let unknown = till.store.reconciliation(&name("m1")).await.expect("the store is there");
    assert_eq!(unknown, None);
    begun(&till, "m1").await;
    let file = format!("{HEADER}o1,CAPTURE,1\n");
    assert_eq!(stage(&till, "m1", &parts(&file)[0]).await, Taken::Next);
    let refused = say(&till, word(&till, "w1", "wepay", ResolutionAction::Note)).await;
    assert_eq!(refused, Err(ResolveProblem::Unknown));
    compared(&till, "m1").await;
    say(&till, word(&till, "w1", "wepay", ResolutionAction::Note)).await.expect("it is finished");
}
