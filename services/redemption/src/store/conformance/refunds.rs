//! Laws R2 and A1 of refunds in parts.

use benefit::{Fen, Portion, RefundRule, TermsParts};

use super::offers::{DISTRICT, PROVINCE, amount, cart, lines, off, plain};
use super::till::{RETURNS, SPENT, Till, day, made, person, reason};
use super::{Case, case};
use crate::domain::{Reason, Stage, VoucherStage};

pub(super) fn cases() -> Vec<Case> {
    vec![
        case!("R2", parts_that_go_back_add_up_to_the_whole),
        case!("R2", lines_go_back_one_by_one_in_either_order),
        case!("R2", more_than_is_left_does_not_go_back),
        case!("R2", fifty_refunds_are_the_most),
        case!("R1", the_right_returns_with_the_last_part),
        case!("R1", of_a_stack_each_right_returns_by_its_own_terms),
        case!("R1", a_right_that_returns_with_grace_lives_longer),
        case!("R1", a_right_does_not_return_more_often_than_its_terms_allow),
        case!("R3", an_order_number_is_taken_until_all_of_it_went_back),
        case!("A1", each_refund_is_answered_as_it_was_after_it),
        case!("A1", the_same_refund_at_two_replicas_at_once_has_one_effect),
        case!("R2", refunds_at_two_replicas_never_give_back_more_than_was_captured),
        case!("R2", an_order_that_is_read_while_it_goes_back_is_whole),
        case!("R5", each_part_is_on_the_statement_of_its_day),
    ]
}

/// A drink of 3.00 for 0.01 as two lines, captured.
async fn two_bottles(till: &Till, campaign: &str) -> member_identity::AuthorizationId {
    let ann = person(1);
    till.give(ann, campaign).await;
    let order = cart("o1", &[("cold-drink", 200), ("cold-drink", 100)]);
    let held = till.hold_for(ann, order).await;
    assert_eq!(plain(&held.vouchers[0].line_discounts), [199, 100]);
    till.captured(held.authorization_id, Portion::Whole).await;
    held.authorization_id
}

async fn parts_that_go_back_add_up_to_the_whole(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    let mut sums = (0, 0);
    for (n, fen) in [1, 99, 100, 100].into_iter().enumerate() {
        let refunded = till.refunded(&format!("r{n}"), id, amount(fen)).await;
        let part = refunded.refunds.last().expect("this one");
        let back = refunded.given_back_by_refund()[n][0].0;
        assert_eq!(part.returned_amount(), Fen(fen));
        assert!((0..=fen).contains(&back), "{back} of {fen}");
        sums = (sums.0 + fen, sums.1 + back);
        assert_eq!(matches!(refunded.stage, Stage::Refunded { .. }), sums.0 == 300);
        assert_eq!(till.stored(id).await, refunded);
    }
    assert_eq!(sums, (300, 299));
    let totals = till.totals("2022-07-22").await;
    let figures = (totals[0].captures, totals[0].captured.0, totals[0].refunded.0);
    assert_eq!(figures, (1, 299, 299));
    assert_eq!(reason(&till.one(till.refund("r9", id)).await), Reason::AlreadyRefunded);
}

async fn lines_go_back_one_by_one_in_either_order(till: Till) {
    till.offer_one("any", off(299)).await;
    for (n, order) in (0..).zip([[0, 1], [1, 0]]) {
        let who = person(n);
        till.give(who, "any").await;
        let held = till.hold_for(who, cart(&format!("o{n}"), &[("tea", 150), ("tea", 150)])).await;
        let id = held.authorization_id;
        till.captured(id, Portion::Whole).await;
        for line in order {
            let refunded = till.refunded(&format!("r{n}-{line}"), id, lines(&[(line, 150)])).await;
            let place = refunded.refunds.len() - 1;
            let back = refunded.given_back_by_refund()[place][0];
            assert_eq!(back, held.vouchers[0].line_discounts[line], "all of that line's discount");
        }
        assert!(matches!(till.stored(id).await.stage, Stage::Refunded { .. }));
    }
}

async fn more_than_is_left_does_not_go_back(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    till.refunded("r1", id, lines(&[(0, 150)])).await;
    let refused = [
        till.refund_part("r2", id, amount(151)),
        till.refund_part("r3", id, lines(&[(0, 51)])),
        till.refund_part("r4", id, lines(&[(2, 1)])),
    ];
    let reasons: Vec<_> = till.run(refused.to_vec()).await.iter().map(reason).collect();
    let above = Reason::PortionAboveOrder;
    assert_eq!(reasons, [above, above, Reason::PortionLineUnknown]);
    let rest = till.refunded("r5", id, Portion::Whole).await;
    assert_eq!(plain(&rest.refunds[1].returned), [50, 100]);
}

