use std::sync::LazyLock;

use crate::{RegionCode, RegionLevel};

/// GB/T 2260 as `code,name,level`, sorted by code; the source is `data/gb2260.csv`.
const CSV: &str = include_str!("../gb2260.csv");

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(load);
static NAMES: LazyLock<Vec<(String, RegionCode)>> = LazyLock::new(index_names);

/// One row of the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Six digits.
    pub(crate) code: u32,
    /// The name without those of its parents.
    pub(crate) name: &'static str,
    /// Its level.
    pub(crate) level: RegionLevel,
    /// Not a place but a heading: the counties that a province governs without a city between.
    pub(crate) is_heading: bool,
}

/// All rows, sorted by code.
pub(crate) fn entries() -> &'static [Entry] {
    &ENTRIES
}

/// The row of a code.
pub(crate) fn entry(code: u32) -> Option<&'static Entry> {
    let position = ENTRIES.binary_search_by_key(&code, |entry| entry.code).ok()?;
    ENTRIES.get(position)
}

/// The rows with `first <= code <= last`.
pub(crate) fn entries_between(first: u32, last: u32) -> &'static [Entry] {
    let start = ENTRIES.partition_point(|entry| entry.code < first);
    let end = ENTRIES.partition_point(|entry| entry.code <= last);
    &ENTRIES[start..end]
}

/// The regions that go by a name, written alone, behind their city, or in full.
pub(crate) fn named(name: &str) -> &'static [(String, RegionCode)] {
    let start = NAMES.partition_point(|(known, _)| known.as_str() < name);
    let end = NAMES.partition_point(|(known, _)| known.as_str() <= name);
    &NAMES[start..end]
}

fn load() -> Vec<Entry> {
    let mut entries: Vec<Entry> = CSV
        .lines()
        .skip(1)
        .map(|line| read_entry(line).expect("the embedded catalogue is read by a test"))
        .collect();
    entries.sort_by_key(|entry| entry.code);
    entries
}

fn read_entry(line: &'static str) -> Option<Entry> {
    let (code, rest) = line.split_once(',')?;
    let (name, level) = rest.split_once(',')?;
    let level = match level {
        "province" => RegionLevel::Province,
        "city" => RegionLevel::City,
        "district" => RegionLevel::District,
        _ => return None,
    };
    // A heading is written behind its province, as `湖北省-自治区直辖县级行政区划`.
    let (is_heading, name) = name.split_once('-').map_or((false, name), |(_, own)| (true, own));
    Some(Entry { code: code.parse().ok()?, name, level, is_heading })
}

fn index_names() -> Vec<(String, RegionCode)> {
    let mut names: Vec<_> = RegionCode::all().flat_map(names_of).collect();
    names.sort();
    names.dedup();
    names
}

fn names_of(region: RegionCode) -> [(String, RegionCode); 3] {
    let behind_city = match region.city() {
        Some(city) if city != region => format!("{}{}", city.name(), region.name()),
        _ => region.name().to_owned(),
    };
    [region.name().to_owned(), behind_city, region.full_name()].map(|name| (name, region))
}
