use aws_lc_rs::digest::{SHA256, digest};
use member_identity::Shard;

use super::*;

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

fn wepay() -> Counterparty {
    Counterparty::Platform("wepay".parse().expect("a key"))
}

fn row() -> StatementRow {
    let (shard, at) = (Shard(1), Timestamp::from_micros(1_658_448_000_000_000));
    StatementRow {
        transaction_id: TransactionId::mint(shard, at, [1; 9]),
        kind: TransactionKind::Capture,
        platform: "wepay".parse().expect("a key"),
        shop_id: Some("s1".parse().expect("a key")),
        chain: None,
        authorization_id: AuthorizationId::mint(shard, at, [2; 9]),
        order_number: "o1".parse().expect("a key"),
        campaign_id: "breakfast".parse().expect("a key"),
        organization: OrganizationPath::parse("gd/dongguan").expect("a path"),
        voucher_id: VoucherId::mint(shard, at, [3; 9]),
        amount: Fen(599),
        at,
        late_of: None,
    }
}

/// The header and the one line of a statement, and its head.
fn written(format: StatementFormat) -> (String, String, StatementHead) {
    let (mut writer, header) = StatementWriter::begin(format, day("2022-07-22"), &wepay());
    let line = writer.line(&row());
    (header, line, writer.finish(Timestamp::from_micros(1_658_505_660_000_000)))
}

#[test]
fn a_statement_is_the_same_bytes_for_the_same_rows() {
    for (format, columns) in [
        (StatementFormat::First, 12),
        (StatementFormat::Second, 14),
        (StatementFormat::OfShops, 15),
    ] {
        let (header, line, head) = written(format);
        assert_eq!(header.split(',').count(), columns);
        assert_eq!(line.split(',').count(), columns);
        assert!(line.ends_with(",599,2022-07-22T00:00:00Z,\n"), "{line}");
        assert_eq!((head.rows, head.captured, head.refunded), (1, Fen(599), Fen::ZERO));
        let whole = digest(&SHA256, format!("{header}{line}").as_bytes());
        assert_eq!(&head.sha256[..], whole.as_ref());
        assert_eq!(StatementFormat::from_number(format.number().into()), Some(format));
    }
}

#[test]
fn the_first_form_of_a_row_is_as_it_always_was() {
    let (header, line, _) = written(StatementFormat::First);
    assert!(header.starts_with("line,business_day,kind,transaction_id,authorization_id,"));
    assert!(line.starts_with("1,2022-07-22,CAPTURE,txn_01"), "{line}");
}

#[test]
fn a_row_names_the_payment_and_the_platform() {
    let (_, line, _) = written(StatementFormat::Second);
    let payout_id = wepay().payout_id(day("2022-07-22"));
    let begin = format!("1,{payout_id},2022-07-22,CAPTURE,wepay,txn_01");
    assert!(line.starts_with(&begin), "{line}");
}

#[test]
fn a_row_of_a_chains_statement_names_the_shop() {
    let chain = Counterparty::Chain("gd:corner".parse().expect("a chain"));
    assert_eq!(chain.to_string(), "CHAIN:gd:corner");
    let (_, line, _) = written(chain.format());
    let payout_id = wepay().payout_id(day("2022-07-22"));
    let begin = format!("1,{payout_id},2022-07-22,CAPTURE,wepay,s1,txn_01");
    assert!(line.starts_with(&begin), "{line}");
}

#[test]
fn a_payment_is_of_one_day_and_one_counterparty() {
    let funder = Counterparty::Funder(OrganizationPath::parse("wepay").expect("a path"));
    let ids = [
        wepay().payout_id(day("2022-07-22")),
        wepay().payout_id(day("2022-07-23")),
        funder.payout_id(day("2022-07-22")),
    ];
    assert!(ids[0] != ids[1] && ids[0] != ids[2] && ids[1] != ids[2]);
    assert_eq!(ids[0].to_string(), "pay_fa76a6eaf5a4b60283f33d5ff4d20654");
}

#[test]
fn the_lines_that_are_signed_are_those_that_the_contract_states() {
    let (_, _, head) = written(StatementFormat::Second);
    let text = head.signed_text(day("2022-07-22"), &wepay(), "k1");
    let lines: Vec<_> = text.lines().collect();
    let (sha256, rest): (Vec<&str>, Vec<&str>) =
        lines.into_iter().partition(|line| line.starts_with("sha256="));
    assert_eq!(sha256[0].len(), "sha256=".len() + 64);
    let expected = [
        "zhisong-statement-1",
        "business_day=2022-07-22",
        "counterparty=PLATFORM:wepay",
        "payout_id=pay_fa76a6eaf5a4b60283f33d5ff4d20654",
        "format=2",
        "rows=1",
        "captured_fen=599",
        "refunded_fen=0",
        "due_fen=599",
        "closed_at_us=1658505660000000",
        "key_id=k1",
    ];
    assert_eq!(rest, expected);
    assert!(text.ends_with('\n'));
}

#[test]
fn the_longest_row_of_a_statement_stays_below_785_bytes() {
    let long = "a".repeat(64);
    let path = vec!["a".repeat(32); 6].join("/");
    let row = StatementRow {
        platform: long.parse().expect("a key"),
        shop_id: Some(long.parse().expect("a key")),
        order_number: long.parse().expect("a key"),
        campaign_id: long.parse().expect("a key"),
        organization: OrganizationPath::parse(&path).expect("a path"),
        amount: Fen(i64::MAX),
        at: Timestamp::from_micros(1_658_448_000_123_456),
        late_of: Some(day("2022-07-21")),
        ..row()
    };
    let (mut writer, _) =
        StatementWriter::begin(StatementFormat::OfShops, day("2022-07-22"), &wepay());
    assert!(writer.line(&row).len() < 785);
}
