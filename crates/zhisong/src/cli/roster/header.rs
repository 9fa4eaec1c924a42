//! Which column of a file is which field of a roster.

use super::super::sheet::Field;

/// A field of a roster, by its place in [`FIELDS`].
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

/// The fields of a roster. The first name of each is written by `roster generate`, in Chinese.
pub(super) const FIELDS: [Field; Column::ALL.len()] = [
    Field { names: &["姓名", "会员姓名", "name"], is_required: true },
    Field {
        names: &["证件号码", "身份证号", "身份证号码", "证件号", "公民身份号码", "id_number"],
        is_required: true,
    },
    Field {
        names: &["手机号", "手机号码", "手机", "联系电话", "phone"], is_required: false
    },
    Field { names: &["工种", "行业", "职业", "trade"], is_required: true },
    Field { names: &["用工形式", "就业形态", "employment"], is_required: false },
    Field { names: &["工作地区", "工作地", "地区", "region"], is_required: true },
    Field { names: &["荣誉", "荣誉称号", "honours"], is_required: false },
    Field { names: &["工会", "所属工会", "organization"], is_required: false },
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
        FIELDS[self as usize].names[0]
    }

    /// The English name.
    pub(super) const fn name_en(self) -> &'static str {
        FIELDS[self as usize].name_en()
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sheet::Header;
    use super::{Column, FIELDS, HELP};

    fn read(names: &str) -> Result<Header, String> {
        Header::read(&names.split(',').map(str::to_owned).collect::<Vec<_>>(), &FIELDS)
    }

    #[test]
    fn every_name_is_documented_and_the_list_is_in_order() {
        for (place, column) in Column::ALL.into_iter().enumerate() {
            assert_eq!(column as usize, place, "{column:?}");
        }
        assert_eq!(Column::Organization.name_en(), "organization", "the last is the last");
        for name in FIELDS.iter().flat_map(|field| field.names) {
            assert!(HELP.contains(name), "{name} is not in the help");
        }
    }

    #[test]
    fn columns_stand_in_any_order_under_chinese_or_english_names() {
        let header = read("\u{feff}行业,ID Number, 姓名 ,地区,,").expect("reads");
        assert_eq!(header.width(), 4, "empty columns behind the last are none");
        assert_eq!(header.position(Column::Name as usize), Some(2));
        assert_eq!(header.position(Column::Phone as usize), None);
        assert_eq!(header.position(Column::IdNumber as usize), Some(1));
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
