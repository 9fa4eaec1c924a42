//! 莞味情缘 幸福职工: 20,000 in all, one a person, 5.99 off breakfast from 6.00 between six and ten
//! in Dongguan, in April 2022, for whoever works there.

use contracts::issuance::v1::GetStockRequest;
use contracts::issuance::v1::campaign_service_client::CampaignServiceClient;
use suite_tests::apps::MemberApp;
use suite_tests::callers::grant;
use suite_tests::evidence::Evidence;
use suite_tests::office::{self, Office};
use suite_tests::platform::{Basket, Platform};
use suite_tests::served::{Suite, instant};
use suite_tests::wallets;
use tonic::Code;
use zhisong::roster::{self, City};

use crate::{ONE_FEN, region};

const SOURCE: &str = include_str!("../../deploy/programmes/dongguan-breakfast-2022.toml");
const QUOTA: usize = 20_000;
/// Members beyond the quota.
const LATE: usize = 300;
/// Members who claim on each of the first two days.
const A_DAY: usize = 8_000;
/// Minutes of the day.
const SIX: u16 = 360;
const TEN: u16 = 600;
const NOON: u16 = 720;

const BREAKFAST: Basket<'_> = Basket { lines: &[("breakfast", 600)], region: "441900" };

#[tokio::test(flavor = "multi_thread")]
async fn dongguan_breakfast_2022() {
    let suite = Suite::start("2022-03-25", NOON).await;
    let city = |code: &str, organization: &str| City {
        region: region(code),
        organization: organization.to_owned(),
    };
    let dongguan = city("441900", "gd/dongguan");
    // One member belongs to Shenzhen's union and works in Dongguan.
    let own = QUOTA + LATE - 1;
    let rows: Vec<_> = roster::rows(std::slice::from_ref(&dongguan), own, 2022).collect();
    let evidence = Evidence::over(&rows);
    let mut office = Office::of(&suite, "gd").await;
    let shenzhen = city("440300", "gd/shenzhen");
    office.add_unions(("gd", region("440000")), &[dongguan, shenzhen]).await;
    office.import("members", "gd/dongguan", &rows).await;
    office.import("guest", "gd/shenzhen", &[office::row(1, "441900", "")]).await;
    let members = office.member_ids("gd").await;
    office.import("elsewhere", "gd/dongguan", &[office::row(2, "440106", "")]).await;
    let elsewhere = office.member_id(&office::id_number(2)).await;
    office.open_campaign(SOURCE).await;

    let app = MemberApp::open(&suite, &evidence, SOURCE).await;
    let tills = Platform::open(&suite, &evidence).await;
    let play = Play { suite: &suite, app: &app, tills: &tills };
    play.before_april(&members[0]).await;
    play.only_who_works_there(&elsewhere).await;
    play.twenty_thousand_in_all(&members).await;
    play.only_in_the_morning(&members).await;
    play.only_breakfast_in_dongguan(&members[2]).await;
    play.until_the_end_of_april(&members).await;
    evidence.assert_lawful(&suite.stop().await).await;
}

/// The month, day by day.
struct Play<'a> {
    suite: &'a Suite,
    app: &'a MemberApp<'a>,
    tills: &'a Platform<'a>,
}

