use std::fs;
use std::path::PathBuf;

use zhisong::laws::Law::{A1, E3, I1, I3, I4};
use zhisong::laws::{self, Inputs, LawProblem, State, Verdict};

use super::Case;
use super::history::{Copy, History, Of, block_on};

/// What one reading of a file takes.
const CHUNK: usize = 1 << 20;

pub fn cases() -> Vec<Case> {
    vec![
        (
            "what_needs_a_file_and_has_none_is_not_checked",
            what_needs_a_file_and_has_none_is_not_checked,
        ),
        ("a_file_of_no_canaries_checks_nothing", a_file_of_no_canaries_checks_nothing),
        ("e3_catches_a_name_in_a_column", e3_catches_a_name_in_a_column),
        (
            "e3_catches_an_id_number_in_a_row_that_was_deleted_again",
            e3_catches_an_id_number_in_a_row_that_was_deleted_again,
        ),
        (
            "e3_catches_both_encodings_at_the_border_of_two_readings_and_in_any_folder",
            e3_catches_both_encodings_at_the_border_of_two_readings_and_in_any_folder,
        ),
        ("e3_looks_where_it_is_told_to", e3_looks_where_it_is_told_to),
        (
            "a_canary_that_chance_would_find_is_refused_by_its_line",
            a_canary_that_chance_would_find_is_refused_by_its_line,
        ),
        (
            "an_unfinished_last_line_of_answers_is_left_out_and_counted",
            an_unfinished_last_line_of_answers_is_left_out_and_counted,
        ),
        (
            "a_line_that_is_no_answer_is_refused_by_its_number",
            a_line_that_is_no_answer_is_refused_by_its_number,
        ),
        (
            "what_is_not_there_is_a_problem_and_not_a_proof",
            what_is_not_there_is_a_problem_and_not_a_proof,
        ),
        (
            "a_broken_law_is_named_in_the_table_with_its_examples",
            a_broken_law_is_named_in_the_table_with_its_examples,
        ),
    ]
}

fn verdict(report: &laws::Report, law: laws::Law) -> &Verdict {
    let verdict = report.verdicts().iter().find(|verdict| verdict.law == law);
    verdict.expect("every law has a verdict")
}

/// The first canary of at least that many bytes of its own kind: an ID number, or a name.
fn canary(copy: &Copy, is: fn(&str) -> bool) -> String {
    let canaries = fs::read_to_string(copy.canaries()).expect("the evidence was written");
    canaries.lines().find(|line| is(line)).expect("there is one").to_owned()
}

fn is_id_number(line: &str) -> bool {
    line.len() == 18 && line.is_ascii()
}

fn is_name(line: &str) -> bool {
    !line.is_ascii()
}

fn what_needs_a_file_and_has_none_is_not_checked(history: &History) {
    let copy = history.copy();
    let check = || {
        let inputs = Inputs::of_folder(&copy.data());
        block_on(laws::check(&inputs, |_| ())).expect("it can be read")
    };
    let report = check();
    assert_eq!(report.broken(), []);
    for verdict in report.verdicts() {
        let needs = [I3, I4, A1, E3].contains(&verdict.law);
        let expected = if needs { State::NotChecked } else { State::Holds };
        assert_eq!(verdict.state, expected, "{}", verdict.law.name());
    }
    // What can be seen without a file is still said.
    copy.corrupt(Of::Issuance, "DELETE FROM claim_request");
    assert_eq!(check().broken(), [I3]);
}

fn a_file_of_no_canaries_checks_nothing(history: &History) {
    let copy = history.copy();
    fs::write(copy.canaries(), "\n\n").expect("room");
    assert_eq!(verdict(&copy.check(), E3).state, State::NotChecked);
}

fn e3_catches_a_name_in_a_column(history: &History) {
    let copy = history.copy();
    let name = canary(&copy, is_name);
    let sql = format!("UPDATE organization SET name = '{name}工会' WHERE path = 'gd'");
    assert_eq!(copy.corrupt(Of::Eligibility, &sql), 1);
    let report = copy.check();
    assert_eq!(report.broken(), [E3], "{}", report.table());
    assert!(!report.json().to_string().contains(&name), "a finding repeats the name");
}

fn e3_catches_an_id_number_in_a_row_that_was_deleted_again(history: &History) {
    let copy = history.copy();
    let id_number = canary(&copy, is_id_number);
    let sql = format!("CREATE TABLE note (text TEXT); INSERT INTO note VALUES ('{id_number}')");
    copy.corrupt(Of::Redemption, &sql);
    copy.corrupt(Of::Redemption, "DELETE FROM note");
    assert_eq!(copy.check().broken(), [E3]);
}

