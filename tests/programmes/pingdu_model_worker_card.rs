//! 劳模卡 at the till: free buses, half price at scenic spots, a waived registration fee, a yearly
//! check-up, for model workers of every level who are still members.

use contracts::eligibility::v1::card_service_client::CardServiceClient;
use contracts::eligibility::v1::grant::{Claim, Reference as By};
use contracts::eligibility::v1::grant_service_client::GrantServiceClient;
use contracts::eligibility::v1::member_reference::Reference;
use contracts::eligibility::v1::verification_service_client::VerificationServiceClient;
use contracts::eligibility::v1::{
    Grant, IssueCardRequest, MemberReference, PresentCardRequest, RosterRow, SetGrantRequest,
    VerifyMembershipRequest,
};
use eligibility::domain::card_code::{CardCode, Level};
use suite_tests::apps::MemberApp;
use suite_tests::callers;
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
    show_cards(&suite, &workers, &colleague).await;
    let play = Play { suite: &suite, tills: &tills };
    play.buses(&workers[0]).await;
    play.scenic_spots(&workers[1]).await;
    play.hospital(&workers[2]).await;
    play.who_leaves_rides_no_more(&mut office, &workers[0]).await;
    play.checkups(&workers[3]).await;
    evidence.assert_lawful(&suite.stop().await).await;
}

/// The card at counters that are no tills: its code states the level for gates without network, and
/// partners are told what their purpose needs.
async fn show_cards(suite: &Suite, workers: &[String], colleague: &str) {
    let province = callers::grant("ops", "sd", &callers::all_scopes(""));
    let channel = suite.channel(&province).await;
    let mut grants = GrantServiceClient::new(channel.clone());
    let ways = [By::CardCode, By::IdNumber].map(Into::into).to_vec();
    let purposes =
        [("bus", "bus-fare", vec![Claim::ModelWorkerLevel]), ("clinic", "registration", vec![])];
    for (partner, purpose, claims) in purposes {
        let grant = Some(Grant {
            partner: partner.to_owned(),
            purpose: purpose.to_owned(),
            organization: UNION.to_owned(),
            references: ways.clone(),
            claims: claims.into_iter().map(Into::into).collect(),
            updated_at: None,
        });
        grants.set_grant(SetGrantRequest { grant }).await.expect("is granted");
    }
    let bus = suite.channel(&callers::grant("bus", UNION, &["membership.verify"])).await;
    let mut bus = VerificationServiceClient::new(bus);
    let mut cards = CardServiceClient::new(channel);
    let levels = [Level::National, Level::Provincial, Level::City, Level::County, Level::None];
    let people = workers.iter().map(String::as_str).chain([colleague]);
    for ((person, level), honour) in people.zip(levels).zip(HONOURS.into_iter().chain([""])) {
        let (request_id, member_id) = (format!("issue-{person}"), person.to_owned());
        let request = IssueCardRequest { request_id, member_id, states_honour: true };
        cards.issue_card(request).await.expect("is issued");
        let request = PresentCardRequest { member_id: person.to_owned() };
        let code = cards.present_card(request).await.expect("is shown").into_inner().code;
        let stated = CardCode::parse(&code).expect("is a code").body.level;
        assert_eq!(stated, level, "what a gate without network reads");
        let member = MemberReference { reference: Some(Reference::CardCode(code)) };
        let (purpose, terminal_id) = ("bus-fare".to_owned(), "bus-7".to_owned());
        let request = VerifyMembershipRequest { member: Some(member), purpose, terminal_id };
        let told = bus.verify_membership(request).await.expect("is answered").into_inner();
        let told = told.is_member.then(|| told.claims.unwrap_or_default().model_worker_level);
        assert_eq!(told.as_deref(), Some(honour));
    }
    let clinic = suite.channel(&callers::grant("clinic", UNION, &["membership.verify"])).await;
    let number = Reference::IdNumber(office::id_number(1));
    let request = VerifyMembershipRequest {
        member: Some(MemberReference { reference: Some(number) }),
        purpose: "registration".to_owned(),
        terminal_id: String::new(),
    };
    let told = VerificationServiceClient::new(clinic).verify_membership(request).await;
    let told = told.expect("is answered").into_inner();
    assert!(told.is_member && told.claims.is_none(), "yes, and nothing else");
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