async fn fifty_refunds_are_the_most(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    for batch in 0..5 {
        let part = |n: u8| till.refund_part(&format!("r{batch}-{n}"), id, amount(1));
        let answers = till.run((0..10).map(part).collect()).await;
        assert!(answers.iter().all(Result::is_ok));
    }
    let late = till.refund("r99", id);
    assert_eq!(reason(&till.one(late.clone()).await), Reason::TooManyRefunds);
    assert_eq!(reason(&till.one(late).await), Reason::TooManyRefunds, "for ever");
    assert_eq!(till.stored(id).await.refunds.len(), 50);
}

async fn the_right_returns_with_the_last_part(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    let first = till.refunded("r1", id, lines(&[(0, 200)])).await;
    assert!(first.refunds[0].rights.is_empty());
    assert_eq!(till.only_voucher(person(1)).await.stage, VoucherStage::Used);
    let last = till.refunded("r2", id, lines(&[(1, 100)])).await;
    assert_eq!(last.refunds[1].rights, [0]);
    let own = till.only_voucher(person(1)).await;
    assert_eq!((own.stage, own.uses_left, own.returns), (VoucherStage::Available, 1, 1));
}

async fn of_a_stack_each_right_returns_by_its_own_terms(till: Till) {
    let ann = person(1);
    let stays = TermsParts { refund_rule: RefundRule::RightIsSpent, ..off(50) };
    let stays = super::offers::combining(stays, 0);
    till.offer_double().await;
    till.offer(vec![super::till::campaign_of("stays", stays, 5)]).await;
    for id in [PROVINCE, DISTRICT, "stays"] {
        till.give(ann, id).await;
    }
    let held = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    let id = held.authorization_id;
    till.captured(id, Portion::Whole).await;
    let refunded = till.refunded("r1", id, Portion::Whole).await;
    let campaigns: Vec<_> =
        refunded.vouchers.iter().map(|one| one.campaign_id.as_str().to_owned()).collect();
    let back: Vec<_> =
        refunded.refunds[0].rights.iter().map(|at| campaigns[*at].as_str()).collect();
    assert_eq!(back, [PROVINCE, DISTRICT]);
    let again = till.hold_for(ann, cart("o2", &[("tea", 300)])).await;
    assert_eq!(again.discount(), Fen(150));
}

async fn a_right_that_returns_with_grace_lives_longer(till: Till) {
    let ann = person(1);
    let refund_rule = RefundRule::RightReturnsWithGrace(3);
    till.offer_one("grace", TermsParts { refund_rule, ..off(100) }).await;
    till.give(ann, "grace").await;
    let held = till.hold_for(ann, cart("o1", &[("tea", 300)])).await;
    till.captured(held.authorization_id, Portion::Whole).await;
    till.move_to("2022-07-25", 600);
    let refunded = till.refunded("r1", held.authorization_id, Portion::Whole).await;
    assert_eq!(refunded.refunds[0].rights, [0], "though its validity was over");
    let end = day("2022-07-27").end(&clock::Zone::shanghai());
    assert_eq!(till.only_voucher(ann).await.valid_until, end, "the day of the refund is the first");
    till.move_to("2022-07-27", 1_439);
    till.hold_for(ann, cart("o2", &[("tea", 300)])).await;
}

async fn a_right_does_not_return_more_often_than_its_terms_allow(till: Till) {
    let ann = person(1);
    till.offer_one("twice", TermsParts { returns_max: 2, ..off(100) }).await;
    till.give(ann, "twice").await;
    for (n, returns) in [(0, true), (1, true), (2, false)] {
        let held = till.hold_for(ann, cart(&format!("o{n}"), &[("tea", 300)])).await;
        till.captured(held.authorization_id, Portion::Whole).await;
        let refunded = till.refunded(&format!("r{n}"), held.authorization_id, Portion::Whole).await;
        assert_eq!(!refunded.refunds[0].rights.is_empty(), returns, "refund {n}");
    }
    assert_eq!(till.only_voucher(ann).await.stage, VoucherStage::Used);
}

async fn an_order_number_is_taken_until_all_of_it_went_back(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    let bob = person(2);
    till.give(bob, RETURNS).await;
    till.refunded("r1", id, amount(299)).await;
    let taken = till.one(till.authorize("a2", bob, "o1")).await;
    assert_eq!(reason(&taken), Reason::OrderAlreadyAuthorized);
    till.refunded("r2", id, amount(1)).await;
    till.held("a3", bob, "o1").await;
}

