use super::*;

const HEADER: &str = "order_number,kind,amount_fen,transaction_id\n";

/// The parts of a file that is sent in pieces of some bytes.
fn parts(file: &[u8], piece: usize) -> Result<Vec<FileBatch>, HeaderProblem> {
    let mut reader = PartnerFile::default();
    let mut parts = Vec::new();
    for piece in file.chunks(piece) {
        parts.extend(reader.take(piece)?);
    }
    parts.push(reader.finish()?);
    Ok(parts)
}

fn one(file: &str) -> FileBatch {
    let mut parts = parts(file.as_bytes(), 7).expect("the header reads");
    assert_eq!(parts.len(), 1);
    parts.pop().expect("one part")
}

fn reasons(file: &str) -> Vec<(i64, String)> {
    one(file).bad.into_iter().map(|bad| (bad.line, bad.reason)).collect()
}

#[test]
fn rows_are_read_by_the_names_of_their_columns_whatever_else_is_there() {
    let file = "\u{feff}shop,amount_fen,kind,\"order_number\"\r\n1,299,CAPTURE,\"o-1\"\r\n\r\n2,0, REFUND ,o-2";
    let part = one(file);
    let rows: Vec<_> = part.rows.iter().map(|row| (row.line, row.order_number.as_str())).collect();
    assert_eq!(rows, [(2, "o-1"), (4, "o-2")]);
    assert_eq!((part.rows[0].amount, part.rows[1].kind), (Fen(299), TransactionKind::Refund));
    assert_eq!((part.after_line, part.last_line, part.is_last), (0, 4, true));
    assert!(part.bad.is_empty());
}

#[test]
fn a_cell_in_quotes_holds_commas_and_quotes() {
    let file = "order_number,kind,amount_fen,\"goods, all\"\n\
                o1,CAPTURE,299,\"茶,冰\"\n\
                \"o2\",CAPTURE,300,\"a \"\"large\"\" tea, iced\"\r\n\
                o3,CAPTURE,301,5\" pipe\n\
                o4,CAPTURE,302,\"not closed, but the line ends\n\
                o5,CAPTURE,303,";
    let part = one(file);
    let rows: Vec<_> =
        part.rows.iter().map(|row| (row.order_number.as_str(), row.amount.0)).collect();
    assert_eq!(rows, [("o1", 299), ("o2", 300), ("o3", 301), ("o4", 302), ("o5", 303)]);
    assert!(part.bad.is_empty(), "{:?}", part.bad);
}

#[test]
fn the_longest_line_has_a_cell_more_than_commas() {
    let commas = ",".repeat(LINE_BYTES_MAX - 1);
    let cells = [(2, String::from("CELL_COUNT"))];
    assert_eq!(reasons(&format!("{HEADER}{commas}\n")), cells);
    assert_eq!(reasons(&format!("{HEADER},{commas}")), cells);
}

#[test]
fn a_row_that_does_not_read_costs_its_own_line() {
    let long = "x".repeat(LINE_BYTES_MAX + 1);
    let rows = [
        "o1,CAPTURE,299,",
        "o2,CAPTURE",
        "o 3,CAPTURE,299,",
        "o4,capture,299,",
        "o5,CAPTURE,-1,",
        "o6,CAPTURE,2.99,",
        "o7,CAPTURE,100000000001,",
        "o8,CAPTURE,299,txn_1",
        &long,
        "o10,REFUND,100000000000,",
    ];
    let file = format!("{HEADER}{}", rows.join("\n"));
    let expected = [
        (3, "CELL_COUNT"),
        (4, "ORDER_NUMBER"),
        (5, "KIND"),
        (6, "AMOUNT"),
        (7, "AMOUNT"),
        (8, "AMOUNT"),
        (9, "TRANSACTION_ID"),
        (10, "TOO_LONG"),
    ];
    assert_eq!(reasons(&file), expected.map(|(line, reason)| (line, reason.to_owned())));
    assert_eq!(one(&file).rows.len(), 2);
    let mut bytes = format!("{HEADER}o1,CAPTURE,1,\n").into_bytes();
    bytes.extend_from_slice(b"o\xff,CAPTURE,1,\n");
    let part = parts(&bytes, 5).expect("the header reads").pop().expect("one part");
    assert_eq!((part.bad[0].line, part.bad[0].reason.as_str()), (3, "NOT_UTF8"));
}

#[test]
fn a_file_without_the_columns_is_refused() {
    for file in ["", "\n", "order_number,kind\n", "order_number,kind,amount_fen,kind\n"] {
        assert_eq!(parts(file.as_bytes(), 3), Err(HeaderProblem), "{file:?}");
    }
    assert!(one("order_number,kind,amount_fen").rows.is_empty(), "a day without rows");
}

#[test]
fn parts_end_at_the_same_lines_whatever_pieces_the_file_is_sent_in() {
    let mut file = String::from(HEADER);
    for n in 0..2 * PART_RECORDS {
        file += &format!("o{n},CAPTURE,{n},\n");
    }
    let whole = parts(file.as_bytes(), usize::MAX).expect("it reads");
    assert_eq!(parts(file.as_bytes(), 11).expect("it reads"), whole);
    let lines: Vec<_> = whole.iter().map(|part| (part.after_line, part.last_line)).collect();
    assert_eq!(lines, [(0, 1_001), (1_001, 2_001), (2_001, 2_001)]);
    assert_eq!(whole[1].chain, whole[2].chain, "an empty last part adds nothing");
    let other = parts(file.replacen("o7,", "o8,", 1).as_bytes(), 11).expect("it reads");
    assert!(other.iter().zip(&whole).all(|(other, part)| other.chain != part.chain));
}
