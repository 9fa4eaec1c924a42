//! Laws R4 and R5: statements of funders, and the trial balance.

use benefit::RefundRule;
use member_identity::OrganizationPath;

use super::till::{EPOCH, OFF, RETURNS, SPENT, Till, campaign, day, key, made, person};
use super::{Case, case};
use crate::domain::{BalanceTotals, Counterparty, FeedBatch, StatementFormat};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R5", a_funder_has_one_statement_over_all_platforms),
        case!("R5", a_funders_statement_holds_its_own_campaigns_and_not_those_below),
        case!("R5", both_kinds_of_statement_come_to_the_same),
        case!("R5", the_organizations_of_a_platforms_day_are_named_once_each),
        case!("R5", a_day_that_is_closed_has_all_statements_in_the_current_form),
        case!("R4", the_trial_balance_is_zero_over_closed_and_open_days),
        case!("R4", an_empty_ledger_balances),
    ]
}

/// One person buys one drink on a platform.
async fn buy(till: &Till, n: u8, platform: &str, campaign: &str) {
    till.give(person(n), campaign).await;
    let mut authorize = till.authorize(&format!("a{n}"), person(n), &format!("o{n}"));
    authorize.partner = key(platform);
    let id = made(till.one(authorize).await).authorization_id;
    let mut capture = till.capture(&format!("c{n}"), id);
    capture.partner = key(platform);
    made(till.one(capture).await);
}

fn funder(path: &str) -> Counterparty {
    Counterparty::Funder(OrganizationPath::parse(path).expect("a path"))
}

/// A day on which two platforms sold, and it is closed.
async fn closed_day(till: &Till) {
    buy(till, 1, "wepay", RETURNS).await;
    buy(till, 2, "alipay", SPENT).await;
    buy(till, 3, "wepay", SPENT).await;
    till.move_to("2022-07-23", 0);
    till.close().await;
}

async fn a_funder_has_one_statement_over_all_platforms(till: Till) {
    closed_day(&till).await;
    let (file, head) = till.statement_of("2022-07-22", &funder("gd")).await;
    assert_eq!((head.rows, head.captured.0, head.refunded.0), (3, 3 * OFF.0, 0));
    let platforms: Vec<_> =
        file.lines().skip(1).map(|line| line.split(',').nth(4).expect("a platform")).collect();
    assert_eq!(platforms, ["alipay", "wepay", "wepay"], "by platform, then in time");
    till.move_to("2022-07-24", 0);
    till.close().await;
    assert_eq!(till.statement_of("2022-07-22", &funder("gd")).await, (file, head));
}

async fn a_funders_statement_holds_its_own_campaigns_and_not_those_below(till: Till) {
    let mut below = campaign("city-drinks", RefundRule::RightReturns, 3);
    below.organization = OrganizationPath::parse("gd/guangzhou").expect("a path");
    till.feed(FeedBatch { epoch: EPOCH, campaigns: vec![below], vouchers: None }).await;
    buy(&till, 4, "wepay", "city-drinks").await;
    closed_day(&till).await;
    let (_, head) = till.statement_of("2022-07-22", &funder("gd")).await;
    assert_eq!(head.rows, 3);
    let (file, head) = till.statement_of("2022-07-22", &funder("gd/guangzhou")).await;
    assert_eq!(head.rows, 1);
    assert!(file.lines().nth(1).expect("a row").contains(",city-drinks,gd/guangzhou,"));
}

async fn both_kinds_of_statement_come_to_the_same(till: Till) {
    closed_day(&till).await;
    let mut platforms = 0;
    for platform in ["wepay", "alipay"] {
        let (_, head) =
            till.statement_of("2022-07-22", &Counterparty::Platform(key(platform))).await;
        platforms += head.captured.0 - head.refunded.0;
    }
    let (_, head) = till.statement_of("2022-07-22", &funder("gd")).await;
    assert_eq!(head.captured.0 - head.refunded.0, platforms);
}

async fn the_organizations_of_a_platforms_day_are_named_once_each(till: Till) {
    let mut below = campaign("city-drinks", RefundRule::RightReturns, 3);
    below.organization = OrganizationPath::parse("gd/guangzhou").expect("a path");
    till.feed(FeedBatch { epoch: EPOCH, campaigns: vec![below], vouchers: None }).await;
    buy(&till, 4, "wepay", "city-drinks").await;
    closed_day(&till).await;
    let named = async |platform: &str, date: &str| {
        let found = till.store.organizations_of(day(date), &key(platform)).await;
        let found = found.expect("the store is there");
        found.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(named("wepay", "2022-07-22").await, ["gd", "gd/guangzhou"]);
    assert_eq!(named("alipay", "2022-07-22").await, ["gd"]);
    assert!(named("otherpay", "2022-07-22").await.is_empty());
    assert!(named("wepay", "2022-07-23").await.is_empty());
}

async fn a_day_that_is_closed_has_all_statements_in_the_current_form(till: Till) {
    closed_day(&till).await;
    let closed = till.store.closed_day(day("2022-07-22")).await.expect("the store is there");
    let closed = closed.expect("it is closed");
    assert_eq!((closed.format, closed.has_funders), (StatementFormat::CURRENT, true));
    let open = till.store.closed_day(day("2022-07-23")).await.expect("the store is there");
    assert_eq!(open, None);
}

async fn the_trial_balance_is_zero_over_closed_and_open_days(till: Till) {
    closed_day(&till).await;
    buy(&till, 5, "wepay", RETURNS).await;
    let accounts = till.store.trial_balance().await.expect("the store is there");
    let shown: Vec<_> =
        accounts.iter().map(|one| (one.account.to_string(), one.debit.0, one.credit.0)).collect();
    let expected = [
        ("fund:gd:cool-drinks", 2 * OFF.0, 0),
        ("fund:gd:cool-drinks-once", 2 * OFF.0, 0),
        ("platform:alipay", 0, OFF.0),
        ("platform:wepay", 0, 3 * OFF.0),
    ];
    assert_eq!(shown, expected.map(|(account, debit, credit)| (account.into(), debit, credit)));
    let totals = BalanceTotals::of(&accounts);
    assert_eq!(totals.debit, totals.credit);
}

async fn an_empty_ledger_balances(till: Till) {
    assert!(till.store.trial_balance().await.expect("the store is there").is_empty());
}
