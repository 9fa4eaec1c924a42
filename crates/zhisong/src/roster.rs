//! Made-up rosters: no row is a person, and every row is well formed.

use contracts::eligibility::v1::RosterRow;
use jiff::civil::Date;
use member_identity::{RegionCode, Trade, resident_id_from_parts};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};

/// The six trades of the cold-drink programmes.
const TRADES: [Trade; 6] = [
    Trade::Courier,
    Trade::FoodDelivery,
    Trade::Truck,
    Trade::RideHailing,
    Trade::Sanitation,
    Trade::Construction,
];
const FAMILY_NAMES: [&str; 20] = [
    "王", "李", "张", "刘", "陈", "杨", "黄", "赵", "吴", "周", "徐", "孙", "马", "朱", "胡", "郭",
    "何", "林", "罗", "梁",
];
const GIVEN_NAMES: [&str; 20] = [
    "伟", "芳", "娜", "敏", "静", "丽", "强", "磊", "军", "洋", "勇", "艳", "杰", "娟", "涛", "明",
    "超", "霞", "平", "刚",
];
/// People born on one day in one place are told apart by three digits, of which none is 000.
const PER_DAY_AND_PLACE: usize = 999;

/// A city whose members are made up: its region and its union.
#[derive(Debug, Clone)]
pub struct City {
    /// The city.
    pub region: RegionCode,
    /// The slug of its union below the province's, as `gd/4401`.
    pub organization: String,
}

/// The prefecture-level cities of a province and a union for each below `province_union`.
pub fn cities(province: RegionCode, province_union: &str) -> Vec<City> {
    let level = member_identity::RegionLevel::City;
    let cities = province.children().filter(|region| region.level() == level);
    let named = cities.map(|region| {
        let organization = format!("{province_union}/{}", region.as_u32() / 100);
        City { region, organization }
    });
    named.collect()
}

/// `count` rows over the cities and six trades, the same for the same seed, each a person of its
/// own.
pub fn rows(cities: &[City], count: usize, seed: u64) -> impl Iterator<Item = RosterRow> + '_ {
    let mut random = StdRng::seed_from_u64(seed);
    (0..count).map(move |index| {
        let city = &cities[index % cities.len()];
        row(index, city, &mut random)
    })
}

fn row(index: usize, city: &City, random: &mut StdRng) -> RosterRow {
    let pick =
        |random: &mut StdRng, names: &[&'static str]| names[random.random_range(0..names.len())];
    let name =
        [pick(random, &FAMILY_NAMES), pick(random, &GIVEN_NAMES), pick(random, &GIVEN_NAMES)]
            .concat();
    RosterRow {
        line: index as i64 + 2,
        name,
        id_number: id_number(index, city),
        phone: format!("139{:08}", index % 100_000_000),
        trade: TRADES[random.random_range(0..TRADES.len())].as_str().to_owned(),
        employment: String::new(),
        region: city.region.to_string(),
        honours: String::new(),
        organization: city.organization.clone(),
    }
}

/// Births run through the days from 1970 on, so that no two indexes share a number.
fn id_number(index: usize, city: &City) -> String {
    let day = index / PER_DAY_AND_PLACE;
    let first = Date::constant(1970, 1, 1);
    let birth = first.saturating_add(jiff::Span::new().days(day as i64));
    let sequence = (index % PER_DAY_AND_PLACE + 1) as u16;
    resident_id_from_parts(city.region.as_u32() + 1, birth, sequence)
}
