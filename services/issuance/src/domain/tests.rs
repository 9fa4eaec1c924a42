use std::collections::HashMap;
use std::sync::Arc;

use benefit::Fen;
use benefit::programme::parse;
use clock::{BusinessDay, Timestamp, Zone};
use member_identity::{MemberId, OrganizationPath, PersonKey};
use proptest::prelude::*;

use super::*;

const PROGRAMME: &str = r#"
schema = 1
campaign = "cool-drinks"
organization = "gd"
title = { zh = "智送清凉", en = "Cool drinks" }
[schedule]
zone = "Asia/Shanghai"
starts_on = "2022-07-22"
ends_on = "2022-07-24"
claim_hours = ["10:00-12:00", "14:00-16:00"]
[stock]
period = "day"
quota = 5
[limit]
period = "day"
per_person = 2
[terms]
kind = "AMOUNT_OFF"
threshold_fen = 300
amount_fen = 299
refund_rule = "RIGHT_RETURNS"
valid_for = "business-day"
[policy]
id = "outdoor-trades"
[[policy.criteria]]
id = "six-trades"
expression = "true"
text = { zh = "全部", en = "all" }
"#;

fn at(day: &str, minute: u16) -> Timestamp {
    BusinessDay::parse(day).unwrap().at_minute(minute, &Zone::shanghai())
}

fn campaign() -> Campaign {
    let programme = Arc::new(parse(PROGRAMME).unwrap());
    let campaign_id = programme.campaign_id.parse().unwrap();
    let draft = Campaign::draft(campaign_id, programme, at("2022-07-01", 0));
    draft.moved(CampaignVerb::Activate, at("2022-07-02", 0)).unwrap()
}

fn state() -> ClaimState {
    let campaign = campaign();
    let stock = campaign.full_stock();
    ClaimState { campaign, stock, fund: None, replays: HashMap::new(), taken: HashMap::new() }
}

/// A claim of a person, by one of their memberships, under a request id.
fn command((person, member, request): (u8, u8, u8), qualifies: bool) -> ClaimCommand {
    let failed = FailedCriterion {
        criterion_id: "six-trades".to_owned(),
        text_zh: String::new(),
        text_en: String::new(),
    };
    ClaimCommand {
        caller: Caller { partner: "app".parse().unwrap(), organization: None },
        request_id: format!("request-{request}").parse().unwrap(),
        member_id: MemberId::from_bytes([person ^ member; 16]),
        verdict: MemberVerdict::Known {
            person: PersonKey::from_bytes([person; 16]),
            organization: OrganizationPath::parse("gd").unwrap(),
            failed: (!qualifies).then_some(failed),
        },
        entropy: [request; 9],
    }
}

#[test]
fn the_stock_comes_before_the_fund_and_the_fund_before_eligibility() {
    let fund = |free: i64| Fund {
        fund_id: "new-year".parse().unwrap(),
        organization: OrganizationPath::parse("gd").unwrap(),
        pledged: Fen(1_000),
        issued: Fen(1_000 - free),
        spent: Fen(0),
        returned: Fen(0),
        postings: 1,
        created_at: at("2022-07-01", 0),
    };
    let noon = at("2022-07-22", 660);
    let refusal = |free, issued, qualifies| {
        let before = state();
        let stock = Stock { issued, ..before.stock };
        let state = ClaimState { fund: Some(fund(free)), stock, ..before };
        decide(state, &[command((1, 0, 1), qualifies)], noon).answers.remove(0).err()
    };
    assert!(matches!(refusal(298, 5, false), Some(ClaimRefusal::SoldOut { .. })));
    assert!(matches!(refusal(298, 4, false), Some(ClaimRefusal::MoneyExhausted { .. })));
    assert!(matches!(refusal(299, 4, false), Some(ClaimRefusal::NotEligible { .. })));
    assert_eq!(refusal(299, 4, true), None);
}

fn decide(state: ClaimState, commands: &[ClaimCommand], at: Timestamp) -> ClaimEffects {
    let judged_by = state.campaign.judged_by(at);
    decide_claims(state, &judged_by, commands, at)
}

