//! 智送清凉 2022: 50,000 a day, one a person a day from ten o'clock, 2.99 off cold drinks from 3.00
//! in the province, from 22 July to the end of September.

use contracts::issuance::v1::GetStockRequest;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use contracts::redemption::v1::authorization::State;
use suite_tests::apps::MemberApp;
use suite_tests::callers::grant;
use suite_tests::evidence::Evidence;
use suite_tests::office::{self, Office};
use suite_tests::platform::{Basket, Platform};
use suite_tests::served::{Suite, instant};
use suite_tests::wallets;
use tonic::Code;
use zhisong::roster;

use crate::{ONE_FEN, region};

const SOURCE: &str = include_str!("../../deploy/programmes/guangdong-cool-drinks-2022.toml");
const QUOTA: usize = 50_000;
/// Members beyond the quota, who come too late on the first day.
const LATE: usize = 400;
/// Minutes of the day.
const TEN_O_CLOCK: u16 = 600;
const AFTERNOON: u16 = 900;
const LAST_MINUTE: u16 = 24 * 60 - 1;

const DRINK: Basket<'_> = Basket { lines: &[("cold-drink", 300)], region: "440103" };

#[tokio::test(flavor = "multi_thread")]
async fn guangdong_cool_drinks_2022() {
    let suite = Suite::start("2022-07-20", TEN_O_CLOCK).await;
    let cities = roster::cities(region("440000"), "gd");
    let rows: Vec<_> = roster::rows(&cities, QUOTA + LATE, 2022).collect();
    let evidence = Evidence::over(&rows);
    let mut office = Office::of(&suite, "gd").await;
    office.add_unions(("gd", region("440000")), &cities).await;
    office.import("members", "gd", &rows).await;
    let members = office.member_ids("gd").await;
    let outsiders = Outsiders::join(&mut office).await;
    office.open_campaign(SOURCE).await;

    let app = MemberApp::open(&suite, &evidence, SOURCE).await;
    let tills = Platform::open(&suite, &evidence).await;
    let play = Play { suite: &suite, app: &app, tills: &tills };
    play.before_the_first_hour(&members[0]).await;
    play.nobody_else_qualifies(&outsiders).await;
    let (winners, late) = play.first_day(&members).await;
    play.afternoon_at_the_tills(&winners, &late).await;
    play.midnight(&winners, &late).await;
    play.second_day(&winners, &late).await;
    play.last_day(&winners).await;
    evidence.assert_lawful(&suite.stop().await).await;
}

/// Members of the province's union who are not among those the programme is for.
struct Outsiders {
    other_trade: String,
    other_province: String,
}

impl Outsiders {
    async fn join(office: &mut Office) -> Self {
        let mut clerk = office::row(1, "440103", "gd");
        clerk.trade = "其他".to_owned();
        let away = office::row(2, "430102", "gd");
        office.import("outsiders", "gd", &[clerk, away]).await;
        Self {
            other_trade: office.member_id(&office::id_number(1)).await,
            other_province: office.member_id(&office::id_number(2)).await,
        }
    }
}

/// The season, day by day.
struct Play<'a> {
    suite: &'a Suite,
    app: &'a MemberApp<'a>,
    tills: &'a Platform<'a>,
}

