//! Law I5: what campaigns take out of a fund is never more than was pledged, and the fund's figures
//! are those of its vouchers. Law A1 for the creation of funds.

use benefit::Fen;
use futures::future::join_all;
use member_identity::OrganizationPath;

use super::Case;
use super::bench::{Bench, Offer, caller, eve, noon};
use crate::domain::{CampaignRefusal, ClaimRefusal, Fund, FundCommand, FundId, FundRefusal};
use crate::store::{ClaimAnswers, FundQuery};

pub(super) const CASES: &[Case] = &[
    Case {
        law: "I5",
        name: "a_voucher_takes_what_it_can_cost_and_is_refused_when_that_is_not_free",
        run: |bench| Box::pin(to_the_fen(bench)),
    },
    Case {
        law: "I5",
        name: "campaigns_that_race_for_a_fund_leave_less_than_their_cheapest_voucher",
        run: |bench| Box::pin(race(bench)),
    },
    Case {
        law: "I5",
        name: "a_request_that_got_a_voucher_gets_it_again_when_the_money_is_gone",
        run: |bench| Box::pin(replayed(bench)),
    },
    Case {
        law: "I5",
        name: "a_campaign_draws_only_on_funds_of_its_organization_or_one_above",
        run: |bench| Box::pin(whose_fund(bench)),
    },
    Case {
        law: "A1",
        name: "a_fund_is_created_once_and_its_request_gets_the_first_answer_again",
        run: |bench| Box::pin(created_once(bench)),
    },
    Case {
        law: "A1",
        name: "one_name_through_both_stores_is_one_fund",
        run: |bench| Box::pin(created_at_both(bench)),
    },
    Case {
        law: "reads",
        name: "funds_are_listed_by_id_to_those_who_may_draw_on_them",
        run: |bench| Box::pin(listed(bench)),
    },
];

const DAY: &str = "2022-07-22";
const FUND: &str = "new-year";

/// A voucher of so much, out of the one fund.
const fn offer(id: &'static str, worth: &'static str) -> Offer {
    Offer { id, worth, fund: Some(FUND), quota: 1_000, ..Offer::DEFAULT }
}

pub(super) const HUNDRED: Offer = offer(
    "hundred",
    "kind = 'AMOUNT_OFF'\nthreshold_fen = 20000\namount_fen = 10000\nrefund_rule = 'RIGHT_RETURNS'",
);
const FIFTY: Offer = offer(
    "fifty",
    "kind = 'AMOUNT_OFF'\nthreshold_fen = 10000\namount_fen = 5000\nrefund_rule = 'RIGHT_RETURNS'",
);
pub(super) const SEVEN: Offer = offer(
    "seven",
    "kind = 'AMOUNT_OFF'\nthreshold_fen = 1000\namount_fen = 701\nrefund_rule = 'RIGHT_RETURNS'",
);

fn name(id: &str) -> FundId {
    id.parse().expect("a slug")
}

fn command(request_id: &str, id: &str, organization: &str, pledged: i64) -> FundCommand {
    FundCommand {
        caller: caller("ops", "gd"),
        request_id: request_id.parse().expect("a key"),
        fund_id: name(id),
        organization: OrganizationPath::parse(organization).expect("a path"),
        pledged: Fen(pledged),
    }
}

impl Bench {
    async fn create(&self, command: FundCommand) -> Result<Fund, FundRefusal> {
        self.store.create_fund(command, eve()).await.expect("the store answers")
    }

    /// The one fund as stored.
    pub(super) async fn the_fund(&self) -> Fund {
        self.store.fund(&name(FUND)).await.expect("reads").expect("is there")
    }

    /// Another fund with so much.
    pub(super) async fn create_fund(&self, id: &str, pledged: i64) {
        self.create(command(id, id, "gd", pledged)).await.expect("is created");
    }

    /// The fund with so much, and the campaigns that draw on it.
    pub(super) async fn pledge(&self, pledged: i64, offers: &[Offer]) {
        self.create(command("create", FUND, "gd", pledged)).await.expect("is created");
        for offer in offers {
            self.activate(*offer).await;
        }
    }
}

pub(super) fn granted(answers: &ClaimAnswers) -> usize {
    answers.iter().filter(|answer| answer.is_ok()).count()
}

async fn to_the_fen(bench: Bench) {
    bench.pledge(10_701, &[HUNDRED, SEVEN]).await;
    let first = bench.claim_for(HUNDRED, noon(DAY), 0..2).await;
    assert_eq!(granted(&first), 1);
    let refusal = |free, liability| ClaimRefusal::MoneyExhausted {
        fund_id: name(FUND),
        free: Fen(free),
        liability: Fen(liability),
    };
    assert_eq!(first[1].as_ref().err(), Some(&refusal(701, 10_000)));
    // What is left is exactly one of the cheaper ones.
    let second = bench.claim_for(SEVEN, noon(DAY), 0..2).await;
    assert_eq!(granted(&second), 1);
    assert_eq!(second[1].as_ref().err(), Some(&refusal(0, 701)));
    assert_eq!(
        (bench.the_fund().await.issued, bench.the_fund().await.free()),
        (Fen(10_701), Fen(0))
    );
    let stock = bench.store.stock(&HUNDRED.stock_key(DAY)).await.expect("reads");
    assert_eq!(stock.map(|stock| stock.issued), Some(1), "what is refused takes nothing");
}

