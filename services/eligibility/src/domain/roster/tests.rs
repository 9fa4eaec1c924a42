use clock::BusinessDay;
use member_identity::{OrganizationPath, resident_id_from_parts};

use super::*;
use crate::domain::keyring::{KeyRing, generate};

fn good() -> WrittenRow {
    WrittenRow {
        line: 3,
        name: String::from(" 王小明 "),
        id_number: String::from("11010519491231002x"),
        phone: String::from("+86 138-1234-5678"),
        trade: String::from("快递员"),
        employment: String::new(),
        region: String::from("广东省广州市天河区"),
        honours: String::from("全国劳模;五一奖章"),
        organization: String::from("gd/guangzhou"),
    }
}

fn read(row: &WrittenRow) -> Result<RosterRow, RowProblem> {
    let ring = KeyRing::parse(&generate()).expect("a ring");
    let header: OrganizationPath = "gd".parse().expect("a path");
    read_row(row, &header, BusinessDay::parse("2022-07-22").expect("a day"), &ring)
}

#[test]
fn a_row_is_read_as_the_office_means_it() {
    let row = read(&good()).expect("the row is good");
    assert_eq!(row.line, 3);
    assert_eq!(row.content.name.reveal(), "王小明");
    assert_eq!(row.content.id.reveal(), "11010519491231002X");
    assert_eq!(row.registration.trade.as_str(), "COURIER");
    assert_eq!(row.registration.employment.as_str(), "NEW_FORM");
    assert_eq!(row.registration.region.to_string(), "440106");
    assert_eq!(row.registration.organization.as_str(), "gd/guangzhou");
    let by_code = WrittenRow {
        region: String::from("440106"),
        organization: String::new(),
        phone: String::new(),
        ..good()
    };
    let row = read(&by_code).expect("the row is good");
    assert_eq!(row.registration.organization.as_str(), "gd", "the header's when none is named");
    assert_eq!(row.phone_blind, None);
}

type Spoil = fn(&mut WrittenRow);

#[test]
fn a_bad_row_names_its_column_and_reason_and_never_shows_the_value() {
    let table: [(Spoil, &str, &str); 13] = [
        (|row| row.name.clear(), "name", "NAME_EMPTY"),
        (|row| row.id_number.clear(), "id_number", "ID_LENGTH"),
        (|row| row.id_number = String::from("110105194912310021"), "id_number", "ID_CHECK_DIGIT"),
        (|row| row.id_number = born_on_23_july_2022(), "id_number", "ID_FUTURE_DATE"),
        (|row| row.phone = String::from("020-12345678"), "phone", "PHONE_PREFIX"),
        (|row| row.trade = String::from("宇航员"), "trade", "TRADE_UNKNOWN"),
        (|row| row.trade.clear(), "trade", "TRADE_UNKNOWN"),
        (|row| row.employment = String::from("?"), "employment", "EMPLOYMENT_UNKNOWN"),
        (|row| row.region = String::from("火星"), "region", "REGION_UNKNOWN"),
        (|row| row.honours = String::from("全国劳模;?"), "honours", "HONOUR_UNKNOWN"),
        (|row| row.organization = String::from("GD"), "organization", "ORGANIZATION_SEGMENT"),
        (|row| row.organization = String::from("gx"), "organization", "ORGANIZATION_OUTSIDE"),
        (|row| row.organization = String::from("gdx"), "organization", "ORGANIZATION_OUTSIDE"),
    ];
    for (spoil, column, reason) in table {
        let mut row = good();
        spoil(&mut row);
        let problem = read(&row).expect_err(reason);
        assert_eq!(problem, RowProblem { line: 3, column, reason });
    }
}

fn born_on_23_july_2022() -> String {
    resident_id_from_parts(440_106, jiff::civil::date(2022, 7, 23), 1)
}

#[test]
fn what_is_printed_of_a_row_shows_nobody() {
    let printed = format!("{:?}", read(&good()).expect("the row is good"));
    for secret in ["王小明", "11010519491231002", "13812345678"] {
        assert!(!printed.contains(secret), "{printed}");
    }
}
