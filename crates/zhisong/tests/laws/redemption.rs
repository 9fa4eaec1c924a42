use zhisong::laws::Law::{A1, Events, Feed, I6, R1, R2, R3, R4, R5};
use zhisong::laws::{Ack, CheckoutAck, OK};

use super::history::{History, Of};
use super::{Case, Corruption, catches};

pub fn cases() -> Vec<Case> {
    vec![
        (
            "r1_catches_a_right_that_is_used_twice_or_comes_back_by_itself",
            r1_catches_a_right_that_is_used_twice_or_comes_back_by_itself,
        ),
        (
            "r1_catches_holds_that_hold_nothing_and_vouchers_that_were_not_to_be_had",
            r1_catches_holds_that_hold_nothing_and_vouchers_that_were_not_to_be_had,
        ),
        (
            "r1_catches_a_balance_or_a_period_that_is_not_what_was_used",
            r1_catches_a_balance_or_a_period_that_is_not_what_was_used,
        ),
        ("r2_catches_amounts_that_do_not_add_up", r2_catches_amounts_that_do_not_add_up),
        (
            "r2_catches_portions_that_are_not_what_was_booked",
            r2_catches_portions_that_are_not_what_was_booked,
        ),
        (
            "r3_catches_an_authorization_that_ended_twice_or_by_nobody",
            r3_catches_an_authorization_that_ended_twice_or_by_nobody,
        ),
        (
            "r3_catches_what_was_voided_before_and_an_order_that_was_paid_for_twice",
            r3_catches_what_was_voided_before_and_an_order_that_was_paid_for_twice,
        ),
        (
            "r4_catches_entries_and_balances_that_do_not_agree",
            r4_catches_entries_and_balances_that_do_not_agree,
        ),
        (
            "r5_catches_a_statement_that_is_not_what_the_journal_gives",
            r5_catches_a_statement_that_is_not_what_the_journal_gives,
        ),
        (
            "r5_catches_a_chains_statement_that_is_not_that_of_its_shops",
            r5_catches_a_chains_statement_that_is_not_that_of_its_shops,
        ),
        (
            "r5_catches_a_closed_day_that_was_opened_or_added_to",
            r5_catches_a_closed_day_that_was_opened_or_added_to,
        ),
        (
            "a1_catches_an_answer_that_is_stored_otherwise",
            a1_catches_an_answer_that_is_stored_otherwise,
        ),
        (
            "a1_catches_an_acknowledged_answer_that_is_nowhere",
            a1_catches_an_acknowledged_answer_that_is_nowhere,
        ),
        (
            "a1_leaves_answers_alone_that_are_judged_anew_each_time",
            a1_leaves_answers_alone_that_are_judged_anew_each_time,
        ),
        (
            "the_feed_catches_wallets_that_are_not_what_issuance_gave_out",
            the_feed_catches_wallets_that_are_not_what_issuance_gave_out,
        ),
    ]
}

/// A way of breaking redemption's database.
pub const fn broken(
    broken: &'static [zhisong::laws::Law],
    says: &'static str,
    sql: &'static str,
) -> Corruption {
    Corruption { of: Of::Redemption, sql, broken, says }
}

fn r1_catches_a_right_that_is_used_twice_or_comes_back_by_itself(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R1],
                "uses - captures + rights returned",
                "UPDATE wallet_voucher SET uses_left = 1, state = 'AVAILABLE' WHERE {used}",
            ),
            broken(
                &[R1],
                "uses - captures + rights returned",
                "UPDATE wallet_voucher SET uses_left = 0, state = 'USED' WHERE {free}",
            ),
            broken(
                &[R1],
                "state is not that of their uses",
                "UPDATE wallet_voucher SET state = 'AVAILABLE' WHERE {used}",
            ),
            broken(
                &[R1],
                "came back against the terms",
                "UPDATE campaign SET refund_rule = 'RIGHT_IS_SPENT'",
            ),
            broken(
                &[R1],
                "did not come back against the terms",
                "UPDATE refund SET returned_vouchers = '' WHERE {refunded}",
            ),
            broken(
                &[R1],
                "uses - captures + rights returned",
                "UPDATE refund SET returned_vouchers = '0' WHERE {part} AND part = 1",
            ),
            broken(
                &[R1],
                "uses - captures + rights returned",
                "UPDATE wallet_voucher SET returns = returns + 1 WHERE {free}",
            ),
            broken(&[R1, Feed], "in no wallet", "DELETE FROM wallet_voucher WHERE {used}"),
        ],
    );
}

