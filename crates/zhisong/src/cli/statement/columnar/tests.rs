use parquet::file::reader::{FileReader as _, SerializedFileReader};
use parquet::record::{Field, Row};

use super::*;

const HEADER: &str = "line,payout_id,business_day,kind,platform,amount_fen,at,late_of";

/// The CSV of so many rows; every third came late.
fn csv(rows: usize) -> Vec<String> {
    let row = |line: usize| {
        let (kind, late_of) = match line % 3 {
            0 => ("REFUND", "2022-07-21"),
            _ => ("CAPTURE", ""),
        };
        let micros = line % 7;
        let at = format!("2022-07-22T00:00:0{}.00000{micros}Z", line % 10);
        format!("{line},pay_1,2022-07-22,{kind},wepay-{},{},{at},{late_of}", line % 5, line * 13)
    };
    std::iter::once(HEADER.to_owned()).chain((1..=rows).map(row)).collect()
}

fn head() -> StatementHead {
    StatementHead { sha256: vec![7; 2].into(), signature: vec![9].into(), ..Default::default() }
}

/// A row as it stood in the CSV.
fn line(row: &Row) -> String {
    let cells = row.get_column_iter().map(|(_, field)| match field {
        Field::Long(number) => number.to_string(),
        Field::TimestampMicros(micros) => {
            let at = jiff::Timestamp::from_microsecond(*micros).expect("an instant");
            format!("{at:.6}")
        }
        Field::Str(text) => text.clone(),
        Field::Null => String::new(),
        other => panic!("{other:?} is no cell of a statement"),
    });
    cells.collect::<Vec<_>>().join(",")
}

#[test]
fn a_parquet_file_holds_the_rows_of_the_csv_one_by_one() {
    let lines = csv(2 * GROUP_ROWS + 7);
    let mut rows = Rows::into(tempfile::tempfile().expect("a file"));
    let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
    for piece in text.as_bytes().chunks(9_973) {
        rows.write_all(piece).expect("room for it");
    }
    let file = rows.finish(&head(), "signed\n".to_owned()).expect("it is whole");
    let reader = SerializedFileReader::new(file).expect("is such a file");
    assert_eq!(reader.num_row_groups(), 3, "not all rows were in memory at once");
    let columns = reader.metadata().file_metadata().schema_descr().columns().iter();
    assert!(columns.map(|column| column.name()).eq(HEADER.split(',')));
    let read = reader.get_row_iter(None).expect("its rows");
    let read = read.map(|row| line(&row.expect("a row")));
    assert!(read.eq(lines.into_iter().skip(1)));
    let said = reader.metadata().file_metadata().key_value_metadata().expect("what was signed");
    let said: Vec<_> = said.iter().map(|one| (&*one.key, one.value.as_deref())).collect();
    let signed = ("zhisong.statement", Some("signed\n"));
    assert!(said.starts_with(&[signed, ("zhisong.sha256", Some("0707"))]), "{said:?}");
}

#[test]
fn a_parquet_file_of_no_rows_has_the_columns_all_the_same() {
    let mut rows = Rows::into(tempfile::tempfile().expect("a file"));
    writeln!(rows, "{HEADER}").expect("room for it");
    let file = rows.finish(&head(), String::new()).expect("it is whole");
    let reader = SerializedFileReader::new(file).expect("is such a file");
    assert_eq!(reader.metadata().file_metadata().num_rows(), 0);
    assert_eq!(reader.metadata().file_metadata().schema_descr().num_columns(), 8);
}

#[test]
fn a_parquet_file_is_not_made_of_what_is_no_statement() {
    let nameless = Rows::into(tempfile::tempfile().expect("a file"));
    assert!(nameless.finish(&head(), String::new()).is_err());
    for bad in ["1,2", "x,pay_1,2022-07-22,CAPTURE,wepay,1,2022-07-22T00:00:00Z,"] {
        let mut rows = Rows::into(tempfile::tempfile().expect("a file"));
        let said = writeln!(rows, "{HEADER}\n{bad}");
        assert!(said.is_err(), "{bad}");
    }
}
