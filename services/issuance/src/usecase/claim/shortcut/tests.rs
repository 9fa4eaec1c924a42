//! What memory says and when it is silent; times are arguments.

use benefit::Fen;
use benefit::programme::parse;
use member_identity::MemberId;

use super::*;
use crate::domain::{Caller, CampaignState, CampaignVerb, Voucher};
use crate::store::conformance::{Offer, eve, noon, person};
use crate::usecase::fakes::member;

const DAY: &str = "2022-07-22";

fn caller(organization: &str) -> Caller {
    let organization = Some(OrganizationPath::parse(organization).unwrap());
    Caller { partner: "app".parse().unwrap(), organization }
}

fn wish(number: u32, request_id: &str) -> Wish {
    Wish {
        entropy: [0; 9],
        caller: caller("gd"),
        request_id: request_id.parse().unwrap(),
        member_id: member(number),
    }
}

/// An active campaign of ten vouchers.
fn campaign() -> Campaign {
    let programme = parse(&Offer { quota: 10, ..Offer::default() }.source()).unwrap();
    let campaign_id = programme.campaign_id.parse().unwrap();
    let draft = Campaign::draft(campaign_id, Arc::new(programme), eve());
    draft.moved(CampaignVerb::Activate, eve()).unwrap()
}

/// The campaign as it is seen when that many were issued.
fn sight(campaign: Campaign, issued: u32, seen_at: Instant) -> Arc<Sight> {
    let stock = Stock { issued, ..campaign.full_stock() };
    Arc::new(Sight::new(campaign, (Some(stock), None), (noon(DAY), seen_at)))
}

/// Memory that has seen this, knows member 1 and has read that the person has so many, one of them
/// by the request `got`.
fn knowing(sight: &Arc<Sight>, taken: u32) -> Shortcuts {
    let shortcuts = Shortcuts::new(100);
    shortcuts.see(sight);
    shortcuts.learn(&[wish(1, "any")], &[verdict(1)], sight.seen_at);
    read(&shortcuts, sight, taken);
    shortcuts
}

fn read(shortcuts: &Shortcuts, sight: &Arc<Sight>, taken: u32) {
    let got = ("app".parse().unwrap(), "got".parse().unwrap());
    let standings = HashMap::from([(person(1), Standing { taken, requests: vec![got] })]);
    shortcuts.read(&[wish(1, "any")], (sight, &[person(1)]), &standings);
}

fn verdict(number: u32) -> MemberVerdict {
    let organization = OrganizationPath::parse("gd/guangzhou").unwrap();
    MemberVerdict::Known { person: person(number), organization, failed: None }
}

fn issued(number: u32, at: Timestamp) -> Issued {
    let campaign = campaign();
    let voucher = Voucher {
        voucher_id: member_identity::VoucherId::from_bytes([7; 16]),
        person: person(number),
        member_id: member(number),
        stock: campaign.stock_key(at),
        serial: 1,
        valid_from: at,
        valid_until: at,
        liability: Fen(299),
        issued_at: at,
        version: 1,
    };
    Issued { voucher, programme: campaign.programme }
}

/// Names the answer; `-` when memory is silent.
fn name(answer: Option<ClaimAnswer>) -> &'static str {
    match answer {
        None => "-",
        Some(Ok(_)) => "voucher",
        Some(Err(Failure::Claim(refusal))) => match refusal {
            ClaimRefusal::CampaignNotActive { .. } => "not active",
            ClaimRefusal::OutsideDates { .. } => "outside dates",
            ClaimRefusal::OutsideHours { .. } => "outside hours",
            ClaimRefusal::PersonLimitReached { .. } => "limit",
            ClaimRefusal::SoldOut { .. } => "sold out",
            ClaimRefusal::MoneyExhausted { .. } => "no money",
            refusal => panic!("memory may not say {refusal:?}"),
        },
        Some(Err(failure)) => panic!("memory may not say {failure:?}"),
    }
}

