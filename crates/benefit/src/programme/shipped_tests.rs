//! The files of `deploy/programmes`.

use std::collections::BTreeSet;

use clock::{BusinessDay, Zone};
use member_identity::RegionCode;

use super::tests::GOOD;
use super::*;
use crate::{
    Basket, Candidate, Category, Fen, Kind, Line, RefundRule, UseLimit, UsePeriod, Uses, choose,
};

const COOL_DRINKS: &str =
    include_str!("../../../../deploy/programmes/guangdong-cool-drinks-2022.toml");
const BREAKFAST: &str = include_str!("../../../../deploy/programmes/dongguan-breakfast-2022.toml");
const DOUMEN: &str = include_str!("../../../../deploy/programmes/zhuhai-doumen-2022.toml");
const JINWAN: &str = include_str!("../../../../deploy/programmes/zhuhai-jinwan-2022.toml");
const PINGDU: [&str; 4] = [
    include_str!("../../../../deploy/programmes/pingdu-model-worker-bus.toml"),
    include_str!("../../../../deploy/programmes/pingdu-model-worker-scenic.toml"),
    include_str!("../../../../deploy/programmes/pingdu-model-worker-registration.toml"),
    include_str!("../../../../deploy/programmes/pingdu-model-worker-checkup.toml"),
];
const README: &str = include_str!("../../../../deploy/programmes/README.md");

fn day(text: &str) -> BusinessDay {
    BusinessDay::parse(text).expect("a day")
}

#[test]
fn the_guangdong_programme_reads_as_it_was_run() {
    let programme = parse(COOL_DRINKS).expect("a good file");
    assert_eq!(programme.campaign_id, "guangdong-cool-drinks-2022");
    assert_eq!(programme.organization.to_string(), "gd");
    assert_eq!((&*programme.title_zh, &*programme.title_en), ("智送清凉 2022", "Cool drinks 2022"));
    assert_eq!((programme.stock_period, programme.quota), (StockPeriod::Day, 50_000));
    assert_eq!((programme.limit_period, programme.person_limit), (LimitPeriod::Day, 1));
    assert_eq!(programme.validity, Validity::BusinessDay);
    let kind = Kind::AmountOff { threshold: Fen(300), amount: Fen(299) };
    assert_eq!(programme.terms.kind(), kind);
    assert_eq!(programme.terms.refund_rule(), RefundRule::RightReturns);
    assert_eq!(programme.terms.zone(), &programme.zone);
    assert!(programme.terms.hours().is_empty());
    let ids: Vec<_> = programme.policy.criteria.iter().map(|c| &*c.criterion_id).collect();
    assert_eq!(ids, ["six-trades", "works-in-guangdong"]);
    assert!(programme.policy.criteria[0].text_en.ends_with("construction workers only"));

    let first = day("2022-07-22");
    assert_eq!(programme.stock_period_key(first), "day:2022-07-22");
    assert_eq!(programme.limit_period_key(first), "day:2022-07-22");
    assert!(programme.runs_on(first) && programme.runs_on(day("2022-09-30")));
    assert!(!programme.runs_on(day("2022-07-21")) && !programme.runs_on(day("2022-10-01")));
    let early = first.at_minute(599, &programme.zone);
    assert!(!programme.is_claim_time(early));
    assert_eq!(programme.opens_at(early), first.at_minute(600, &programme.zone));
}

#[test]
fn the_dongguan_programme_reads_as_it_was_run() {
    let programme = parse(BREAKFAST).expect("a good file");
    assert_eq!((programme.starts_on, programme.ends_on), (day("2022-04-01"), day("2022-04-30")));
    assert_eq!((programme.stock_period, programme.quota), (StockPeriod::Campaign, 20_000));
    assert_eq!((programme.limit_period, programme.person_limit), (LimitPeriod::Campaign, 1));
    assert_eq!(programme.stock_period_key(programme.starts_on), "campaign");
    assert_eq!(programme.limit_period_key(programme.starts_on), "campaign");
    assert_eq!(programme.validity, Validity::CampaignEnd);
    assert_eq!(programme.terms.hours()[0].to_string(), "06:00-10:00");
    assert_eq!(programme.terms.regions()[0].to_string(), "441900");
    assert_eq!(programme.terms.liability(), Fen(599));
    assert!(programme.claim_hours.is_empty(), "may be claimed all day");
}