impl Play<'_> {
    fn move_to(&self, day: &str, minute: u16) {
        self.suite.clock().set(instant(day, minute));
    }

    async fn before_april(&self, member: &str) {
        self.move_to("2022-03-31", NOON);
        let early = self.app.claim("early", member).await.expect_err("has not begun");
        assert_eq!(early.reason, "OUTSIDE_CAMPAIGN_DATES");
        assert_eq!(
            (early.value("starts_on"), early.value("ends_on")),
            ("2022-04-01", "2022-04-30")
        );
    }

    async fn only_who_works_there(&self, elsewhere: &str) {
        self.move_to("2022-04-01", 0);
        let refused = self.app.claim("elsewhere", elsewhere).await.expect_err("works elsewhere");
        assert_eq!((refused.code, &*refused.reason), (Code::FailedPrecondition, "NOT_ELIGIBLE"));
        assert_eq!(refused.value("criterion"), "works-in-dongguan");
        assert_eq!(refused.text_zh, "仅限在东莞市工作的会员领取");
        assert_eq!(refused.text_en, "For members who work in Dongguan only");
    }

    /// One stock for the month: what the first days leave, the next ones may have.
    async fn twenty_thousand_in_all(&self, members: &[String]) {
        let mut days = members.chunks(A_DAY);
        let mut serials = Vec::new();
        for day in ["2022-04-01", "2022-04-02"] {
            self.move_to(day, NOON);
            let rush = self.app.rush(day, days.next().expect("a day's members")).await;
            assert_eq!((rush.winners.len(), rush.refused.len()), (A_DAY, 0), "{day}");
            wallets::shown(self.suite, rush.last()).await;
            serials.extend(rush.serials());
        }
        // One a person in the whole month: another day does not give another one.
        let again = self.app.claim("again", &members[0]).await.expect_err("has one");
        assert_eq!(
            (again.code, &*again.reason),
            (Code::FailedPrecondition, "PERSON_LIMIT_REACHED")
        );
        assert_eq!((again.value("limit"), again.metadata.get("resets_at")), ("1", None));

        self.move_to("2022-04-03", NOON);
        let rush = self.app.rush("2022-04-03", days.next().expect("the other members")).await;
        assert_eq!(rush.winners.len(), QUOTA - 2 * A_DAY, "{:?}", rush.refused.keys());
        assert_eq!(rush.refused_for("SOLD_OUT"), LATE);
        serials.extend(rush.serials());
        assert!(serials.into_iter().eq(1..=QUOTA as i64), "a serial is missing");
        let late = &rush.refused["SOLD_OUT"][0];
        self.move_to("2022-04-04", NOON);
        let refused = self.app.claim("late", late).await.expect_err("nothing is left");
        assert_eq!((refused.code, &*refused.reason), (Code::FailedPrecondition, "SOLD_OUT"));
        assert_eq!((refused.value("quota"), refused.metadata.get("resets_at")), ("20000", None));
        assert_eq!(self.stock().await, ("campaign".to_owned(), QUOTA as i64, 0));
    }

    async fn only_in_the_morning(&self, members: &[String]) {
        for minute in [SIX - 1, TEN] {
            self.move_to("2022-04-05", minute);
            let refused = self.tills.authorize(&members[0], BREAKFAST).await;
            let refused = refused.expect_err("is no time for breakfast");
            assert_eq!(
                (&*refused.reason, refused.value("hours")),
                ("OUTSIDE_HOURS", "06:00-10:00")
            );
        }
        for (member, minute) in members.iter().zip([SIX, TEN - 1]) {
            self.move_to("2022-04-05", minute);
            let paid = self.tills.pay(member, BREAKFAST).await.expect("is paid");
            assert_eq!((paid.discount_fen, paid.payable_fen), (599, ONE_FEN));
            assert_eq!(paid.captured_on, "2022-04-05");
        }
    }

    async fn only_breakfast_in_dongguan(&self, member: &str) {
        self.move_to("2022-04-06", SIX);
        let cheap = Basket { lines: &[("breakfast", 599)], ..BREAKFAST };
        let refused = self.tills.authorize(member, cheap).await.expect_err("is too cheap");
        assert_eq!(refused.reason, "BELOW_THRESHOLD");
        assert_eq!((refused.value("threshold_fen"), refused.value("covered_fen")), ("600", "599"));
        let drink = Basket { lines: &[("cold-drink", 600)], ..BREAKFAST };
        let refused = self.tills.authorize(member, drink).await.expect_err("is no breakfast");
        assert_eq!(refused.reason, "GOODS_NOT_COVERED");
        let guangzhou = Basket { region: "440106", ..BREAKFAST };
        let refused = self.tills.authorize(member, guangzhou).await.expect_err("is elsewhere");
        assert_eq!((&*refused.reason, refused.value("regions")), ("REGION_NOT_COVERED", "441900"));
    }

    /// A voucher of the first day is good until the end of the campaign, and no longer.
    async fn until_the_end_of_april(&self, members: &[String]) {
        self.move_to("2022-04-30", TEN - 1);
        self.tills.pay(&members[2], BREAKFAST).await.expect("is paid on the last morning");
        self.move_to("2022-05-01", SIX);
        let refused = self.tills.authorize(&members[3], BREAKFAST).await.expect_err("is over");
        assert_eq!(refused.reason, "VOUCHER_EXPIRED");
        let (head, _) = self.tills.statement("2022-04-05").await;
        assert_eq!((head.rows, head.captured_fen, head.due_fen), (2, 2 * 599, 2 * 599));
        let (head, _) = self.tills.statement("2022-04-30").await;
        assert_eq!((head.rows, head.due_fen), (1, 599));
    }

    /// Period, issued and remaining of the stock.
    async fn stock(&self) -> (String, i64, i64) {
        let channel = self.suite.channel(&grant("ops", "gd", &["campaign.read"])).await;
        let campaign_id = "dongguan-breakfast-2022".to_owned();
        let request = GetStockRequest { campaign_id, ..Default::default() };
        let stock = CampaignServiceClient::new(channel).get_stock(request).await;
        let stock = stock.expect("reads").into_inner();
        (stock.period, stock.issued, stock.remaining)
    }
}