fn r1_catches_a_balance_or_a_period_that_is_not_what_was_used(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R1],
                "value - captured + given back",
                "UPDATE wallet_voucher SET balance_left = 5 WHERE {free}",
            ),
            broken(&[R1], "value - captured + given back", "UPDATE campaign SET kind = 'BALANCE'"),
            broken(
                &[R1],
                "count more uses of a period",
                "UPDATE wallet_voucher SET use_period = '2022-07-23', period_uses = 1 WHERE {free}",
            ),
            broken(
                &[R1],
                "orders used them too often",
                "UPDATE campaign SET use_period = 'day', uses_per_period = 0;
             UPDATE wallet_voucher SET use_period = '2022-07-22', period_uses = 0 WHERE {used}",
            ),
        ],
    );
}

fn r1_catches_holds_that_hold_nothing_and_vouchers_that_were_not_to_be_had(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R1],
                "no live hold names",
                "UPDATE wallet_voucher SET state = 'HELD',
             held_by = x'00112233445566778899aabbccddeeff' WHERE {free}",
            ),
            broken(
                &[R1],
                "not held by them",
                "UPDATE wallet_voucher SET state = 'AVAILABLE', held_by = NULL WHERE state = 'HELD'",
            ),
            broken(
                &[R1],
                "another person's voucher",
                "UPDATE \"authorization\" SET person_key = x'00112233445566778899aabbccddeeff'
             WHERE {captured}",
            ),
            broken(
                &[R1, Events],
                "outside its validity",
                "UPDATE \"authorization\" SET created_at = created_at - 86400000000 WHERE {voided}",
            ),
        ],
    );
}

fn r2_catches_amounts_that_do_not_add_up(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R2],
                "not the sum of their parts",
                "UPDATE \"authorization\" SET discount_fen = discount_fen - 1 WHERE {voided}",
            ),
            broken(
                &[R2],
                "not the sum of their parts",
                "UPDATE \"authorization\" SET discount_fen = discount_fen - 1 WHERE {captured}",
            ),
            broken(
                &[R2],
                "lines do not add up",
                "UPDATE authorization_voucher SET line_discounts = '200,98' WHERE {voided}",
            ),
            broken(
                &[R2],
                "above what the terms",
                "UPDATE \"authorization\" SET discount_fen = 300 WHERE {voided};
             UPDATE authorization_voucher SET discount_fen = 300, line_discounts = '300'
             WHERE {voided}",
            ),
            broken(
                &[R2, R4, R5],
                "another amount than was captured",
                "UPDATE entry SET amount_fen = 2 * amount_fen WHERE {booked}",
            ),
            broken(
                &[R1, R2, R3, R4, R5],
                "gave back without",
                "DELETE FROM entry WHERE transaction_id IN
               (SELECT transaction_id FROM journal WHERE {refunded} AND kind = 'CAPTURE');
             DELETE FROM journal WHERE {refunded} AND kind = 'CAPTURE'",
            ),
        ],
    );
}

fn r2_catches_portions_that_are_not_what_was_booked(history: &History) {
    let above = "more was taken, captured or returned";
    let unlike = "another amount than was captured or returned";
    catches(
        history,
        &[
            broken(
                &[R2, R5],
                above,
                "UPDATE \"authorization\" SET captured_amounts = '501' WHERE {part}",
            ),
            broken(
                &[R2, R5],
                unlike,
                "UPDATE \"authorization\" SET captured_amounts = '399' WHERE {part}",
            ),
            broken(
                &[R2, R5],
                above,
                "UPDATE refund SET returned_amounts = '301' WHERE {part} AND part = 1",
            ),
            broken(
                &[R2],
                unlike,
                "UPDATE refund SET returned_amounts = '151' WHERE {part} AND part = 1",
            ),
            broken(
                &[R2],
                "do not come to what they cost",
                "UPDATE \"authorization\" SET line_amounts = '499' WHERE {captured}",
            ),
            broken(
                &[R1, R2],
                "state is not what came back",
                "UPDATE \"authorization\" SET state = 'REFUNDED', refunded_at = captured_at,
               refunded_on = captured_on
             WHERE {part}",
            ),
            broken(&[R2, R3, R5, Events], unlike, "DELETE FROM refund WHERE {part} AND part = 2"),
            broken(
                &[R3],
                "not asked for, or are not counted",
                "UPDATE \"authorization\" SET refunds = 1 WHERE {part}",
            ),
        ],
    );
}

