//! Which column of a file is which field of a roster.

use super::super::sheet;

/// A field of a roster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    Name,
    IdNumber,
    Phone,
    Trade,
    Employment,
    Region,
    Honours,
    Organization,
}

/// The names that a column may have: the first is written by `roster generate`, in Chinese; the
/// last is the English one, which reports name it by.
const NAMES: [(Column, &[&str]); Column::ALL.len()] = [
    (Column::Name, &["姓名", "会员姓名", "name"]),
    (
        Column::IdNumber,
        &["证件号码", "身份证号", "身份证号码", "证件号", "公民身份号码", "id_number"],
    ),
    (Column::Phone, &["手机号", "手机号码", "手机", "联系电话", "phone"]),
    (Column::Trade, &["工种", "行业", "职业", "trade"]),
    (Column::Employment, &["用工形式", "就业形态", "employment"]),
    (Column::Region, &["工作地区", "工作地", "地区", "region"]),
    (Column::Honours, &["荣誉", "荣誉称号", "honours"]),
    (Column::Organization, &["工会", "所属工会", "organization"]),
];

/// What may be in a file.
pub(super) const HELP: &str = "\
The file is CSV with a header line, separated by commas, UTF-8 (with or without BOM) or GB18030.
Columns may stand in any order under these names:

  name          姓名 会员姓名                                  required
  id_number     证件号码 身份证号 身份证号码 证件号 公民身份号码  required
  trade         工种 行业 职业                                 required: COURIER or 快递员
  region        工作地区 工作地 地区                           required: 440100 or 广州市
  phone         手机号 手机号码 手机 联系电话
  employment    用工形式 就业形态                              NEW_FORM when empty
  honours       荣誉 荣誉称号                                  several joined by ;
  organization  工会 所属工会                                  path; --organization when empty

Rows are reported by the line that they begin on. Rows without anything in them are passed over.

Examples:
  zhisong roster import roster.csv --organization gd
  zhisong roster import roster.csv --organization gd --import-id may-2022 --report bad-rows.csv";

impl Column {
    /// In the order in which `roster generate` writes them.
    pub(super) const ALL: [Self; 8] = [
        Self::Name,
        Self::IdNumber,
        Self::Phone,
        Self::Trade,
        Self::Employment,
        Self::Region,
        Self::Honours,
        Self::Organization,
    ];

    /// The Chinese name that is written.
    pub(super) const fn name_zh(self) -> &'static str {
        NAMES[self as usize].1[0]
    }

    /// The English name.
    pub(super) const fn name_en(self) -> &'static str {
        let names = NAMES[self as usize].1;
        names[names.len() - 1]
    }

    const fn is_required(self) -> bool {
        matches!(self, Self::Name | Self::IdNumber | Self::Trade | Self::Region)
    }
}

/// Where each column stands in the rows of one file.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Header(sheet::Header);

impl Header {
    /// Reads the header line. Says all that is wrong with it.
    pub(super) fn read(cells: &[String]) -> Result<Self, String> {
        let field = |(column, names): (Column, &'static [&'static str])| sheet::Field {
            names,
            is_required: column.is_required(),
        };
        sheet::Header::read(cells, &NAMES.map(field)).map(Self)
    }

    /// How many cells a row has.
    pub(super) fn width(&self) -> usize {
        self.0.width()
    }

    /// Where a column stands, if the file has it.
    pub(super) fn position(&self, column: Column) -> Option<usize> {
        self.0.position(column as usize)
    }
}

#[cfg(test)]
mod tests {
    use super::{Column, HELP, Header, NAMES};

    fn read(names: &str) -> Result<Header, String> {
        Header::read(&names.split(',').map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn every_name_is_documented_and_the_list_is_in_order() {
        for (column, names) in NAMES {
            assert_eq!(NAMES[column as usize].0, column, "the list is in the order of the columns");
            for name in names {
                assert!(HELP.contains(name), "{name} is not in the help");
            }
        }
    }

    #[test]
    fn columns_stand_in_any_order_under_chinese_or_english_names() {
        let header = read("\u{feff}行业,ID Number, 姓名 ,地区,,").expect("reads");
        assert_eq!(header.width(), 4, "empty columns behind the last are none");
        assert_eq!(header.position(Column::Name), Some(2));
        assert_eq!(header.position(Column::Phone), None);
        assert_eq!(header.position(Column::IdNumber), Some(1));
    }

    #[test]
    fn all_that_is_wrong_with_a_header_is_said_at_once() {
        let problem = read("姓名,name,备注,region").expect_err("is not good");
        for part in ["name stands twice", "column 3 (\"备注\") is not known"] {
            assert!(problem.contains(part), "{problem}");
        }
        assert!(problem.contains("id_number is missing (one of: 证件号码"), "{problem}");
        assert!(problem.contains("trade is missing"), "{problem}");
    }
}
