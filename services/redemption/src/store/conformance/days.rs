//! Laws R4 and R5: the journal, the days and the statements.

use super::till::{OFF, RETURNS, SPENT, Till, day, key, made, person};
use super::{Case, case};
use crate::domain::{Counterparty, Stage};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R5", captures_and_refunds_are_never_netted),
        case!("R5", the_statement_of_a_closed_day_never_changes),
        case!("R5", what_comes_late_goes_to_the_open_day_with_a_reference),
        case!("R5", closed_statements_and_the_open_day_are_captures_less_refunds),
        case!("R5", closing_twice_closes_once),
        case!("R5", days_on_which_nothing_ran_are_closed_empty),
        case!("R5", a_statement_holds_one_platforms_rows),
    ]
}

/// One person buys one drink.
async fn buy(till: &Till, n: u8) -> member_identity::AuthorizationId {
    let who = person(n);
    till.give(who, RETURNS).await;
    let id = till.held(&format!("a{n}"), who, &format!("o{n}")).await;
    made(till.one(till.capture(&format!("c{n}"), id)).await);
    id
}

async fn captures_and_refunds_are_never_netted(till: Till) {
    let first = buy(&till, 1).await;
    buy(&till, 2).await;
    made(till.one(till.refund("r1", first)).await);
    till.give(person(3), SPENT).await;
    let id = till.held("a3", person(3), "o3").await;
    made(till.one(till.capture("c3", id)).await);
    let totals = till.totals("2022-07-22").await;
    let figures: Vec<_> = totals
        .iter()
        .map(|total| (total.campaign_id.as_str(), total.captures, total.refunds))
        .collect();
    assert_eq!(figures, [(RETURNS, 2, 1), (SPENT, 1, 0)]);
    assert_eq!((totals[0].captured.0, totals[0].refunded), (2 * OFF.0, OFF));
}

async fn the_statement_of_a_closed_day_never_changes(till: Till) {
    let ids = [buy(&till, 1).await, buy(&till, 2).await, buy(&till, 3).await];
    till.move_to("2022-07-23", 0);
    assert_eq!(till.close().await, ["2022-07-22"]);
    let (file, head) = till.statement("2022-07-22").await;
    assert_eq!((head.rows, head.captured.0, head.refunded.0), (3, 3 * OFF.0, 0));
    assert_eq!(file.lines().count(), 4, "a header and three rows");
    made(till.one(till.refund("r1", ids[0])).await);
    till.move_to("2022-07-22", 1_439);
    made(till.one(till.refund("r2", ids[1])).await);
    till.move_to("2022-07-25", 0);
    till.close().await;
    assert_eq!(till.statement("2022-07-22").await, (file, head), "byte for byte");
}

async fn what_comes_late_goes_to_the_open_day_with_a_reference(till: Till) {
    buy(&till, 1).await;
    till.move_to("2022-07-23", 0);
    till.close().await;
    till.move_to("2022-07-22", 700);
    let late = buy(&till, 2).await;
    let key = crate::store::AuthorizationKey::Id(late);
    let found = till.store.authorization(&till.partner, &key).await.expect("the store is there");
    let stage = found.expect("it was made").stage;
    assert!(matches!(stage, Stage::Captured(booked) if booked.on == day("2022-07-23")));
    till.move_to("2022-07-24", 0);
    till.close().await;
    let (file, head) = till.statement("2022-07-23").await;
    assert_eq!(head.rows, 1);
    let row = file.lines().nth(1).expect("one row");
    assert!(row.ends_with(",2022-07-22"), "the row names the day that it missed");
}

async fn closed_statements_and_the_open_day_are_captures_less_refunds(till: Till) {
    let mut due = 0;
    for (n, date) in (0u8..).zip(["2022-07-22", "2022-07-23", "2022-07-24"]) {
        till.move_to(date, 600);
        till.close().await;
        let first = buy(&till, 2 * n).await;
        buy(&till, 2 * n + 1).await;
        made(till.one(till.refund(&format!("r{n}"), first)).await);
        due += OFF.0;
    }
    let mut closed = 0;
    for date in ["2022-07-22", "2022-07-23"] {
        let (_, head) = till.statement(date).await;
        closed += head.captured.0 - head.refunded.0;
    }
    let open = &till.totals("2022-07-24").await[0];
    assert_eq!(closed + open.captured.0 - open.refunded.0, due);
}

async fn closing_twice_closes_once(till: Till) {
    buy(&till, 1).await;
    assert!(till.close().await.is_empty(), "today stays open");
    let open = till.store.closed_day(day("2022-07-22")).await.expect("the store is there");
    assert_eq!(open, None);
    till.move_to("2022-07-23", 5);
    assert_eq!(till.close().await, ["2022-07-22"]);
    let closed_at = till.now();
    till.move_to("2022-07-23", 6);
    assert!(till.close().await.is_empty());
    let closed = till.store.closed_day(day("2022-07-22")).await.expect("the store is there");
    assert_eq!(closed.expect("it is closed").at, closed_at);
}

async fn days_on_which_nothing_ran_are_closed_empty(till: Till) {
    buy(&till, 1).await;
    till.move_to("2022-07-25", 600);
    assert_eq!(till.close().await, ["2022-07-22", "2022-07-23", "2022-07-24"]);
    let quiet = day("2022-07-23");
    assert!(till.store.closed_day(quiet).await.expect("the store is there").is_some());
    let own = Counterparty::Platform(till.partner.clone());
    let statement = till.store.statement(quiet, &own).await.expect("the store is there");
    assert_eq!(statement, None);
}

async fn a_statement_holds_one_platforms_rows(till: Till) {
    buy(&till, 1).await;
    let who = person(2);
    till.give(who, RETURNS).await;
    let mut authorize = till.authorize("a1", who, "o1");
    authorize.partner = key("otherpay");
    let id = made(till.one(authorize).await).authorization_id;
    let mut capture = till.capture("c1", id);
    capture.partner = key("otherpay");
    made(till.one(capture).await);
    till.move_to("2022-07-23", 0);
    till.close().await;
    let (file, head) = till.statement("2022-07-22").await;
    assert_eq!(head.rows, 1);
    assert!(!file.contains(&id.to_string()));
    let own = Counterparty::Platform(till.partner.clone());
    let own = till.store.daily_totals(day("2022-07-22"), Some(&own)).await;
    assert_eq!(own.expect("the store is there").len(), 1);
    assert_eq!(till.totals("2022-07-22").await.len(), 2);
}
