//! Each law catches what breaks it, and nothing else does.
//!
//! What is broken in rows is broken in both databases, one trial a database and case; what is done
//! to files and at the command line is done once. Without PostgreSQL its trials are shown as
//! ignored, with the reason; with `ZHISONG_REQUIRE_POSTGRES` they fail.

mod closures;
mod crash;
mod events;
mod files;
mod history;
mod issuance;
mod next_day;
mod redemption;

use std::process::ExitCode;
use std::sync::Arc;

use history::{History, Of};
use libtest_mimic::{Arguments, Failed, Trial};
use testkit::postgres::{Missing, Postgres, Settings};
use zhisong::laws::{Law, State};

/// A trial: its sentence and what it does with copies of a history.
type Case = (&'static str, fn(&History));

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let sqlite = Arc::new(History::over_sqlite());
    // Nothing crashes here: what a crash leaves is tested elsewhere, with fsync.
    let postgres = Postgres::start_if_present(Settings { fsync: false });
    let postgres = postgres.map(|postgres| Arc::new(History::over_postgres(postgres)));
    let files = [files::cases(), crash::cases()].concat();
    let files = files.into_iter().map(|case| trial("files", case, Ok(Arc::clone(&sqlite))));
    let on_sqlite = rows().into_iter().map(|case| trial("sqlite", case, Ok(Arc::clone(&sqlite))));
    let on_postgres = rows().into_iter().map(|case| trial("postgres", case, postgres.clone()));
    let trials = files.chain(on_sqlite).chain(on_postgres).collect();
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// What is broken in rows.
fn rows() -> Vec<Case> {
    let honest: Case = (
        "an_honest_history_holds_and_its_figures_say_what_happened",
        an_honest_history_holds_and_its_figures_say_what_happened,
    );
    let of_issuance = [issuance::cases(), closures::cases()].concat();
    [vec![honest], of_issuance, redemption::cases(), events::cases()].concat()
}

fn trial(of: &str, (name, run): Case, history: Result<Arc<History>, Missing>) -> Trial {
    let name = format!("{of}::{name}");
    match history {
        Ok(history) => Trial::test(name, move || {
            run(&history);
            Ok(())
        }),
        Err(Missing::Ignored(why)) => {
            eprintln!("ignored: {name}: {why}");
            Trial::test(name, || Ok(())).with_ignored_flag(true)
        }
        Err(Missing::Failure(why)) => Trial::test(name, || Err(Failed::from(why))),
    }
}

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
        "voucher_id = (SELECT voucher_id FROM voucher WHERE period = 'day:2022-07-22'
                       ORDER BY voucher_id LIMIT 1)",
    ),
    (
        "{used}",
        "voucher_id = (SELECT voucher_id FROM wallet_voucher WHERE state = 'USED'
                       ORDER BY voucher_id LIMIT 1)",
    ),
    (
        "{free}",
        "voucher_id = (SELECT voucher_id FROM wallet_voucher WHERE state = 'AVAILABLE'
                       AND voucher_id NOT IN (SELECT voucher_id FROM authorization_voucher)
                       ORDER BY voucher_id LIMIT 1)",
    ),
    (
        "{captured}",
        "authorization_id = (SELECT authorization_id FROM \"authorization\"
                             WHERE state = 'CAPTURED' AND captured_on = '2022-07-22'
                             ORDER BY authorization_id LIMIT 1)",
    ),
    (
        "{voided}",
        "authorization_id = (SELECT authorization_id FROM \"authorization\"
                             WHERE state = 'VOIDED'
                             ORDER BY authorization_id LIMIT 1)",
    ),
    (
        "{refunded}",
        "authorization_id = (SELECT authorization_id FROM \"authorization\"
                             WHERE state = 'REFUNDED'
                             ORDER BY authorization_id LIMIT 1)",
    ),
    (
        "{part}",
        "authorization_id = (SELECT authorization_id FROM \"authorization\"
                             WHERE captured_amounts IS NOT NULL
                             ORDER BY authorization_id LIMIT 1)",
    ),
    (
        "{booked}",
        "transaction_id = (SELECT transaction_id FROM journal
                           WHERE business_day = '2022-07-22' AND kind = 'CAPTURE'
                           ORDER BY transaction_id LIMIT 1)",
    ),
    (
        "{open}",
        "transaction_id = (SELECT transaction_id FROM journal
                           WHERE business_day = '2022-07-24'
                           ORDER BY transaction_id LIMIT 1)",
    ),
    (
        "{closed_free}",
        "voucher_id = (SELECT voucher_id FROM closure
                       WHERE spent_fen = 0 AND unspent_fen = 299 AND version = 1
                       ORDER BY position LIMIT 1)",
    ),
    ("{last_person}", "(SELECT person_key FROM voucher ORDER BY person_key DESC LIMIT 1)"),
];

fn statement(sql: &str) -> String {
    ROWS.iter().fold(sql.to_owned(), |sql, (name, rows)| sql.replace(name, rows))
}

/// Breaks a fresh copy in each way and sees exactly those laws caught.
fn catches(history: &History, corruptions: &[Corruption]) {
    for Corruption { of, sql, broken, says } in corruptions {
        let copy = history.copy();
        let met = copy.corrupt(*of, &statement(sql));
        assert!(met > 0, "{sql} meets no row");
        let report = copy.check();
        assert_eq!(report.broken(), *broken, "{sql}: {}", report.table());
        let mut findings = report.verdicts().iter().flat_map(|verdict| &verdict.findings);
        let said = findings.any(|finding| finding.what.contains(says));
        assert!(said, "{sql}: nothing says {says:?}: {}", report.table());
    }
}

fn an_honest_history_holds_and_its_figures_say_what_happened(history: &History) {
    let report = history.copy().check();
    for verdict in report.verdicts() {
        assert_eq!(verdict.state, State::Holds, "{}", report.table());
    }
    let told = report.json();
    for (law, figure, count) in [
        ("I1", "vouchers", 49),
        ("I1", "stocks", 3),
        ("I2", "persons", 40),
        ("I3", "acknowledged", 49),
        ("I4", "demand", 49),
        ("I5", "issued_fen", 49 * 299),
        ("I6", "pledged_fen", 1_000),
        ("I6", "free_fen", 1_000 - 299),
        ("I6", "open_fen", 0),
        ("I6", "spent_fen", 299),
        ("I6", "returned_fen", 299),
        ("R1", "rights_returned", 2),
        ("R2", "captured_fen", 33 * 299 + 239),
        ("R2", "refunded_fen", 2 * 299 + 149),
        ("R3", "held", 1),
        ("R3", "expired", 1),
        ("R3", "voided_before", 1),
        ("R5", "closed_days", 2),
        ("R5", "open_fen", 299),
        ("feed", "wallet_vouchers", 49),
    ] {
        assert_eq!(told[law]["figures"][figure], count, "{law} {figure}: {}", report.table());
    }
    for (law, figure) in [("A1", "acknowledged"), ("E3", "canaries"), ("R4", "entries")] {
        assert!(told[law]["figures"][figure].as_i64() > Some(60), "{law} {figure}: {told}");
    }
}
