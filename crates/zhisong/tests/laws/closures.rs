use zhisong::laws::Law::{I5, I6, R4};

use super::history::{History, Of};
use super::{Case, Corruption, catches};

pub fn cases() -> Vec<Case> {
    vec![
        (
            "i6_catches_a_fund_whose_figures_are_not_its_entries_or_its_vouchers",
            i6_catches_a_fund_whose_figures_are_not_its_entries_or_its_vouchers,
        ),
        (
            "i6_catches_closures_that_differ_between_the_services",
            i6_catches_closures_that_differ_between_the_services,
        ),
        (
            "i6_catches_closures_that_are_not_what_happened_at_the_till",
            i6_catches_closures_that_are_not_what_happened_at_the_till,
        ),
    ]
}

fn i6_catches_a_fund_whose_figures_are_not_its_entries_or_its_vouchers(history: &History) {
    let issuance = |sql, broken, says| Corruption { of: Of::Issuance, sql, broken, says };
    catches(
        history,
        &[
            issuance(
                "UPDATE fund_journal SET free_fen = free_fen - 1 WHERE number = 2",
                &[I6],
                "do not come to zero",
            ),
            issuance(
                "UPDATE fund_journal SET free_fen = free_fen - 1, open_fen = open_fen + 1
                 WHERE number = 2",
                &[I6],
                "not their entries",
            ),
            issuance(
                "DELETE FROM fund_journal WHERE number = (SELECT MAX(number) FROM fund_journal)",
                &[I6],
                "not their entries",
            ),
            issuance(
                "UPDATE fund_journal SET number = number + 1
                 WHERE number = (SELECT MAX(number) FROM fund_journal)",
                &[I6],
                "not their entries",
            ),
            issuance(
                "UPDATE fund SET spent_fen = spent_fen - 1",
                &[I6],
                "not that of their closed vouchers",
            ),
            issuance(
                "UPDATE fund SET returned_fen = returned_fen + 1",
                &[I5, I6],
                "not that of their closed vouchers",
            ),
            issuance(
                "UPDATE closure SET unspent_fen = unspent_fen + 1 WHERE {closed_free}",
                &[I6],
                "more than it can cost",
            ),
        ],
    );
}

fn i6_catches_closures_that_differ_between_the_services(history: &History) {
    let issuance = |sql, says| Corruption { of: Of::Issuance, sql, broken: &[I6], says };
    let unlike = "not taken in as they were told";
    catches(
        history,
        &[
            issuance(
                "UPDATE closure SET unspent_fen = unspent_fen - 1 WHERE {closed_free}",
                unlike,
            ),
            issuance("UPDATE closure SET version = 7 WHERE {closed_free}", unlike),
            issuance("DELETE FROM closure WHERE {closed_free}", unlike),
            issuance("UPDATE closure SET position = 0 WHERE {closed_free}", unlike),
            issuance(
                "UPDATE closure_source SET epoch = x'00112233445566778899aabbccddeeff'",
                "another store's",
            ),
            Corruption {
                of: Of::Redemption,
                sql: "UPDATE closure SET unspent_fen = unspent_fen - 1 WHERE {closed_free}",
                broken: &[I6],
                says: unlike,
            },
        ],
    );
}

fn i6_catches_closures_that_are_not_what_happened_at_the_till(history: &History) {
    let redemption = |sql, broken, says| Corruption { of: Of::Redemption, sql, broken, says };
    let spent = "not what was captured and not given back";
    catches(
        history,
        &[
            redemption(
                "UPDATE wallet_voucher SET spent_fen = spent_fen + 1 WHERE {closed_free}",
                &[I6, R4],
                spent,
            ),
            redemption(
                "UPDATE wallet_voucher SET spent_fen = spent_fen + 1 WHERE {closed_free}",
                &[I6, R4],
                "not that of their entries",
            ),
            redemption("UPDATE wallet_voucher SET closed = 0 WHERE {closed_free}", &[I6], spent),
            redemption(
                "UPDATE closure_head SET position = position + 1",
                &[I6],
                "positions are not 1 to the head",
            ),
            redemption(
                "UPDATE closure SET version = 2 WHERE {closed_free}",
                &[I6],
                "are not numbered 1, 2, 3",
            ),
        ],
    );
}