#[test]
fn each_rule_answers_before_all_rules_behind_it_and_what_is_not_certain_is_left_to_the_lane() {
    let now = Instant::now();
    let paused = || campaign().moved(CampaignVerb::Pause, eve()).unwrap();
    let early = Timestamp::from_micros(noon(DAY).as_micros() - 3 * 3_600_000_000);
    let elsewhere = || Wish { caller: caller("gd/dongguan"), ..wish(1, "new") };
    // All rules are broken at first, then one less in each row.
    let rows = [
        (paused(), elsewhere(), 10, 1, early, "-"),
        (paused(), wish(1, "got"), 10, 1, early, "-"),
        (paused(), wish(1, "new"), 10, 1, early, "not active"),
        (campaign(), wish(1, "new"), 10, 1, early, "outside hours"),
        (campaign(), wish(2, "new"), 10, 1, noon(DAY), "-"),
        (campaign(), wish(1, "new"), 10, 1, noon(DAY), "limit"),
        (campaign(), wish(1, "new"), 10, 0, noon(DAY), "sold out"),
        (campaign(), wish(1, "new"), 9, 0, noon(DAY), "-"),
    ];
    for (row, (campaign, wish, issued, taken, at, expected)) in rows.into_iter().enumerate() {
        let shortcuts = knowing(&sight(campaign, issued, now), taken);
        assert_eq!(name(shortcuts.answer(&wish, at, now)), expected, "row {row}");
    }
}

#[test]
fn what_was_seen_is_told_for_a_second_and_only_on_its_day() {
    let now = Instant::now();
    let shortcuts = knowing(&sight(campaign(), 10, now), 0);
    let said = |at, millis| {
        name(shortcuts.answer(&wish(1, "new"), at, now + Duration::from_millis(millis)))
    };
    assert_eq!((said(noon(DAY), 1_000), said(noon(DAY), 1_001)), ("sold out", "-"));
    assert_eq!(said(noon("2022-07-23"), 0), "-");
}

#[test]
fn it_is_time_to_look_again_well_before_that_and_what_was_seen_later_stays() {
    let now = Instant::now();
    let after = |millis| now + Duration::from_millis(millis);
    let shortcuts = knowing(&sight(campaign(), 10, after(100)), 0);
    let is_young = |millis| shortcuts.sight(noon(DAY), after(millis)).is_some();
    assert!(is_young(350) && !is_young(351));
    assert!(shortcuts.sight(noon("2022-07-23"), after(100)).is_none());
    shortcuts.see(&sight(campaign(), 9, now));
    assert_eq!(shortcuts.sight(noon(DAY), after(100)).unwrap().stock.issued, 10);
}

#[test]
fn members_and_what_they_have_are_known_for_ten_seconds() {
    let now = Instant::now();
    let later = |millis| now + Duration::from_millis(millis);
    for (learned, read_at, expected) in [(0, 0, "limit"), (5_000, 0, "-"), (0, 5_000, "-")] {
        let shortcuts = knowing(&sight(campaign(), 10, now), 1);
        shortcuts.learn(&[wish(1, "any")], &[verdict(1)], later(5_000 - learned));
        read(&shortcuts, &sight(campaign(), 10, later(5_000 - read_at)), 1);
        shortcuts.see(&sight(campaign(), 10, later(10_001)));
        let said = shortcuts.answer(&wish(1, "new"), noon(DAY), later(10_001));
        assert_eq!(name(said), expected, "learned {learned}, read {read_at} before");
    }
}

#[test]
fn a_page_ends_when_the_stock_gives_out_unless_the_person_may_have_no_more() {
    let now = Instant::now();
    for (taken, expected) in [(0, "-"), (1, "limit")] {
        let shortcuts = knowing(&sight(campaign(), 9, now), taken);
        shortcuts.see(&sight(campaign(), 10, now));
        assert_eq!(name(shortcuts.answer(&wish(1, "new"), noon(DAY), now)), expected);
    }
}

#[test]
fn a_voucher_of_a_moment_ago_is_given_again_to_the_same_request_and_caller() {
    let now = Instant::now();
    let shortcuts = knowing(&sight(campaign(), 10, now), 0);
    shortcuts.hear(&wish(1, "mine"), &Ok(issued(1, noon(DAY))), now);
    shortcuts.forget_sight();
    let of = |wish: Wish| name(shortcuts.answer(&wish, noon(DAY), now));
    assert_eq!((of(wish(1, "mine")), of(wish(1, "other"))), ("voucher", "-"));
    let app = Caller { partner: "another".parse().unwrap(), ..caller("gd") };
    assert_eq!(of(Wish { caller: app, ..wish(1, "mine") }), "-");
    assert_eq!(of(Wish { caller: caller("gd/dongguan"), ..wish(1, "mine") }), "-");
    let member_id: MemberId = member(2);
    assert_eq!(of(Wish { member_id, ..wish(1, "mine") }), "-");
    let late = now + Duration::from_millis(10_001);
    assert!(shortcuts.answer(&wish(1, "mine"), noon(DAY), late).is_none());
}