/// What a batch leaves for the next one, as a store would load it.
fn after(state: &ClaimState, effects: &ClaimEffects) -> ClaimState {
    let mut next = ClaimState { stock: effects.stock, ..state.clone() };
    for winner in &effects.winners {
        let Winner { voucher, n, partner, request_id } = winner.clone();
        next.taken.insert(voucher.person, n);
        let key = ClaimKey { person: voucher.person, partner, request_id };
        next.replays.insert(key, voucher);
    }
    next
}

proptest! {
    /// Laws I1, I2, I4 and A1 for any claims, however they are cut into batches.
    #[test]
    fn any_batches_keep_the_laws(
        claims in prop::collection::vec((0..4_u8, 0..2_u8, 0..3_u8, 0..5_u8), 0..60),
        cut in 1..20_usize,
    ) {
        let noon = at("2022-07-22", 660);
        let commands: Vec<_> = claims
            .iter()
            .map(|(person, member, request, luck)| command((*person, *member, *request), *luck > 0))
            .collect();
        let mut state = state();
        let (mut answers, mut winners) = (Vec::new(), Vec::new());
        for batch in commands.chunks(cut) {
            let effects = decide(state.clone(), batch, noon);
            state = after(&state, &effects);
            answers.extend(effects.answers);
            winners.extend(effects.winners);
        }
        let whole = decide(self::state(), &commands, noon);
        prop_assert_eq!(&answers, &whole.answers);

        let serials: Vec<_> = winners.iter().map(|winner| winner.voucher.serial).collect();
        let count = u32::try_from(winners.len()).unwrap();
        prop_assert_eq!(serials, (1..=count).collect::<Vec<_>>());
        prop_assert!(state.stock.issued == count && count <= 5);
        prop_assert_eq!(state.stock.feed_head, i64::from(count));
        for person in 0..4 {
            let key = PersonKey::from_bytes([person; 16]);
            let numbers: Vec<_> =
                winners.iter().filter(|w| w.voucher.person == key).map(|w| w.n).collect();
            prop_assert!(numbers == [1, 2][..numbers.len()]);
        }
        let sold_out = answers.iter().any(|a| matches!(a, Err(ClaimRefusal::SoldOut { .. })));
        prop_assert!(!sold_out || count == 5);
        for (command, answer) in commands.iter().zip(&answers) {
            if let Ok(voucher) = answer {
                prop_assert_eq!(voucher.member_id, command.member_id);
                prop_assert_eq!(Some(voucher), state.replays.get(&command.key().unwrap()));
            }
        }
    }
}

#[test]
fn a_campaign_that_is_not_offered_where_the_caller_is_gives_it_nothing() {
    let path = |text: &str| OrganizationPath::parse(text).unwrap();
    let mut state = state();
    let programme = parse(&PROGRAMME.replace("\"gd\"", "\"gd/dongguan\"")).unwrap();
    state.campaign.programme = Arc::new(programme);
    let noon = at("2022-07-22", 660);
    let claim = |own: &str| {
        let mut claim = command((1, 0, 0), true);
        claim.caller.organization = Some(path(own));
        claim.verdict = MemberVerdict::Known {
            person: PersonKey::from_bytes([1; 16]),
            organization: path(own),
            failed: None,
        };
        decide(state.clone(), &[claim], noon).answers.remove(0)
    };
    assert_eq!(claim("gd/guangzhou"), Err(ClaimRefusal::OutsideSubtree));
    // The province's app claims for whoever works in the city and is a member elsewhere.
    for sees in ["gd", "gd/dongguan", "gd/dongguan/humen"] {
        assert!(claim(sees).is_ok(), "{sees}");
    }
}

#[test]
fn a_refusal_says_when_the_next_period_opens_and_nothing_on_the_last_day() {
    let mut state = state();
    state.stock = Stock { issued: 5, ..state.stock };
    let claim = [command((1, 0, 0), true)];
    let resets_at = |at: Timestamp| match &decide(state.clone(), &claim, at).answers[0] {
        Err(ClaimRefusal::SoldOut { resets_at, .. }) => *resets_at,
        answer => panic!("{answer:?}"),
    };
    assert_eq!(resets_at(at("2022-07-22", 660)), Some(at("2022-07-23", 600)));
    assert_eq!(resets_at(at("2022-07-24", 660)), None);
}