fn r3_catches_an_authorization_that_ended_twice_or_by_nobody(history: &History) {
    catches(history, &[
        broken(
            &[R2, R3, R5, Events],
            "times are not those of their state",
            "UPDATE \"authorization\" SET state = 'VOIDED', closed_at = captured_at
             WHERE {captured}",
        ),
        broken(
            &[R3, Events],
            "after they ran out",
            "UPDATE \"authorization\" SET captured_at = expires_at WHERE {captured}",
        ),
        broken(
            &[R3, Events],
            "expired before",
            "UPDATE \"authorization\" SET closed_at = expires_at - 1 WHERE state = 'EXPIRED'",
        ),
        broken(
            &[R3, A1],
            "answered requests are not",
            "DELETE FROM request WHERE verb = 'CAPTURE' AND outcome = 'OK' AND {captured}",
        ),
        broken(
            &[R3],
            "answered requests are not",
            "INSERT INTO request SELECT partner, 'VOID', 'another', fingerprint, outcome, reason,
               details, shard, authorization_id, created_at
             FROM request WHERE verb = 'CAPTURE' AND outcome = 'OK' AND {captured}",
        ),
        broken(
            &[R1, R2, R3, R4, R5],
            "parts whose transactions",
            "DELETE FROM entry WHERE transaction_id IN
               (SELECT transaction_id FROM journal WHERE {captured});
             DELETE FROM journal WHERE {captured}",
        ),
    ]);
}

fn r3_catches_what_was_voided_before_and_an_order_that_was_paid_for_twice(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R3, A1],
                "voided before they arrived",
                "UPDATE \"authorization\" SET authorize_request_id =
               (SELECT request_id FROM request WHERE reason = 'VOIDED_BEFORE_AUTHORIZE')
             WHERE {captured}",
            ),
            broken(
                &[R3],
                "more than one live",
                "UPDATE \"authorization\" SET order_number =
               (SELECT order_number FROM \"authorization\" WHERE {captured})
             WHERE state = 'HELD'",
            ),
            broken(
                &[R3],
                "transactions of no authorization",
                "UPDATE journal SET order_number = 'another' WHERE {open}",
            ),
        ],
    );
}

fn r4_catches_entries_and_balances_that_do_not_agree(history: &History) {
    catches(history, &[
        broken(
            &[R4],
            "do not come to zero",
            "UPDATE entry SET amount_fen = amount_fen + 1 WHERE {open} AND position = 1",
        ),
        broken(
            &[R4],
            "not its entries",
            "UPDATE entry SET amount_fen = amount_fen + 1 WHERE {booked} AND position = 1",
        ),
        broken(
            &[R4],
            "on another account",
            "UPDATE entry SET account = 'platform:another' WHERE {open} AND position = 1",
        ),
        broken(
            &[R4],
            "on its other side",
            "UPDATE entry SET account = 'fund:gd:guangdong-cool-drinks-2022'
             WHERE {open} AND position = 1",
        ),
        broken(
            &[R4],
            "entries of no transaction",
            "INSERT INTO entry SELECT shard, x'00112233445566778899aabbccddeeff', position, account,
               amount_fen FROM entry WHERE {open}",
        ),
        broken(
            &[R4],
            "another organization pays",
            "UPDATE journal SET organization = 'gd/dongguan' WHERE {open}",
        ),
        broken(
            &[R4],
            "balances of a closed day",
            "UPDATE account_day SET debit_fen = debit_fen + 1 WHERE business_day = '2022-07-22'",
        ),
        broken(
            &[R4],
            "balances of a closed day",
            "DELETE FROM account_day WHERE business_day = '2022-07-23'",
        ),
        broken(
            &[R4],
            "not closed",
            "INSERT INTO account_day VALUES ('2022-07-24', 'platform:payment-platform', 0, 299)",
        ),
        broken(
            &[R4],
            "trial balances that are not zero",
            "UPDATE account_day SET debit_fen = debit_fen + 1
             WHERE business_day = '2022-07-23' AND account LIKE 'fund:%'",
        ),
        broken(
            &[R4],
            "debits are not their credits",
            "UPDATE account_day SET credit_fen = credit_fen + 1
             WHERE business_day = '2022-07-22' AND account LIKE 'platform:%'",
        ),
    ]);
}

