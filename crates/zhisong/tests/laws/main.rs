//! Each law catches what breaks it, and nothing else does.

mod crash;
mod files;
mod history;
mod issuance;
mod next_day;
mod redemption;

use history::{Copy, Of};
use zhisong::laws::{Law, State};

/// One way of breaking the history.
struct Corruption {
    of: Of,
    /// What is done; a part in braces is a placeholder of [`statement`].
    sql: &'static str,
    /// The laws that are broken by it.
    broken: &'static [Law],
    /// A part of what one of them must say.
    says: &'static str,
}

/// Rows that the corruptions share.
const ROWS: &[(&str, &str)] = &[
    ("{day}", "period = 'day:2022-07-22'"),
    (
        "{first}",
        "voucher_id = (SELECT MIN(voucher_id) FROM voucher WHERE period = 'day:2022-07-22')",
    ),
    ("{used}", "voucher_id = (SELECT MIN(voucher_id) FROM wallet_voucher WHERE state = 'USED')"),
    (
        "{free}",
        "voucher_id = (SELECT MIN(voucher_id) FROM wallet_voucher WHERE state = 'AVAILABLE'
                       AND voucher_id NOT IN (SELECT voucher_id FROM authorization_voucher))",
    ),
    (
        "{captured}",
        "authorization_id = (SELECT MIN(authorization_id) FROM \"authorization\"
                             WHERE state = 'CAPTURED' AND captured_on = '2022-07-22')",
    ),
    (
        "{voided}",
        "authorization_id = (SELECT MIN(authorization_id) FROM \"authorization\"
                             WHERE state = 'VOIDED')",
    ),
    (
        "{refunded}",
        "authorization_id = (SELECT MIN(authorization_id) FROM \"authorization\"
                             WHERE state = 'REFUNDED')",
    ),
    (
        "{booked}",
        "transaction_id = (SELECT MIN(transaction_id) FROM journal
                           WHERE business_day = '2022-07-22' AND kind = 'CAPTURE')",
    ),
    (
        "{open}",
        "transaction_id = (SELECT MIN(transaction_id) FROM journal
                           WHERE business_day = '2022-07-24')",
    ),
];

fn statement(sql: &str) -> String {
    ROWS.iter().fold(sql.to_owned(), |sql, (name, rows)| sql.replace(name, rows))
}

/// Breaks a fresh copy in each way and sees exactly those laws caught.
fn catches(corruptions: &[Corruption]) {
    for Corruption { of, sql, broken, says } in corruptions {
        let copy = Copy::new();
        let met = copy.corrupt(*of, &statement(sql));
        assert!(met > 0, "{sql} meets no row");
        let report = copy.check();
        assert_eq!(report.broken(), *broken, "{sql}: {}", report.table());
        let mut findings = report.verdicts().iter().flat_map(|verdict| &verdict.findings);
        let said = findings.any(|finding| finding.what.contains(says));
        assert!(said, "{sql}: nothing says {says:?}: {}", report.table());
    }
}

#[test]
fn an_honest_history_holds_and_its_figures_say_what_happened() {
    let report = Copy::new().check();
    for verdict in report.verdicts() {
        assert_eq!(verdict.state, State::Holds, "{}", report.table());
    }
    let told = report.json();
    for (law, figure, count) in [
        ("I1", "vouchers", 46),
        ("I1", "stocks", 2),
        ("I2", "persons", 40),
        ("I3", "acknowledged", 46),
        ("I4", "demand", 46),
        ("I5", "issued_fen", 46 * 299),
        ("R1", "rights_returned", 2),
        ("R2", "captured_fen", 32 * 299),
        ("R3", "held", 1),
        ("R3", "expired", 1),
        ("R3", "voided_before", 1),
        ("R5", "closed_days", 2),
        ("R5", "open_fen", 299),
        ("feed", "wallet_vouchers", 46),
    ] {
        assert_eq!(told[law]["figures"][figure], count, "{law} {figure}: {}", report.table());
    }
    for (law, figure) in [("A1", "acknowledged"), ("E3", "canaries"), ("R4", "entries")] {
        assert!(told[law]["figures"][figure].as_i64() > Some(60), "{law} {figure}: {told}");
    }
}