#[test]
fn memory_tells_that_too_little_is_free_in_the_fund() {
    let now = Instant::now();
    for (free, expected) in [(298, "no money"), (299, "-")] {
        let fund = Fund {
            fund_id: "new-year".parse().unwrap(),
            organization: OrganizationPath::parse("gd").unwrap(),
            pledged: Fen(1_000),
            issued: Fen(1_000 - free),
            spent: Fen(0),
            returned: Fen(0),
            postings: 1,
            created_at: eve(),
        };
        let left = (Some(campaign().full_stock()), Some(fund));
        let sight = Arc::new(Sight::new(campaign(), left, (noon(DAY), now)));
        let said = knowing(&sight, 0).answer(&wish(1, "new"), noon(DAY), now);
        assert_eq!(name(said), expected);
    }
}

#[test]
fn what_the_lane_finds_different_is_looked_at_again() {
    let now = Instant::now();
    let campaign_id = campaign().campaign_id;
    let state = CampaignState::Ended;
    let rows = [
        (ClaimRefusal::SoldOut { campaign_id, quota: 10, resets_at: None }, true),
        (ClaimRefusal::CampaignNotActive { state }, true),
        (
            ClaimRefusal::MoneyExhausted {
                fund_id: "new-year".parse().unwrap(),
                free: Fen(298),
                liability: Fen(299),
            },
            true,
        ),
        (ClaimRefusal::OutsideHours { opens_at: noon(DAY) }, true),
        (ClaimRefusal::RequestIdReused, false),
    ];
    for (refusal, forgets) in rows {
        let shortcuts = knowing(&sight(campaign(), 0, now), 0);
        shortcuts.hear(&wish(1, "new"), &Err(Failure::Claim(refusal.clone())), now);
        assert_eq!(shortcuts.sight(noon(DAY), now).is_none(), forgets, "{refusal:?}");
    }
    let known = knowing(&sight(campaign(), 10, now), 0);
    let refusal =
        ClaimRefusal::SoldOut { campaign_id: campaign().campaign_id, quota: 10, resets_at: None };
    known.hear(&wish(1, "new"), &Err(Failure::Claim(refusal)), now);
    assert!(known.sight(noon(DAY), now).is_some(), "it says the same");
}

#[test]
fn only_what_the_hopeless_have_is_read_and_once() {
    let now = Instant::now();
    let wishes = [wish(1, "a"), wish(1, "b"), wish(2, "c"), wish(3, "d")];
    let at_limit = ClaimRefusal::PersonLimitReached {
        campaign_id: campaign().campaign_id,
        limit: 1,
        resets_at: None,
    };
    let reads = |shortcuts: &Shortcuts, sight: &Sight| {
        let query = shortcuts.to_read(&wishes, sight, (noon(DAY), now));
        query.map_or(Vec::new(), |query| query.persons)
    };
    let shortcuts = Shortcuts::new(100);
    let (open, sold_out) = (sight(campaign(), 9, now), sight(campaign(), 10, now));
    shortcuts.learn(&wishes[..3], &[verdict(1), verdict(1), verdict(2)], now);
    assert!(reads(&shortcuts, &open).is_empty());
    shortcuts.hear(&wishes[2], &Err(Failure::Claim(at_limit)), now);
    assert_eq!(reads(&shortcuts, &open), [person(2)]);
    let mut both = [person(1), person(2)];
    both.sort_unstable();
    assert_eq!(reads(&shortcuts, &sold_out), both);
    shortcuts.read(&wishes, (&sold_out, &both), &HashMap::new());
    assert!(reads(&shortcuts, &sold_out).is_empty());
    let said = shortcuts.answer(&wishes[2], noon(DAY), now);
    assert_eq!(name(said), "-", "nothing was seen yet");
    shortcuts.see(&sold_out);
    assert_eq!(name(shortcuts.answer(&wishes[2], noon(DAY), now)), "sold out");
}