fn r5_catches_a_statement_that_is_not_what_the_journal_gives(history: &History) {
    let unlike = "not what the journal gives";
    catches(history, &[
        broken(
            &[R5],
            unlike,
            "UPDATE statement SET captured_fen = captured_fen + 1, refunded_fen = refunded_fen + 1
             WHERE business_day = '2022-07-22'",
        ),
        broken(
            &[R5],
            "adrift",
            "UPDATE statement SET captured_fen = captured_fen + 1
             WHERE business_day = '2022-07-22'",
        ),
        broken(&[R5], unlike, "UPDATE statement SET sha256 = x'00112233445566778899aabbccddeeff'"),
        broken(&[R5], unlike, "UPDATE statement SET rows = rows + 1"),
        broken(&[R5], unlike, "DELETE FROM statement WHERE business_day = '2022-07-23'"),
        broken(
            &[R5],
            unlike,
            "DELETE FROM statement WHERE business_day = '2022-07-23' AND kind = 'FUNDER'",
        ),
        broken(&[R5], unlike, "UPDATE statement SET format = 1 WHERE business_day = '2022-07-22'"),
        broken(
            &[R5],
            unlike,
            "UPDATE journal SET campaign_id = campaign_id, created_at =
             created_at + 1 WHERE {booked}",
        ),
        broken(
            &[R5],
            "without a row",
            "INSERT INTO statement (business_day, kind, counterparty, format, rows, captured_fen,
               refunded_fen, sha256, closed_at)
             SELECT business_day, kind, 'another', format, 0, 0, 0, sha256, closed_at
             FROM statement WHERE business_day = '2022-07-22'",
        ),
    ]);
}

fn r5_catches_a_chains_statement_that_is_not_that_of_its_shops(history: &History) {
    let (unlike, astray) = ("not what the journal gives", "chain's statement that is not theirs");
    let unequal = "kinds of statement do not come to the same";
    catches(
        history,
        &[
            broken(&[R5], unlike, "DELETE FROM statement WHERE kind = 'CHAIN'"),
            broken(&[R5], unequal, "DELETE FROM statement WHERE kind = 'CHAIN'"),
            broken(
                &[R5],
                unequal,
                "UPDATE statement SET captured_fen = captured_fen + 1 WHERE kind = 'FUNDER'",
            ),
            broken(
                &[R5],
                unlike,
                "UPDATE statement SET counterparty = 'gd:other' WHERE kind = 'CHAIN'",
            ),
            broken(&[R5], astray, "UPDATE journal SET chain = NULL WHERE chain = 'gd:corner'"),
            broken(
                &[R5],
                astray,
                "UPDATE journal SET chain = 'gd:other' WHERE kind = 'REFUND' AND chain = 'gd:corner'",
            ),
            broken(&[R5], astray, "UPDATE journal SET shop_id = 'shop-2' WHERE {booked}"),
            broken(
                &[R5],
                astray,
                "UPDATE \"authorization\" SET chain = 'gd/zhuhai:corner' WHERE chain = 'gd:corner'",
            ),
        ],
    );
}

fn r5_catches_a_closed_day_that_was_opened_or_added_to(history: &History) {
    catches(
        history,
        &[
            broken(
                &[R4, R5],
                "not closed",
                "UPDATE business_day SET state = 'OPEN', closed_at = NULL WHERE day = '2022-07-22'",
            ),
            broken(
                &[R4, R5],
                "not its entries",
                "UPDATE journal SET business_day = '2022-07-23' WHERE {open};
             UPDATE \"authorization\" SET captured_on = '2022-07-23'
             WHERE captured_on = '2022-07-24'",
            ),
            broken(
                &[R5],
                "on a day that is not theirs",
                "UPDATE journal SET late_of = NULL WHERE {open}",
            ),
            broken(
                &[R5],
                "on another day than their transaction",
                "UPDATE \"authorization\" SET captured_on = '2022-07-25' WHERE {captured}",
            ),
            broken(
                &[R5],
                "closing time",
                "UPDATE business_day SET closed_at = NULL WHERE day = '2022-07-22'",
            ),
        ],
    );
}