#[test]
fn the_three_files_of_foshan_draw_on_one_fund_of_which_their_quotas_would_take_more() {
    let files = [
        include_str!("../../../../deploy/programmes/foshan-new-year-2022-88.toml"),
        include_str!("../../../../deploy/programmes/foshan-new-year-2022-200.toml"),
        include_str!("../../../../deploy/programmes/foshan-new-year-2022-300.toml"),
    ];
    let programmes = files.map(|file| parse(file).expect("a good file"));
    let funds = programmes.each_ref().map(|programme| programme.fund.as_deref());
    assert_eq!(funds, [Some("foshan-new-year-2022"); 3]);
    let liabilities = programmes.each_ref().map(|programme| programme.terms.liability());
    assert_eq!(liabilities, [Fen(8_800), Fen(20_000), Fen(30_000)]);
    let all = |programme: &Programme| {
        i64::try_from(programme.quota).expect("a quota") * programme.terms.liability().0
    };
    assert!(programmes.iter().map(all).sum::<i64>() > 1_000_000_000, "the fund is the bound");
}

#[test]
fn every_file_of_the_programmes_folder_declares_the_campaign_of_its_name() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/programmes");
    let entries = std::fs::read_dir(folder).expect("the folder of the programmes");
    let paths = entries.map(|entry| entry.expect("an entry of the folder").path());
    let files: Vec<_> = paths.filter(|path| path.extension() == Some("toml".as_ref())).collect();
    assert_eq!(files.len(), 11);
    for path in files {
        let source = std::fs::read_to_string(&path).expect("a file of UTF-8");
        let programme = parse(&source).expect("a good file");
        assert_eq!(path.file_stem(), Some(programme.campaign_id.as_ref()));
        assert!(README.contains(&format!("`{}.toml`", programme.campaign_id)));
    }
}

/// Every key that is asked for, with the section and the path within it, as `terms` and
/// `stacking.group`; the section of those before any section is empty. What belongs to a kind or a
/// rule of refunds is asked for by a file that names neither.
fn every_key() -> BTreeSet<(String, String)> {
    let more = "uses = {}\nstacking = {}\nrefund_rule = \"?\"\n";
    let source = GOOD.replace("\"AMOUNT_OFF\"", "\"?\"");
    let source = source.replace("refund_rule = \"RIGHT_IS_SPENT\"\n", more);
    let (problems, file) = (Problems::new(&source), DeTable::parse(&source).expect("TOML"));
    assert_eq!(sections::programme(Table::root(&problems, file.get_ref()), &|_| Ok(())), None);
    let within = |(path, key): (String, &str)| {
        let path = format!("{path}.{key}").replace("[0]", "");
        let path = path.trim_start_matches('.');
        let sections = ["schedule", "stock", "limit", "terms", "policy"];
        match path.split_once('.').filter(|(section, _)| sections.contains(section)) {
            Some((section, key)) => (section.to_owned(), key.to_owned()),
            None => (String::new(), path.to_owned()),
        }
    };
    let asked: BTreeSet<_> = problems.asked.into_inner().into_iter().map(within).collect();
    asked.into_iter().filter(|(_, key)| !README.contains(&format!("\n## `[{key}]`: "))).collect()
}

/// The part of the readme about a section of the file.
fn about(section: &str) -> &'static str {
    let heading =
        if section.is_empty() { "\n## The".to_owned() } else { format!("\n## `[{section}]`: ") };
    let (_, part) = README.split_once(&heading).expect("each section has a heading");
    part.split("\n## ").next().expect("there is always a first part")
}

