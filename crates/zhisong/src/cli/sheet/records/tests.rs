use std::io::BufReader;

use super::{BYTES_MAX, Fault, Records};

/// The records of a file: line, and cells joined by `|` or the fault.
fn read(text: &str, width: Option<usize>) -> Vec<(i64, Result<String, Fault>)> {
    // A small buffer, so that lines are not always whole in it.
    let mut records = Records::new(BufReader::with_capacity(7, text.as_bytes()));
    if let Some(width) = width {
        records.expect_width(width);
    }
    let mut read = Vec::new();
    while let Some((line, record)) = records.next().expect("memory is read") {
        let text = record.map(|record| {
            let cells: Vec<_> = record.cells().map(String::from_utf8_lossy).collect();
            cells.join("|")
        });
        read.push((line, text));
    }
    assert_eq!(records.used(), text.len() as u64, "every byte was used once");
    read
}

fn good(line: i64, cells: &str) -> (i64, Result<String, Fault>) {
    (line, Ok(cells.to_owned()))
}

#[test]
fn records_have_the_line_that_they_begin_on() {
    let unix = "a,b\n1,2\n\n  \n,\n3,4";
    let expected = [good(1, "a|b"), good(2, "1|2"), good(6, "3|4")];
    assert_eq!(read(unix, Some(2)), expected, "empty rows are passed over and counted");
    assert_eq!(read(&unix.replace('\n', "\r\n"), Some(2)), expected);
    assert_eq!(read("", Some(2)), []);
}

#[test]
fn quoted_cells_may_hold_commas_quotes_and_line_ends() {
    let text = "\"a,1\",\"say \"\"yes\"\"\"\n\"two\r\nlines\",x\nlast,\"\"\nin\"side,5'11\"\n";
    let expected = [
        good(1, "a,1|say \"yes\""),
        good(2, "two\r\nlines|x"),
        good(4, "last|"),
        good(5, "in\"side|5'11\""),
    ];
    assert_eq!(read(text, Some(2)), expected);
}

#[test]
fn a_quote_that_is_never_closed_costs_its_own_line_only() {
    let text = "a,b\n\"1,2\n3,4\n5,6\n";
    let expected = [good(1, "a|b"), (2, Err(Fault::Quote)), good(3, "3|4"), good(4, "5|6")];
    assert_eq!(read(text, Some(2)), expected);
    let rows: String = (0..100).map(|row| format!("{row},x\n")).collect();
    let read = read(&format!("\"1,2\n{rows}"), Some(2));
    assert_eq!(read[0], (1, Err(Fault::Quote)));
    assert_eq!(read.len(), 101);
    assert_eq!(read[100], good(101, "99|x"));
}

#[test]
fn a_quote_that_a_later_row_closes_costs_the_two_lines_only() {
    let text = "\"1,2\n3,4\n5,\"6\n7,8\n";
    let expected = [(1, Err(Fault::Quote)), good(2, "3|4"), (3, Err(Fault::Quote)), good(4, "7|8")];
    assert_eq!(read(text, Some(2)), expected);
    let text = "\"1,2\n3,4\n\",6\n7,8\n";
    let expected = [good(1, "1,2\n3,4\n|6"), good(4, "7|8")];
    assert_eq!(read(text, Some(2)), expected, "and this one is well formed");
    let text = "\"1,2\n3,4\n\",6,7\n8,9\n";
    let expected =
        [(1, Err(Fault::CellCount)), good(2, "3|4"), (3, Err(Fault::Quote)), good(4, "8|9")];
    assert_eq!(read(text, Some(2)), expected, "its cells do not fit, so its quote was a slip");
}

#[test]
fn text_behind_a_closing_quote_is_refused() {
    let expected = [(1, Err(Fault::Quote)), good(2, "3|4")];
    assert_eq!(read("\"1\"x,2\n3,4\n", Some(2)), expected);
}

#[test]
fn cells_are_counted_and_empty_ones_behind_the_last_are_none() {
    let expected = [(1, Err(Fault::CellCount)), (2, Err(Fault::CellCount)), good(3, "1|2")];
    assert_eq!(read("1\n1,2,3\n1,2,,\n", Some(2)), expected);
}

#[test]
fn a_line_that_is_too_long_is_refused_and_never_kept() {
    let long = "x".repeat(3 * BYTES_MAX);
    let expected = [good(1, "1|2"), (2, Err(Fault::TooLong)), good(3, "3|4")];
    assert_eq!(read(&format!("1,2\n{long},2\n3,4\n"), Some(2)), expected);
    let expected = [(1, Err(Fault::Quote)), (2, Err(Fault::TooLong)), good(3, "3|4")];
    assert_eq!(read(&format!("\"1,2\n{long},2\n3,4"), Some(2)), expected);
}