fn a1_catches_an_answer_that_is_stored_otherwise(history: &History) {
    catches(
        history,
        &[
            broken(
                &[A1],
                "not stored as acknowledged",
                "UPDATE request SET outcome = 'REFUSED', reason = 'NO_VOUCHER', details = '[]',
               authorization_id = NULL
             WHERE verb = 'AUTHORIZE' AND {captured}",
            ),
            broken(
                &[A1],
                "not what their request was answered with",
                "UPDATE request SET request_id = 'another' WHERE verb = 'AUTHORIZE' AND {voided}",
            ),
            broken(
                &[A1],
                "not stored as acknowledged",
                "UPDATE request SET reason = 'BELOW_THRESHOLD' WHERE reason = 'GOODS_NOT_COVERED'",
            ),
            broken(
                &[R3, A1],
                "not the caller's",
                "UPDATE request SET authorization_id = x'00112233445566778899aabbccddeeff'
             WHERE verb = 'VOID' AND {voided}",
            ),
            broken(
                &[R3, A1],
                "did something to nothing",
                "UPDATE request SET authorization_id = NULL WHERE verb = 'CAPTURE' AND {captured}",
            ),
        ],
    );
}

fn capture(answer: &str) -> Ack {
    Ack::Capture(CheckoutAck {
        caller: "payment-platform".to_owned(),
        request_id: "capture-of-the-test".to_owned(),
        authorization_id: None,
        answer: answer.to_owned(),
    })
}

fn a1_catches_an_acknowledged_answer_that_is_nowhere(history: &History) {
    for answer in [OK, "ALREADY_CAPTURED", "SHOP_BLOCKED"] {
        let copy = history.copy();
        copy.acknowledge(&capture(answer));
        assert_eq!(copy.check().broken(), [A1], "{answer}");
    }
}

fn a1_leaves_answers_alone_that_are_judged_anew_each_time(history: &History) {
    let copy = history.copy();
    for answer in ["REQUEST_ID_REUSED", "OVERLOADED", "Unavailable"] {
        copy.acknowledge(&capture(answer));
    }
    assert_eq!(copy.check().broken(), []);
}

fn the_feed_catches_wallets_that_are_not_what_issuance_gave_out(history: &History) {
    catches(
        history,
        &[
            broken(&[Feed], "without a wallet", "DELETE FROM wallet_voucher WHERE {free}"),
            broken(
                &[I6, Feed],
                "issuance does not know",
                "INSERT INTO wallet_voucher (shard, voucher_id, person_key, campaign_id, state, held_by,
               uses_left, valid_from, valid_until, version)
             SELECT shard, x'00112233445566778899aabbccddeeff', person_key, campaign_id, state,
               held_by, uses_left, valid_from, valid_until, version
             FROM wallet_voucher WHERE {free}",
            ),
            broken(
                &[Feed],
                "not as they were issued",
                "UPDATE wallet_voucher SET valid_until = valid_until + 1 WHERE {free}",
            ),
            broken(
                &[Feed],
                "not as they were issued",
                "UPDATE wallet_voucher SET version = 2 WHERE {free}",
            ),
            broken(
                &[Feed],
                "in another shard",
                "UPDATE wallet_voucher SET person_key = x'ff112233445566778899aabbccddeeff'
             WHERE {free} AND shard <> 255",
            ),
            broken(
                &[Feed],
                "another store's",
                "UPDATE feed_source SET epoch = x'00112233445566778899aabbccddeeff'",
            ),
            broken(
                &[Feed],
                "ahead of their feed",
                "UPDATE feed_cursor SET position = position + 1",
            ),
            broken(&[Feed], "not as they were fed", "UPDATE campaign SET state = 'ENDED'"),
        ],
    );
}
