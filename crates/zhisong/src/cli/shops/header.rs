//! Which column of a file is which field of a shop.

use super::super::sheet::Field;

/// A field of a shop, by its place in [`FIELDS`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Column {
    ShopId,
    Title,
    Region,
    Chain,
}

/// The fields of a file of shops.
pub(super) const FIELDS: [Field; 4] = [
    Field { names: &["门店编号", "门店号", "商户编号", "shop_id"], is_required: true },
    Field { names: &["门店名称", "店名", "商户名称", "title_zh"], is_required: true },
    Field { names: &["所在地区", "地区", "region"], is_required: true },
    Field { names: &["连锁", "连锁品牌", "chain"], is_required: false },
];

/// What may be in a file.
pub(super) const HELP: &str = "\
The file is CSV with a header line, separated by commas, UTF-8 (with or without BOM) or GB18030.
Columns may stand in any order under these names:

  shop_id   门店编号 门店号 商户编号      required: the platform's own id of the shop
  title_zh  门店名称 店名 商户名称        required
  region    所在地区 地区                 required: 440106 or 广州市天河区
  chain     连锁 连锁品牌                 key of the chain; empty for none

Rows are reported by the line that they begin on. Rows without anything in them are passed over.

Examples:
  zhisong shops import shops.csv --organization gd
  zhisong shops import shops.csv --organization gd --campaign guangdong-cool-drinks-2022";

#[cfg(test)]
mod tests {
    use super::super::super::sheet::Header;
    use super::{Column, FIELDS, HELP};

    #[test]
    fn every_name_is_documented_and_found_in_any_order() {
        for name in FIELDS.iter().flat_map(|field| field.names) {
            assert!(HELP.contains(name), "{name} is not in the help");
        }
        let cells = ["地区", "Shop ID", "店名"].map(String::from);
        let header = Header::read(&cells, &FIELDS).expect("reads");
        assert_eq!(header.position(Column::ShopId as usize), Some(1));
        assert_eq!(header.position(Column::Title as usize), Some(2));
        assert_eq!(header.position(Column::Region as usize), Some(0));
        assert_eq!(header.position(Column::Chain as usize), None);
        assert_eq!(FIELDS[Column::Chain as usize].name_en(), "chain");
    }
}