fn e3_catches_both_encodings_at_the_border_of_two_readings_and_in_any_folder(history: &History) {
    for is in [is_id_number, is_name] {
        let copy = history.copy();
        let canary = canary(&copy, is);
        let (national, _, _) = encoding_rs::GB18030.encode(&canary);
        for (bytes, before) in [(canary.as_bytes(), 3), (&national[..], 1), (&national[..], 0)] {
            let logs = copy.data().join("logs/deep");
            fs::create_dir_all(&logs).expect("a folder");
            let mut text = vec![b'.'; CHUNK - before];
            text.extend_from_slice(bytes);
            fs::write(logs.join("service.log"), text).expect("room");
            let report = copy.check();
            assert_eq!(report.broken(), [E3], "{before}");
            assert_eq!(verdict(&report, E3).findings[0].count, 1, "{before}");
        }
    }
}

fn e3_looks_where_it_is_told_to(history: &History) {
    let copy = history.copy();
    let elsewhere = tempfile::tempdir().expect("a folder");
    fs::write(elsewhere.path().join("trace"), canary(&copy, is_id_number)).expect("room");
    let mut inputs = copy.inputs();
    inputs.scan.push(elsewhere.path().to_owned());
    let report = block_on(laws::check(&inputs, |_| ())).expect("it can be read");
    assert_eq!(report.broken(), [E3]);
}

fn a_canary_that_chance_would_find_is_refused_by_its_line(history: &History) {
    let copy = history.copy();
    fs::write(copy.canaries(), "11010519491231002X\n王伟\n").expect("room");
    let problem = block_on(laws::check(&copy.inputs(), |_| ())).expect_err("it is too short");
    assert!(matches!(problem, LawProblem::Line { line: 2, .. }), "{problem}");
    assert!(!problem.to_string().contains("王伟"), "a problem repeats the name");
}

fn an_unfinished_last_line_of_answers_is_left_out_and_counted(history: &History) {
    let copy = history.copy();
    let mut acks = fs::read_to_string(copy.acks()).expect("the evidence was written");
    acks.push_str(r#"{"verb":"claim","caller":"member-app","campai"#);
    fs::write(copy.acks(), acks).expect("room");
    let report = copy.check();
    assert_eq!(report.broken(), []);
    assert_eq!(verdict(&report, I3).figures["unfinished_lines"], 1);
}

fn a_line_that_is_no_answer_is_refused_by_its_number(history: &History) {
    let missing = r#"{"verb":"claim","caller":"a","campaign_id":"c","request_id":"r",
        "member_id":"mem_00112233445566778899aabbccddeeff","answer":"OK"}"#;
    let unknown = r#"{"verb":"capture","caller":"a","request_id":"r","answer":"OK","paid":1}"#;
    let odd = r#"{"verb":"void","caller":"a","request_id":"r","answer":"OK",
        "authorization_id":"vch_00112233445566778899aabbccddeeff"}"#;
    for line in ["{}", "OK", missing, unknown, odd] {
        let copy = history.copy();
        let good = fs::read_to_string(copy.acks()).expect("the evidence was written");
        let good: Vec<&str> = good.lines().take(2).collect();
        let line = line.replace('\n', " ");
        let text = format!("{}\n\n{line}\n{}\n", good[0], good[1]);
        fs::write(copy.acks(), text).expect("room");
        let problem = block_on(laws::check(&copy.inputs(), |_| ())).expect_err(&line);
        assert!(matches!(problem, LawProblem::Line { line: 3, .. }), "{line}: {problem}");
    }
}

fn what_is_not_there_is_a_problem_and_not_a_proof(history: &History) {
    let copy = history.copy();
    let gone = PathBuf::from("gone");
    let acks = Inputs { acks: Some(gone.clone()), ..copy.inputs() };
    let canaries = Inputs { canaries: Some(gone.clone()), ..copy.inputs() };
    let data = Inputs::of_folder(&gone);
    let mut url = copy.inputs();
    url.urls[1] = "mysql://somewhere".to_owned();
    for inputs in [acks, canaries, data, url] {
        assert!(block_on(laws::check(&inputs, |_| ())).is_err(), "{inputs:?}");
    }
    // A -wal that was left has every page, so that the file alone would be made good from it.
    let wal = copy.data().join("issuance.db-wal");
    if wal.exists() {
        fs::remove_file(wal).expect("nobody has it open");
    }
    fs::write(copy.data().join("issuance.db"), "this is no database").expect("room");
    assert!(block_on(laws::check(&copy.inputs(), |_| ())).is_err());
}

fn a_broken_law_is_named_in_the_table_with_its_examples(history: &History) {
    let copy = history.copy();
    copy.corrupt(Of::Issuance, "UPDATE stock SET issued = issued - 1");
    let report = copy.check();
    assert_eq!(report.broken(), [I1]);
    assert!(report.table().contains("day:2022-07-22"), "{}", report.table());
}