async fn race(bench: Bench) {
    let offers = [HUNDRED, FIFTY, SEVEN];
    bench.pledge(1_234_567, &offers).await;
    let benches = [bench.clone(), bench.replica()];
    let batch = |n: u32| {
        let (bench, offer) = (benches[(n % 2) as usize].clone(), offers[(n % 3) as usize]);
        async move {
            let persons = n / 3 * 25..n / 3 * 25 + 25;
            let wish = |person| bench.wish(person, &format!("claim-{person}"));
            bench.claim_until_done(offer, noon(DAY), persons.map(wish).collect()).await
        }
    };
    let answers = join_all((0..60).map(batch)).await.concat();
    let taken: Fen = answers.iter().flatten().map(|issued| issued.voucher.liability).sum();
    let fund = bench.the_fund().await;
    assert_eq!(fund.issued, taken);
    // Five hundred of each would cost 78,505.00: there was demand for all of it.
    assert!(fund.free() >= Fen(0) && fund.free() < Fen(701), "{fund:?}");
    for offer in offers {
        let fed = bench.fed(&offer.stock_key(DAY)).await.len();
        let of_offer = |issued: &&crate::store::Issued| {
            issued.voucher.stock.campaign_id == offer.campaign_id()
        };
        assert_eq!(answers.iter().flatten().filter(of_offer).count(), fed);
    }
}

async fn replayed(bench: Bench) {
    bench.pledge(701, &[SEVEN]).await;
    let wish = bench.wish(1, "mine");
    let first = bench.claim(SEVEN, noon(DAY), vec![wish.clone()]).await;
    assert_eq!(granted(&first), 1);
    let again = bench.claim(SEVEN, noon(DAY), vec![wish, bench.wish(2, "theirs")]).await;
    assert_eq!(again[0], first[0]);
    assert!(matches!(again[1], Err(ClaimRefusal::MoneyExhausted { .. })), "{again:?}");
    assert_eq!(bench.the_fund().await.issued, Fen(701));
}

async fn whose_fund(bench: Bench) {
    let unknown = Err(CampaignRefusal::FundUnknown { fund_id: name(FUND) });
    assert_eq!(bench.apply("early", SEVEN, eve()).await, unknown);
    bench.create(command("create", FUND, "gd/foshan", 701)).await.expect("is created");
    assert_eq!(bench.apply("above", SEVEN, eve()).await, unknown, "the province has none of it");
    let city = Offer { organization: "gd/guangzhou", ..SEVEN };
    assert_eq!(bench.apply("beside", city, eve()).await, unknown);
    let own = Offer { organization: "gd/foshan", ..SEVEN };
    bench.apply("own", own, eve()).await.expect("it is their fund");
    let below = Offer { organization: "gd/foshan/nanhai", id: "below", ..SEVEN };
    bench.apply("below", below, eve()).await.expect("it is their city's");
    let without = Offer { fund: None, ..own };
    bench.apply("without", without, eve()).await.expect("a draft is replaced");
    bench.activate(without).await;
    bench.claim_for(without, noon(DAY), 0..2).await;
    assert_eq!(bench.the_fund().await.issued, Fen(0));
}

async fn created_once(bench: Bench) {
    let created = bench.create(command("first", FUND, "gd", 701)).await.expect("is created");
    bench.activate(SEVEN).await;
    bench.claim_for(SEVEN, noon(DAY), 0..1).await;
    assert_eq!(bench.create(command("first", FUND, "gd", 701)).await, Ok(created.clone()));
    assert_eq!(created.issued, Fen(0));
    for (other, field) in [
        (command("first", "other", "gd", 701), "fund_id"),
        (command("first", FUND, "gd/foshan", 701), "organization"),
        (command("first", FUND, "gd", 702), "pledged_fen"),
    ] {
        assert_eq!(bench.create(other).await, Err(FundRefusal::RequestIdReused { field }));
    }
    let second = bench.create(command("second", FUND, "gd", 701)).await;
    assert_eq!(second, Err(FundRefusal::Exists));
    let foreign = bench.create(command("third", "other", "hn", 701)).await;
    assert_eq!(foreign, Err(FundRefusal::OutsideSubtree));
    // The scope of a request id is its caller.
    let theirs = FundCommand { caller: caller("office", "gd"), ..command("first", "b", "gd", 1) };
    assert!(bench.create(theirs).await.is_ok());
}

async fn created_at_both(bench: Bench) {
    let benches = [bench.clone(), bench.replica()];
    let send = |n: usize| {
        let (bench, request_id) = (benches[n % 2].clone(), format!("request-{}", n / 2));
        async move { bench.create(command(&request_id, FUND, "gd", 701)).await }
    };
    let answers = join_all((0..10).map(send)).await;
    let created: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(created.len(), 2, "one request, at both stores");
    assert_eq!(created[0], created[1]);
    let others = answers.iter().filter(|answer| **answer == Err(FundRefusal::Exists));
    assert_eq!(others.count(), 8);
}

async fn listed(bench: Bench) {
    for (id, organization) in [("a", "gd"), ("b", "gd/foshan"), ("c", "gd/zhuhai"), ("d", "gd")] {
        bench.create(command(id, id, organization, 1)).await.expect("is created");
    }
    let query = |seen_from: Option<&str>, after: Option<&str>, limit| FundQuery {
        seen_from: seen_from.map(|path| OrganizationPath::parse(path).expect("a path")),
        after: after.map(name),
        limit,
    };
    for (query, expected) in [
        (query(None, None, 10), vec!["a", "b", "c", "d"]),
        (query(Some("gd/foshan"), None, 10), vec!["a", "b", "d"]),
        (query(Some("gd"), Some("a"), 2), vec!["b", "c"]),
        (query(Some("hn"), None, 10), vec![]),
    ] {
        let funds = bench.store.funds(query).await.expect("reads");
        let ids: Vec<_> = funds.iter().map(|fund| fund.fund_id.as_str()).collect();
        assert_eq!(ids, expected);
    }
}