async fn each_refund_is_answered_as_it_was_after_it(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    let parts = [amount(10), lines(&[(1, 50)]), amount(1), Portion::Whole];
    let commands: Vec<_> =
        (0..).zip(parts).map(|(n, part)| till.refund_part(&format!("r{n}"), id, part)).collect();
    let answers = till.run(commands.clone()).await;
    for (n, answer) in answers.iter().enumerate() {
        let refunded = made(answer.clone());
        assert_eq!(refunded.refunds.len(), n + 1);
        assert_eq!(matches!(refunded.stage, Stage::Refunded { .. }), n == 3);
    }
    till.pass(std::time::Duration::from_secs(86_400));
    assert_eq!(till.run(commands.clone()).await, answers, "the same again");
    let request = |n: usize| {
        (till.partner.clone(), crate::domain::Verb::Refund, commands[n].request_id.clone())
    };
    let recalled = till.store.recall(&request(1)).await.expect("the store is there");
    let recalled = recalled.expect("it was answered");
    let answer = recalled.remembered.answer(&request(1), recalled.authorization, None);
    assert_eq!(answer, answers[1], "also when it is recalled");
}

async fn the_same_refund_at_two_replicas_at_once_has_one_effect(till: Till) {
    let other = till.replica().await;
    let id = two_bottles(&till, RETURNS).await;
    let commands: Vec<_> =
        (0..10).map(|n| till.refund_part(&format!("r{n}"), id, amount(30))).collect();
    let one = till.insist(commands.clone());
    let two = other.insist(commands.into_iter().rev().collect());
    let (one, mut two) = futures::future::join(one, two).await;
    two.reverse();
    assert_eq!(one, two, "equal answers from both");
    let stored = till.stored(id).await;
    assert_eq!((stored.refunds.len(), stored.refunded()), (10, Fen(299)));
    assert_eq!(till.totals("2022-07-22").await[0].refunded, Fen(299));
}

async fn refunds_at_two_replicas_never_give_back_more_than_was_captured(till: Till) {
    let other = till.replica().await;
    let id = two_bottles(&till, SPENT).await;
    let part =
        |till: &Till, side: &str, n: u8| till.refund_part(&format!("{side}{n}"), id, amount(40));
    let left = futures::future::join_all((0..8).map(|n| till.insist(vec![part(&till, "l", n)])));
    let right = futures::future::join_all((0..8).map(|n| other.insist(vec![part(&other, "r", n)])));
    let (left, right) = futures::future::join(left, right).await;
    let done = left.concat().into_iter().chain(right.concat()).filter(Result::is_ok).count();
    assert_eq!(done, 7, "7 x 40 of 300");
    let stored = till.stored(id).await;
    assert_eq!(stored.returned_amounts().iter().map(|fen| fen.0).sum::<i64>(), 280);
    assert_eq!(till.totals("2022-07-22").await[0].refunded, stored.refunded());
}

async fn an_order_that_is_read_while_it_goes_back_is_whole(till: Till) {
    let other = till.replica().await;
    let id = two_bottles(&till, RETURNS).await;
    let authorize = till.authorize_order(
        "hold-o1",
        person(1),
        (cart("o1", &[("cold-drink", 200), ("cold-drink", 100)]), crate::domain::Wanted::Best),
    );
    let held = till.one(authorize.clone()).await;
    let back = async {
        for n in 0..30 {
            till.refunded(&format!("r{n}"), id, amount(10)).await;
        }
    };
    let look = async {
        let mut seen = 0;
        while seen < 30 {
            let found = other.stored(id).await;
            let returned: i64 = found.returned_amounts().iter().map(|fen| fen.0).sum();
            let count = found.refunds.len();
            assert_eq!(returned, 10 * i64::try_from(count).expect("a small number"));
            assert_eq!(matches!(found.stage, Stage::Refunded { .. }), count == 30);
            assert!(count >= seen, "what was seen once stays");
            seen = count;
            assert_eq!(other.insist(vec![authorize.clone()]).await[0], held, "as it was made");
        }
    };
    futures::future::join(back, look).await;
}

async fn each_part_is_on_the_statement_of_its_day(till: Till) {
    let id = two_bottles(&till, RETURNS).await;
    till.refunded("r1", id, amount(100)).await;
    till.move_to("2022-07-23", 600);
    till.close().await;
    till.refunded("r2", id, Portion::Whole).await;
    till.move_to("2022-07-24", 0);
    till.close().await;
    let (first, second) = (till.statement("2022-07-22").await, till.statement("2022-07-23").await);
    assert_eq!((first.1.captured.0, first.1.refunded.0), (299, 99));
    assert_eq!((second.1.captured.0, second.1.refunded.0), (0, 200));
    let stored = till.stored(id).await;
    let days: Vec<_> = stored.refunds.iter().map(|one| one.booked.on.to_string()).collect();
    assert_eq!(days, ["2022-07-22", "2022-07-23"]);
}