#[test]
fn the_readme_describes_every_key() {
    let keys = every_key();
    assert!(keys.contains(&("terms".to_owned(), "grace_days".to_owned())));
    assert!(keys.contains(&("policy".to_owned(), "criteria.text.zh".to_owned())));
    for (section, key) in keys {
        let (itself, within) = (format!("`{key}`"), format!("`{key}."));
        let is_described = about(&section).lines().any(|line| {
            let keys = line.strip_prefix("| ").and_then(|row| row.split(" | ").next());
            let is_key = |name: &str| name == itself || name.starts_with(&within);
            keys.is_some_and(|keys| keys.split(", ").any(is_key))
        });
        assert!(is_described, "{section} {key}");
    }
}

/// What vouchers of two programmes take off one purchase of cold drinks in Zhuhai at noon.
fn together(first: &Programme, second: &Programme, fen: i64) -> Vec<(usize, Fen)> {
    let drinks =
        Line { category: Category::parse("cold-drink").expect("a slug"), amount: Fen(fen) };
    let shop = RegionCode::parse("440403").expect("a region");
    let basket = Basket::new(vec![drinks], shop).expect("a good basket");
    let (today, zone) = (day("2022-07-22"), Zone::shanghai());
    let funders = [first.organization.to_string(), second.organization.to_string()];
    let candidates = [first, second].into_iter().zip(&funders).map(|(programme, funder)| {
        let (valid_from, valid_until) = (today.start(&zone), today.end(&zone));
        let (terms, campaign) = (&programme.terms, &*programme.campaign_id);
        Candidate { terms, campaign, funder, balance: None, valid_from, valid_until }
    });
    let candidates: Vec<_> = candidates.collect();
    let choice = choose(&candidates, &basket, today.at_minute(720, &zone));
    choice.chosen.into_iter().map(|(index, discount)| (index, discount.total)).collect()
}

#[test]
fn a_member_of_a_district_of_zhuhai_enjoys_both_benefits() {
    let province = parse(COOL_DRINKS).expect("a good file");
    let (doumen, jinwan) = (parse(DOUMEN).expect("good"), parse(JINWAN).expect("good"));
    for district in [&doumen, &jinwan] {
        assert_eq!(together(district, &province, 600), [(1, Fen(299)), (0, Fen(300))]);
        assert_eq!(together(district, &province, 599), [(1, Fen(299))]);
    }
    assert_eq!(together(&doumen, &jinwan, 600).len(), 1, "those of two districts do not combine");
}

#[test]
fn the_benefits_of_the_model_worker_card_are_for_the_same_members() {
    let [bus, scenic, registration, checkup] =
        PINGDU.map(|source| parse(source).expect("a good file"));
    for other in [&scenic, &registration, &checkup] {
        assert_eq!(other.policy, bus.policy);
    }
    for benefit in [&bus, &scenic, &registration, &checkup] {
        assert_eq!(benefit.organization.to_string(), "sd/qingdao/pingdu");
        assert!(benefit.terms.rechecks_membership());
    }
    assert_eq!(bus.terms.kind(), Kind::Waiver { cap: Fen(500) });
    let four_a_day = Some(UseLimit { count: 4, period: UsePeriod::Day });
    assert_eq!(bus.terms.uses(), Uses { total: 4 * 365, limit: four_a_day });
    let half = Kind::PercentOff { threshold: Fen::ZERO, percent: 50, cap: Fen(10_000) };
    assert_eq!(scenic.terms.kind(), half);
    let twice_a_month = Some(UseLimit { count: 2, period: UsePeriod::Month });
    assert_eq!(scenic.terms.uses(), Uses { total: 2 * 12, limit: twice_a_month });
    assert_eq!(registration.terms.kind(), Kind::Waiver { cap: Fen(2_000) });
    let once_a_day = Some(UseLimit { count: 1, period: UsePeriod::Day });
    assert_eq!(registration.terms.uses(), Uses { total: 365, limit: once_a_day });
    assert_eq!(checkup.terms.kind(), Kind::Service);
    let once_a_year = Some(UseLimit { count: 1, period: UsePeriod::Year });
    assert_eq!(checkup.terms.uses(), Uses { total: 3, limit: once_a_year });
}