impl Play<'_> {
    fn move_to(&self, day: &str, minute: u16) {
        self.suite.clock().set(instant(day, minute));
    }

    async fn before_the_first_hour(&self, member: &str) {
        self.move_to("2022-07-21", TEN_O_CLOCK);
        let early = self.app.claim("early", member).await.expect_err("has not begun");
        assert_eq!((early.code, &*early.reason), (Code::FailedPrecondition, OUTSIDE_DATES));
        assert_eq!(early.value("starts_on"), "2022-07-22");
        assert_eq!(early.value("ends_on"), "2022-09-30");
        self.move_to("2022-07-22", TEN_O_CLOCK - 1);
        let early = self.app.claim("early", member).await.expect_err("opens at ten");
        assert_eq!((early.code, &*early.reason), (Code::FailedPrecondition, OUTSIDE_HOURS));
        assert_eq!(early.value("opens_at"), "2022-07-22T02:00:00Z");
    }

    async fn nobody_else_qualifies(&self, outsiders: &Outsiders) {
        self.move_to("2022-07-22", TEN_O_CLOCK);
        let programme = benefit::programme::parse(SOURCE).expect("a good programme");
        let criteria = &programme.policy.criteria;
        let outsiders = [&outsiders.other_trade, &outsiders.other_province];
        for (member, criterion) in outsiders.into_iter().zip(criteria) {
            let refused = self.app.claim("outsider", member).await.expect_err("does not qualify");
            assert_eq!(refused.reason, "NOT_ELIGIBLE");
            assert_eq!(refused.value("policy"), "outdoor-trades-guangdong");
            assert_eq!(refused.value("criterion"), criterion.criterion_id);
            assert_eq!(refused.text_zh, criterion.text_zh);
            assert_eq!(refused.text_en, criterion.text_en);
        }
    }

    /// More members than vouchers claim at ten: exactly the quota is given out.
    async fn first_day(&self, members: &[String]) -> (Vec<String>, Vec<String>) {
        let rush = self.app.rush("first", members).await;
        assert_eq!(rush.winners.len(), QUOTA, "{:?}", rush.refused.keys());
        assert_eq!(rush.refused_for("SOLD_OUT"), LATE);
        assert!(rush.serials().into_iter().eq(1..=QUOTA as i64), "a serial is missing");
        let stock = self.stock("2022-07-22").await;
        assert_eq!(stock, ("day:2022-07-22".to_owned(), QUOTA as i64, 0));
        let late = rush.refused["SOLD_OUT"].clone();
        let refused = self.app.claim("late", &late[0]).await.expect_err("nothing is left");
        assert_eq!((refused.code, &*refused.reason), (Code::FailedPrecondition, "SOLD_OUT"));
        assert_eq!(refused.value("quota"), "50000");
        assert_eq!(refused.value("resets_at"), "2022-07-23T02:00:00Z");
        // A stock's feed is in order: with its last voucher all of them are there.
        wallets::shown(self.suite, rush.last()).await;
        let winners: Vec<_> = rush.winners.into_iter().map(|(member, _)| member).collect();
        self.one_a_day(&winners[0], "2022-07-23T02:00:00Z").await;
        (winners, late)
    }

    async fn one_a_day(&self, winner: &str, resets_at: &str) {
        let again = self.app.claim("again", winner).await.expect_err("has one");
        assert_eq!(
            (again.code, &*again.reason),
            (Code::FailedPrecondition, "PERSON_LIMIT_REACHED")
        );
        assert_eq!((again.value("limit"), again.value("resets_at")), ("1", resets_at));
    }

    async fn afternoon_at_the_tills(&self, winners: &[String], late: &[String]) {
        self.move_to("2022-07-22", AFTERNOON);
        let cheap = Basket { lines: &[("cold-drink", 299)], ..DRINK };
        let refused = self.tills.authorize(&winners[0], cheap).await.expect_err("is too cheap");
        assert_eq!(refused.reason, "BELOW_THRESHOLD");
        assert_eq!((refused.value("threshold_fen"), refused.value("covered_fen")), ("300", "299"));
        let meal = Basket { lines: &[("hot-meal", 2_000)], ..DRINK };
        let refused = self.tills.authorize(&winners[0], meal).await.expect_err("is no drink");
        assert_eq!(refused.reason, "GOODS_NOT_COVERED");
        let hunan = Basket { region: "430102", ..DRINK };
        let refused = self.tills.authorize(&winners[0], hunan).await.expect_err("is elsewhere");
        assert_eq!((&*refused.reason, refused.value("regions")), ("REGION_NOT_COVERED", "440000"));
        let refused = self.tills.authorize(&late[0], DRINK).await.expect_err("has none");
        assert_eq!(refused.reason, "NO_VOUCHER");

        let paid = self.tills.pay(&winners[0], DRINK).await.expect("is paid");
        assert_eq!((paid.state(), paid.discount_fen), (State::Captured, 299));
        assert_eq!(paid.payable_fen, ONE_FEN);
        let refused = self.tills.authorize(&winners[0], DRINK).await.expect_err("has used it");
        assert_eq!(refused.reason, "VOUCHER_USED");
        // With a meal in the basket, in the county farthest from the capital, on the drink alone.
        let both = [("hot-meal", 1_000), ("cold-drink", 300)];
        let both = Basket { lines: &both, region: "440825" };
        let paid = self.tills.pay(&winners[1], both).await.expect("is paid");
        assert_eq!((paid.order_amount_fen, paid.payable_fen), (1_300, 1_001));
        assert_eq!(paid.vouchers[0].line_discounts_fen, [0, 299]);
        // What comes back can be used again on the same day.
        let returned = self.tills.pay(&winners[2], DRINK).await.expect("is paid");
        assert!(self.tills.give_back(&returned).await, "the right returns");
        self.tills.pay(&winners[2], DRINK).await.expect("is paid again");
    }

    /// The stock is new, nothing is carried over, and what was not used is gone.
    async fn midnight(&self, winners: &[String], late: &[String]) {
        self.move_to("2022-07-23", 0);
        let refused = self.tills.authorize(&winners[3], DRINK).await.expect_err("was yesterday's");
        assert_eq!(refused.reason, "VOUCHER_EXPIRED");
        assert_eq!(refused.value("valid_until"), "2022-07-22T16:00:00Z");
        let early = self.app.claim("midnight", &late[0]).await.expect_err("opens at ten");
        assert_eq!(early.reason, OUTSIDE_HOURS);
        assert_eq!(early.value("opens_at"), "2022-07-23T02:00:00Z");
        let (head, file) = self.tills.statement("2022-07-22").await;
        assert_eq!((head.rows, head.captured_fen, head.refunded_fen), (5, 4 * 299, 299));
        assert_eq!((head.due_fen, file.lines().count()), (3 * 299, 6));
    }

    async fn second_day(&self, winners: &[String], late: &[String]) {
        self.move_to("2022-07-23", TEN_O_CLOCK);
        let stock = self.stock("2022-07-23").await;
        assert_eq!(stock, ("day:2022-07-23".to_owned(), 0, QUOTA as i64));
        let rush = self.app.rush("second", late).await;
        assert_eq!((rush.winners.len(), rush.refused.len()), (LATE, 0));
        // Whoever had one yesterday has one today as well, and only one.
        self.app.take("today", &winners[0]).await;
        self.one_a_day(&winners[0], "2022-07-24T02:00:00Z").await;
        self.tills.pay(&winners[0], DRINK).await.expect("is paid");
        assert_eq!(self.stock("2022-07-22").await.1, QUOTA as i64);
        assert_eq!(self.stock("2022-07-23").await.1, LATE as i64 + 1);
    }

    async fn last_day(&self, winners: &[String]) {
        self.move_to("2022-09-30", LAST_MINUTE);
        let last = self.app.take("last", &winners[0]).await;
        assert_eq!((last.serial, &*last.stock_period), (1, "day:2022-09-30"));
        self.tills.pay(&winners[0], DRINK).await.expect("is paid");
        self.app.take("unused", &winners[4]).await;
        self.move_to("2022-10-01", TEN_O_CLOCK);
        let over = self.app.claim("over", &winners[2]).await.expect_err("is over");
        assert_eq!((&*over.reason, over.value("ends_on")), (OUTSIDE_DATES, "2022-09-30"));
        let refused = self.tills.authorize(&winners[4], DRINK).await.expect_err("is over");
        assert_eq!(refused.reason, "VOUCHER_EXPIRED");
        assert_eq!(refused.value("valid_until"), "2022-09-30T16:00:00Z");
        let (head, _) = self.tills.statement("2022-09-30").await;
        assert_eq!((head.rows, head.due_fen), (1, 299));
    }

    /// Period, issued and remaining of a day's stock.
    async fn stock(&self, day: &str) -> (String, i64, i64) {
        let channel = self.suite.channel(&grant("ops", "gd", &["campaign.read"])).await;
        let request = GetStockRequest {
            campaign_id: "guangdong-cool-drinks-2022".to_owned(),
            business_day: day.to_owned(),
        };
        let stock = CampaignServiceClient::new(channel).get_stock(request).await;
        let stock = stock.expect("reads").into_inner();
        assert_eq!(stock.quota, QUOTA as i64);
        (stock.period, stock.issued, stock.remaining)
    }
}

const OUTSIDE_DATES: &str = "OUTSIDE_CAMPAIGN_DATES";
const OUTSIDE_HOURS: &str = "OUTSIDE_CLAIM_HOURS";
