//! The made-up members of a benchmark and the campaign that they rush.

use clock::{BusinessDay, Timestamp, Zone};
use contracts::eligibility::v1::Organization;
use testkit::clients::Clients;
use testkit::office::{Loaded, Office};

use super::{BenchProblem, FIRST_DAY};
use crate::roster;

/// The real programme; its quota is replaced.
const PROGRAMME: &str =
    include_str!("../../../../deploy/programmes/guangdong-cool-drinks-2022.toml");
/// The union that offers the programme.
pub(super) const UNION: &str = "gd";
/// The minute of the day at which claims begin.
const TEN_O_CLOCK: u16 = 600;
/// The same members for every run.
const SEED: u64 = 2022;

/// The real programme with another number of vouchers a day.
pub(super) fn programme(quota: usize) -> String {
    let replaced = PROGRAMME.replace("quota = 50000", &format!("quota = {quota}"));
    assert!(replaced.contains(&format!("quota = {quota}")), "the programme states its quota");
    replaced
}

/// The office of a province with that many members.
pub(super) fn office(members: usize, quota: usize) -> Office {
    let guangdong = member_identity::RegionCode::parse("440000").expect("the constant is a region");
    let cities = roster::cities(guangdong, UNION);
    let province = Organization {
        path: UNION.to_owned(),
        region_code: guangdong.to_string(),
        name: "广东省总工会".to_owned(),
    };
    let below = cities.iter().map(|city| Organization {
        path: city.organization.clone(),
        region_code: city.region.to_string(),
        name: format!("{}总工会", city.region.name()),
    });
    Office {
        organizations: std::iter::once(province).chain(below).collect(),
        rows: roster::rows(&cities, members, SEED).collect(),
        programme_toml: programme(quota),
    }
}

/// Loads the office into a fresh suite.
pub(super) async fn load(
    clients: &Clients,
    members: usize,
    quota: usize,
) -> Result<Loaded, BenchProblem> {
    let loaded = office(members, quota).load(clients).await?;
    Ok(loaded)
}

/// Ten o'clock on the day of a round.
pub(super) fn opening(round: usize) -> Timestamp {
    let mut day = BusinessDay::parse(FIRST_DAY).expect("the constant is a day");
    for _ in 0..round {
        day = day.next();
    }
    day.at_minute(TEN_O_CLOCK, &Zone::shanghai())
}