#[test]
fn between_hours_the_next_opening_is_named_and_after_the_last_the_campaign_is_over() {
    let claim = [command((1, 0, 0), true)];
    let refused = |at| decide(state(), &claim, at).answers.remove(0).unwrap_err();
    let outside = |opens_at| ClaimRefusal::OutsideHours { opens_at };
    assert_eq!(refused(at("2022-07-22", 719 + 1)), outside(at("2022-07-22", 840)));
    assert_eq!(refused(at("2022-07-22", 960)), outside(at("2022-07-23", 600)));
    let over = refused(at("2022-07-24", 960));
    assert!(matches!(over, ClaimRefusal::OutsideDates { .. }), "{over:?}");
}

#[test]
fn every_verb_goes_from_the_documented_states_only() {
    use CampaignState::{Active, Draft, Ended, Paused};
    let rows = [
        (CampaignVerb::Activate, [Some(Active), Some(Active), None, None]),
        (CampaignVerb::Pause, [None, Some(Paused), Some(Paused), None]),
        (CampaignVerb::Resume, [None, Some(Active), Some(Active), None]),
        (CampaignVerb::End, [Some(Ended); 4]),
    ];
    for (verb, expected) in rows {
        let after = [Draft, Active, Paused, Ended].map(|state| state.after(verb).ok());
        assert_eq!(after, expected, "{verb}");
    }
}

#[test]
fn a_caller_acts_below_its_organization_and_sees_above_it() {
    let path = |text: &str| OrganizationPath::parse(text).unwrap();
    let caller =
        |own: Option<&str>| Caller { partner: "ops".parse().unwrap(), organization: own.map(path) };
    let city = caller(Some("gd/guangzhou"));
    let rows = [
        ("gd/guangzhou", true, true),
        ("gd/guangzhou/yuexiu", true, true),
        ("gd", false, true),
        ("gd/dongguan", false, false),
        ("gd/guangzhou-port", false, false),
    ];
    for (organization, acts, sees) in rows {
        let organization = path(organization);
        assert_eq!((city.acts_for(&organization), city.sees(&organization)), (acts, sees));
        assert!(caller(None).acts_for(&organization));
    }
}

#[test]
fn keys_are_read_in_their_one_form() {
    assert!("cool-drinks-2022".parse::<CampaignId>().is_ok());
    assert_eq!("Cool".parse::<CampaignId>(), Err(KeyProblem::Slug));
    assert!("A_z-9".parse::<RequestId>().is_ok());
    assert_eq!("a b".parse::<RequestId>(), Err(KeyProblem::Key));
    assert_eq!("".parse::<Partner>(), Err(KeyProblem::Key));
    assert_eq!("x".repeat(65).parse::<Partner>(), Err(KeyProblem::Key));
}

#[test]
fn cursors_fit_a_store_that_is_not_behind_them() {
    let campaign_id: CampaignId = "a".parse().unwrap();
    let key = |period: &str| StockKey {
        campaign_id: campaign_id.clone(),
        period: period.to_owned(),
        slice: WHOLE,
    };
    let heads = FeedHeads { campaign_position: 2, stocks: vec![(key("campaign"), 5)] };
    let cursors = |campaign_position, stock: Option<(&str, i64)>| FeedCursors {
        epoch: Some(Epoch([1; 16])),
        campaign_position,
        stocks: stock.into_iter().map(|(period, position)| (key(period), position)).collect(),
    };
    let rows = [
        (cursors(0, None), true),
        (cursors(2, Some(("campaign", 5))), true),
        (cursors(3, None), false),
        (cursors(2, Some(("campaign", 6))), false),
        (cursors(2, Some(("day:2022-07-22", 1))), false),
    ];
    for (cursors, fits) in rows {
        assert_eq!(cursors.check(Epoch([1; 16]), &heads).is_ok(), fits, "{cursors:?}");
        assert!(cursors.check(Epoch([2; 16]), &heads).is_err());
    }
}
