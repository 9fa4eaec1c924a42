//! 劳模卡 at the till: free buses, half price at scenic spots, a waived registration fee, a yearly
//! check-up, for model workers of every level who are still members.

use contracts::eligibility::v1::RosterRow;
use suite_tests::apps::MemberApp;
use suite_tests::evidence::Evidence;
use suite_tests::office::{self, Office};
use suite_tests::platform::{Basket, Platform};
use suite_tests::served::{Suite, instant};

use crate::region;

const BUS: &str = include_str!("../../deploy/programmes/pingdu-model-worker-bus.toml");
const SCENIC: &str = include_str!("../../deploy/programmes/pingdu-model-worker-scenic.toml");
const REGISTRATION: &str =
    include_str!("../../deploy/programmes/pingdu-model-worker-registration.toml");
const CHECKUP: &str = include_str!("../../deploy/programmes/pingdu-model-worker-checkup.toml");
const UNION: &str = "sd/qingdao/pingdu";
/// Every level of the honour.
const HONOURS: [&str; 4] = [
    "NATIONAL_MODEL_WORKER",
    "PROVINCIAL_MODEL_WORKER",
    "CITY_MODEL_WORKER",
    "COUNTY_MODEL_WORKER",
];
const MORNING: u16 = 480;
const RIDE: Basket<'_> = Basket { lines: &[("bus-fare", 200)], region: "370283" };

#[tokio::test(flavor = "multi_thread")]
async fn pingdu_model_worker_card() {
    let suite = Suite::start("2022-05-01", MORNING).await;
    let honoured = |(at, honour): (u16, &str)| RosterRow {
        honours: honour.to_owned(),
        ..office::row(at, "370283", UNION)
    };
    let mut rows: Vec<_> = (1..).zip(HONOURS).map(honoured).collect();
    rows.push(office::row(9, "370283", UNION));
    let evidence = Evidence::over(&rows);
    let mut office = Office::of(&suite, "sd").await;
    for (path, code) in [("sd", "370000"), ("sd/qingdao", "370200"), (UNION, "370283")] {
        office.add_union(path, region(code)).await;
    }
    office.import("members", "sd", &rows).await;
    let mut workers = Vec::new();
    for at in 1..=4 {
        workers.push(office.member_id(&office::id_number(at)).await);
    }
    let colleague = office.member_id(&office::id_number(9)).await;
    let tills = Platform::open_in("sd", &suite, &evidence).await;
    for source in [BUS, SCENIC, REGISTRATION, CHECKUP] {
        office.open_campaign(source).await;
        let app = MemberApp::open_in("sd", &suite, &evidence, source).await;
        for worker in &workers {
            app.take("card", worker).await;
        }
        let refused = app.claim("card", &colleague).await.expect_err("is no model worker");
        assert_eq!(
            (&*refused.reason, refused.value("criterion")),
            ("NOT_ELIGIBLE", "model-worker")
        );
    }
    let play = Play { suite: &suite, tills: &tills };
    play.buses(&workers[0]).await;
    play.scenic_spots(&workers[1]).await;
    play.hospital(&workers[2]).await;
    play.who_leaves_rides_no_more(&mut office, &workers[0]).await;
    play.checkups(&workers[3]).await;
    evidence.assert_lawful(&suite.stop().await).await;
}

struct Play<'a> {
    suite: &'a Suite,
    tills: &'a Platform<'a>,
}

impl Play<'_> {
    /// Four free rides a day, and as many again on the next.
    async fn buses(&self, worker: &str) {
        for _ in 0..4 {
            let ride = self.tills.pay(worker, RIDE).await.expect("rides");
            assert_eq!((ride.discount_fen, ride.payable_fen), (200, 0));
        }
        let refused = self.tills.authorize(worker, RIDE).await.expect_err("rode four times");
        assert_eq!(refused.reason, "USES_OF_PERIOD_SPENT");
        assert_eq!((refused.value("period"), refused.value("uses")), ("2022-05-01", "4"));
        self.suite.clock().set(instant("2022-05-02", MORNING));
        // A long ride costs more than the card covers.
        let far = Basket { lines: &[("bus-fare", 700)], ..RIDE };
        let ride = self.tills.pay(worker, far).await.expect("a new day");
        assert_eq!((ride.discount_fen, ride.payable_fen), (500, 200));
    }

    /// Half price, rounded down to the fen, up to 100.00 off, twice a month.
    async fn scenic_spots(&self, worker: &str) {
        let ticket = |fen| [("scenic-ticket", fen)];
        let odd = Basket { lines: &ticket(4_999), region: "370283" };
        let entered = self.tills.pay(worker, odd).await.expect("enters");
        assert_eq!((entered.discount_fen, entered.payable_fen), (2_499, 2_500));
        let dear = Basket { lines: &ticket(30_000), region: "370283" };
        let entered = self.tills.pay(worker, dear).await.expect("enters");
        assert_eq!((entered.discount_fen, entered.payable_fen), (10_000, 20_000));
        let refused = self.tills.authorize(worker, odd).await.expect_err("entered twice");
        assert_eq!(refused.reason, "USES_OF_PERIOD_SPENT");
        assert_eq!((refused.value("period"), refused.value("uses")), ("2022-05", "2"));
    }

    /// The fee is waived, once a day, and the rest of the bill is not.
    async fn hospital(&self, worker: &str) {
        let bill = [("hospital-registration", 1_500), ("medicine", 8_000)];
        let bill = Basket { lines: &bill, region: "370283" };
        let paid = self.tills.pay(worker, bill).await.expect("is registered");
        assert_eq!(paid.vouchers[0].line_discounts_fen, [1_500, 0]);
        assert_eq!(paid.payable_fen, 8_000);
        let refused = self.tills.authorize(worker, bill).await.expect_err("was registered today");
        assert_eq!(refused.reason, "USES_OF_PERIOD_SPENT");
        assert_eq!((refused.value("period"), refused.value("uses")), ("2022-05-02", "1"));
    }

    /// No money, and once a year.
    async fn checkups(&self, worker: &str) {
        let checkup = Basket { lines: &[("health-check", 0)], region: "370283" };
        let done = self.tills.pay(worker, checkup).await.expect("is examined");
        assert_eq!((done.discount_fen, done.vouchers.len()), (0, 1));
        let refused = self.tills.authorize(worker, checkup).await.expect_err("was this year");
        assert_eq!(refused.reason, "USES_OF_PERIOD_SPENT");
        assert_eq!(refused.value("period"), "2022");
        self.suite.clock().set(instant("2023-01-01", 0));
        self.tills.pay(worker, checkup).await.expect("a new year");
    }

    /// The terms ask again at the till whether its owner is still a member.
    async fn who_leaves_rides_no_more(&self, office: &mut Office, worker: &str) {
        self.tills.pay(worker, RIDE).await.expect("is a member");
        office.suspend(worker).await;
        let refused = self.tills.refused_at_last(worker, RIDE).await;
        assert_eq!(refused.reason, "NO_LONGER_ELIGIBLE");
    }
}
